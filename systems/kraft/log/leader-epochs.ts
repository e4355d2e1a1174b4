/**
 * Which leader epoch wrote which offsets: the start offset of each epoch, ascending in both.
 *
 *     const epochs = new LeaderEpochs();
 *     epochs.assign(1, 0);
 *     epochs.assign(4, 100);
 *     epochs.endOffsetFor(2, 150) // { epoch: 1, endOffset: 100 }: of epochs up to 2 the log has what is below 100
 *
 * A follower finds with it where its log and its leader's part (KIP-101, KIP-279).
 */
export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: number;
}

export class LeaderEpochs {
  private entries: EpochStart[];

  constructor(entries: readonly EpochStart[] = []) {
    this.entries = [...entries];
  }

  get latest(): EpochStart | null {
    return this.entries.at(-1) ?? null;
  }

  list(): readonly EpochStart[] {
    return this.entries;
  }

  /**
   * The log has a batch of this epoch at this offset. Returns whether that is news. Entries that it contradicts go: those
   * of the same or a later epoch, and those from that offset on.
   */
  assign(epoch: number, startOffset: number): boolean {
    const last = this.entries.at(-1);
    if (last !== undefined && epoch === last.epoch && startOffset >= last.startOffset) return false;
    this.entries = this.entries.filter((entry) => entry.epoch < epoch && entry.startOffset < startOffset);
    this.entries.push({ epoch, startOffset });
    return true;
  }

  /** The epoch of the batch at an offset; null before the first that is known. */
  epochAt(offset: number): number | null {
    return this.entries.findLast((entry) => entry.startOffset <= offset)?.epoch ?? null;
  }

  /**
   * Where the log's part of the epochs up to this one ends, and the largest of them that it has.
   *
   * The latest epoch ends at the log's end. For an epoch later than the latest, and where nothing is known, null. For one
   * before the first, the epoch itself and the first one's start: the log has nothing of it.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEnd | null {
    const last = this.entries.at(-1);
    if (last === undefined || epoch > last.epoch) return null;
    if (epoch === last.epoch) return { epoch, endOffset: logEndOffset };
    const next = this.entries.findIndex((entry) => entry.epoch > epoch);
    const endOffset = (this.entries[next] as EpochStart).startOffset;
    return { epoch: this.entries[next - 1]?.epoch ?? epoch, endOffset };
  }

  /** The log ends before this offset now. Returns whether something changed. */
  truncateFromEnd(endOffset: number): boolean {
    const kept = this.entries.filter((entry) => entry.startOffset < endOffset);
    const changed = kept.length !== this.entries.length;
    this.entries = kept;
    return changed;
  }

  /** The log begins at this offset now: the epoch that is in force there begins there. Returns whether something changed. */
  truncateFromStart(startOffset: number): boolean {
    const inForce = this.entries.findLastIndex((entry) => entry.startOffset <= startOffset);
    if (inForce === -1) return false;
    const { epoch, startOffset: before } = this.entries[inForce] as EpochStart;
    if (inForce === 0 && before === startOffset) return false;
    this.entries = [{ epoch, startOffset }, ...this.entries.slice(inForce + 1)];
    return true;
  }

  clear(): void {
    this.entries = [];
  }

  /** In the format of Kafka's `leader-epoch-checkpoint`: version, number of entries, and one a line. */
  encode(): string {
    const lines = this.entries.map((entry) => `${entry.epoch} ${entry.startOffset}\n`);
    return `0\n${this.entries.length}\n${lines.join('')}`;
  }

  /** Null where the text is not what {@link encode} writes. */
  static decode(text: string): LeaderEpochs | null {
    const [version, count, ...lines] = text.split('\n');
    if (version !== '0' || lines.pop() !== '' || Number(count) !== lines.length) return null;
    const entries = lines.map((line) => {
      const [epoch, startOffset] = line.split(' ').map(Number);
      return { epoch: epoch ?? -1, startOffset: startOffset ?? -1 };
    });
    const isGood = entries.every((entry, i) => {
      const before = entries[i - 1];
      const ascends =
        before === undefined || (entry.epoch > before.epoch && entry.startOffset > before.startOffset);
      return ascends && Number.isSafeInteger(entry.epoch) && Number.isSafeInteger(entry.startOffset);
    });
    return isGood ? new LeaderEpochs(entries) : null;
  }
}
