/**
 * What the operations of a history say of values that only grow, in each shape that a system's clients use:
 *
 *     read → 5                         of the key
 *     read → {x: 5, y: 2}              of two keys (TiDB's test)
 *     read, inc → ["2018-12-05T…", 5]  a timestamp and a value (FaunaDB's test)
 *     inc, add → 5                     like a read, where the invocation did not carry the value already
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { isArray, isMap } from '../findings/findings.ts';

/** Whether one is before another is known within a kind only. */
export type Ordered = number | string;

export interface Observation {
  readonly invocation: Operation;
  readonly completion: Operation;
  /** Of what: the key, and where there are several things, which. */
  readonly stream: string;
  readonly value: Ordered;
}

export interface Observed {
  readonly values: readonly Observation[];
  /** Undefined where the system shows none. */
  readonly timestamp: Ordered | undefined;
}

const FUNCTIONS: ReadonlySet<string> = new Set(['read', 'read-at', 'inc', 'add']);

/**
 * What an acknowledged operation saw; null when it is malformed.
 *
 * @throws HarnessError `bad-history` at another function
 */
export function observe(history: History, completion: Operation): Observed | null {
  const { index, f } = completion;
  if (!FUNCTIONS.has(f)) {
    throw new HarnessError(
      'bad-history',
      `operation ${index}: what only grows has read, read-at, inc and add, no ${f}`,
    );
  }
  const nothing: Observed = { values: [], timestamp: undefined };
  const invocation = history.invocationOf(index);
  if (invocation === undefined) return nothing;
  const { value } = completion;
  const isWrite = f === 'inc' || f === 'add';
  // By how much, or which: the invocation's value, that the answer repeats.
  if (isWrite && (value === null || JSON.stringify(value) === JSON.stringify(invocation.value)))
    return nothing;
  const key = invocation.key === undefined ? '' : String(invocation.key);
  const of = (stream: string, seen: Ordered | null): Observation => {
    return { invocation, completion, stream, value: seen ?? NOTHING_YET };
  };
  if (value === null || isOrdered(value)) return { values: [of(key, value)], timestamp: undefined };
  if (isArray(value) && value.length === 2) {
    const [timestamp, seen] = value as readonly [Json, Json];
    if (!isOrdered(timestamp) || (seen !== null && !isOrdered(seen))) return null;
    return { values: [of(key, seen)], timestamp };
  }
  if (!isMap(value)) return null;
  const values: Observation[] = [];
  for (const [name, seen] of Object.entries(value)) {
    if (seen !== null && !isOrdered(seen)) return null;
    values.push(of(key === '' ? name : `${key}/${name}`, seen));
  }
  return { values, timestamp: undefined };
}

export const isOrdered = (value: Json | undefined): value is Ordered =>
  typeof value === 'number' || typeof value === 'string';

/** What a read that finds nothing saw (null): before all else. */
export const NOTHING_YET = -Infinity;

const DECIMAL = /^-?\d+(\.\d*)?$/;

/** Negative when `a` is before `b`. Texts of digits compare as numbers of any length, other texts by their characters. */
export function compareOrdered(a: Ordered, b: Ordered): number {
  if (a === b) return 0;
  if (a === NOTHING_YET || b === NOTHING_YET) return a === NOTHING_YET ? -1 : 1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  if (DECIMAL.test(left) && DECIMAL.test(right)) {
    const [isLeftBelow, isRightBelow] = [left.startsWith('-'), right.startsWith('-')];
    if (isLeftBelow && isRightBelow) return comparePositive(right.slice(1), left.slice(1));
    if (isLeftBelow) return comparePositive(left.slice(1), '0') === 0 ? compareOrdered('0', right) : -1;
    return isRightBelow ? -compareOrdered(b, a) : comparePositive(left, right);
  }
  return compareText(left, right);
}

/** Numbers of any length, by their digits. */
function comparePositive(left: string, right: string): number {
  const [leftWhole = '', leftRest = ''] = left.replace(/^0+(?=\d)/, '').split('.');
  const [rightWhole = '', rightRest = ''] = right.replace(/^0+(?=\d)/, '').split('.');
  if (leftWhole.length !== rightWhole.length) return leftWhole.length - rightWhole.length;
  const whole = compareText(leftWhole, rightWhole);
  return whole !== 0 ? whole : compareText(leftRest.replace(/0+$/, ''), rightRest.replace(/0+$/, ''));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
