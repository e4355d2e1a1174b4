/**
 * What leaves a log at its beginning: by an administrator's word, by size and by age. Whole segments go; the log start
 * offset says from where batches may be read, and is durable first.
 */
import type { LogState } from './log-state.ts';
import type { Segment } from './segment.ts';

/** The log begins at this offset now, which is above its start and at most its end. Returns how many segments went. */
export async function startAt(state: LogState, offset: number): Promise<number> {
  const highWatermark = Math.max(state.highWatermark, offset);
  await state.checkpoint.save({ logStartOffset: offset, highWatermark }, { durable: true });
  // It may have risen meanwhile.
  state.highWatermark = Math.max(state.highWatermark, offset);
  state.epochs.truncateFromStart(offset);
  state.producers.truncateFromStart(offset);
  let removed = 0;
  while (state.segments.length > 1 && (state.segments[1] as Segment).baseOffset <= offset) {
    const segment = state.segments[0] as Segment;
    // What is on its way to the disk needs its file.
    if (segment.writtenBytes < segment.sizeBytes) break;
    // Oldest first: what a power loss leaves is a run without gaps at the end.
    state.segments.shift();
    state.generation++;
    if (segment.isCreated) await segment.remove();
    removed++;
  }
  if (removed > 0) await state.files.syncDirectory(state.directory);
  return removed;
}

/**
 * Where the log should begin by its retention: at the base of the first segment that stays. A segment stays that reaches
 * the high watermark, and the first that is neither too old nor too much, with all behind it.
 *
 * The last one goes, too, if it is too old: a new one is then begun behind it.
 */
export function retainedFrom(state: LogState, nowMs: number): number {
  const { options, highWatermark } = state;
  let excessBytes =
    options.retentionBytes < 0
      ? -1
      : state.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - options.retentionBytes;
  let from = state.startOffset;
  for (const segment of state.segments) {
    const isLast = segment === state.active;
    const isOld = options.retentionMs >= 0 && nowMs - segment.maxTimestampMs > options.retentionMs;
    const isExcess = !isLast && excessBytes >= segment.sizeBytes;
    const nextOffset = isLast ? state.endOffset : segment.nextOffset;
    if (segment.isEmpty || segment.writtenBytes < segment.sizeBytes) break;
    if (nextOffset > highWatermark || !(isOld || isExcess)) break;
    excessBytes -= segment.sizeBytes;
    from = Math.max(from, nextOffset);
  }
  return from;
}
