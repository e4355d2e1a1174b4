/**
 * The weak levels by their definition (Biswas and Enea, 2019), for tests: some of the transactions in doubt committed, each
 * read has a source, and there is an order of commits that contains sessions and sources and fits the level's axiom.
 * Everything is tried.
 */
import type { Json } from '../../../../harness/history/operation.ts';

export type Level = 'read-committed' | 'read-atomic' | 'causal';
export type Micro = readonly [f: 'r' | 'w' | 'append', key: string, value: Json];

export interface ToyTransaction {
  readonly process: number;
  readonly type: 'ok' | 'fail' | 'info';
  readonly micros: readonly Micro[];
}

interface Source {
  readonly reader: number;
  readonly key: string;
  /** Its place in the reader. */
  readonly at: number;
  /** -1: the initial state. */
  readonly from: number;
}

const INITIAL = -1;

/** In the order of their invocations; sessions are processes, and a transaction in doubt ends one. */
export function holds(level: Level, transactions: readonly ToyTransaction[], isList: boolean): boolean {
  const certain = transactions.flatMap(({ type }, t) => (type === 'ok' ? [t] : []));
  const doubtful = transactions.flatMap(({ type }, t) => (type === 'info' ? [t] : []));
  return subsets(doubtful).some((some) =>
    permutations([...certain, ...some].sort((a, b) => a - b)).some((order) =>
      fits(level, transactions, order, isList),
    ),
  );
}

function fits(
  level: Level,
  transactions: readonly ToyTransaction[],
  order: readonly number[],
  isList: boolean,
): boolean {
  const place = new Map(order.map((t, i) => [t, i]));
  const before = (a: number, b: number): boolean =>
    a === INITIAL || (place.get(a) as number) < (place.get(b) as number);
  const session = (a: number, b: number): boolean =>
    a < b && transactions[a]?.process === transactions[b]?.process && transactions[a]?.type === 'ok';
  if (order.some((a) => order.some((b) => session(a, b) && !before(a, b)))) return false;

  const writes = (t: number, key: string): boolean =>
    t !== INITIAL && (transactions[t]?.micros ?? []).some(([f, k]) => f !== 'r' && k === key);
  const choices = sourceChoices(level, transactions, order, isList);
  return products(choices).some((sources) => {
    if (sources.some(({ reader, from }) => !before(from, reader))) return false;
    const reads = (a: number, b: number): boolean =>
      sources.some(({ reader, from }) => from === a && reader === b);
    const cause = (a: number, b: number): boolean =>
      session(a, b) || reads(a, b) || order.some((c) => (session(a, c) || reads(a, c)) && cause(c, b));
    return sources.every(({ reader, key, at, from }) =>
      order.every((t2) => {
        if (t2 === from || t2 === reader || !writes(t2, key)) return true;
        const isVisible =
          level === 'read-committed'
            ? sources.some((other) => other.reader === reader && other.at < at && other.from === t2)
            : level === 'read-atomic'
              ? session(t2, reader) || reads(t2, reader)
              : cause(t2, reader);
        return !isVisible || (from !== INITIAL && before(t2, from));
      }),
    );
  });
}

/** For each external read, all that it can have read from; an empty choice where it is impossible. */
function sourceChoices(
  level: Level,
  transactions: readonly ToyTransaction[],
  order: readonly number[],
  isList: boolean,
): readonly (readonly Source[])[] {
  const choices: (readonly Source[])[] = [];
  for (const reader of order) {
    const { type, micros } = transactions[reader] as ToyTransaction;
    if (type !== 'ok') continue;
    for (const [at, [f, key, value]] of micros.entries()) {
      if (f !== 'r') continue;
      const earlier = micros.slice(0, at).filter(([, k]) => k === key);
      const own = earlier.filter(([g]) => g !== 'r').map(([, , v]) => v);
      if (own.length > 0) {
        if (!showsOwn(isList, value, own)) return [[]];
        continue;
      }
      if (level !== 'read-committed' && earlier.some(([, , v]) => text(v) !== text(value))) return [[]];
      choices.push(
        [INITIAL, ...order]
          .filter((from) => from !== reader && explains(transactions, order, from, key, value, isList))
          .map((from) => ({ reader, key, at, from })),
      );
    }
  }
  return choices;
}

const text = (value: Json): string => JSON.stringify(value ?? []);

function showsOwn(isList: boolean, value: Json, own: readonly Json[]): boolean {
  if (!isList) return value === own.at(-1);
  const list = (value ?? []) as readonly Json[];
  return list.length >= own.length && text(list.slice(list.length - own.length)) === text(own);
}

/** Whether what was there right behind a transaction is the value. */
function explains(
  transactions: readonly ToyTransaction[],
  order: readonly number[],
  from: number,
  key: string,
  value: Json,
  isList: boolean,
): boolean {
  const written = (t: number): readonly Json[] =>
    (transactions[t]?.micros ?? []).flatMap(([f, k, v]) => (f !== 'r' && k === key ? [v] : []));
  if (from !== INITIAL && written(from).length === 0) return false;
  if (!isList) return value === (from === INITIAL ? null : written(from).at(-1));
  const upTo = from === INITIAL ? [] : order.slice(0, order.indexOf(from) + 1);
  return text(value) === text(upTo.flatMap(written));
}

function subsets(items: readonly number[]): number[][] {
  return items.reduce<number[][]>((all, item) => [...all, ...all.map((some) => [...some, item])], [[]]);
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

function products<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>(
    (all, choice) => all.flatMap((chosen) => choice.map((item) => [...chosen, item])),
    [[]],
  );
}
