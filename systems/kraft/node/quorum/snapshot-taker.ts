/**
 * When a node takes a snapshot of its metadata: after so many bytes of log (`metadata.log.max.record.bytes.between.snapshots`),
 * or after so much time (`metadata.log.max.snapshot.interval.ms`), and never two at once.
 *
 *     taker.grew(batch.sizeBytes);
 *     if (taker.isDue(endOffset, nowMs)) { const cleanTo = taker.began(endOffset, nowMs); … taker.ended(); }
 *
 * With each snapshot the log before the last but one may go: who is only a little behind finds records, not a snapshot.
 */
import type { PropertyValues } from '../property-table.ts';

export class SnapshotTaker {
  private readonly bytesBetween: number;
  /** 0: not by time. */
  private readonly intervalMs: number;
  private bytes = 0;
  private lastEndOffset: number;
  private lastMs: number;
  private isTaking = false;

  constructor(properties: PropertyValues, nowMs: number, lastEndOffset: number) {
    this.bytesBetween = properties['metadata.log.max.record.bytes.between.snapshots'];
    this.intervalMs = properties['metadata.log.max.snapshot.interval.ms'];
    this.lastMs = nowMs;
    this.lastEndOffset = lastEndOffset;
  }

  grew(bytes: number): void {
    this.bytes += bytes;
  }

  isDue(endOffset: number, nowMs: number): boolean {
    if (this.isTaking || endOffset <= this.lastEndOffset) return false;
    return this.bytes >= this.bytesBetween || (this.intervalMs > 0 && nowMs - this.lastMs >= this.intervalMs);
  }

  /** @returns the offset before which the log may go when it is durable */
  began(endOffset: number, nowMs: number): number {
    const before = this.lastEndOffset;
    this.isTaking = true;
    this.tookOver(endOffset, nowMs);
    return before;
  }

  ended(): void {
    this.isTaking = false;
  }

  /** A snapshot of somebody else counts as well. */
  tookOver(endOffset: number, nowMs: number): void {
    this.bytes = 0;
    this.lastMs = nowMs;
    this.lastEndOffset = Math.max(this.lastEndOffset, endOffset);
  }
}
