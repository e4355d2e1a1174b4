/**
 * Followers' requests to one leader broker: those of many partitions in one Fetch.
 *
 *     fetcher.ask(partition, { correlationId, request }); // partition.fetched, epochEnded or requestFailed
 *
 * Several fetches may wait at the leader, each on a connection of its own, a lane. So partitions where something happens go
 * round and round in one, while the others wait in another and hold nobody up. Replicas in sync for which nothing came for a
 * while rest: they never go together with others, since whatever comes for one partition of a request answers it for all, and a large
 * group of them waits longer. So thousands of idle partitions cost little, and are answered at once all the same when there is something.
 */
import type { FetchResponse } from '../../broker/partition/messages.ts';
import type { PartitionOptions } from '../../broker/partition/options.ts';
import { endPointOf } from '../../controller/registrations.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { RequestInputBody } from '../../wire/apis.ts';
import type { Address } from '../../../runtime/runtime.ts';
import type { NodeOutcome, ReceivedBody } from '../network/node-client.ts';
import { NodeClient } from '../network/node-client.ts';
import { interBrokerListenerName } from '../property-checks.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import type { HostedPartition } from './hosted-partition.ts';
import type { Asked } from './tokens.ts';

/** By topic id, and with the broker epoch (KIP-903). */
const FETCH_VERSION = 15;
const EPOCH_VERSION = 4;
/** The last is for those that rest, the one before it for them, too, where nobody else wants it; the others are for those awake. */
const LANES = 6;
const RESTING_LANES = 2;
/** Answers of nothing, one after the other, until a partition rests. */
const EMPTY_ROUNDS = 4;
const RESTING_WAIT_MAX_MS = 5000;
/** Only a group of so large a part of all that rest waits long; the others come round, cheap as they are. */
const RESTING_GROUP_PART = 4;
/** The part of `replica.lag.time.max.ms` that a follower may be silent. */
const RESTING_LAG_PART = 4;
/** Kafka's default of `replica.fetch.response.max.bytes`. */
const RESPONSE_BYTES_MAX = 10 * 1024 * 1024;
/** Partitions in one request. */
const PARTITIONS_MAX = 5000;

const EMPTY = new Uint8Array(0);

interface Lane {
  readonly client: NodeClient;
  isBusy: boolean;
  /** Of the partitions that are asked for just now. */
  resting: number;
}

type Question = Asked & { readonly partition: HostedPartition };

export class Fetcher {
  private readonly context: ReplicaContext;
  private readonly leader: number;
  /** To be asked with the next free lane. */
  private readonly awake = new Map<HostedPartition, Question>();
  private readonly resting = new Map<HostedPartition, Question>();
  private readonly lanes: readonly Lane[];
  private readonly listenerName: string;
  private isPlanned = false;

  constructor(context: ReplicaContext, leader: number) {
    this.context = context;
    this.leader = leader;
    const { nodeId, properties } = context.settings;
    this.listenerName = interBrokerListenerName(properties);
    this.lanes = Array.from({ length: LANES }, (_, lane) => ({
      client: new NodeClient(context.runtime, { clientId: `broker-${nodeId}-fetcher-${leader}-${lane}` }),
      isBusy: false,
      resting: 0,
    }));
  }

  ask(partition: HostedPartition, asked: Asked): void {
    const [group, other] = this.rests(partition) ? [this.resting, this.awake] : [this.awake, this.resting];
    other.delete(partition);
    group.set(partition, { ...asked, partition });
    this.plan();
  }

  close(): void {
    for (const { client } of this.lanes) client.close();
  }

  private plan(): void {
    if (this.isPlanned || this.awake.size + this.resting.size === 0) return;
    this.isPlanned = true;
    this.context.turn.after(() => {
      this.isPlanned = false;
      this.send();
    });
  }

