/**
 * Compaction: of each key the last record stays. Offsets stay what they are; what is removed leaves gaps.
 *
 *     await log.compact(nowMs) // { segments: 2, removedRecords: 1900, … }
 *
 * Only closed segments below the last stable offset are cleaned. A record goes if the same key comes again, if it has no
 * key, or if its transaction was aborted. A tombstone (a null value) is marked with a time on its first cleaning, and goes
 * with the first one after that; so does the marker of a transaction nothing of which is left. Of each producer the last
 * batch stays, if need be without records, so that its sequence is known; and so does the end of a segment.
 *
 * A segment is written to a file of its own, which then replaces the old one in one rename: a power loss leaves one or the
 * other. Appends go on meanwhile.
 */
import { batchAt, type RecordBatch } from '../records/batch.ts';
import { BatchBuilder } from '../records/batch-builder.ts';
import { decodeControlBatch } from '../records/control.ts';
import { RecordError } from '../records/errors.ts';
import { readRecords, type Record } from '../records/record.ts';
import type { LogState } from './log-state.ts';
import type { LogWriter } from './log-writer.ts';
import type { AbortedTransaction } from './producer-state.ts';
import type { Segment } from './segment.ts';

export interface CleaningResult {
  /** Segments that were written anew. */
  readonly segments: number;
  readonly removedRecords: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

const WRITE_BYTES = 1024 * 1024;
const keyDecoder = new TextDecoder('latin1');
/** A text that is equal for equal keys. */
const keyOf = (key: Uint8Array): string => keyDecoder.decode(key);

export async function cleanLog(
  state: LogState,
  writer: LogWriter,
  lastStableOffset: number,
  nowMs: number,
): Promise<CleaningResult> {
  const result = { segments: 0, removedRecords: 0, bytesBefore: 0, bytesAfter: 0 };
  const plan = await planCleaning(state, lastStableOffset, nowMs);
  const sieve = new Sieve(state, plan.lastOffsets, nowMs);
  for (const segment of plan.segments) {
    const removedBefore = sieve.removedRecords;
    const kept: Uint8Array[] = [];
    let isChanged = false;
    await segment.walk(0, (batch) => {
      const bytes = sieve.keep(batch, batch.lastOffset === segment.nextOffset - 1);
      isChanged ||= bytes !== batch.bytes;
      // The piece that it was read in is large; a few batches must not hold it.
      if (bytes !== null) kept.push(bytes === batch.bytes ? bytes.slice() : bytes);
    });
    if (!isChanged) continue;
    const cleaned = await writeCleaned(state, segment, kept);
    const isSwapped = await writer.exclusively(() => swap(state, segment, cleaned));
    // Somebody truncated or deleted it meanwhile: what was planned does not hold any more.
    if (!isSwapped) return result;
    result.segments++;
    result.removedRecords += sieve.removedRecords - removedBefore;
    result.bytesBefore += segment.sizeBytes;
    result.bytesAfter += cleaned.sizeBytes;
  }
  const cleanedOffset = plan.segments.at(-1)?.nextOffset ?? 0;
  if (cleanedOffset > state.checkpoint.state.cleanedOffset) {
    await writer.exclusively(() => state.checkpoint.save({ cleanedOffset }));
  }
  return result;
}

interface Plan {
  /** From the first on. */
  readonly segments: readonly Segment[];
  /** Of each key that was written since the last cleaning, where it was written last. */
  readonly lastOffsets: ReadonlyMap<string, number>;
}

/** The segments that may be cleaned, from the first on. */
function cleanable(state: LogState, lastStableOffset: number, nowMs: number): Segment[] {
  const { options, active, segments } = state;
  const end = segments.findIndex((segment) => {
    const isYoung = segment.maxTimestampMs > nowMs - options.minCompactionLagMs;
    const isWritten = segment.writtenBytes === segment.sizeBytes;
    return segment === active || segment.nextOffset > lastStableOffset || isYoung || !isWritten;
  });
  return segments.slice(0, end);
}

/**
 * Whether enough was written since the last cleaning (`min.cleanable.dirty.ratio`), or some of it so long ago that it has waited enough
 * (`max.compaction.lag.ms`, KIP-354).
 */
export function isWorthCleaning(state: LogState, lastStableOffset: number, nowMs: number): boolean {
  const { minCleanableDirtyRatio, maxCompactionLagMs } = state.options;
  const { cleanedOffset } = state.checkpoint.state;
  let bytes = 0;
  let dirtyBytes = 0;
  let oldestMs = Infinity;
  for (const { sizeBytes, nextOffset, firstTimestampMs } of cleanable(state, lastStableOffset, nowMs)) {
    bytes += sizeBytes;
    if (nextOffset <= cleanedOffset) continue;
    dirtyBytes += sizeBytes;
    oldestMs = Math.min(oldestMs, firstTimestampMs ?? Infinity);
  }
  return dirtyBytes > bytes * minCleanableDirtyRatio || nowMs - oldestMs > maxCompactionLagMs;
}

async function planCleaning(state: LogState, lastStableOffset: number, nowMs: number): Promise<Plan> {
  const { options } = state;
  const { cleanedOffset } = state.checkpoint.state;
  const lastOffsets = new Map<string, number>();
  const segments: Segment[] = [];
  for (const segment of cleanable(state, lastStableOffset, nowMs)) {
    if (lastOffsets.size >= options.maxCleanerKeys) break;
    segments.push(segment);
    if (segment.nextOffset <= cleanedOffset) continue;
    await segment.walk(0, (batch) => {
      if (
        batch.isControl ||
        isAborted(batch, state.producers.abortedTransactions(batch.baseOffset, batch.lastOffset + 1))
      )
        return;
      for (const record of recordsOf(batch) ?? []) {
        if (record.key !== null) lastOffsets.set(keyOf(record.key), record.offset);
      }
    });
  }
  return { segments, lastOffsets };
}

function isAborted(batch: RecordBatch, aborted: readonly AbortedTransaction[]): boolean {
  if (!batch.isTransactional) return false;
  return aborted.some(
    ({ producerId, firstOffset, lastOffset }) =>
      producerId === batch.producerId && firstOffset <= batch.baseOffset && batch.lastOffset <= lastOffset,
  );
}

/** Null where the bytes are no records, which a broker that looks at batches only may have taken: such a batch stays. */
function recordsOf(batch: RecordBatch): Record[] | null {
  try {
    return [...readRecords(batch)];
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return null;
  }
}

/** Decides for each batch, in order, what of it stays. */
class Sieve {
  removedRecords = 0;
  private readonly state: LogState;
  private readonly lastOffsets: ReadonlyMap<string, number>;
  private readonly nowMs: number;
  /** Producers of which something stayed since their last marker. */
  private readonly producersWithData = new Set<number>();

