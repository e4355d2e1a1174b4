/** Random transactions for tests, as an engine that is wrong in some way might run them; and histories of them. */
import { History } from '../../../../harness/history/history.ts';
import type { Json, Operation } from '../../../../harness/history/operation.ts';
import type { Random } from '../../../../harness/random.ts';
import type { Micro, ToyTransaction } from './brute-force.ts';

/** All invoked in their order, and each answered before the next of its process. */
export function historyOf(transactions: readonly ToyTransaction[]): History {
  const operations: Operation[] = [];
  const add = (process: number, type: Operation['type'], value: Json): void => {
    const index = operations.length;
    operations.push({ index, time: index, process, type, f: 'txn', value });
  };
  const open = new Map<number, ToyTransaction>();
  const close = (process: number): void => {
    const transaction = open.get(process);
    if (transaction === undefined) return;
    open.delete(process);
    const { type, micros } = transaction;
    add(process, type, type === 'ok' ? micros : asked(micros));
  };
  for (const transaction of transactions) {
    close(transaction.process);
    add(transaction.process, 'invoke', asked(transaction.micros));
    open.set(transaction.process, transaction);
  }
  for (const process of [...open.keys()]) close(process);
  return new History(operations);
}

const asked = (micros: readonly Micro[]): Json =>
  micros.map(([f, key, value]) => [f, key, f === 'r' ? null : value]);

export interface ToyOptions {
  readonly isList: boolean;
  readonly transactions: number;
  /** Whether a value may be written twice. */
  readonly canRepeat: boolean;
}

/** Each transaction runs on a snapshot that may be old, or on several; some reads are then changed. */
export function randomTransactions(random: Random, options: ToyOptions): ToyTransaction[] {
  const { isList, canRepeat } = options;
  const keys = ['x', 'y'];
  const states: Map<string, Json>[] = [new Map()];
  const processes = [0, 1, 2];
  const wildness = random.pick([0.1, 0.5, 0.9]);
  let fresh = 1;
  let nextProcess = 3;
  const transactions: ToyTransaction[] = [];
  for (let t = 0; t < options.transactions; t++) {
    const slot = random.integer(0, 2);
    const type = random.pick<ToyTransaction['type']>(['ok', 'ok', 'ok', 'ok', 'ok', 'info', 'fail']);
    const own = new Map<string, Json>();
    let snapshot = random.chance(wildness) ? random.pick(states) : (states.at(-1) as Map<string, Json>);
    const micros: Micro[] = [];
    for (let i = random.integer(1, 4); i > 0; i--) {
      const key = random.pick(keys);
      if (random.chance(0.5)) {
        const value = canRepeat && random.chance(0.3) ? random.integer(1, 3) : fresh++;
        micros.push([isList ? 'append' : 'w', key, value]);
        own.set(key, isList ? [...((own.get(key) ?? []) as readonly Json[]), value] : value);
      } else {
        if (random.chance(wildness)) snapshot = random.pick(states);
        micros.push(['r', key, look(snapshot, own, key, isList)]);
      }
    }
    transactions.push({ process: processes[slot] as number, type, micros });
    if (type === 'info') processes[slot] = nextProcess++;
    if (type === 'fail' ? random.chance(wildness / 2) : type === 'ok' || random.chance(0.5)) {
      const next = new Map(states.at(-1));
      for (const key of own.keys()) {
        next.set(key, look(states.at(-1) as ReadonlyMap<string, Json>, own, key, isList));
      }
      states.push(next);
    }
  }
  return random.chance(0.3) ? withAnotherRead(random, transactions, isList) : transactions;
}

/** One read is made to see what it cannot have seen, or should not have: what comes later, too. */
function withAnotherRead(
  random: Random,
  transactions: readonly ToyTransaction[],
  isList: boolean,
): ToyTransaction[] {
  const t = random.integer(0, transactions.length - 1);
  const m = random.integer(0, (transactions[t] as ToyTransaction).micros.length - 1);
  return transactions.map((transaction, i) => {
    if (i !== t) return transaction;
    const micros = transaction.micros.map((micro, j): Micro => {
      const [f, key, value] = micro;
      if (j !== m || f !== 'r') return micro;
      const written = transactions
        .flatMap((other) => other.micros)
        .flatMap(([g, k, v]) => (g !== 'r' && k === key ? [v] : []));
      if (written.length === 0) return micro;
      const other = random.pick(written);
      if (!isList) return [f, key, other];
      const list = (value ?? []) as readonly Json[];
      return [f, key, random.pick([[...list, other], list.toReversed(), list.slice(1), list.slice(0, -1)])];
    });
    return { ...transaction, micros };
  });
}

function look(
  state: ReadonlyMap<string, Json>,
  own: ReadonlyMap<string, Json>,
  key: string,
  isList: boolean,
): Json {
  if (!isList) return own.get(key) ?? state.get(key) ?? null;
  return [...((state.get(key) ?? []) as readonly Json[]), ...((own.get(key) ?? []) as readonly Json[])];
}
