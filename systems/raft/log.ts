/**
 * The log in memory: a base (the last entry that a snapshot covers and that was dropped) and the entries after it.
 *
 *     const log = new RaftLog();
 *     log.append(entry(1, payload));   // index 1
 *     log.termAt(1);                   // 1
 *     log.prefixHashAt(1);             // folds every entry up to there
 *
 * Each entry carries the prefix hash up to itself, so that comparing two logs up to an index is one number.
 * It knows nothing of disks, commits or safety: the rules decide, the core acts.
 */
import { assert } from '../../harness/errors.ts';
import { checksum, foldEntry } from './hash.ts';
import type { Payload } from './payload.ts';

export interface LogEntry {
  /** 0 until it is in a log. */
  index: number;
  readonly term: number;
  readonly payload: Uint8Array;
  /** Of the payload; set when it enters a log. */
  hash: number;
  prefixHash: number;
  /** The payload decoded, where someone needed it. */
  decoded: Payload | null;
}

export const newEntry = (term: number, payload: Uint8Array, decoded: Payload | null = null): LogEntry => ({
  index: 0,
  term,
  payload,
  hash: 0,
  prefixHash: 0,
  decoded,
});

/** Nothing: the batch that a heartbeat carries. */
export const NO_ENTRIES: readonly LogEntry[] = [];

export class RaftLog {
  baseIndex: number;
  baseTerm: number;
  private basePrefixHash: number;
  private entries: LogEntry[] = [];

  constructor(baseIndex = 0, baseTerm = 0, basePrefixHash = 0) {
    this.baseIndex = baseIndex;
    this.baseTerm = baseTerm;
    this.basePrefixHash = basePrefixHash;
  }

  get firstIndex(): number {
    return this.baseIndex + 1;
  }

  get lastIndex(): number {
    return this.baseIndex + this.entries.length;
  }

  get lastTerm(): number {
    const length = this.entries.length;
    return length === 0 ? this.baseTerm : (this.entries[length - 1] as LogEntry).term;
  }

  at(index: number): LogEntry | undefined {
    return this.entries[index - this.baseIndex - 1];
  }

  /** Undefined beyond the end and before the base. */
  termAt(index: number): number | undefined {
    if (index === this.baseIndex) return this.baseTerm;
    return this.at(index)?.term;
  }

  /** Undefined beyond the end and before the base. */
  prefixHashAt(index: number): number | undefined {
    if (index === this.baseIndex) return this.basePrefixHash;
    return this.at(index)?.prefixHash;
  }

  append(entry: LogEntry): void {
    const length = this.entries.length;
    const before = length === 0 ? this.basePrefixHash : (this.entries[length - 1] as LogEntry).prefixHash;
    entry.index = this.baseIndex + length + 1;
    entry.hash = checksum(entry.payload);
    entry.prefixHash = foldEntry(before, entry.index, entry.term, entry.hash);
    this.entries.push(entry);
  }

  /** Removes the entries from this index on. */
  truncateFrom(index: number): void {
    assert(index > this.baseIndex, `truncation at ${index}, at or before the base ${this.baseIndex}`);
    this.entries.length = Math.min(this.entries.length, index - this.baseIndex - 1);
  }

  /** Drops the entries up to this index, which becomes the base. */
  compactTo(index: number): void {
    if (index <= this.baseIndex) return;
    const last = this.at(index);
    assert(last !== undefined, `compaction to ${index}, beyond the end ${this.lastIndex}`);
    this.entries.splice(0, index - this.baseIndex);
    this.baseIndex = index;
    this.baseTerm = last.term;
    this.basePrefixHash = last.prefixHash;
  }

  /** Forgets everything: the log begins after this base. */
  reset(baseIndex: number, baseTerm: number, basePrefixHash: number): void {
    this.entries = [];
    this.baseIndex = baseIndex;
    this.baseTerm = baseTerm;
    this.basePrefixHash = basePrefixHash;
  }

  /** Entries from `from` on: at least one where there is one, then as many as fit. */
  slice(from: number, maxBytes: number): readonly LogEntry[] {
    const start = from - this.baseIndex - 1;
    const entries = this.entries;
    let sizeBytes = 0;
    let end = start;
    while (end < entries.length) {
      sizeBytes += (entries[end] as LogEntry).payload.length;
      if (sizeBytes > maxBytes && end > start) break;
      end++;
    }
    return end <= start ? NO_ENTRIES : entries.slice(start, end);
  }

  /** The first index whose entry has the term of the entry at `index`, as far back as the log goes. */
  firstIndexOfTermAt(index: number): number {
    const term = this.termAt(index);
    let first = index;
    while (first - 1 > this.baseIndex && this.termAt(first - 1) === term) first--;
    return first;
  }

  /** The last index at or before `from` whose term is at most `term`; the base where there is none. */
  lastIndexOfTermAtMost(term: number, from: number): number {
    let index = Math.min(from, this.lastIndex);
    while (index > this.baseIndex && (this.termAt(index) as number) > term) index--;
    return index;
  }
}