  private send(): void {
    const leader = this.context.metadata.image.brokers.get(this.leader);
    const address = endPointOf(leader, this.listenerName);
    for (const [at, lane] of this.lanes.entries()) {
      const group = this.groupFor(at);
      if (lane.isBusy || group.size === 0) continue;
      const asking = [...group.values()];
      const isEpochEnd = asking.some(({ request }) => request.api === 'offset-for-leader-epoch');
      const questions = asking
        .filter(({ request }) => (request.api === 'offset-for-leader-epoch') === isEpochEnd)
        .slice(0, PARTITIONS_MAX);
      for (const { partition } of questions) group.delete(partition);
      if (address === undefined) this.fail(questions);
      else if (isEpochEnd) this.askForEpochs(lane, address, questions);
      else this.fetch(lane, address, questions);
    }
  }

  private groupFor(lane: number): Map<HostedPartition, Question> {
    if (lane === LANES - 1) return this.resting;
    return lane < LANES - RESTING_LANES || this.awake.size > 0 ? this.awake : this.resting;
  }

  private rests({ emptyRounds, mayRest }: HostedPartition): boolean {
    return emptyRounds >= EMPTY_ROUNDS && mayRest;
  }

  private fail(questions: readonly Question[], isRefused = false): void {
    this.context.turn.run(() => {
      for (const { partition, correlationId } of questions) {
        partition.emptyRounds = 0;
        if (isRefused) partition.requestRefused(correlationId);
        else partition.requestFailed(correlationId);
      }
    });
  }

  private fetch(lane: Lane, address: Address, questions: readonly Question[]): void {
    const { nodeId } = this.context.settings;
    const options = mostImpatient(questions);
    const body: RequestInputBody<'fetch'> = {
      replicaState: { replicaId: nodeId, replicaEpoch: this.context.metadata.brokerEpoch },
      maxWaitMs: this.waitMs(lane, questions, options),
      minBytes: options.replicaFetchMinBytes,
      maxBytes: RESPONSE_BYTES_MAX,
      topics: byTopic(questions, (partition) => partition.topicId).map(([topicId, members]) => ({
        topicId,
        partitions: members.flatMap(({ partition, request }) => {
          if (request.api !== 'fetch') return [];
          return {
            partition: partition.index,
            currentLeaderEpoch: request.leaderEpoch,
            fetchOffset: request.offset,
            lastFetchedEpoch: request.lastFetchedEpoch,
            logStartOffset: partition.log.logStartOffset,
            partitionMaxBytes: options.replicaFetchMaxBytes,
          };
        }),
      })),
      forgottenTopicsData: [],
    };
    this.request(lane, address, 'fetch', FETCH_VERSION, body, questions, (answer) =>
      this.onFetched(questions, answer),
    );
  }

  private waitMs(lane: Lane, questions: readonly Question[], options: PartitionOptions): number {
    lane.resting = questions.filter(({ partition }) => this.rests(partition)).length;
    const resting = this.lanes.reduce((sum, each) => sum + each.resting, this.resting.size);
    const isLarge = lane.resting === questions.length && lane.resting * RESTING_GROUP_PART >= resting;
    return isLarge ? restingWaitMs(options) : options.replicaFetchWaitMaxMs;
  }

  private askForEpochs(lane: Lane, address: Address, questions: readonly Question[]): void {
    const body = {
      replicaId: this.context.settings.nodeId,
      topics: byTopic(questions, (partition) => partition.topic).map(([topic, members]) => ({
        topic,
        partitions: members.flatMap(({ partition, request }) => {
          if (request.api !== 'offset-for-leader-epoch') return [];
          const { leaderEpoch: currentLeaderEpoch, epoch: leaderEpoch } = request;
          return { partition: partition.index, currentLeaderEpoch, leaderEpoch };
        }),
      })),
    };
    this.request(lane, address, 'offsetForLeaderEpoch', EPOCH_VERSION, body, questions, (answer) =>
      this.onEpochs(questions, answer),
    );
  }

