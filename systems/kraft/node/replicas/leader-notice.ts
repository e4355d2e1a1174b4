/**
 * The leader of a Raft group tells the controller that it leads, until the metadata show it.
 *
 *     const notice = new LeaderNotice(2, (correlationId, leaderEpoch) => propose(…));
 *     notice.leads(nowMs, 7);                    // told at once
 *     notice.answered(nowMs, correlationId, true);
 *     notice.shown(nowMs, registration);         // done, when they say so; told again where they do not
 */
import type { PartitionRegistration } from '../../controller/registrations.ts';

/** What was refused or lost is told again after this; a broker that is not unfenced yet is refused. */
const RETRY_MS = 100;
/** What was taken is in the metadata soon. */
const SHOWN_WITHIN_MS = 1000;

type Shown = Pick<PartitionRegistration, 'leader' | 'leaderEpoch' | 'partitionEpoch'>;

export class LeaderNotice {
  private readonly tell: (correlationId: number, leaderEpoch: number) => void;
  private readonly brokerId: number;
  private leaderEpoch: number | null = null;
  private metadata: Shown | null = null;
  private lastCorrelationId = 0;
  /** Under way; null while none is. Negative, and so none of the group's own. */
  private correlationId: number | null = null;
  /** The metadata changed since then: what was taken may be undone already. */
  private isOutdated = false;
  private notBeforeMs = -Infinity;

  constructor(brokerId: number, tell: (correlationId: number, leaderEpoch: number) => void) {
    this.brokerId = brokerId;
    this.tell = tell;
  }

  get partitionEpoch(): number {
    return this.metadata?.partitionEpoch ?? -1;
  }

  /** @param leaderEpoch - null: it does not lead */
  leads(nowMs: number, leaderEpoch: number | null): void {
    this.leaderEpoch = leaderEpoch;
    this.correlationId = null;
    this.notBeforeMs = nowMs;
    this.tick(nowMs);
  }

  shown(nowMs: number, metadata: Shown): void {
    this.metadata = metadata;
    // They may say that somebody was forgotten.
    if (this.correlationId === null) this.notBeforeMs = nowMs;
    else this.isOutdated = true;
    this.tick(nowMs);
  }

  answered(nowMs: number, correlationId: number, isTaken: boolean): void {
    if (correlationId !== this.correlationId) return;
    this.correlationId = null;
    this.notBeforeMs = nowMs + (isTaken && !this.isOutdated ? SHOWN_WITHIN_MS : RETRY_MS);
  }

  tick(nowMs: number): void {
    if (nowMs < this.deadlineMs || this.leaderEpoch === null) return;
    this.correlationId = --this.lastCorrelationId;
    this.isOutdated = false;
    this.tell(this.correlationId, this.leaderEpoch);
  }

  get deadlineMs(): number {
    const { leaderEpoch, metadata, correlationId } = this;
    if (leaderEpoch === null || metadata === null || correlationId !== null) return Infinity;
    // What the controller knows of a later epoch is another leader's.
    const isShown = metadata.leader === this.brokerId && metadata.leaderEpoch === leaderEpoch;
    return isShown || metadata.leaderEpoch > leaderEpoch ? Infinity : this.notBeforeMs;
  }
}
