/**
 * Cutting a log: at its end, as a follower does whose log parts from its leader's, or wholly, as one that is behind its
 * leader's beginning. Each is durable when it resolves, and done or not done after a power loss.
 *
 * The checkpoint goes first: a recovery point above the new end would make recovery refuse the log.
 */
import type { RecordBatch } from '../records/batch.ts';
import { joinPath, readIfPresent, unsealText } from './durable-files.ts';
import type { LogState } from './log-state.ts';
import { LogCorruptError } from './errors.ts';
import { producerSnapshotName, removeAllSegments, type Segment } from './segment.ts';

/**
 * Removes the batches that reach an offset, from a log that begins at or below it and ends above it.
 *
 * @returns the new end: lower than the offset where that is inside a batch
 */
export async function truncateTo(state: LogState, offset: number): Promise<number> {
  const kept = state.segments.findLastIndex((segment) => segment.baseOffset <= offset);
  const segment = state.segments[kept] as Segment;
  let endOffset = offset;
  let cutBytes = segment.sizeBytes;
  if (segment.isCreated) {
    await segment.walk(
      segment.index.positionOf(offset),
      (batch, position) => {
        if (batch.lastOffset < offset) return true;
        // The first batch may begin below the log start.
        endOffset = Math.max(Math.min(offset, batch.baseOffset), state.startOffset);
        cutBytes = position;
        return false;
      },
      { verify: false },
    );
  }
  const { recoveryPoint, cleanedOffset } = state.checkpoint.state;
  const changes = {
    recoveryPoint: Math.min(recoveryPoint, endOffset),
    highWatermark: Math.min(state.highWatermark, endOffset),
    cleanedOffset: Math.min(cleanedOffset, endOffset),
    clean: null,
  };
  await state.checkpoint.save(changes, { durable: true });
  for (const later of state.segments.slice(kept + 1).toReversed()) {
    state.beginnings.delete(later);
    if (later.isCreated) await later.remove();
  }
  state.segments.length = kept + 1;
  if (segment.isCreated) {
    await segment.removeIndexes();
    const file = await segment.file();
    await file.truncate(cutBytes);
    await file.sync();
    segment.isDirty = false;
  }
  await state.files.syncDirectory(state.directory);
  segment.writtenBytes = cutBytes;
  state.epochs.truncateFromEnd(endOffset);
  await rebuild(state, segment, cutBytes);
  state.endAt(endOffset);
  return endOffset;
}

/** What is in memory of the segment that is the last now, and of producers. */
async function rebuild(state: LogState, segment: Segment, sizeBytes: number): Promise<void> {
  const { producers } = state;
  const scan = async (onBatch: (batch: RecordBatch) => void): Promise<void> => {
    if (!segment.isCreated) return;
    const { goodBytes, problem } = await segment.scan(sizeBytes, onBatch, { verify: false });
    if (problem !== null) throw new LogCorruptError(segment.path, goodBytes, problem);
  };
  if (producers.isEmpty) return scan(() => undefined);
  const bytes = await readIfPresent(
    state.files,
    joinPath(state.directory, producerSnapshotName(segment.baseOffset)),
  );
  const text = bytes === null ? null : unsealText(bytes);
  producers.clear();
  const isRestored = text !== null && producers.restore(text);
  if (!isRestored) {
    for (const earlier of state.segments) {
      if (earlier !== segment) {
        await earlier.walk(0, (batch) => void producers.append(batch), { verify: false });
      }
    }
  }
  await scan((batch) => producers.append(batch));
  producers.truncateFromStart(state.startOffset);
}

/** Gives up all batches: the log begins and ends at an offset. */
export async function truncateFully(state: LogState, offset: number): Promise<void> {
  const { checkpoint, files, directory } = state;
  const changes = {
    isResetting: true,
    logStartOffset: offset,
    recoveryPoint: offset,
    highWatermark: offset,
    cleanedOffset: 0,
    clean: null,
  };
  await checkpoint.save(changes, { durable: true });
  for (const segment of state.segments) await segment.close();
  await removeAllSegments(files, directory);
  await files.syncDirectory(directory);
  await checkpoint.save({ isResetting: false }, { durable: true });
  state.segments = [state.newSegment(offset)];
  state.beginnings.clear();
  state.savedEpochs = '';
  state.epochs.clear();
  state.producers.clear();
  state.endAt(offset);
  state.durableOffset = offset;
  state.highWatermark = offset;
}
