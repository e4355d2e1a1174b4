/**
 * Histories of list transactions on small stores: right ones, and ones that keep no more than a weak isolation level.
 *
 *     storeHistory({ seed: 1, store: 'snapshot-isolation', transactions: 1000, processes: 10 })
 *
 * Processes take turns at random. A transaction is invoked, runs (all at once, or a micro-operation a turn), and
 * completes, so that transactions overlap as on a real system. A pure function of its options.
 */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Random } from '../../../harness/random.ts';

export type StoreName =
  /** One transaction at a time. */
  | 'serial'
  /** As serial, but a read-only transaction may see a state of before it was invoked: serializable, not strictly. */
  | 'stale-reads'
  /** Reads a snapshot; commits unless somebody else has appended to one of its lists since. */
  | 'snapshot-isolation'
  /** As snapshot isolation, but a reader may see the lists of even or odd keys late: two may see two orders. */
  | 'parallel-snapshot-isolation'
  /** Reads what is committed at that moment; locks what it appends to until its end, and fails where it cannot. */
  | 'read-committed'
  /** Locks likewise, but everyone sees every append at once, though it may be taken back. */
  | 'read-uncommitted'
  /** Every micro-operation at once, without locks, and never taken back. */
  | 'none';

export interface StoreOptions {
  readonly seed: number;
  readonly store: StoreName;
  readonly transactions: number;
  readonly processes: number;
  /** Lists at a time; one that is full is replaced by a new one. */
  readonly lists?: number;
  readonly maxListLength?: number;
  readonly maxTransactionLength?: number;
  /** Share of transactions whose outcome their client never learns, half of which happen; and of those that fail. */
  readonly unknownShare?: number;
  readonly failedShare?: number;
}

type List = number[];
/** With its own appends apart: `['append', list, element]`, `['r', list, elements]`. */
type Micro = [f: 'append' | 'r', key: number, value: number | List | null];

interface Open {
  readonly asked: Micro[];
  readonly answer: Micro[];
  readonly end: OperationType;
  readonly happens: boolean;
  readonly snapshot: ReadonlyMap<number, List>;
  done: number;
  isOver: boolean;
  outcome: OperationType;
}

export function storeHistory(options: StoreOptions): History {
  const { seed, store, transactions, processes, lists = 5, maxListLength = 64 } = options;
  const { maxTransactionLength = 4, unknownShare = 0, failedShare = 0 } = options;
  const random = randomStream(seed, 'store', store);
  const operations: Operation[] = [];
  const active = Array.from({ length: lists }, (_, key) => key);
  const planned = new Map<number, number>();
  const committed = new Map<number, List>();
  /** Of what happened lately, for stores that read the past. */
  const past: ReadonlyMap<number, List>[] = [new Map()];
  const open: (Open | undefined)[] = Array.from({ length: processes }, () => undefined);
  const processIds = Array.from({ length: processes }, (_, thread) => thread);
  let nextKey = lists;
  let begun = 0;
  let running = 0;
  const record = (thread: number, type: OperationType, value: Json): void => {
    const index = operations.length;
    operations.push({
      index,
      time: index * 1000,
      process: processIds[thread] as number,
      type,
      f: 'txn',
      value,
    });
  };
  const plan = (): Micro[] =>
    Array.from({ length: random.integer(1, maxTransactionLength) }, (): Micro => {
      const slot = random.integer(0, lists - 1);
      const key = active[slot] as number;
      if (random.chance(0.5)) return ['r', key, null];
      const element = (planned.get(key) ?? 0) + 1;
      planned.set(key, element);
      if (element >= maxListLength) {
        planned.delete(key);
        active[slot] = nextKey++;
      }
      return ['append', key, element];
    });
  const keepsPast = store === 'stale-reads' || store === 'parallel-snapshot-isolation';
  const remember = (): void => {
    if (!keepsPast) return;
    past.push(new Map(committed));
    if (past.length > 8) past.shift();
  };
  const world: World = { locks: new Map(), committed, past, random, remember };
  while (begun < transactions || running > 0) {
    const thread = random.integer(0, processes - 1);
    const current = open[thread];
    if (current === undefined) {
      if (begun >= transactions) continue;
      begun++;
      running++;
      const asked = plan();
      const draw = random.float();
      const end = draw < unknownShare ? 'info' : draw < unknownShare + failedShare ? 'fail' : 'ok';
      open[thread] = {
        asked,
        answer: [],
        end,
        happens: end === 'ok' || (end === 'info' && random.chance(0.5)),
        snapshot: snapshotOf(store, committed, asked),
        done: 0,
        isOver: false,
        outcome: end,
      };
      record(thread, 'invoke', asked);
      continue;
    }
    if (!current.isOver) {
      STORES[store](current, world);
      if (!current.isOver || random.chance(0.5)) continue;
    }
    record(thread, current.outcome, current.outcome === 'ok' ? current.answer : current.asked);
    if (current.outcome === 'info') processIds[thread] = (processIds[thread] as number) + processes;
    open[thread] = undefined;
    running--;
  }
  return new History(operations);
}