  constructor(state: LogState, lastOffsets: ReadonlyMap<string, number>, nowMs: number) {
    this.state = state;
    this.lastOffsets = lastOffsets;
    this.nowMs = nowMs;
  }

  /** The batch's own bytes where all of it stays, null where nothing does. */
  keep(batch: RecordBatch, isEnd: boolean): Uint8Array | null {
    return batch.isControl ? this.keepControl(batch, isEnd) : this.keepData(batch, isEnd);
  }

  private keepControl(batch: RecordBatch, isEnd: boolean): Uint8Array | null {
    const [record] = batch.count === 0 ? [] : decodeControlBatch(batch);
    if (record?.type !== 'commit' && record?.type !== 'abort') return batch.bytes;
    const hasData = this.producersWithData.delete(batch.producerId);
    const horizonMs = batch.deleteHorizonMs;
    if (hasData || isEnd || this.isLastOfProducer(batch)) return batch.bytes;
    if (horizonMs === null) return this.thin(batch, [...readRecords(batch)]);
    return this.nowMs <= horizonMs ? batch.bytes : null;
  }

  private keepData(batch: RecordBatch, isEnd: boolean): Uint8Array | null {
    const { producerId, deleteHorizonMs: horizonMs } = batch;
    const aborted = this.state.producers.abortedTransactions(batch.baseOffset, batch.lastOffset + 1);
    const records = recordsOf(batch);
    if (records === null) return batch.bytes;
    const kept = isAborted(batch, aborted)
      ? []
      : records.filter((record) => this.keepRecord(record, horizonMs));
    this.removedRecords += records.length - kept.length;
    const mustStay = isEnd || this.isLastOfProducer(batch);
    if (kept.length === 0 && !mustStay) return null;
    if (batch.isTransactional) this.producersWithData.add(producerId);
    const needsHorizon = horizonMs === null && kept.some((record) => record.value === null);
    if (kept.length === records.length && !needsHorizon) return batch.bytes;
    return this.thin(batch, kept);
  }

