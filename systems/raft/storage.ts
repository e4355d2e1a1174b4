/**
 * The node's files: log segments and snapshots, and what they come to after a crash.
 *
 *     wal-0000000001.log               segments, numbered without gaps; appended, then fsynced
 *     snapshot-0000000000000500.snap   the latest snapshot, named by the index that it covers
 *     snapshot.tmp                     one that is being written; renamed when it is durable
 *
 * A new segment begins with term and vote, so that older ones can go as soon as a snapshot covers their entries. Every
 * method rejects with what the disk said; the node must then crash and never try an fsync again.
 */
import { assert } from '../../harness/errors.ts';
import type { Files, OpenFile } from '../runtime/runtime.ts';
import { MalformedError } from './bytes.ts';
import type { LogEntry } from './log.ts';
import type { Rules } from './rules.ts';
import type { Snapshot } from './snapshot.ts';
import { decodeSnapshot } from './snapshot.ts';
import type { Recovered } from './state.ts';
import { Batch, CorruptionError, Replay, replaySegment } from './wal.ts';

const SEGMENT = /^wal-(\d{10})\.log$/;
const SNAPSHOT = /^snapshot-(\d{16})\.snap$/;
const TEMPORARY = 'snapshot.tmp';
const ROOT = '';

const segmentName = (number: number): string => `wal-${String(number).padStart(10, '0')}.log`;
const snapshotName = (index: number): string => `snapshot-${String(index).padStart(16, '0')}.snap`;

interface Segment {
  readonly number: number;
  /** The highest index of an entry in it. */
  maxIndex: number;
}

export class Storage {
  /** Records for the next {@link commit}. */
  readonly batch = new Batch();
  private readonly files: Files;
  private readonly segmentBytes: number;
  private readonly maxSessions: number;
  private readonly rules: Pick<Rules, 'storedAfterSync'>;
  private file: OpenFile | null = null;
  private segments: Segment[] = [];
  private sizeBytes = 0;
  private sequence = 0;
  /** As last handed to {@link batch}. */
  private term = 0;
  private votedFor: string | null = null;
  /** A durable snapshot covers the log up to here. */
  private compactIndex = 0;
  private rotationDue = false;

  constructor(
    files: Files,
    options: { readonly segmentBytes: number; readonly maxSessions: number },
    rules: Pick<Rules, 'storedAfterSync'>,
  ) {
    this.files = files;
    this.rules = rules;
    this.segmentBytes = options.segmentBytes;
    this.maxSessions = options.maxSessions;
  }

  // What the core asks to be written

  hardState(write: number, term: number, votedFor: string | null): void {
    this.term = term;
    this.votedFor = votedFor;
    this.batch.hardState(term, votedFor);
    this.batch.lastWrite = write;
  }

  entries(write: number, entries: readonly LogEntry[]): void {
    for (const entry of entries) this.batch.entry(entry);
    this.batch.lastWrite = write;
  }

  truncate(write: number, fromIndex: number): void {
    this.batch.truncate(fromIndex);
    this.batch.lastWrite = write;
  }

  reset(write: number, index: number, term: number): void {
    this.batch.reset(index, term);
    this.batch.lastWrite = write;
  }

  /** A durable snapshot covers the log up to here: segments behind it may go. */
  compact(index: number): void {
    this.compactIndex = Math.max(this.compactIndex, index);
    this.rotationDue = true;
  }

  // Doing it: one of these at a time

  get hasWork(): boolean {
    return !this.batch.isEmpty || this.rotationDue;
  }

  /** Makes the batch durable. Returns the number of its last write. */
  async commit(): Promise<number> {
    const { file } = this;
    const segment = this.segments.at(-1);
    assert(file !== null && segment !== undefined, 'storage was not recovered');
    const { lastWrite, maxIndex } = this.batch;
    segment.maxIndex = Math.max(segment.maxIndex, maxIndex);
    const bytes = this.batch.take(++this.sequence);
    this.sizeBytes += bytes.length;
    await file.append(bytes);
    if (this.rules.storedAfterSync()) await file.sync();
    if (this.sizeBytes >= this.segmentBytes) this.rotationDue = true;
    return lastWrite;
  }

  get wantsRotation(): boolean {
    return this.rotationDue;
  }

  /** Begins a new segment, and removes those that the snapshot covers. Only between commits. */
  async rotate(): Promise<void> {
    this.rotationDue = false;
    const last = this.segments.at(-1);
    assert(last !== undefined && this.file !== null, 'storage was not recovered');
    if (last.maxIndex > 0) {
      const old = this.file;
      await this.beginSegment(last.number + 1);
      await old.close();
    }
    while (this.segments.length > 1 && (this.segments[0] as Segment).maxIndex <= this.compactIndex) {
      // Oldest first: a crash in between leaves a run without gaps at the end.
      await this.files.remove(segmentName((this.segments.shift() as Segment).number));
      await this.files.syncDirectory(ROOT);
    }
  }

  /** A segment is used only after its name and its first batch are durable. */
  private async beginSegment(number: number): Promise<void> {
    const file = await this.files.open(segmentName(number), { create: true });
    const first = new Batch();
    first.hardState(this.term, this.votedFor);
    const bytes = first.take(++this.sequence);
    this.file = file;
    this.segments.push({ number, maxIndex: 0 });
    this.sizeBytes = bytes.length;
    await file.append(bytes);
    await file.sync();
    await this.files.syncDirectory(ROOT);
  }

