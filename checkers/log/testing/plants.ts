/**
 * Breaks one promise in a correct history: the anomaly of that name must be found, whatever else comes with it.
 *
 *     plant(generateLogHistory({ … }), 'lost-write', seed) // undefined where the history has no place for it
 */
import type { Json, Operation, OperationType } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Random } from '../../../harness/random.ts';

type Pair = readonly [offset: number, value: number];
type Micro =
  readonly ['send', number, Pair | number] | readonly ['poll', Readonly<Record<string, readonly Pair[]>>];

/** A record as a poll returned it, or as an ok send was acknowledged. */
interface Spot {
  readonly operation: number;
  readonly micro: number;
  readonly key: string;
  readonly place: number;
  readonly pair: Pair;
  readonly process: number;
}

class Copy {
  readonly operations: Operation[];
  readonly random: Random;
  readonly reads: readonly Spot[];
  readonly acknowledged: readonly Spot[];

  constructor(operations: readonly Operation[], random: Random) {
    this.operations = [...operations];
    this.random = random;
    const reads: Spot[] = [];
    const acknowledged: Spot[] = [];
    for (const { index, type, f, value, process } of operations) {
      if (type !== 'ok' || !(f === 'send' || f === 'poll' || f === 'txn')) continue;
      for (const [micro, answer] of (value as unknown as Micro[]).entries()) {
        const at = { operation: index, micro, process: process as number };
        if (answer[0] === 'send') {
          if (typeof answer[2] === 'object') {
            acknowledged.push({ ...at, key: String(answer[1]), place: 0, pair: answer[2] });
          }
          continue;
        }
        for (const [key, pairs] of Object.entries(answer[1])) {
          for (const [place, pair] of pairs.entries()) reads.push({ ...at, key, place, pair });
        }
      }
    }
    this.reads = reads;
    this.acknowledged = acknowledged;
  }

  pick<T>(candidates: readonly T[]): T | undefined {
    return candidates.length === 0 ? undefined : this.random.pick(candidates);
  }

  /** What more than one poll returned. */
  readTwice(): Spot[] {
    const nameOf = ({ key, pair }: Spot): string => `${key} ${pair[0]}`;
    const times = new Map<string, number>();
    for (const spot of this.reads) times.set(nameOf(spot), (times.get(nameOf(spot)) ?? 0) + 1);
    return this.reads.filter((spot) => (times.get(nameOf(spot)) ?? 0) > 1);
  }

  replace(index: number, change: Partial<Operation>): void {
    this.operations[index] = { ...(this.operations[index] as Operation), ...change };
  }

  change(spot: Spot, micro: (old: Micro) => Micro): void {
    const value = [...((this.operations[spot.operation] as Operation).value as unknown as Micro[])];
    value[spot.micro] = micro(value[spot.micro] as Micro);
    this.replace(spot.operation, { value: value });
  }

  /** Changes the records that a spot's poll returned of its partition. */
  changePairs(spot: Spot, pairs: (old: readonly Pair[]) => readonly Pair[]): void {
    this.change(spot, (old) => {
      const records = old[1] as Readonly<Record<string, readonly Pair[]>>;
      return ['poll', { ...records, [spot.key]: pairs(records[spot.key] as readonly Pair[]) }];
    });
  }

  append(process: number, f: string, asked: Json, answer: Json, type: OperationType = 'ok'): void {
    this.#record(process, 'invoke', f, asked);
    this.#record(process, type, f, answer);
  }

  #record(process: number, type: OperationType, f: string, value: Json): void {
    const index = this.operations.length;
    const time = this.operations[index - 1]?.time ?? 0;
    this.operations.push({ index, time, process, type, f, value });
  }

  /** Two transactions at once. */
  overlap(first: readonly [Json, Json], second: readonly [Json, Json]): void {
    this.#record(FIRST, 'invoke', 'txn', first[0]);
    this.#record(SECOND, 'invoke', 'txn', second[0]);
    this.#record(FIRST, 'ok', 'txn', first[1]);
    this.#record(SECOND, 'ok', 'txn', second[1]);
  }
}

