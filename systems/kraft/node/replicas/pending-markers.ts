/**
 * Markers of transactions that are in a log and not below its high watermark yet.
 *
 *     markers.appended(batch);
 *     markers.reached(highWatermark, ({ producerId, type }) => …);
 *
 * What a restart finds in the log is not here: whoever loads a log reads its markers himself.
 */
import type { RecordBatch } from '../../records/batch.ts';
import { decodeControlBatch } from '../../records/control.ts';
import { RecordError } from '../../records/errors.ts';

export interface Marker {
  readonly offset: number;
  readonly producerId: number;
  readonly type: 'commit' | 'abort';
}

export class PendingMarkers {
  private markers: Marker[] = [];

  /** The batch has its offsets. */
  appended(batch: RecordBatch): void {
    if (!batch.isControl) return;
    try {
      const [record] = decodeControlBatch(batch);
      if (record?.type !== 'commit' && record?.type !== 'abort') return;
      this.markers.push({ offset: batch.lastOffset, producerId: batch.producerId, type: record.type });
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
    }
  }

  reached(highWatermark: number, tell: (marker: Marker) => void): void {
    if (this.markers.length === 0) return;
    const committed = this.markers.filter(({ offset }) => offset < highWatermark);
    if (committed.length === 0) return;
    this.markers = this.markers.filter(({ offset }) => offset >= highWatermark);
    for (const marker of committed) tell(marker);
  }

  truncated(endOffset: number): void {
    this.markers = this.markers.filter(({ offset }) => offset < endOffset);
  }
}