  private keepRecord(record: Record, horizonMs: number | null): boolean {
    if (record.key === null) return false;
    const lastOffset = this.lastOffsets.get(keyOf(record.key));
    if (lastOffset !== undefined && record.offset < lastOffset) return false;
    return record.value !== null || horizonMs === null || this.nowMs <= horizonMs;
  }

  private isLastOfProducer(batch: RecordBatch): boolean {
    const last = this.state.producers.entry(batch.producerId)?.batches.at(-1);
    return last?.lastOffset === batch.lastOffset;
  }

  /** The batch with these records only, at their offsets. */
  private thin(batch: RecordBatch, records: readonly Record[]): Uint8Array {
    const { deleteRetentionMs } = this.state.options;
    const hasTombstones = batch.isControl || records.some((record) => record.value === null);
    const builder = new BatchBuilder({
      baseOffset: batch.baseOffset,
      leaderEpoch: batch.leaderEpoch,
      codec: batch.codec,
      producerId: batch.producerId,
      producerEpoch: batch.producerEpoch,
      baseSequence: batch.baseSequence,
      isTransactional: batch.isTransactional,
      isControl: batch.isControl,
      timestampType: batch.timestampType,
      lastOffsetDelta: batch.lastOffsetDelta,
      maxTimestamp: batch.maxTimestamp,
      deleteHorizonMs: hasTombstones ? (batch.deleteHorizonMs ?? this.nowMs + deleteRetentionMs) : null,
    });
    for (const record of records) builder.append(record, record.offset - batch.baseOffset);
    return builder.build();
  }
}

async function writeCleaned(state: LogState, old: Segment, batches: readonly Uint8Array[]): Promise<Segment> {
  const path = cleanedPath(old);
  const file = await state.files.open(path, { create: true });
  await file.truncate(0);
  let group: Uint8Array[] = [];
  let groupBytes = 0;
  const write = async (): Promise<void> => {
    await file.append(...group);
    group = [];
    groupBytes = 0;
  };
  for (const bytes of batches) {
    group.push(bytes);
    groupBytes += bytes.length;
    if (groupBytes >= WRITE_BYTES) await write();
  }
  await write();
  await file.sync();
  await file.close();
  const cleaned = state.newSegment(old.baseOffset);
  for (const bytes of batches) cleaned.note(batchAt(bytes, 0));
  cleaned.writtenBytes = cleaned.sizeBytes;
  cleaned.isCreated = true;
  return cleaned;
}

const cleanedPath = (segment: Segment): string => `${segment.path}.cleaned`;

async function swap(state: LogState, old: Segment, cleaned: Segment): Promise<boolean> {
  const at = state.segments.indexOf(old);
  if (at === -1 || old === state.active) {
    await state.files.remove(cleanedPath(old));
    return false;
  }
  await old.removeIndexes();
  await state.files.rename(cleanedPath(old), old.path);
  await state.files.syncDirectory(state.directory);
  state.segments[at] = cleaned;
  state.generation++;
  await old.close();
  await cleaned.writeIndexes();
  return true;
}
