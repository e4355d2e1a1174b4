/**
 * The logs as the history shows them: of each partition the offsets that a poll returned, or that a send which must have
 * committed was given, in ascending order. Each is a slot; the slots of a partition have consecutive numbers.
 *
 *     offsets 0, 2 and 4·10⁹ of partition x and 7 of y: slots 0, 1, 2 and 3
 *
 * Offsets that nobody saw take no room, and have no meaning either: markers of transactions take up offsets.
 *
 * A send must have committed when it was acknowledged, or when an operation in doubt sent it and another read it, or,
 * where operations are transactions, read anything else that the same operation sent.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Pace } from '../findings/pace.ts';
import { int32Column, uint8Column } from '../transactions/columns.ts';
import { internKey } from '../linearizability/model.ts';
import { float64Column, lastAtMost, lowerBound } from './columns.ts';
import { FAILED, IN_DOUBT, NONE, OK } from './ledger.ts';
import type { Ledger } from './ledger.ts';

/** Offsets are ticked off where they lie so close together, and sorted where they do not. */
const PLACES_PER_OFFSET = 8;

export interface LogsOptions {
  readonly transactions: boolean;
  /** Partitions that are compacted, or all of them. */
  readonly compaction: boolean | readonly (string | number)[];
}

export class Logs {
  readonly ledger: Ledger;

  /** By slot. */
  readonly offsets: Float64Array;
  /** A value that a poll returned there, else one that was acknowledged there. */
  readonly value: Int32Array;
  /** The first run that returned a record there. */
  readonly run: Int32Array;
  /** The first committed send that was acknowledged there. */
  readonly send: Int32Array;
  /** Gone by policy: trimmed, or superseded in a compacted partition. */
  readonly gone: Uint8Array;

  /** By read and by send; -1 where the offset is not known. */
  readonly readSlot: Int32Array;
  readonly sendSlot: Int32Array;

  /** By send: 1 when it must have committed. */
  readonly committed: Uint8Array;

  /** By value: its first slot, -1 if none. */
  readonly valueSlot: Int32Array;
  /** Values at more than one slot. */
  readonly repeated = new Map<number, Set<number>>();
  /** Slots with more than one value from polls, and slots with more than one from acknowledgements. */
  readonly disputed = new Map<number, Set<number>>();
  readonly doublyAcknowledged = new Map<number, number[]>();
  readonly compactedKeys = new Set<number>();
  /** By slot, and one more: how many slots below it must be seen. */
  readonly demandedBefore: Int32Array;

  /** By partition: its first slot; one more than there are partitions. */
  readonly #firstSlot: Int32Array;
  readonly #pace: Pace;

  /** @param pace - when it is overdue they are not complete, and say nothing */
  constructor(ledger: Ledger, options: LogsOptions, pace: Pace) {
    this.ledger = ledger;
    this.#pace = pace;
    this.committed = committedSends(ledger, options.transactions, pace);
    const sorted = sortedOffsets(ledger, this.committed, pace);
    this.offsets = sorted.offsets;
    this.#firstSlot = sorted.firstSlot;
    const slots = this.offsets.length;
    this.value = int32Column(slots).fill(NONE);
    this.run = int32Column(slots).fill(NONE);
    this.send = int32Column(slots).fill(NONE);
    this.gone = uint8Column(slots);
    this.readSlot = int32Column(ledger.readValue.length).fill(NONE);
    this.sendSlot = int32Column(ledger.sendOperation.length).fill(NONE);
    this.valueSlot = int32Column(ledger.values.length).fill(NONE);
    this.#placeReads();
    this.#placeSends();
    this.#resolveByValue();
    this.#markGone(options.compaction);
    this.demandedBefore = this.#countDemanded();
  }

