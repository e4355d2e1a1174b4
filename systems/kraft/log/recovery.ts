/**
 * What a log is when it is opened: which segments there are, and what in them can be believed.
 *
 * Kafka's policy, made stricter where it would lose silently:
 *
 * - A segment is begun only when the one before it is durable. So only the last may end in a torn write; damage in
 *   another is corruption, and the log refuses to open, naming file and byte.
 * - The last segment is read to its end, and CRCs are compared. Damage at or above the recovery point is a write that no
 *   flush covered: the log ends there, and whatever lies behind is cut off. Damage below it is corruption.
 * - After a close in order, nothing is read but indexes and the few batches behind their last entries.
 * - Earlier segments are believed by their indexes, and scanned where those are missing or do not fit. Reads compare CRCs.
 * - Leader epochs and producers come from their files, and follow from the batches of the last segment; where a file is
 *   missing or damaged, they are rebuilt from all segments.
 */
import type { Files } from '../../runtime/runtime.ts';
import { joinPath, readIfPresent, removeIfPresent, unsealText } from './durable-files.ts';
import { LogCorruptError } from './errors.ts';
import { LeaderEpochs } from './leader-epochs.ts';
import type { LogCheckpoint } from './log-checkpoint.ts';
import type { ProducerRules } from './producer-rules.ts';
import { ProducerState } from './producer-state.ts';
import {
  producerSnapshotName,
  producerSnapshotOffset,
  removeAllSegments,
  Segment,
  segmentOffset,
} from './segment.ts';

export const EPOCHS_FILE = 'leader-epoch-checkpoint';

export interface RecoverySettings {
  readonly indexIntervalBytes: number;
  /** Read and verify all segments, whatever their files say. */
  readonly verifyAll: boolean;
  readonly producerRules: ProducerRules;
}

export interface Recovered {
  readonly segments: Segment[];
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerState;
  /** What was cut off the end, in bytes, and why. */
  readonly torn: { readonly bytes: number; readonly reason: string } | null;
  /** Segments whose batches were read. */
  readonly scannedSegments: number;
}

export class Recovery {
  private readonly files: Files;
  private readonly directory: string;
  private readonly checkpoint: LogCheckpoint;
  private readonly settings: RecoverySettings;
  private epochs = new LeaderEpochs();
  private readonly producers: ProducerState;
  private torn: Recovered['torn'] = null;
  private scannedSegments = 0;

  constructor(files: Files, directory: string, checkpoint: LogCheckpoint, settings: RecoverySettings) {
    this.files = files;
    this.directory = directory;
    this.checkpoint = checkpoint;
    this.settings = settings;
    this.producers = new ProducerState(settings.producerRules);
  }

  /** @param found - names in the directory. @throws LogCorruptError */
  async run(found: readonly string[]): Promise<Recovered> {
    const names = await this.removeLeftovers(found);
    if (this.checkpoint.state.isResetting) {
      await this.finishReset();
      names.length = 0;
    }
    const segments = names
      .flatMap((name) => segmentOffset(name) ?? [])
      .map((baseOffset) => this.segment(baseOffset, true));
    if (segments.length === 0) segments.push(this.emptyLog());
    else await this.load(segments);
    await this.removeStraySnapshots(names, segments);
    const { logStartOffset } = this.checkpoint.state;
    this.epochs.truncateFromStart(logStartOffset);
    this.producers.truncateFromStart(logStartOffset);
    const { epochs, producers, torn, scannedSegments } = this;
    return { segments, epochs, producers, torn, scannedSegments };
  }

  private segment(baseOffset: number, isCreated: boolean): Segment {
    const { indexIntervalBytes } = this.settings;
    return new Segment(this.files, this.directory, baseOffset, { indexIntervalBytes, isCreated });
  }

  private emptyLog(): Segment {
    const { recoveryPoint, logStartOffset } = this.checkpoint.state;
    if (recoveryPoint > logStartOffset) {
      const what = `it is missing, and the log was durable up to offset ${recoveryPoint}`;
      throw new LogCorruptError(this.segment(logStartOffset, false).path, 0, what);
    }
    return this.segment(logStartOffset, false);
  }

  /** Files that were being written when the node stopped. Returns the names of the others. */
  private async removeLeftovers(names: readonly string[]): Promise<string[]> {
    const isLeftover = (name: string): boolean => name.endsWith('.tmp') || name.endsWith('.cleaned');
    for (const name of names.filter(isLeftover)) {
      await removeIfPresent(this.files, joinPath(this.directory, name));
    }
    return names.filter((name) => !isLeftover(name));
  }

  /** Those that closing in order left, of offsets where no segment begins. */
  private async removeStraySnapshots(names: readonly string[], segments: readonly Segment[]): Promise<void> {
    const bases = new Set(segments.map((segment) => segment.baseOffset));
    for (const name of names) {
      const offset = producerSnapshotOffset(name);
      if (offset !== null && !bases.has(offset)) await this.files.remove(joinPath(this.directory, name));
    }
  }

  private async finishReset(): Promise<void> {
    await removeAllSegments(this.files, this.directory);
    await this.files.syncDirectory(this.directory);
    const { logStartOffset } = this.checkpoint.state;
    const changes = { isResetting: false, recoveryPoint: logStartOffset, clean: null };
    await this.checkpoint.save(changes, { durable: true });
  }

