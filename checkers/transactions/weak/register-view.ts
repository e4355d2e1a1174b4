/**
 * Whom each read of a register read from.
 *
 *     T0 ["w","x",1] ok   T1 ["w","x",2] fail   T2 ["r","x",1] · ["r","x",2]: G1a · ["r","x",3]: garbage-read
 *
 * A value tells its writer when one transaction alone can have written it; those that failed do not count. A value that
 * several can have written tells nothing, nor does null where somebody writes null.
 */
import { int32Column, uint8Column } from '../columns.ts';
import type { Transactions } from '../transaction.ts';
import { FAILED, INITIAL, READ, UNREAD, WRITE } from '../transaction.ts';
import { NONE, PairMap } from '../value-codes.ts';
import { AMBIGUOUS, Faults, INITIAL_STATE, NO_SOURCE, acknowledged } from './view.ts';
import type { View } from './view.ts';

/** By key and code of the value: the write of it, or AMBIGUOUS. */
export interface Writers {
  readonly alive: PairMap;
  readonly failed: PairMap;
  readonly ambiguousValues: number;
}

export function collectWriters({ micro, outcome, dataType }: Transactions): Writers {
  const alive = new PairMap(micro.count >> 1);
  const failed = new PairMap();
  let ambiguousValues = 0;
  for (let m = 0; m < micro.count; m++) {
    if (micro.kind[m] !== WRITE) continue;
    const t = micro.transaction[m] as number;
    const k = micro.key[m] as number;
    const code = micro.value[m] as number;
    if (outcome[t] === FAILED) {
      failed.set(k, code, m);
      continue;
    }
    const known = alive.get(k, code);
    // Of a transaction that writes a register's value twice, the last time counts: it may be its final write.
    const isAgain = known >= 0 && dataType === 'register' && micro.transaction[known] === t;
    if (known === NONE || isAgain) {
      alive.set(k, code, m);
    } else if (known !== AMBIGUOUS) {
      alive.set(k, code, AMBIGUOUS);
      ambiguousValues++;
    }
  }
  return { alive, failed, ambiguousValues };
}

/** Who wrote what a read returned, of a value of the code; or why nobody did, as a fault. */
export function resolve(
  transactions: Transactions,
  writers: Writers,
  faults: Faults,
  read: number,
  code: number,
): number {
  const { micro } = transactions;
  const k = micro.key[read] as number;
  const write = code === NONE ? NONE : writers.alive.get(k, code);
  if (write === NONE) {
    const failed = code === NONE ? NONE : writers.failed.get(k, code);
    faults.add(failed === NONE ? 'garbage-read' : 'G1a', read, failed);
  }
  return write;
}

export function registerView(transactions: Transactions): View {
  const { micro, values, keys, outcome } = transactions;
  const writers = collectWriters(transactions);
  const isCommitted = acknowledged(transactions);
  const source = int32Column(micro.count).fill(NO_SOURCE);
  /** 1: a read behind a write of its own transaction. */
  const isLocal = uint8Column(micro.count);
  const faults = new Faults();
  const nullCode = values.find(null);
  const writesNull = uint8Column(keys.length);
  let ambiguousReads = 0;
  if (nullCode !== NONE) {
    for (let m = 0; m < micro.count; m++) {
      if (micro.kind[m] !== WRITE || micro.value[m] !== nullCode) continue;
      if (outcome[micro.transaction[m] as number] !== FAILED) writesNull[micro.key[m] as number] = 1;
    }
  }
  const valueOf = (m: number): number => {
    const code = micro.value[m] as number;
    return code === nullCode ? INITIAL : code;
  };
  for (let m = 0; m < micro.count; m++) {
    if (micro.kind[m] !== READ || micro.value[m] === UNREAD) continue;
    const before = micro.previous[m] as number;
    if (before !== NONE) {
      const isRead = micro.kind[before] === READ;
      if (!isRead || isLocal[before] === 1) {
        isLocal[m] = 1;
        if (valueOf(before) !== valueOf(m)) faults.add('internal', m, before);
        continue;
      }
      if (valueOf(before) !== valueOf(m)) faults.add('non-repeatable', m, before);
    }
    const code = micro.value[m] as number;
    if (code === INITIAL) {
      if (writesNull[micro.key[m] as number] === 1) ambiguousReads++;
      else source[m] = INITIAL_STATE;
      continue;
    }
    const write = resolve(transactions, writers, faults, m, code);
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
  return {
    transactions,
    isCommitted,
    source,
    faults,
    versionOrder: [],
    ambiguousReads,
    ambiguousValues: writers.ambiguousValues,
  };
}
