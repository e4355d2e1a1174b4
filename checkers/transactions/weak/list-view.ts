/**
 * Whom each read of a list read from: whoever appended its last element. And the order of versions, which lists show:
 * the longest read of a key has it, and every other must be its beginning.
 *
 *     T0 ["append","x",1]   T1 ["append","x",2]   T2 ["r","x",[1,2]]   T3 ["r","x",[1]]
 *     T2 reads from T1, T3 from T0; T0 comes before T1
 *
 * A transaction whose append is in no read comes behind all that are in the longest, if it committed. Reads behind an
 * append of their own transaction are only asked whether they end with it.
 */
import { int32Column, uint8Column } from '../columns.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { sameJson } from '../../linearizability/model.ts';
import type { Transactions } from '../transaction.ts';
import { READ, UNREAD, WRITE } from '../transaction.ts';
import { NONE } from '../value-codes.ts';
import { collectWriters, resolve } from './register-view.ts';
import type { Writers } from './register-view.ts';
import { AMBIGUOUS, Faults, INITIAL_STATE, NO_SOURCE, acknowledged, isFinalWrite } from './view.ts';
import type { View } from './view.ts';

type List = readonly Json[];

export function listView(transactions: Transactions): View {
  const { micro, values, keys } = transactions;
  const writers = collectWriters(transactions);
  const isCommitted = acknowledged(transactions);
  const source = int32Column(micro.count).fill(NO_SOURCE);
  const faults = new Faults();
  /** By key: the read that returned most. */
  const longest = int32Column(keys.length).fill(NONE);
  for (const m of micro.malformed) faults.add('malformed-read', m);
  const external: number[] = [];
  for (let m = 0; m < micro.count; m++) {
    if (micro.kind[m] !== READ || micro.value[m] === UNREAD) continue;
    if (ownAppends(transactions, m) > 0) {
      judgeLocal(transactions, faults, m);
      continue;
    }
    external.push(m);
    const k = micro.key[m] as number;
    const best = longest[k] as number;
    if (best === NONE || (micro.value[m] as number) > (micro.value[best] as number)) longest[k] = m;
  }
  let ambiguousReads = 0;
  for (const m of external) {
    const list = micro.lists[m] as List;
    const before = micro.previous[m] as number;
    if (before !== NONE && !isPrefix(micro.lists[before] ?? [], list, true))
      faults.add('non-repeatable', m, before);
    const best = longest[micro.key[m] as number] as number;
    if (!isPrefix(list, micro.lists[best] as List)) faults.add('incompatible-order', m, best);
    if (list.length === 0) {
      source[m] = INITIAL_STATE;
      continue;
    }
    const write = resolve(transactions, writers, faults, m, values.find(list[list.length - 1] as Json));
    if (write === AMBIGUOUS) ambiguousReads++;
    if (write < 0) continue;
    const writer = micro.transaction[write] as number;
    if (writer === micro.transaction[m]) {
      faults.add('future-read', m, write);
      continue;
    }
    isCommitted[writer] = 1;
    if (micro.isIntermediate[write] === 1) faults.add('G1b', m, write);
    else source[m] = write;
  }
  const versionOrder = orderVersions(transactions, writers, longest, isCommitted, faults);
  return {
    transactions,
    isCommitted,
    source,
    faults,
    versionOrder,
    ambiguousReads,
    ambiguousValues: writers.ambiguousValues,
  };
}

/** How many elements its transaction had appended to its key before the read. */
function ownAppends({ micro }: Transactions, read: number): number {
  let appends = 0;
  for (let m = micro.previous[read] as number; m !== NONE; m = micro.previous[m] as number) {
    if (micro.kind[m] === WRITE) appends++;
  }
  return appends;
}

/** What the transaction has appended itself must stand at the end. */
function judgeLocal({ micro, values }: Transactions, faults: Faults, read: number): void {
  const list = micro.lists[read] as List;
  let at = list.length;
  for (let m = micro.previous[read] as number; m !== NONE; m = micro.previous[m] as number) {
    if (micro.kind[m] !== WRITE) continue;
    at--;
    if (at < 0 || values.find(list[at] as Json) !== micro.value[m]) {
      faults.add('internal', read, m);
      return;
    }
  }
}

/** What its transaction had appended to the key directly before, or NONE. */
function appendBefore({ micro }: Transactions, write: number): number {
  let m = micro.previous[write] as number;
  while (m !== NONE && micro.kind[m] !== WRITE) m = micro.previous[m] as number;
  return m;
}

function isPrefix(short: List, long: List, whole = false): boolean {
  if (short.length > long.length || (whole && short.length !== long.length)) return false;
  for (let i = 0; i < short.length; i++) {
    const [a, b] = [short[i] as Json, long[i] as Json];
    if (a !== b && !sameJson(a, b)) return false;
  }
  return true;
}

function orderVersions(
  transactions: Transactions,
  writers: Writers,
  longest: Int32Array,
  isCommitted: Uint8Array,
  faults: Faults,
): number[] {
  const { micro, values } = transactions;
  const pairs: number[] = [];
  /** By key: the write of the last element of the longest read that has a writer. */
  const last = int32Column(longest.length).fill(NONE);
  const isRead = uint8Column(micro.count);
  const isUnique = (m: number): boolean =>
    writers.alive.get(micro.key[m] as number, micro.value[m] as number) === m;
  for (const [k, read] of longest.entries()) {
    if (read === NONE) continue;
    const list = micro.lists[read] as List;
    for (const [i, element] of list.entries()) {
      const code = values.find(element);
      // The last element has been looked at with the read itself.
      const write =
        i === list.length - 1
          ? code === NONE
            ? NONE
            : writers.alive.get(k, code)
          : resolve(transactions, writers, faults, read, code);
      if (write < 0) continue;
      if (isRead[write] === 1) faults.add('duplicate-elements', read);
      const own = appendBefore(transactions, write);
      if (own !== NONE && isRead[own] === 0 && isUnique(own)) faults.add('incompatible-order', read, own);
      isRead[write] = 1;
      isCommitted[micro.transaction[write] as number] = 1;
      const before = last[k] as number;
      if (before !== NONE) pairs.push(before, write);
      last[k] = write;
    }
  }
  for (let m = 0; m < micro.count; m++) {
    const before = last[micro.key[m] as number] as number;
    if (before === NONE || isRead[m] === 1 || !isFinalWrite(transactions, m)) continue;
    if (isCommitted[micro.transaction[m] as number] === 0) continue;
    if (isUnique(m)) pairs.push(before, m);
  }
  return pairs;
}
