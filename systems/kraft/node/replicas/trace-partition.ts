/**
 * What a replica of a partition does, for the invariant checkers and for people: all of it goes through here.
 *
 *     const trace = new PartitionTrace(runtime, { topic: 'orders', topicId, index: 0 }, settings.nameOf);
 *     trace.start(log);
 *     trace.appended(batches);
 *     trace.event({ kind: 'isr', isr: [1, 2], proposed: null, partitionEpoch: 4 }, false);
 */
import type { OfReplica, TracedGroup } from '../../../../harness/history/replica-trace.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { PartitionEvent } from '../../broker/partition/effects.ts';
import { replicaEvent } from '../../broker/partition/replica-event.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import type { RecordBatch } from '../../records/batch.ts';
import { folderOf } from './partition-folders.ts';

export class PartitionTrace {
  private readonly runtime: Runtime;
  private readonly of: OfReplica;
  private readonly nameOf: (nodeId: number) => string;
  private leads = false;
  private isr: readonly number[] = [];

  constructor(
    runtime: Runtime,
    { topic, topicId, index }: { readonly topic: string; readonly topicId: string; readonly index: number },
    nameOf: (nodeId: number) => string,
  ) {
    this.runtime = runtime;
    this.of = { partition: folderOf(topic, index), topicId };
    this.nameOf = nameOf;
  }

  /** @param group - of a Raft group: what its `quorum-state` says */
  start({ logStartOffset, logEndOffset, highWatermark }: ReplicaLog, group?: TracedGroup): void {
    const offsets = { logStartOffset, logEndOffset, highWatermark };
    this.runtime.trace({
      kind: 'replica-start',
      ...this.of,
      ...offsets,
      ...(group !== undefined && { group }),
    });
  }

  /** A vote of a Raft group left this replica. */
  vote(leaderEpoch: number, candidate: string): void {
    this.runtime.trace({ kind: 'replica-vote', ...this.of, leaderEpoch, candidate });
  }

  persisted(leaderEpoch: number, votedFor: string | null): void {
    this.runtime.trace({ kind: 'replica-persist', ...this.of, leaderEpoch, votedFor });
  }

  durable(endOffset: number): void {
    this.runtime.trace({ kind: 'replica-durable', ...this.of, endOffset });
  }

  truncated(endOffset: number): void {
    this.runtime.trace({ kind: 'replica-truncate', ...this.of, endOffset });
  }

  appended(batches: readonly RecordBatch[]): void {
    const traced = batches.map(({ baseOffset, lastOffset, leaderEpoch, crc }) => ({
      baseOffset,
      lastOffset,
      leaderEpoch,
      hash: crc,
    }));
    this.runtime.trace({ kind: 'replica-append', ...this.of, batches: traced });
  }

  /** A producer is told that these batches are in the log. */
  acknowledged(acks: 0 | 1 | -1, batches: readonly RecordBatch[], baseOffset: number): void {
    const records = batches.reduce((sum, { lastOffsetDelta }) => sum + lastOffsetDelta + 1, 0);
    const lastOffset = baseOffset + records - 1;
    this.runtime.trace({ kind: 'replica-acknowledge', ...this.of, acks, baseOffset, lastOffset });
  }

  logStart(offset: number): void {
    this.runtime.trace({ kind: 'replica-log-start', ...this.of, offset });
  }

  cleaned(endOffset: number): void {
    this.runtime.trace({ kind: 'replica-clean', ...this.of, endOffset });
  }

  /** @param isUnclean - of the election of this leader epoch */
  event(event: PartitionEvent, isUnclean: boolean): void {
    this.runtime.trace(replicaEvent(event, this.of, this.nameOf, isUnclean));
    // It moves with every batch.
    if (event.kind === 'high-watermark') return;
    const { kind, ...fields } = event;
    // Who is in sync is the leader's to say; of thousands of partitions the lines of all their followers would be many.
    if (kind === 'isr') this.isr = event.isr;
    else if (kind === 'role') this.leads = event.role === 'leader';
    if (kind === 'isr' && !this.leads) return;
    const beginsToLead = kind === 'role' && this.leads;
    const said = beginsToLead ? { ...fields, isr: this.isr } : fields;
    this.runtime.log('info', `${this.of.partition}: ${kind}`, said);
  }
}