  private async load(segments: readonly Segment[]): Promise<void> {
    const last = segments.at(-1) as Segment;
    const lastBytes = await (await last.file()).sizeBytes();
    if (!this.settings.verifyAll && (await this.loadClean(segments, last, lastBytes))) return;
    const canRestore =
      !this.settings.verifyAll && (await this.restore(last.baseOffset, last.baseOffset, segments.length > 1));
    if (!canRestore) {
      this.epochs.clear();
      this.producers.clear();
    }
    for (const segment of segments) {
      if (segment === last) await this.scanLast(segment, lastBytes);
      else if (canRestore) await this.loadEarlier(segment);
      else await this.scanEarlier(segment);
    }
    this.checkOrder(segments);
  }

  /** After a close in order: everything is in files. Returns whether it is. */
  private async loadClean(segments: readonly Segment[], last: Segment, lastBytes: number): Promise<boolean> {
    const { clean } = this.checkpoint.state;
    if (clean === null || clean.segmentBytes !== lastBytes) return false;
    if (!(await this.restore(clean.endOffset, clean.endOffset, true))) return false;
    if (!(await last.loadIndexes(lastBytes)) || last.nextOffset !== clean.endOffset) return false;
    last.writtenBytes = lastBytes;
    // Its file may grow now, and its indexes with it.
    await last.removeIndexes();
    for (const segment of segments) if (segment !== last) await this.loadEarlier(segment);
    this.checkOrder(segments);
    return true;
  }

  /**
   * Epochs below an offset and producers as they were there, from their files. Returns whether both can be believed.
   *
   * @param mustExist - false where the log may have begun there
   */
  private async restore(epochsBelow: number, producersAt: number, mustExist: boolean): Promise<boolean> {
    const { logStartOffset } = this.checkpoint.state;
    const isBeginning = !mustExist && producersAt <= logStartOffset;
    const epochs = await this.readSealed(EPOCHS_FILE);
    const decoded = epochs === null ? null : LeaderEpochs.decode(epochs);
    const producers = await this.readSealed(producerSnapshotName(producersAt));
    if (isBeginning && producers === null) {
      this.epochs = new LeaderEpochs();
      return true;
    }
    if (decoded === null || producers === null) return false;
    decoded.truncateFromEnd(epochsBelow);
    this.epochs = decoded;
    return !this.settings.producerRules.survivesRecovery() || this.producers.restore(producers);
  }

  private async readSealed(name: string): Promise<string | null> {
    const bytes = await readIfPresent(this.files, joinPath(this.directory, name));
    return bytes === null ? null : unsealText(bytes);
  }

  private async loadEarlier(segment: Segment): Promise<void> {
    const sizeBytes = await (await segment.file()).sizeBytes();
    segment.writtenBytes = sizeBytes;
    if (!(await segment.loadIndexes(sizeBytes))) {
      await this.scanOrRefuse(segment, sizeBytes, false);
      await segment.writeIndexes();
    }
    await segment.close();
  }

  private async scanEarlier(segment: Segment): Promise<void> {
    const sizeBytes = await (await segment.file()).sizeBytes();
    await this.scanOrRefuse(segment, sizeBytes, true);
    segment.writtenBytes = sizeBytes;
    await segment.writeIndexes();
    await segment.close();
  }

  private async scanOrRefuse(segment: Segment, sizeBytes: number, isNews: boolean): Promise<void> {
    const { goodBytes, problem } = await this.scan(segment, sizeBytes, isNews);
    if (problem !== null) {
      throw new LogCorruptError(segment.path, goodBytes, `${problem}, and a later segment follows`);
    }
  }

  private async scanLast(segment: Segment, sizeBytes: number): Promise<void> {
    const { recoveryPoint, logStartOffset } = this.checkpoint.state;
    const { goodBytes, problem, isDisorder } = await this.scan(segment, sizeBytes, true);
    // A write that is torn has no good batch at a wrong offset: there something was changed that the CRC does not cover.
    if (Math.max(segment.nextOffset, logStartOffset) < recoveryPoint || isDisorder) {
      const what = problem ?? `it ends at offset ${segment.nextOffset}`;
      throw new LogCorruptError(
        segment.path,
        goodBytes,
        `${what}, and it was durable up to ${recoveryPoint}`,
      );
    }
    if (problem !== null) {
      const file = await segment.file();
      await file.truncate(goodBytes);
      await file.sync();
      this.torn = { bytes: sizeBytes - goodBytes, reason: problem };
    }
    // Batches that survived without a flush are not durable yet: the next flush must sync this file.
    segment.isDirty = segment.nextOffset > recoveryPoint;
    segment.writtenBytes = goodBytes;
    await segment.removeIndexes();
  }

  private async scan(segment: Segment, sizeBytes: number, isNews: boolean) {
    this.scannedSegments++;
    return segment.scan(sizeBytes, (batch) => {
      if (!isNews) return;
      this.epochs.assign(batch.leaderEpoch, batch.baseOffset);
      if (this.settings.producerRules.survivesRecovery()) this.producers.append(batch);
    });
  }

  /** Segments follow each other without gaps: a cleaner keeps the last offset of each. */
  private checkOrder(segments: readonly Segment[]): void {
    const { logStartOffset } = this.checkpoint.state;
    let expected = Math.min((segments[0] as Segment).baseOffset, logStartOffset);
    for (const { baseOffset, nextOffset, path } of segments) {
      if (baseOffset !== expected) {
        const what = `it begins at offset ${baseOffset}, and what is before it ends at ${expected}`;
        throw new LogCorruptError(path, 0, what);
      }
      expected = nextOffset;
    }
  }
}
