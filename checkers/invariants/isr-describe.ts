/** What brokers say of their replicas, in words: for the explanations of anomalies. */
import type { ReplicaEvent, TracedBatch } from '../../harness/history/replica-trace.ts';

/** `t-0: high watermark 7 in leader epoch 2`. */
export function describeReplicaEvent(event: ReplicaEvent): string {
  return `${event.partition}: ${describe(event)}`;
}

function describe(event: ReplicaEvent): string {
  switch (event.kind) {
    case 'replica-start':
      return `opened with offsets ${event.logStartOffset} to ${event.logEndOffset} (excluded), high watermark ${event.highWatermark}`;
    case 'replica-vote':
      return `vote for ${event.candidate} in leader epoch ${event.leaderEpoch}`;
    case 'replica-persist':
      return `persist leader epoch ${event.leaderEpoch} and vote for ${event.votedFor ?? 'nobody'}`;
    case 'replica-durable':
      return `log durable up to offset ${event.endOffset} (excluded)`;
    case 'replica-role':
      return (
        `${event.role} in leader epoch ${event.leaderEpoch}` +
        (event.role === 'follower' ? `, of ${event.leader ?? 'nobody'}` : '') +
        (event.isUnclean === true ? ', after an unclean election' : '')
      );
    case 'replica-isr': {
      const proposed = event.proposed === null ? '' : `, proposed ${event.proposed.join(', ')}`;
      return `ISR ${event.isr.join(', ')} at partition epoch ${event.partitionEpoch}${proposed}`;
    }
    case 'replica-append':
      return `append ${describeBatches(event.batches)}`;
    case 'replica-truncate':
      return `truncate to offset ${event.endOffset}`;
    case 'replica-log-start':
      return `the log begins at offset ${event.offset} now`;
    case 'replica-clean':
      return `the log is compacted below offset ${event.endOffset}`;
    case 'replica-high-watermark':
      return `high watermark ${event.offset} in leader epoch ${event.leaderEpoch}`;
    case 'replica-acknowledge':
      return `acknowledge offsets ${event.baseOffset} to ${event.lastOffset} under acks=${event.acks}`;
  }
}

/** `offsets 3 to 5 of epoch 1`. */
export function describeBatch({ baseOffset, lastOffset, leaderEpoch }: TracedBatch): string {
  const offsets =
    baseOffset === lastOffset ? `offset ${baseOffset}` : `offsets ${baseOffset} to ${lastOffset}`;
  return `${offsets} of epoch ${leaderEpoch}`;
}

function describeBatches(batches: readonly TracedBatch[]): string {
  const first = batches[0];
  const last = batches.at(-1);
  if (first === undefined || last === undefined) return 'nothing';
  return first === last ? describeBatch(first) : `${describeBatch(first)} to ${describeBatch(last)}`;
}
