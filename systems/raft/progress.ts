/**
 * What a leader knows of one follower, and how much it may send it.
 *
 * - `probe`: where the logs agree is not known; one append at a time, the next after its answer or the next heartbeat.
 * - `replicate`: appends are pipelined; `next` runs ahead of `match` by what is in flight, bounded in messages and bytes.
 * - `snapshot`: the entries it needs are compacted; chunks of a snapshot are sent, one in flight.
 *
 * Invariant: match < next. `match` never goes back within a term.
 */

export interface SnapshotTransfer {
  readonly index: number;
  readonly term: number;
  readonly bytes: Uint8Array;
  readonly checksum: number;
  /** The follower has everything before this. */
  offsetBytes: number;
}

export class Progress {
  readonly node: string;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** The highest index known durable there and equal to ours. */
  match = 0;
  /** The next index to send. */
  next: number;
  /** In `probe`: an append is on its way. */
  probeSent = false;
  /** Answered since the last CheckQuorum. */
  active = true;
  /** The last heartbeat round that it answered (ReadIndex). */
  ackedRound = 0;
  transfer: SnapshotTransfer | null = null;

  /** Appends in flight, oldest first, in a ring. */
  private readonly lastIndexes: number[];
  private readonly sizes: number[];
  private head = 0;
  private count = 0;
  inflightBytes = 0;

  constructor(node: string, next: number, maxInflightMessages: number) {
    this.node = node;
    this.next = next;
    this.lastIndexes = new Array<number>(maxInflightMessages).fill(0);
    this.sizes = new Array<number>(maxInflightMessages).fill(0);
  }

  get inflightMessages(): number {
    return this.count;
  }

  mayPipeline(maxInflightBytes: number): boolean {
    return this.count < this.lastIndexes.length && this.inflightBytes < maxInflightBytes;
  }

  sent(lastIndex: number, sizeBytes: number): void {
    const at = (this.head + this.count) % this.lastIndexes.length;
    this.lastIndexes[at] = lastIndex;
    this.sizes[at] = sizeBytes;
    this.count++;
    this.inflightBytes += sizeBytes;
    this.next = lastIndex + 1;
  }

  /** Everything up to `match` has arrived. */
  acknowledged(match: number): void {
    while (this.count > 0 && (this.lastIndexes[this.head] as number) <= match) {
      this.inflightBytes -= this.sizes[this.head] as number;
      this.head = (this.head + 1) % this.lastIndexes.length;
      this.count--;
    }
  }

  private forgetInflight(): void {
    this.head = 0;
    this.count = 0;
    this.inflightBytes = 0;
  }

  becomeProbe(next: number): void {
    this.state = 'probe';
    this.next = Math.max(next, this.match + 1);
    this.probeSent = false;
    this.transfer = null;
    this.forgetInflight();
  }

  becomeReplicate(next: number): void {
    this.state = 'replicate';
    this.next = Math.max(next, this.match + 1);
    this.transfer = null;
    this.forgetInflight();
  }

  becomeSnapshot(transfer: SnapshotTransfer): void {
    this.state = 'snapshot';
    this.transfer = transfer;
    this.forgetInflight();
  }
}
