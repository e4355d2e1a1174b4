/**
 * What a leader knows of one other replica: how far its log goes, and when it last had everything.
 *
 *     const progress = new ReplicaProgress(0);
 *     progress.fetched({ nowMs: 10, endOffset: 5, leaderEndOffset: 8, brokerEpoch: 40 });
 *     progress.fetched({ nowMs: 20, endOffset: 8, leaderEndOffset: 9, brokerEpoch: 40 });
 *     progress.caughtUpMs // 10: at 20 it has what the leader had at 10
 */
export interface FetchSeen {
  readonly nowMs: number;
  readonly endOffset: number;
  /** Of the leader, when the fetch came. */
  readonly leaderEndOffset: number;
  readonly brokerEpoch: number;
}

/** A replica that has not fetched from this leader. */
export const NEVER_FETCHED = -1;

export class ReplicaProgress {
  endOffset = NEVER_FETCHED;
  brokerEpoch = NEVER_FETCHED;
  /** The high watermark that went to it last. */
  sentHighWatermark = NEVER_FETCHED;
  caughtUpMs: number;
  private lastFetchMs = -Infinity;
  private leaderEndAtLastFetch = Infinity;

  /** @param caughtUpMs - a member of the ISR counts as caught up when a leadership begins */
  constructor(caughtUpMs: number) {
    this.caughtUpMs = caughtUpMs;
  }

  fetched({ nowMs, endOffset, leaderEndOffset, brokerEpoch }: FetchSeen): void {
    if (endOffset >= leaderEndOffset) this.caughtUpMs = Math.max(this.caughtUpMs, nowMs);
    else if (endOffset >= this.leaderEndAtLastFetch) {
      this.caughtUpMs = Math.max(this.caughtUpMs, this.lastFetchMs);
    }
    this.endOffset = endOffset;
    this.brokerEpoch = brokerEpoch;
    this.lastFetchMs = nowMs;
    this.leaderEndAtLastFetch = leaderEndOffset;
  }
}
