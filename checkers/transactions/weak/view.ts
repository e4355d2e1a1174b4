/**
 * What the weak levels, and registers on every level, judge by: whom each read read from.
 *
 *     T0 ["w","x",1]   T1 ["r","x",1] ["r","y",null]
 *     source of T1's first read: T0's write · of its second: INITIAL_STATE
 *
 * The view is the same for registers (register-view.ts) and lists (list-view.ts). Reads that prove something on their
 * own, whatever the order of the transactions, are its faults.
 */
import { int32Column, uint8Column } from '../columns.ts';
import type { Transactions } from '../transaction.ts';
import { OK, WRITE } from '../transaction.ts';
import { NONE } from '../value-codes.ts';

/** `source` of a read: it says nothing, since nobody knows what it read, or from whom, or it saw its own write. */
export const NO_SOURCE = -1;
/** `source` of a read: what was there before anybody wrote. */
export const INITIAL_STATE = -2;
/** In maps of writers: several transactions can have written it. */
export const AMBIGUOUS = -3;

export type FaultName =
  | 'garbage-read'
  | 'G1a'
  | 'G1b'
  | 'future-read'
  /** Not what the transaction itself had just written. */
  | 'internal'
  /** Not what the transaction had read before. */
  | 'non-repeatable'
  | 'malformed-read'
  | 'duplicate-elements'
  | 'incompatible-order';

/** A read that is wrong on its own. */
export interface Fault {
  readonly name: FaultName;
  /** Micro-operation that read. */
  readonly read: number;
  /** The write or read that it contradicts, or NONE. */
  readonly other: number;
}

export interface View {
  readonly transactions: Transactions;
  /** By transaction: 1 if it committed, because it said so or because somebody saw what it wrote. */
  readonly isCommitted: Uint8Array;
  /** By micro-operation: of a read the final write that it saw, or INITIAL_STATE, or NO_SOURCE. */
  readonly source: Int32Array;
  readonly faults: Faults;
  /** Of lists: pairs of writes, the first directly before the second in the order of versions. */
  readonly versionOrder: readonly number[];
  /** Reads of values that several transactions can have written: they say nothing. */
  readonly ambiguousReads: number;
  /** Such values. */
  readonly ambiguousValues: number;
}

/** Faults of each name; all are counted. */
const MAX_KEPT = 20;

export class Faults {
  readonly #byName = new Map<FaultName, { count: number; readonly kept: Fault[] }>();

  add(name: FaultName, read: number, other: number = NONE): void {
    let faults = this.#byName.get(name);
    if (faults === undefined) this.#byName.set(name, (faults = { count: 0, kept: [] }));
    if (faults.count++ < MAX_KEPT) faults.kept.push({ name, read, other });
  }

  /** Once for every fault; where they are too many, with one of the first of its name. */
  forEach(tell: (fault: Fault) => void): void {
    for (const { count, kept } of this.#byName.values()) {
      for (let i = 0; i < count; i++) tell(kept[i % kept.length] as Fault);
    }
  }
}

/** Those that said so. */
export function acknowledged({ count, outcome }: Transactions): Uint8Array {
  const isCommitted = uint8Column(count);
  for (let t = 0; t < count; t++) if (outcome[t] === OK) isCommitted[t] = 1;
  return isCommitted;
}

/** Whether m is the last write of its key in its transaction. */
export function isFinalWrite({ micro }: Transactions, m: number): boolean {
  return micro.kind[m] === WRITE && micro.isIntermediate[m] === 0;
}

/**
 * The transaction before it in its session, or NONE: the last of its process that was acknowledged. One in doubt comes
 * before nothing, as it may take effect at any later time.
 */
export function sessionPredecessors({ transactions, isCommitted }: View): Int32Array {
  const { count, outcome, process, processCount } = transactions;
  const before = int32Column(count).fill(NONE);
  const last = int32Column(processCount).fill(NONE);
  for (let t = 0; t < count; t++) {
    if (isCommitted[t] === 0) continue;
    const p = process[t] as number;
    before[t] = last[p] as number;
    if (outcome[t] === OK) last[p] = t;
  }
  return before;
}
