/** Log histories for tests, as short as they can be written. */
import type { Json, OperationType } from '../../../harness/history/operation.ts';
import { historyOf } from '../../findings/testing/history-of.ts';
import type { Row } from '../../findings/testing/history-of.ts';
import { log } from '../index.ts';
import type { LogOptions } from '../index.ts';

export type Pairs = readonly (readonly [offset: number | string | null, value: Json])[];

/** One or more sends to x; null for an offset that is not known. */
export function send(
  process: number,
  pairs: Pairs,
  type: OperationType = 'ok',
  key: string | number = 'x',
): Row[] {
  const asked = pairs.map(([, value]): Json => ['send', key, value]);
  const answered = pairs.map(([offset, value]): Json => ['send', key, [offset, value]]);
  return [
    [process, 'invoke', 'send', asked],
    [process, type, 'send', answered],
  ];
}

export function poll(process: number, pairs: Pairs, type: OperationType = 'ok', key = 'x'): Row[] {
  const answer: Json = pairs.length === 0 ? {} : { [key]: pairs };
  return [
    [process, 'invoke', 'poll', [['poll']]],
    [process, type, 'poll', [['poll', answer]]],
  ];
}

export function call(
  process: number,
  f: string,
  value: Json,
  answer = value,
  type: OperationType = 'ok',
): Row[] {
  return [
    [process, 'invoke', f, value],
    [process, type, f, answer],
  ];
}

/** Values 0 … n − 1 at offsets 0 … n − 1. */
export const pairs = (...offsets: number[]): Pairs => offsets.map((offset) => [offset, offset]);
export const sent = (n: number): Row[] => send(9, pairs(...Array.from({ length: n }, (_, i) => i)));
export const everything = (n: number): Row[] => poll(8, pairs(...Array.from({ length: n }, (_, i) => i)));

export const txn = (process: number, asked: Json, answered: Json, type: OperationType = 'ok'): Row[] => [
  [process, 'invoke', 'txn', asked],
  [process, type, 'txn', answered],
];

export function judge(rows: readonly Row[], options: Partial<LogOptions> = {}) {
  const verdict = log(options).check({ history: historyOf(rows) });
  const { valid, anomalies, allowed = [], reason, statistics } = verdict;
  const names = (of: readonly { readonly name: string }[]): string[] => [
    ...new Set(of.map(({ name }) => name)),
  ];
  return {
    valid,
    names: names(anomalies),
    allowed: names(allowed),
    anomalies,
    notes: allowed,
    reason,
    statistics,
  };
}