/** Processes that the generator does not use, and values and offsets beyond its own. */
const FIRST = 2_000_000_000;
const SECOND = FIRST + 1;
const FRESH = 1_000_000_000;
const FAR = 1e12;

const PLANTERS: Readonly<Record<string, (copy: Copy) => boolean>> = {
  'inconsistent-offsets': (copy) =>
    at(copy.pick(copy.readTwice()), (spot) =>
      copy.changePairs(spot, (pairs) => replaced(pairs, spot.place, [spot.pair[0], FRESH])),
    ),
  duplicate: (copy) =>
    at(copy.pick(copy.reads), ({ key, pair }) =>
      copy.append(FIRST, 'poll', [['poll']], [['poll', { [key]: [[FAR, pair[1]]] }]]),
    ),
  'lost-write': (copy) => {
    const ends = new Map<string, number>();
    for (const { key, pair } of copy.reads) ends.set(key, Math.max(ends.get(key) ?? 0, pair[0]));
    const sent = copy.acknowledged.filter(({ key, pair }) => pair[0] < (ends.get(key) ?? 0));
    return at(copy.pick(sent), ({ key, pair }) => {
      // From the end of each list, so that places before stay what they are.
      for (const read of copy.reads.toReversed()) {
        if (read.key === key && read.pair[0] === pair[0])
          copy.changePairs(read, (pairs) => without(pairs, read.place));
      }
    });
  },
  unseen: (copy) => {
    copy.append(FIRST, 'send', [['send', 0, FRESH]], [['send', 0, [FAR, FRESH]]]);
    copy.append(SECOND, 'assign', [0], [0]);
    for (let i = 0; i < 3; i++) copy.append(SECOND, 'poll', [['poll']], [['poll', {}]]);
    return true;
  },
  phantom: (copy) =>
    at(copy.pick(copy.reads), (spot) =>
      copy.changePairs(spot, (pairs) => replaced(pairs, spot.place, [spot.pair[0], FRESH])),
    ),
  'aborted-read': (copy) => {
    const read = new Set(copy.reads.map(({ key, pair }) => `${key} ${pair[1]}`));
    return at(copy.pick(copy.acknowledged.filter(({ key, pair }) => read.has(`${key} ${pair[1]}`))), (spot) =>
      copy.replace(spot.operation, { type: 'fail' }),
    );
  },
  'precommitted-read': (copy) => {
    copy.append(
      FIRST,
      'txn',
      [['send', 0, FRESH], ['poll']],
      [
        ['send', 0, [FAR, FRESH]],
        ['poll', { 0: [[FAR, FRESH]] }],
      ],
    );
    return true;
  },
  'content-mismatch': (copy) => {
    const read = new Map(copy.reads.map(({ key, pair }) => [`${key} ${pair[1]}`, pair]));
    return at(
      copy.pick(copy.acknowledged.filter(({ key, pair }) => read.has(`${key} ${pair[1]}`))),
      (spot) => {
        const other = copy.reads.find(({ key, pair }) => key === spot.key && pair[1] !== spot.pair[1]);
        if (other === undefined) return false;
        copy.change(spot, () => ['send', Number(spot.key), [other.pair[0], spot.pair[1]]]);
        return true;
      },
    );
  },
  'int-poll-skip': (copy) => {
    const twice = new Set(copy.readTwice());
    const inner = copy.reads.filter((spot, i) => {
      const next = copy.reads[i + 1];
      const isInner = spot.place > 0 && next?.operation === spot.operation && next.place === spot.place + 1;
      return isInner && twice.has(spot);
    });
    return at(copy.pick(inner), (spot) => copy.changePairs(spot, (pairs) => without(pairs, spot.place)));
  },
  'int-nonmonotonic-poll': (copy) =>
    at(copy.pick(copy.reads.filter(({ place }) => place > 0)), (spot) =>
      copy.changePairs(spot, (pairs) =>
        replaced(replaced(pairs, spot.place, pairs[spot.place - 1] as Pair), spot.place - 1, spot.pair),
      ),
    ),
  'poll-skip': (copy) => {
    const end = new Map<string, number>();
    for (const { key, pair } of copy.reads) end.set(key, Math.max(end.get(key) ?? 0, pair[0]));
    const early = copy.reads.filter(({ key, pair }) => pair[0] < (end.get(key) ?? 0));
    return at(copy.pick(early), ({ key, pair }) => {
      const last = copy.reads.find((read) => read.key === key && read.pair[0] === end.get(key)) as Spot;
      const between = copy.reads.some(
        (read) => read.key === key && read.pair[0] > pair[0] && read.pair[0] < last.pair[0],
      );
      if (!between) return false;
      for (const next of [pair, last.pair]) {
        copy.append(FIRST, 'poll', [['poll']], [['poll', { [key]: [next] }]]);
      }
      return true;
    });
  },
  'nonmonotonic-poll': (copy) =>
    at(copy.pick(copy.reads), ({ key, pair }) => {
      for (let i = 0; i < 2; i++) copy.append(FIRST, 'poll', [['poll']], [['poll', { [key]: [pair] }]]);
    }),
  'nonmonotonic-send': (copy) => {
    copy.append(FIRST, 'send', [['send', 0, FRESH]], [['send', 0, [FAR + 1, FRESH]]]);
    copy.append(FIRST, 'send', [['send', 0, FRESH + 1]], [['send', 0, [FAR, FRESH + 1]]]);
    return true;
  },
  'int-nonmonotonic-send': (copy) => {
    copy.append(
      FIRST,
      'send',
      [
        ['send', 0, FRESH],
        ['send', 0, FRESH + 1],
      ],
      [
        ['send', 0, [FAR + 1, FRESH]],
        ['send', 0, [FAR, FRESH + 1]],
      ],
    );
    return true;
  },
  'realtime-inversion': (copy) => {
    copy.append(FIRST, 'send', [['send', 0, FRESH]], [['send', 0, [FAR + 1, FRESH]]]);
    copy.append(SECOND, 'send', [['send', 0, FRESH + 1]], [['send', 0, [FAR, FRESH + 1]]]);
    return true;
  },
  'committed-offset-regression': (copy) => {
    copy.append(FIRST, 'commit', { 0: FAR }, { 0: FAR });
    copy.append(SECOND, 'committed', null, { 0: FAR - 1 });
    return true;
  },
  'committed-from-nowhere': (copy) => {
    copy.append(FIRST, 'commit', { 0: FAR }, { 0: FAR });
    copy.append(SECOND, 'committed', null, { 0: FAR + 1 });
    return true;
  },
  'high-watermark-regression': (copy) =>
    at(copy.pick(copy.reads), ({ key, pair }) =>
      copy.append(FIRST, 'list-offsets', null, { [key]: { low: 0, high: pair[0] } }),
    ),
  G1c: (copy) => {
    const asked = (key: number): Json => [['send', key, FRESH], ['poll']];
    const answer = (key: number): Json => [
      ['send', key, [FAR, FRESH]],
      ['poll', { [1 - key]: [[FAR, FRESH]] }],
    ];
    copy.overlap([asked(0), answer(0)], [asked(1), answer(1)]);
    return true;
  },
};

export const PLANTS: readonly string[] = Object.keys(PLANTERS);

export function plant(operations: readonly Operation[], name: string, seed: number): Operation[] | undefined {
  const copy = new Copy(operations, randomStream(seed, 'plant', name));
  return PLANTERS[name]?.(copy) === true ? copy.operations : undefined;
}

function at(spot: Spot | undefined, plantThere: (spot: Spot) => boolean | void): boolean {
  return spot !== undefined && plantThere(spot) !== false;
}

const replaced = (pairs: readonly Pair[], place: number, pair: Pair): readonly Pair[] =>
  pairs.map((old, i) => (i === place ? pair : old));
const without = (pairs: readonly Pair[], place: number): readonly Pair[] =>
  pairs.filter((_, i) => i !== place);