  private request<N extends 'fetch' | 'offsetForLeaderEpoch'>(
    lane: Lane,
    address: Address,
    name: N,
    version: number,
    body: RequestInputBody<N>,
    questions: readonly Question[],
    onAnswer: (body: ReceivedBody<N>) => void,
  ): void {
    lane.isBusy = true;
    const { requestTimeoutMs } = mostImpatient(questions);
    const onOutcome = (outcome: NodeOutcome<N>): void => {
      lane.isBusy = false;
      lane.resting = 0;
      if (outcome.kind === 'response') onAnswer(outcome.body);
      else this.fail(questions, outcome.isRefused);
      this.plan();
    };
    lane.client.request(address, name, version, body, requestTimeoutMs, (outcome) =>
      this.context.turn.after(() => onOutcome(outcome)),
    );
  }

  private onFetched(questions: readonly Question[], body: ReceivedBody<'fetch'>): void {
    if (body.errorCode !== ERROR.NONE) return this.fail(questions);
    type Answer = (typeof body.responses)[number]['partitions'][number];
    const topics = new Map<string, Map<number, Answer>>();
    for (const { topicId, partitions } of body.responses) {
      const answers = topics.get(topicId) ?? new Map<number, Answer>();
      topics.set(topicId, answers);
      for (const answer of partitions) answers.set(answer.partitionIndex, answer);
    }
    this.context.turn.run(() => {
      const full: (() => void)[] = [];
      for (const question of questions) {
        const { partition, correlationId } = question;
        const answer = topics.get(partition.topicId)?.get(partition.index);
        if (answer === undefined) {
          partition.requestFailed(correlationId);
          continue;
        }
        const { errorCode, highWatermark, logStartOffset, divergingEpoch, currentLeader } = answer;
        const diverging = divergingEpoch.endOffset === -1 ? null : divergingEpoch;
        const response: Omit<FetchResponse, 'sizeBytes'> = {
          errorCode,
          highWatermark,
          logStartOffset,
          diverging,
          currentLeader,
        };
        const records = answer.records ?? EMPTY;
        const isNothing = records.length === 0 && errorCode === ERROR.NONE && diverging === null;
        const isNews = !isNothing || highWatermark > partition.log.highWatermark;
        partition.emptyRounds = isNews ? 0 : partition.emptyRounds + 1;
        const deliver = (): void => partition.fetched(question, response, records);
        // Those that got something ask again behind those that did not: everybody has his turn.
        if (records.length === 0) deliver();
        else full.push(deliver);
      }
      for (const deliver of full) deliver();
    });
  }

  private onEpochs(questions: readonly Question[], body: ReceivedBody<'offsetForLeaderEpoch'>): void {
    this.context.turn.run(() => {
      for (const question of questions) {
        const { partition, correlationId } = question;
        const answer = body.topics
          .find(({ topic }) => topic === partition.topic)
          ?.partitions.find((candidate) => candidate.partition === partition.index);
        if (answer === undefined) {
          partition.requestFailed(correlationId);
          continue;
        }
        const { errorCode, leaderEpoch: epoch, endOffset } = answer;
        partition.epochEnded(question, { errorCode, end: endOffset === -1 ? null : { epoch, endOffset } });
      }
    });
  }
}

/** Those of a Raft group wait less than others. */
function mostImpatient(questions: readonly Question[]): PartitionOptions {
  let [{ partition }] = questions as [Question];
  for (const each of questions) {
    const { requestTimeoutMs } = each.partition.settings.partition;
    if (requestTimeoutMs < partition.settings.partition.requestTimeoutMs) partition = each.partition;
  }
  return partition.settings.partition;
}

function restingWaitMs({ replicaFetchWaitMaxMs, replicaLagTimeMaxMs }: PartitionOptions): number {
  const silenceMs = Math.floor(replicaLagTimeMaxMs / RESTING_LAG_PART);
  return Math.max(replicaFetchWaitMaxMs, Math.min(RESTING_WAIT_MAX_MS, silenceMs));
}

function byTopic(
  questions: readonly Question[],
  key: (partition: HostedPartition) => string,
): [string, Question[]][] {
  return [...Map.groupBy(questions, ({ partition }) => key(partition))];
}