interface World {
  readonly locks: Map<number, Open>;
  readonly committed: Map<number, List>;
  readonly past: ReadonlyMap<number, List>[];
  readonly random: Random;
  remember(): void;
}

function snapshotOf(store: StoreName, committed: ReadonlyMap<number, List>, asked: readonly Micro[]) {
  if (store !== 'snapshot-isolation' && store !== 'parallel-snapshot-isolation') return EMPTY;
  return new Map(asked.map(([, key]) => [key, (committed.get(key) ?? []).slice()]));
}

const EMPTY: ReadonlyMap<number, List> = new Map();

/** One turn of a transaction. */
const STORES: Readonly<Record<StoreName, (open: Open, world: World) => void>> = {
  serial: (open, { committed }) => {
    open.isOver = true;
    if (!open.happens) return;
    for (const micro of open.asked) open.answer.push(apply(micro, committed));
  },
  'stale-reads': (open, { committed, past, random, remember }) => {
    open.isOver = true;
    if (!open.happens) return;
    const isReadOnly = open.asked.every(([f]) => f === 'r');
    const state = isReadOnly ? random.pick(past) : committed;
    for (const micro of open.asked) open.answer.push(apply(micro, state as Map<number, List>));
    if (!isReadOnly) remember();
  },
  'snapshot-isolation': (open, world) => {
    commitSnapshot(open, world);
  },
  'parallel-snapshot-isolation': (open, world) => {
    const { past, committed, random } = world;
    if (open.asked.some(([f]) => f === 'append')) {
      commitSnapshot(open, world);
      // Who has to do with both halves is seen by all at once, with all that was before.
      if (new Set(open.asked.map(([, key]) => key % 2)).size > 1) past.length = 0;
      world.remember();
      return;
    }
    open.isOver = true;
    const states = random.shuffle([committed, random.pick(past)]);
    for (const micro of open.asked) open.answer.push(apply(micro, states[micro[1] % 2] as Map<number, List>));
  },
  'read-committed': (open, world) => {
    if (!lockNext(open, world)) return;
    const { committed } = world;
    const micro = open.asked[open.done++];
    if (micro?.[0] === 'r') {
      const own = open.answer.filter(([f, key]) => f === 'append' && key === micro[1]);
      const seen = committed.get(micro[1]) ?? [];
      open.answer.push(['r', micro[1], [...seen, ...own.map(([, , element]) => element as number)]]);
    } else if (micro !== undefined) open.answer.push(micro);
    if (open.done < open.asked.length) return;
    end(open, world);
    if (!open.happens) return;
    for (const done of open.answer) if (done[0] === 'append') apply(done, committed);
  },
  'read-uncommitted': (open, world) => {
    if (lockNext(open, world)) {
      const micro = open.asked[open.done++];
      if (micro !== undefined) open.answer.push(apply(micro, world.committed));
      if (open.done < open.asked.length) return;
      end(open, world);
    }
    if (open.happens && open.outcome !== 'fail') return;
    for (const [f, key, element] of open.answer) {
      const list = world.committed.get(key) ?? [];
      if (f === 'append')
        world.committed.set(
          key,
          list.filter((other) => other !== element),
        );
    }
  },
  none: (open, { committed }) => {
    const micro = open.asked[open.done++];
    if (micro !== undefined) open.answer.push(apply(micro, committed));
    open.isOver = open.done >= open.asked.length;
  },
};

/** Locks the list of the next append; where somebody else has, the transaction fails, and it is false. */
function lockNext(open: Open, world: World): boolean {
  const [f, key] = open.asked[open.done] as Micro;
  if (f === 'r') return true;
  const holder = world.locks.get(key);
  if (holder !== undefined && holder !== open) {
    open.outcome = 'fail';
    end(open, world);
    return false;
  }
  world.locks.set(key, open);
  return true;
}

function end(open: Open, { locks }: World): void {
  open.isOver = true;
  for (const [, key] of open.asked) if (locks.get(key) === open) locks.delete(key);
}

/** Appends replace the list, so that states of the past stay as they were. */
function apply([f, key, value]: Micro, state: Map<number, List>): Micro {
  const list = state.get(key);
  if (f === 'r') return ['r', key, list === undefined ? [] : list.slice()];
  state.set(key, list === undefined ? [value as number] : [...list, value as number]);
  return [f, key, value];
}

function commitSnapshot(open: Open, { committed }: World): void {
  open.isOver = true;
  const state = new Map(open.snapshot);
  for (const micro of open.asked) open.answer.push(apply(micro, state));
  const written = new Set(open.asked.flatMap(([f, key]) => (f === 'append' ? [key] : [])));
  for (const key of written) {
    const before = open.snapshot.get(key)?.length ?? 0;
    if ((committed.get(key)?.length ?? 0) === before) continue;
    open.outcome = 'fail';
    return;
  }
  if (!open.happens) return;
  for (const key of written) committed.set(key, state.get(key) as List);
}