  /** Its slots are `first` … `end` (excluded). */
  slotsOf(key: number): { readonly first: number; readonly end: number } {
    return { first: this.#firstSlot[key] as number, end: this.#firstSlot[key + 1] as number };
  }

  /** The first slot of a partition at or behind an offset. */
  slotFrom(key: number, offset: number): number {
    const { first, end } = this.slotsOf(key);
    return lowerBound(this.offsets, offset, first, end);
  }

  keyOfSlot(slot: number): number {
    let low = 0;
    let high = this.#firstSlot.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#firstSlot[middle] as number) <= slot) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Whether a consumer that passes over the slot misses something: not what is gone, and not what was aborted. */
  mustBeSeen(slot: number): boolean {
    if (this.gone[slot] === 1) return false;
    const value = this.value[slot] as number;
    const { valueSends, valueFailures } = this.ledger;
    return valueSends.at(value) === 0 || valueFailures.at(value) < valueSends.at(value);
  }

  #countDemanded(): Int32Array {
    const demanded = int32Column(this.offsets.length + 1);
    for (let slot = 0; slot < this.offsets.length; slot++) {
      demanded[slot + 1] = (demanded[slot] as number) + (this.mustBeSeen(slot) ? 1 : 0);
    }
    return demanded;
  }

  /** Where a value is, when it is in one place. */
  onlySlotOf(value: number): number {
    return this.repeated.has(value) ? NONE : (this.valueSlot[value] as number);
  }

  #placeReads(): void {
    const { ledger, readSlot } = this;
    const find = this.#finder();
    for (let run = 0; run < ledger.runKey.length; run++) {
      const key = ledger.runKey.at(run);
      const end = ledger.runEnd(run);
      if (this.#pace.spend(end - ledger.runStart.at(run))) return;
      for (let row = ledger.runStart.at(run); row < end; row++) {
        const slot = find(key, ledger.readOffset.at(row));
        if (slot === NONE) continue;
        readSlot[row] = slot;
        const value = ledger.readValue.at(row);
        const earlier = this.value[slot] as number;
        if (earlier === NONE) {
          this.value[slot] = value;
          this.run[slot] = run;
        } else if (earlier !== value) {
          addTo(this.disputed, slot, earlier).add(value);
        }
        this.#placeValue(value, slot);
      }
    }
  }

  #placeSends(): void {
    const { ledger } = this;
    const find = this.#finder();
    for (let send = 0; send < ledger.sendOperation.length; send++) {
      if (this.#pace.spend(1)) return;
      if (this.committed[send] !== 1) continue;
      const slot = find(ledger.sendKey.at(send), ledger.sendOffset.at(send));
      if (slot === NONE) continue;
      this.sendSlot[send] = slot;
      const value = ledger.sendValue.at(send);
      const earlier = this.send[slot] as number;
      if (earlier === NONE) {
        this.send[slot] = send;
        if (this.value[slot] === NONE) this.value[slot] = value;
      } else {
        const sends = this.doublyAcknowledged.get(slot) ?? [earlier];
        sends.push(send);
        this.doublyAcknowledged.set(slot, sends);
      }
      this.#placeValue(value, slot);
    }
  }

  /** The slot of an offset, which is most often the next to the last one asked for. */
  #finder(): (key: number, offset: number) => number {
    const hints = this.#firstSlot.slice();
    const { offsets } = this;
    return (key, offset) => {
      if (Number.isNaN(offset)) return NONE;
      let slot = hints[key] as number;
      if (offsets[slot] !== offset || slot >= (this.#firstSlot[key + 1] as number)) {
        slot++;
        if (offsets[slot] !== offset || slot >= (this.#firstSlot[key + 1] as number))
          slot = this.slotFrom(key, offset);
      }
      hints[key] = slot;
      return slot;
    };
  }

  #placeValue(value: number, slot: number): void {
    const first = this.valueSlot[value] as number;
    if (first === NONE) this.valueSlot[value] = slot;
    else if (first !== slot) addTo(this.repeated, value, first).add(slot);
  }

  /** What has no offset is where its value is, when that is in one place and was sent once. */
  #resolveByValue(): void {
    const { ledger, readSlot, sendSlot } = this;
    if (this.#pace.spend(readSlot.length + sendSlot.length)) return;
    for (let row = 0; row < readSlot.length; row++) {
      if (readSlot[row] === NONE) readSlot[row] = this.onlySlotOf(ledger.readValue.at(row));
    }
    for (let send = 0; send < sendSlot.length; send++) {
      const value = ledger.sendValue.at(send);
      if (sendSlot[send] !== NONE || ledger.sendOutcome.at(send) === FAILED) continue;
      if (ledger.valueSends.at(value) === 1) sendSlot[send] = this.onlySlotOf(value);
    }
  }

  #markGone(compaction: boolean | readonly (string | number)[]): void {
    const compacted = compaction === true || compaction === false ? [] : compaction.map(String);
    this.ledger.keyNames.forEach((name, key) => {
      const { first } = this.slotsOf(key);
      const trimmed = this.slotFrom(key, this.ledger.lowWatermark[key] as number);
      this.gone.fill(1, first, trimmed);
      if (compaction !== true && !compacted.includes(name)) return;
      this.compactedKeys.add(key);
      this.#markSuperseded(key);
    });
  }

  /** From the end: a record whose record key comes again is superseded, and so is every tombstone. */
  #markSuperseded(key: number): void {
    const { first, end } = this.slotsOf(key);
    const seen = new Set<null | boolean | number | string>();
    for (let slot = end - 1; slot >= first; slot--) {
      if (this.#pace.spend(1)) return;
      const { recordKey, isTombstone } = recordOf(this.ledger.values[this.value[slot] as number] as Json);
      if (seen.has(recordKey) || isTombstone) this.gone[slot] = 1;
      seen.add(recordKey);
    }
  }
}

/**
 * In a compacted partition a value is `{key, value}`, a tombstone one whose `value` is null. Of other values nobody
 * knows the record keys: they count as one, so that all but the last may be gone.
 */
function recordOf(value: Json): {
  readonly recordKey: null | boolean | number | string;
  readonly isTombstone: boolean;
} {
  if (typeof value !== 'object' || value === null || !('key' in value)) {
    return { recordKey: null, isTombstone: false };
  }
  const record = value as { readonly key: Json; readonly value?: Json };
  return { recordKey: internKey(record.key), isTombstone: record.value === null };
}

function addTo(sets: Map<number, Set<number>>, key: number, first: number): Set<number> {
  let set = sets.get(key);
  if (set === undefined) sets.set(key, (set = new Set([first])));
  return set;
}

function committedSends(ledger: Ledger, transactions: boolean, pace: Pace): Uint8Array {
  const { sendOperation, sendOutcome, sendValue } = ledger;
  const committed = uint8Column(sendOperation.length);
  let first = 0;
  while (first < committed.length && !pace.spend(1)) {
    const operation = sendOperation.at(first);
    const outcome = sendOutcome.at(first);
    let isProved = false;
    let send = first;
    for (; send < committed.length && sendOperation.at(send) === operation; send++) {
      const isRead = outcome === IN_DOUBT && wasReadByAnother(ledger, sendValue.at(send), operation);
      committed[send] = outcome === OK || isRead ? 1 : 0;
      isProved ||= isRead;
    }
    if (isProved && transactions) committed.fill(1, first, send);
    first = send;
  }
  return committed;
}

/** Only of values that were sent once: else another send may be what was read. */
function wasReadByAnother(ledger: Ledger, value: number, operation: number): boolean {
  const first = ledger.valueFirstRun.at(value);
  if (first === NONE || ledger.valueSends.at(value) !== 1) return false;
  const own = ledger.history.completionOf(operation)?.index;
  return (
    ledger.runOperation.at(first) !== own || ledger.runOperation.at(ledger.valueLastRun.at(value)) !== own
  );
}

/** Each offset of each partition once, ascending. */
function sortedOffsets(
  ledger: Ledger,
  committed: Uint8Array,
  pace: Pace,
): { readonly offsets: Float64Array; readonly firstSlot: Int32Array } {
  const { runKey, runStart, readOffset, sendKey, sendOffset } = ledger;
  const keys = ledger.keyNames.length;
  // Room for each partition: for what is not known, too.
  const starts = new Int32Array(keys + 1);
  for (let run = 0; run < runKey.length; run++) {
    (starts[runKey.at(run) + 1] as number) += ledger.runEnd(run) - runStart.at(run);
  }
  for (let send = 0; send < committed.length; send++) {
    if (committed[send] === 1) (starts[sendKey.at(send) + 1] as number)++;
  }
  for (let key = 0; key < keys; key++) (starts[key + 1] as number) += starts[key] as number;
  const offsets = float64Column(starts[keys] as number);
  const next = starts.slice();
  const put = (key: number, offset: number): void => {
    if (!Number.isNaN(offset)) offsets[(next[key] as number)++] = offset;
  };
  for (let run = 0; run < runKey.length; run++) {
    const end = ledger.runEnd(run);
    if (pace.spend(end - runStart.at(run))) break;
    for (let row = runStart.at(run); row < end; row++) put(runKey.at(run), readOffset.at(row));
  }
  for (let send = 0; send < committed.length && !pace.spend(1); send++) {
    if (committed[send] === 1) put(sendKey.at(send), sendOffset.at(send));
  }
  const firstSlot = new Int32Array(keys + 1);
  let kept = 0;
  for (let key = 0; key < keys; key++) {
    firstSlot[key] = kept;
    const ofKey = offsets.subarray(starts[key], next[key]);
    const distinct = pace.spend(ofKey.length) ? 0 : sortDistinct(ofKey);
    offsets.copyWithin(kept, starts[key] as number, (starts[key] as number) + distinct);
    kept += distinct;
  }
  firstSlot[keys] = kept;
  return { offsets: offsets.subarray(0, kept), firstSlot };
}

/** Sorts in place, each once. @returns how many they are */
function sortDistinct(offsets: Float64Array): number {
  let low = Infinity;
  let high = -Infinity;
  for (const offset of offsets) {
    if (offset < low) low = offset;
    if (offset > high) high = offset;
  }
  let kept = 0;
  if (offsets.length > 0 && high - low < PLACES_PER_OFFSET * offsets.length) {
    const isTaken = uint8Column(high - low + 1);
    for (const offset of offsets) isTaken[offset - low] = 1;
    for (let place = 0; place < isTaken.length; place++) {
      if (isTaken[place] === 1) offsets[kept++] = low + place;
    }
    return kept;
  }
  offsets.sort();
  for (const offset of offsets) if (kept === 0 || offsets[kept - 1] !== offset) offsets[kept++] = offset;
  return kept;
}

/** The runs of an operation's polls are `first` … `end` (excluded). */
export function runsOf(ledger: Ledger, operation: number): { readonly first: number; readonly end: number } {
  const end = lastAtMost(ledger.runOperation, operation) + 1;
  return { first: lastAtMost(ledger.runOperation, operation - 1) + 1, end };
}

/** The sends of an invocation are `first` … `end` (excluded). */
export function sendsOf(ledger: Ledger, operation: number): { readonly first: number; readonly end: number } {
  const end = lastAtMost(ledger.sendOperation, operation) + 1;
  return { first: lastAtMost(ledger.sendOperation, operation - 1) + 1, end };
}
