/**
 * What leaders here propose to the controller: one AlterPartition at a time, with all that came together meanwhile (KIP-497).
 *
 *     proposals.propose(partition, correlationId, request); // partition.alterPartitionAnswered, or requestFailed
 */
import type { AlterPartition } from '../../broker/partition/messages.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { ReceivedBody } from '../network/node-client.ts';
import type { ControllerLink } from '../parts.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import type { HostedPartition } from './hosted-partition.ts';

/** With each member's broker epoch (KIP-903). */
const VERSION = 3;

interface Proposal {
  readonly partition: HostedPartition;
  readonly correlationId: number;
  readonly request: AlterPartition;
}

export class IsrProposals {
  private readonly context: ReplicaContext;
  private readonly link: ControllerLink;
  /** The last of each partition counts. */
  private readonly waiting = new Map<HostedPartition, Proposal>();
  private isUnderWay = false;
  private isPlanned = false;

  constructor(context: ReplicaContext, link: ControllerLink) {
    this.context = context;
    this.link = link;
  }

  propose(partition: HostedPartition, correlationId: number, request: AlterPartition): void {
    this.waiting.set(partition, { partition, correlationId, request });
    this.plan();
  }

  private plan(): void {
    if (this.isPlanned || this.isUnderWay || this.waiting.size === 0) return;
    this.isPlanned = true;
    this.context.turn.after(() => {
      this.isPlanned = false;
      this.send();
    });
  }

  private send(): void {
    const { context } = this;
    const { metadata, settings } = context;
    const proposals = [...this.waiting.values()];
    this.waiting.clear();
    this.isUnderWay = true;
    const [{ partition }] = proposals as [Proposal];
    const topics = [...Map.groupBy(proposals, (proposal) => proposal.partition.topicId)].map(
      ([topicId, members]) => ({
        topicId,
        partitions: members.map(({ partition: { index }, request }) => ({
          partitionIndex: index,
          leaderEpoch: request.leaderEpoch,
          partitionEpoch: request.partitionEpoch,
          newIsrWithEpochs: request.isr,
        })),
      }),
    );
    const body = { brokerId: settings.nodeId, brokerEpoch: metadata.brokerEpoch, topics };
    const { requestTimeoutMs } = partition.settings.partition;
    this.link.request('alterPartition', VERSION, body, requestTimeoutMs, (outcome) => {
      // A link that fails at once does so inside of this very call.
      context.turn.after(() => {
        this.isUnderWay = false;
        context.turn.run(() => {
          if (outcome.kind === 'response') answer(proposals, outcome.body);
          else
            for (const { partition: asking, correlationId } of proposals) asking.requestFailed(correlationId);
        });
        this.plan();
      });
    });
  }
}

function answer(proposals: readonly Proposal[], body: ReceivedBody<'alterPartition'>): void {
  for (const { partition, correlationId } of proposals) {
    if (body.errorCode !== ERROR.NONE) {
      partition.alterPartitionAnswered(correlationId, { errorCode: body.errorCode, partition: null });
      continue;
    }
    const found = body.topics
      .find(({ topicId }) => topicId === partition.topicId)
      ?.partitions.find(({ partitionIndex }) => partitionIndex === partition.index);
    if (found === undefined) {
      partition.requestFailed(correlationId);
      continue;
    }
    const { errorCode, leaderId: leader, leaderEpoch, partitionEpoch, isr } = found;
    const { replicas } = partition;
    const state = { leader, leaderEpoch, partitionEpoch, isr, replicas };
    partition.alterPartitionAnswered(correlationId, {
      errorCode,
      partition: errorCode === ERROR.NONE ? state : null,
    });
  }
}
