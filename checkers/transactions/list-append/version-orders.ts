/**
 * In which order the elements of each list were appended, as its reads show it.
 *
 *     reads of x: [1], [1, 2, 3], []  → the order 1, 2, 3
 *     reads of x: [1, 2], [2]         → [2] is incompatible: it is no beginning of [1, 2]
 *
 * A list shows its whole past, so that its reads must be beginnings of one another, and the longest is the order. One
 * that is no beginning of the longest is left out. Elements are compared as they come; only those of the longest read are
 * looked up.
 */
import { int32Column, uint8Column } from '../columns.ts';
import { HarnessError } from '../../../harness/errors.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { describeJson, sameJson } from '../../linearizability/model.ts';
import type { Pace } from '../../findings/pace.ts';
import { FAILED, keyName, OK, READ, UNREAD, WRITE } from '../transaction.ts';
import type { Transactions } from '../transaction.ts';
import { NONE, PairMap } from '../value-codes.ts';

export interface VersionOrders {
  /** By key: its longest read, the elements in order. */
  readonly longest: readonly (readonly Json[])[];
  /** By key: the micro-operation that read it; NONE where nobody read anything. */
  readonly longestRead: Int32Array;
  /** By key: where its elements begin in `appender`; one entry more than there are keys. */
  readonly start: Int32Array;
  /**
   * Who appended the element: its micro-operation, perhaps of a failed transaction. NONE for a value that nobody
   * appended and for all but the first of equal elements.
   */
  readonly appender: Int32Array;
  /** By place: who committed next, or NONE; remembered where there was far to look (a list full of garbage). */
  readonly nextCommitted: Map<number, number>;
  /** By micro-operation: the place of what it appended in the order of its key; NONE where no read has it. */
  readonly place: Int32Array;
  /** By transaction, 1: it is ok, or somebody read what it appended. */
  readonly committed: Uint8Array;
  /** Reads that are no beginnings of the longest, and their keys. */
  readonly incompatible: ReadonlySet<number>;
  readonly incompatibleKeys: ReadonlySet<number>;
  /** By (key, code of an element): who appends it. */
  readonly appenders: PairMap;
}

/** @throws HarnessError `bad-history` where two transactions that did not fail append one element to one list */
export function findVersionOrders(transactions: Transactions, pace: Pace): VersionOrders {
  const { micro } = transactions;
  const appenders = indexAppends(transactions);
  const { longest, longestRead } = findLongest(transactions);
  const incompatible = new Set<number>();
  const incompatibleKeys = new Set<number>();
  for (let m = 0; m < micro.count; m++) {
    if (micro.kind[m] !== READ || micro.value[m] === UNREAD) continue;
    const list = micro.lists[m] as readonly Json[];
    const key = micro.key[m] as number;
    if (!startsAlike(list, longest[key] as readonly Json[], list.length)) {
      incompatible.add(m);
      incompatibleKeys.add(key);
    }
    if (pace.spend(list.length + 1)) break;
  }
  return {
    longest,
    longestRead,
    incompatible,
    incompatibleKeys,
    appenders,
    nextCommitted: new Map(),
    ...placeElements(transactions, longest, appenders),
  };
}

/** By key, the first of the longest reads, and the micro-operation that read it. */
function findLongest({ micro, keys }: Transactions): Pick<VersionOrders, 'longest' | 'longestRead'> {
  const longest: (readonly Json[])[] = keys.map(() => []);
  const longestRead = int32Column(keys.length).fill(NONE);
  for (let m = 0; m < micro.count; m++) {
    if (micro.kind[m] !== READ) continue;
    const key = micro.key[m] as number;
    if ((micro.value[m] as number) <= (longest[key] as readonly Json[]).length) continue;
    longest[key] = micro.lists[m] as readonly Json[];
    longestRead[key] = m;
  }
  return { longest, longestRead };
}

/** Whether the first elements are equal. */
export function startsAlike(a: readonly Json[], b: readonly Json[], length: number): boolean {
  for (let i = 0; i < length; i++) {
    const x = a[i] as Json;
    const y = b[i] as Json;
    if (x !== y && !(typeof x === 'object' && sameJson(x, y))) return false;
  }
  return true;
}

function indexAppends({ micro, outcome, keys, values, invocation }: Transactions): PairMap {
  const appenders = new PairMap(micro.count / 2);
  for (let m = 0; m < micro.count; m++) {
    if (micro.kind[m] !== WRITE) continue;
    const key = micro.key[m] as number;
    const value = micro.value[m] as number;
    const other = appenders.get(key, value);
    const t = micro.transaction[m] as number;
    if (other !== NONE) {
      // What failed did not happen, and may have been tried again.
      if (outcome[t] === FAILED) continue;
      const u = micro.transaction[other] as number;
      if (outcome[u] !== FAILED) {
        throw new HarnessError(
          'bad-history',
          `operation ${invocation[t] as number}: appends ${describeJson(values.decode(value))} to ` +
            `${describeJson(keys[key] as Json)}, as operation ${invocation[u] as number} did: the elements of a list ` +
            'must be unique',
        );
      }
    }
    appenders.set(key, value, m);
  }
  return appenders;
}

function placeElements(
  { micro, outcome, keys, values, count }: Transactions,
  longest: readonly (readonly Json[])[],
  appenders: PairMap,
): Pick<VersionOrders, 'start' | 'appender' | 'place' | 'committed'> {
  const start = int32Column(keys.length + 1);
  for (let key = 0; key < keys.length; key++) {
    start[key + 1] = (start[key] as number) + (longest[key] as readonly Json[]).length;
  }
  const appender = int32Column(start[keys.length] as number).fill(NONE);
  const place = int32Column(micro.count).fill(NONE);
  const committed = uint8Column(count);
  for (let t = 0; t < count; t++) if (outcome[t] === OK) committed[t] = 1;
  for (let key = 0; key < keys.length; key++) {
    const elements = longest[key] as readonly Json[];
    const offset = start[key] as number;
    for (let i = 0; i < elements.length; i++) {
      const code = values.find(elements[i] as Json);
      const m = code === NONE ? NONE : appenders.get(key, code);
      if (m === NONE || place[m] !== NONE) continue;
      appender[offset + i] = m;
      place[m] = i;
      const t = micro.transaction[m] as number;
      if (outcome[t] !== FAILED) committed[t] = 1;
    }
  }
  return { start, appender, place, committed };
}

/** `5 to x`, of an append. */
export function elementOf(transactions: Transactions, m: number): string {
  const { micro, values } = transactions;
  return `${describeJson(values.decode(micro.value[m] as number))} to ${keyName(transactions, micro.key[m] as number)}`;
}
