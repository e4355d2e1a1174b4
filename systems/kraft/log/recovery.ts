/**
 * What a log is when it is opened: which segments there are, and what in them can be believed.
 *
 * Kafka's policy, made stricter where it would lose silently:
 *
 * - A segment is begun only when the one before it is durable. So only the last may end in a torn write; damage in
 *   another is corruption, and the log refuses to open, naming file and byte.
 * - The last segment is read to its end, and CRCs are compared. Damage below the recovery point is corruption. Damage above
 *   it, where no flush was, is a torn write if a crash leaves such a thing (`damage.ts`): the log ends there, and whatever
 *   lies behind is cut off. If not, it is corruption, too.
 * - After a close in order, nothing is read but indexes and the few batches behind their last entries.
 * - Earlier segments are believed by their indexes, and scanned where those are missing or do not fit. Reads compare CRCs.
 * - Leader epochs and producers come from their files, and follow from the batches of the last segment; where a file is
 *   missing or damaged, they are rebuilt from all segments.
 * - A checkpoint that is missing or damaged may not know any more where the log begins: it begins with its first segment
 *   then, so that records that were deleted without their segment are there again. One that is whole is believed, and a first
 *   segment that it knows of must be there.
 */
import type { Files } from '../../runtime/runtime.ts';
import { joinPath, readIfPresent, removeIfPresent, unsealText } from './durable-files.ts';
import { examineDamage } from './damage.ts';
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

/** For whoever runs the node: what is not as the log was left. */
export interface RecoveryNote {
  /** `error`: records may be lost that no crash should take. */
  readonly level: 'warn' | 'error';
  readonly message: string;
}

export interface Recovered {
  readonly segments: Segment[];
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerState;
  readonly notes: readonly RecoveryNote[];
  /** How much was cut off the end. */
  readonly tornBytes: number;
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
  private readonly notes: RecoveryNote[] = [];
  private tornBytes = 0;
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
    this.findStart(segments);
    if (segments.length === 0) segments.push(this.emptyLog());
    else await this.load(segments);
    await this.removeStraySnapshots(names, segments);
    const { logStartOffset } = this.checkpoint.state;
    this.epochs.truncateFromStart(logStartOffset);
    this.producers.truncateFromStart(logStartOffset);
    const { epochs, producers, notes, tornBytes, scannedSegments } = this;
    return { segments, epochs, producers, notes, tornBytes, scannedSegments };
  }

  /** The log start is durable before a segment goes, so that only damage makes the checkpoint forget it. */
  private findStart([first]: readonly Segment[]): void {
    const { checkpoint } = this;
    if (first === undefined || checkpoint.isWhole) return;
    const { baseOffset } = first;
    if (baseOffset <= checkpoint.state.logStartOffset) return;
    checkpoint.state = { ...checkpoint.state, logStartOffset: baseOffset };
    const message = `${checkpoint.path} is missing or damaged: the log begins at offset ${baseOffset} now, with its first segment`;
    this.notes.push({ level: 'warn', message });
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
    const { goodBytes, problem } = await this.scan(segment, sizeBytes, true);
    if (Math.max(segment.nextOffset, logStartOffset) < recoveryPoint) {
      const what = problem ?? `it ends at offset ${segment.nextOffset}, or segments behind it are missing`;
      throw new LogCorruptError(
        segment.path,
        goodBytes,
        `${what}, and the log was durable up to offset ${recoveryPoint}`,
      );
    }
    if (problem !== null) await this.cutTorn(segment, goodBytes, sizeBytes, problem);
    // Batches that survived without a flush are not durable yet: the next flush must sync this file.
    segment.isDirty = segment.nextOffset > recoveryPoint;
    segment.writtenBytes = goodBytes;
    await segment.removeIndexes();
  }

  /** @throws LogCorruptError where it was no crash that tore it */
  private async cutTorn(
    segment: Segment,
    goodBytes: number,
    sizeBytes: number,
    problem: string,
  ): Promise<void> {
    const { path, nextOffset } = segment;
    const file = await segment.file();
    const { isTorn, behind } = await examineDamage(file, goodBytes, sizeBytes, nextOffset);
    const lost = behind === null ? '' : `, with good batches up to offset ${behind.endOffset} behind it`;
    if (!isTorn) {
      const what = `${problem}${lost}: it was written whole, and its bytes have changed since`;
      throw new LogCorruptError(path, goodBytes, what);
    }
    await file.truncate(goodBytes);
    await file.sync();
    this.tornBytes = sizeBytes - goodBytes;
    const what = `${this.tornBytes} bytes that were never flushed, and that a crash tore`;
    this.notes.push({
      level: behind === null ? 'warn' : 'error',
      message: `${path} is cut off at byte ${goodBytes}, offset ${nextOffset}: ${what}${lost} (${problem})`,
    });
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
    let before: Segment | null = null;
    for (const segment of segments) {
      const { baseOffset } = segment;
      if (baseOffset > expected) {
        const which =
          before === null ? 'or another segment with that offset' : `or ${before.path} is shorter`;
        const what = `it is missing, ${which}: the next segment begins at offset ${baseOffset}`;
        throw new LogCorruptError(this.segment(expected, false).path, 0, what);
      }
      if (baseOffset < expected) {
        const what = `it begins at offset ${baseOffset}, and what is before it ends at ${expected}`;
        throw new LogCorruptError(segment.path, 0, what);
      }
      expected = segment.nextOffset;
      before = segment;
    }
  }
}
