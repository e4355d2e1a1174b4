/**
 * A replica's log as its trace tells it: batches in the order of their offsets, which come at the end, go from the end, and go from
 * the beginning.
 *
 *     log.append(entry); log.find(entry.batch.lastOffset) // entry
 *     log.truncate(7)                                      // what was removed, the lowest first
 */
import type { TracedBatch } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';

/** A batch, once for all logs that hold it: where two logs hold the same entry they hold the same batch. */
export interface BatchEntry {
  readonly batch: TracedBatch;
  /** Before it, in the log that first held it; null where it was the first, undefined where nobody knows. */
  readonly previous: BatchEntry | null | undefined;
  readonly appendedBy: TraceRecord;
}

export class BatchLog {
  startOffset = 0;
  endOffset = 0;
  #entries: BatchEntry[] = [];
  /** Entries at the beginning of `#entries` that are gone. */
  #skipped = 0;

  get last(): BatchEntry | undefined {
    return this.#entries.length > this.#skipped ? this.#entries.at(-1) : undefined;
  }

  append(entry: BatchEntry): void {
    if (this.last === undefined && entry.batch.baseOffset > this.endOffset) {
      this.startOffset = entry.batch.baseOffset;
    }
    this.#entries.push(entry);
    this.endOffset = entry.batch.lastOffset + 1;
  }

  /** Removes whole batches, at `endOffset` and behind it. */
  truncate(endOffset: number): BatchEntry[] {
    const removed: BatchEntry[] = [];
    for (let last = this.last; last !== undefined && last.batch.lastOffset >= endOffset; last = this.last) {
      removed.push(last);
      this.#entries.pop();
    }
    this.endOffset = Math.min(this.endOffset, endOffset, removed.at(-1)?.batch.baseOffset ?? endOffset);
    return removed.reverse();
  }

  /** Nothing is left; it begins at `offset`. */
  restart(offset: number): void {
    this.#entries = [];
    this.#skipped = 0;
    this.startOffset = offset;
    this.endOffset = offset;
  }

  trimTo(startOffset: number): void {
    this.startOffset = Math.max(this.startOffset, startOffset);
    while (
      this.#skipped < this.#entries.length &&
      (this.#entries[this.#skipped] as BatchEntry).batch.lastOffset < startOffset
    ) {
      this.#skipped++;
    }
    if (this.#skipped * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#skipped);
      this.#skipped = 0;
    }
    this.endOffset = Math.max(this.endOffset, this.startOffset);
  }

  /** The batch that has this offset. */
  find(offset: number): BatchEntry | undefined {
    const entry = this.#entries[this.#firstReaching(offset)];
    return entry !== undefined && entry.batch.baseOffset <= offset ? entry : undefined;
  }

  /** Batches with offsets in [from, to), the first perhaps only in part, the last wholly. */
  between(from: number, to: number): BatchEntry[] {
    const found: BatchEntry[] = [];
    for (let i = this.#firstReaching(from); i < this.#entries.length; i++) {
      const entry = this.#entries[i] as BatchEntry;
      if (entry.batch.lastOffset >= to) break;
      found.push(entry);
    }
    return found;
  }

  /** The place of the first batch that ends at `offset` or behind it. */
  #firstReaching(offset: number): number {
    let low = this.#skipped;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as BatchEntry).batch.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