  /** Durable when it resolves. May run beside {@link commit}; one at a time. */
  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    const { files } = this;
    if (await files.exists(TEMPORARY)) await files.remove(TEMPORARY);
    const file = await files.open(TEMPORARY, { create: true });
    await file.append(snapshot.bytes);
    await file.sync();
    await file.close();
    await files.rename(TEMPORARY, snapshotName(snapshot.index));
    await files.syncDirectory(ROOT);
    await this.removeSnapshotsBefore(snapshot.index, await files.list(ROOT));
  }

  private async removeSnapshotsBefore(index: number, names: readonly string[]): Promise<void> {
    for (const name of names) {
      const match = SNAPSHOT.exec(name);
      if (match !== null && Number(match[1]) < index) await this.files.remove(name);
    }
  }

  // After a crash

  /**
   * Reads what is there, cuts off a torn tail and makes durable what was found.
   * @throws CorruptionError, or a FileError
   */
  async recover(): Promise<Recovered> {
    const names = await this.files.list(ROOT);
    if (names.includes(TEMPORARY)) await this.files.remove(TEMPORARY);
    const found = await this.recoverSnapshot(names);
    const replay = await this.recoverSegments(names, found !== null);
    this.sequence = replay.sequence;
    this.term = replay.term;
    this.votedFor = replay.votedFor;
    if (this.file === null) await this.beginSegment(1);
    const entries = await this.joinSnapshot(replay, found?.snapshot ?? null);
    // A process that was killed between a creation or a rename and its fsync left names that only the cache has.
    await this.files.syncDirectory(ROOT);
    return {
      term: replay.term,
      votedFor: replay.votedFor,
      snapshot: found?.snapshot ?? null,
      machine: found?.machine ?? null,
      entries,
    };
  }

  private async recoverSnapshot(names: readonly string[]): Promise<ReturnType<typeof decodeSnapshot> | null> {
    const latest = names.filter((name) => SNAPSHOT.test(name)).at(-1);
    if (latest === undefined) return null;
    const bytes = await this.files.readAll(latest);
    let decoded;
    try {
      decoded = decodeSnapshot(bytes, this.maxSessions);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      throw new CorruptionError(latest, error.message);
    }
    await this.removeSnapshotsBefore(decoded.snapshot.index, names);
    this.compactIndex = decoded.snapshot.index;
    return decoded;
  }

  private async recoverSegments(names: readonly string[], hasSnapshot: boolean): Promise<Replay> {
    const replay = new Replay();
    const numbers = await this.usableSegments(names);
    for (const [i, number] of numbers.entries()) {
      const name = segmentName(number);
      const bytes = await this.files.readAll(name);
      const isLast = i === numbers.length - 1;
      const goodBytes = replaySegment(replay, name, bytes, isLast);
      if (goodBytes === 0 && isLast) {
        await this.dropUnbegunSegment(name, numbers.length === 1 && hasSnapshot);
        break;
      }
      this.segments.push({ number, maxIndex: replay.lastIndex });
      this.sizeBytes = goodBytes;
    }
    const last = this.segments.at(-1);
    if (last === undefined) {
      if (hasSnapshot && numbers.length === 0)
        throw new CorruptionError(segmentName(1), 'the log is missing');
      return replay;
    }
    const file = await this.files.open(segmentName(last.number));
    if ((await file.sizeBytes()) > this.sizeBytes) await file.truncate(this.sizeBytes);
    // What survived may be in the page cache only; it counts as durable from now on.
    await file.sync();
    this.file = file;
    return replay;
  }

  /** The run without gaps that ends with the newest; older ones are left over from a removal. */
  private async usableSegments(names: readonly string[]): Promise<number[]> {
    const numbers = names.flatMap((name) => {
      const match = SEGMENT.exec(name);
      return match === null ? [] : [Number(match[1])];
    });
    let first = numbers.length - 1;
    while (first > 0 && (numbers[first - 1] as number) === (numbers[first] as number) - 1) first--;
    for (const number of numbers.slice(0, Math.max(0, first))) await this.files.remove(segmentName(number));
    return numbers.slice(Math.max(0, first));
  }

  /** A crash came between the creation of a segment and its first batch. */
  private async dropUnbegunSegment(name: string, isOnlyLog: boolean): Promise<void> {
    if (isOnlyLog)
      throw new CorruptionError(name, 'it holds no whole batch, and a snapshot says that there was a log');
    await this.files.remove(name);
    await this.files.syncDirectory(ROOT);
  }

  /** The entries behind the snapshot, if the log and the snapshot tell one story. */
  private async joinSnapshot(replay: Replay, snapshot: Snapshot | null): Promise<readonly LogEntry[]> {
    const base = replay.baseIndex ?? 0;
    if (snapshot === null) {
      if (base > 0)
        throw new CorruptionError(snapshotName(base), 'the log begins behind a snapshot that is missing');
      return replay.entries;
    }
    const { index, term } = snapshot;
    if (base > index) {
      throw new CorruptionError(
        segmentName(this.segments[0]?.number ?? 1),
        `the log begins after entry ${base}, and the snapshot ends at ${index}`,
      );
    }
    if (replay.baseIndex === index) return replay.entries;
    if (replay.entries[index - base - 1]?.term === term) return replay.entries.slice(index - base);
    // A snapshot became durable before the log reached it: a received one, or an own one of entries that were
    // committed by others. The log is given up, as it would have been.
    this.batch.reset(index, term);
    await this.commit();
    return [];
  }
}
