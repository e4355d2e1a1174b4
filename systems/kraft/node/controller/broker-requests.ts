/**
 * What brokers ask of the active controller: registration, heartbeats, changes of the ISR, producer ids; and to forget one of them.
 *
 *     brokerHeartbeat({ brokerId: 1, brokerEpoch: 42, currentMetadataOffset: 99, wantFence: false, wantShutDown: false,
 *       offlineLogDirs: [] }, 1).decide(core, nowMs);
 */
import type { AlterPartitionResult, PartitionProposal } from '../../controller/alter-partition.ts';
import type { LeaderRecovery } from '../../controller/metadata-records.ts';
import { NO_LEADER } from '../../controller/metadata-records.ts';
import { LEADER_RECOVERY } from '../../wire/api/brokers.ts';
import type { RequestBody } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Prepare } from './prepared-request.ts';
import { errorFields, groupByTopic, mapOutcome } from './prepared-request.ts';

export const brokerRegistration: Prepare<'brokerRegistration'> = (body) => ({
  timeoutMs: null,
  decide: (core, nowMs) => {
    const wrong = wrongRegistration(body);
    if (wrong !== null) return { kind: 'refusal', error: 'INVALID_REGISTRATION', message: wrong };
    const { clusterId, brokerId, incarnationId, features, rack, logDirs, previousBrokerEpoch } = body;
    const request = { clusterId, brokerId, incarnationId, features, rack, logDirs, previousBrokerEpoch };
    const outcome = core.registerBroker(nowMs, { ...request, endPoints: body.listeners });
    return mapOutcome(outcome, ({ brokerEpoch }) => ({ errorCode: ERROR.NONE, brokerEpoch }));
  },
  refuse: (error) => ({ errorCode: ERROR[error] }),
});

/** More than any broker has. */
const LOG_DIRS_MAX = 1000;
const LISTENERS_MAX = 100;
const FEATURES_MAX = 1000;

/** Why no broker can be like that, or null; the core compares it with the others. */
function wrongRegistration(body: RequestBody<'brokerRegistration'>): string | null {
  const { brokerId, listeners, features, logDirs } = body;
  if (body.isMigratingZkBroker) return 'brokers of ZooKeeper are not taken over here';
  if (brokerId < 0) return `no broker has the id ${brokerId}`;
  if (listeners.length === 0) return 'a broker without a listener';
  if (listeners.length > LISTENERS_MAX) return `${listeners.length} listeners`;
  if (features.length > FEATURES_MAX) return `${features.length} features`;
  return logDirs.length > LOG_DIRS_MAX ? `${logDirs.length} log directories` : null;
}

export const brokerHeartbeat: Prepare<'brokerHeartbeat'> = (body) => ({
  timeoutMs: null,
  decide: (core, nowMs) =>
    mapOutcome(
      core.heartbeat(nowMs, {
        brokerId: body.brokerId,
        brokerEpoch: body.brokerEpoch,
        metadataOffset: body.currentMetadataOffset,
        wantsFence: body.wantFence,
        wantsShutdown: body.wantShutDown,
      }),
      ({ isCaughtUp, isFenced, shouldShutDown }) => ({
        errorCode: ERROR.NONE,
        isCaughtUp,
        isFenced,
        shouldShutDown,
      }),
    ),
  refuse: (error) => ({ errorCode: ERROR[error], shouldShutDown: false }),
});

export const unregisterBroker: Prepare<'unregisterBroker'> = ({ brokerId }) => ({
  timeoutMs: null,
  decide: (core, nowMs) =>
    mapOutcome(core.unregisterBroker(nowMs, brokerId), () => errorFields({ error: 'NONE', message: null })),
  refuse: (error, message) => errorFields({ error, message }),
});

export const allocateProducerIds: Prepare<'allocateProducerIds'> = ({ brokerId, brokerEpoch }) => ({
  timeoutMs: null,
  decide: (core, nowMs) =>
    mapOutcome(core.allocateProducerIds(nowMs, { brokerId, brokerEpoch }), ({ firstId, count }) => ({
      errorCode: ERROR.NONE,
      producerIdStart: firstId,
      producerIdLen: count,
    })),
  refuse: (error) => ({ errorCode: ERROR[error], producerIdStart: -1, producerIdLen: 0 }),
});

type AskedPartition = RequestBody<'alterPartition'>['topics'][number]['partitions'][number];

const RECOVERY_OF = new Map<number, LeaderRecovery>([
  [LEADER_RECOVERY.recovered, 'recovered'],
  [LEADER_RECOVERY.recovering, 'recovering'],
]);

export const alterPartition: Prepare<'alterPartition'> = (body, version) => ({
  timeoutMs: null,
  decide: (core, nowMs) => {
    const partitions: PartitionProposal[] = [];
    for (const topic of body.topics) {
      for (const partition of topic.partitions) {
        const recovery = RECOVERY_OF.get(partition.leaderRecoveryState);
        if (recovery === undefined) {
          const message = `${partition.leaderRecoveryState} is no state of recovery`;
          return { kind: 'refusal', error: 'INVALID_REQUEST', message };
        }
        partitions.push(proposal(topic.topicId, partition, recovery, version));
      }
    }
    const { brokerId, brokerEpoch } = body;
    return mapOutcome(core.alterPartition(nowMs, { brokerId, brokerEpoch, partitions }), (results) => ({
      errorCode: ERROR.NONE,
      topics: groupByTopic(results, ({ topicId }) => topicId, decidedPartition).map(
        ({ topic: topicId, partitions: decided }) => ({ topicId, partitions: decided }),
      ),
    }));
  },
  refuse: (error) => ({ errorCode: ERROR[error], topics: [] }),
});

/** From version 3 each member comes with the epoch in which the leader saw it (KIP-903). */
function proposal(
  topicId: string,
  partition: AskedPartition,
  leaderRecoveryState: LeaderRecovery,
  version: number,
): PartitionProposal {
  const { partitionIndex: partitionId, leaderEpoch, partitionEpoch } = partition;
  const isr =
    version >= 3
      ? partition.newIsrWithEpochs
      : partition.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
  return { topicId, partitionId, leaderEpoch, partitionEpoch, isr, leaderRecoveryState };
}

function decidedPartition({ partitionId, error, partition }: AlterPartitionResult) {
  return {
    partitionIndex: partitionId,
    errorCode: ERROR[error],
    leaderId: partition?.leader ?? NO_LEADER,
    leaderEpoch: partition?.leaderEpoch ?? -1,
    isr: partition?.isr ?? [],
    leaderRecoveryState: LEADER_RECOVERY[partition?.leaderRecoveryState ?? 'recovered'],
    partitionEpoch: partition?.partitionEpoch ?? -1,
  };
}
