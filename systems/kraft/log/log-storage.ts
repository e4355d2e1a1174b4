/**
 * How a log's batches get to the disk: groups of appends, new segments, fsync. Only the writer calls it, one call at a time.
 *
 * A segment is created only when the one before it is durable, with its indexes, the leader epochs, and what is known of
 * producers at that place: recovery begins there.
 */
import { replaceFile, sealText } from './durable-files.ts';
import type { LogState } from './log-state.ts';
import type { WriterItem, WriterTarget } from './log-writer.ts';
import { EPOCHS_FILE } from './recovery.ts';
import { producerSnapshotName, type Segment } from './segment.ts';

export class LogStorage implements WriterTarget {
  private readonly state: LogState;

  constructor(state: LogState) {
    this.state = state;
  }

  onFailure(error: unknown): void {
    this.state.options.onFailure?.(error);
  }

  async write(items: readonly WriterItem[]): Promise<void> {
    const { state } = this;
    for (let i = 0; i < items.length;) {
      const { segment } = items[i] as WriterItem;
      let end = i + 1;
      while (items[end]?.segment === segment) end++;
      if (!segment.isCreated) await this.create(segment);
      const pieces = items.slice(i, end).map(({ bytes }) => bytes);
      const file = await segment.file();
      segment.isDirty = true;
      await file.append(...pieces);
      segment.writtenBytes += pieces.reduce((sum, { length }) => sum + length, 0);
      state.writtenOffset = (items[end - 1] as WriterItem).endOffset;
      state.tail.trim(state.writtenOffset);
      i = end;
    }
    state.options.onWritten?.();
  }

  /** Makes the file of a segment that begins. */
  async create(segment: Segment): Promise<void> {
    const { state } = this;
    for (const earlier of state.segments) {
      if (earlier === segment) break;
      if (earlier.isDirty) await (await earlier.file()).sync();
      earlier.isDirty = false;
      if (earlier.hasIndexes) continue;
      await earlier.writeIndexes();
      await earlier.close();
    }
    const beginning = state.beginnings.get(segment);
    if (beginning !== undefined) {
      await this.saveEpochs(beginning.epochs);
      await this.saveProducers(segment.baseOffset, beginning.producers);
      state.beginnings.delete(segment);
    }
    await segment.file({ create: true });
    await state.files.syncDirectory(state.directory);
    segment.isCreated = true;
    if (beginning !== undefined) await this.saveDurable(segment.baseOffset);
  }

  async sync(): Promise<number> {
    const { state } = this;
    const segment = state.segments.findLast((candidate) => candidate.isCreated);
    if (segment?.isDirty === true) {
      await (await segment.file()).sync();
      segment.isDirty = false;
    }
    await this.saveDurable(state.writtenOffset);
    return state.durableOffset;
  }

  private async saveDurable(offset: number): Promise<void> {
    const { state } = this;
    if (offset <= state.durableOffset) return;
    state.durableOffset = offset;
    await state.checkpoint.save({ recoveryPoint: offset, highWatermark: state.highWatermark });
  }

  private async saveEpochs(encoded: string): Promise<void> {
    const { state } = this;
    if (encoded === state.savedEpochs) return;
    await replaceFile(state.files, state.directory, EPOCHS_FILE, sealText(encoded));
    state.savedEpochs = encoded;
  }

  private async saveProducers(offset: number, encoded: string): Promise<void> {
    const { files, directory } = this.state;
    await replaceFile(files, directory, producerSnapshotName(offset), sealText(encoded));
  }

  /** Everything is in files, so that opening reads no batch. All was flushed before. */
  async close(): Promise<void> {
    const { state } = this;
    const { active, checkpoint, endOffset, highWatermark } = state;
    if (active.isCreated) {
      await this.saveEpochs(state.epochs.encode());
      await this.saveProducers(endOffset, state.producers.encode());
      await active.writeIndexes();
      const clean = { endOffset, segmentBytes: active.sizeBytes };
      await checkpoint.save({ recoveryPoint: endOffset, highWatermark, clean }, { durable: true });
    }
    for (const segment of state.segments) await segment.close();
    await checkpoint.close();
  }
}
