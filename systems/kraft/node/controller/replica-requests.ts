/**
 * Who leads and who replicates, as an operator asks for it: ElectLeaders (KIP-460) and the reassignments (KIP-455).
 *
 *     electLeaders({ electionType: ELECTION_TYPE.preferred, topicPartitions: null, timeoutMs: 5000 }, 1).decide(core, nowMs);
 */
import { ELECTION_TYPE } from '../../wire/api/topics.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { ItemError, Prepare } from './prepared-request.ts';
import { errorFields, groupByTopic, mapOutcome } from './prepared-request.ts';

interface PartitionError extends ItemError {
  readonly topic: string;
  readonly partitionId: number;
}

const topicOf = ({ topic }: { readonly topic: string }): string => topic;

export const electLeaders: Prepare<'electLeaders'> = (body, version) => {
  const { electionType, timeoutMs } = body;
  const partitions =
    body.topicPartitions?.flatMap(({ topic, partitions: ids }) =>
      ids.map((partitionId) => ({ topic, partitionId })),
    ) ?? null;
  const answer = (error: ErrorName, results: readonly PartitionError[]) => ({
    errorCode: ERROR[error],
    replicaElectionResults: groupByTopic(results, topicOf, (result) => ({
      partitionId: result.partitionId,
      ...errorFields(result),
    })).map(({ topic, partitions: partitionResult }) => ({ topic, partitionResult })),
  });
  return {
    timeoutMs,
    decide: (core, nowMs) => {
      // Version 0 knows the preferred election only, and its type is read as that.
      if (electionType !== ELECTION_TYPE.preferred && electionType !== ELECTION_TYPE.unclean) {
        const message = `${electionType} is no type of an election`;
        return { kind: 'refusal', error: 'INVALID_REQUEST', message };
      }
      const type = electionType === ELECTION_TYPE.unclean ? 'unclean' : 'preferred';
      return mapOutcome(core.electLeaders(nowMs, { type, partitions }), (results) => answer('NONE', results));
    },
    refuse: (error, message) => {
      const results = (partitions ?? []).map((partition) => ({ ...partition, error, message }));
      // Version 0 has no error of the whole.
      return answer(version === 0 ? 'NONE' : error, results);
    },
  };
};

export const alterPartitionReassignments: Prepare<'alterPartitionReassignments'> = ({
  topics,
  timeoutMs,
}) => ({
  timeoutMs,
  decide: (core, nowMs) => {
    const requests = topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partitionId, replicas }) => ({ topic, partitionId, replicas })),
    );
    return mapOutcome(core.alterReassignments(nowMs, requests), (results) => ({
      ...errorFields({ error: 'NONE', message: null }),
      responses: groupByTopic(results, topicOf, (result) => ({
        partitionIndex: result.partitionId,
        ...errorFields(result),
      })).map(({ topic: name, partitions }) => ({ name, partitions })),
    }));
  },
  refuse: (error, message) => ({ ...errorFields({ error, message }), responses: [] }),
});

export const listPartitionReassignments: Prepare<'listPartitionReassignments'> = ({ topics, timeoutMs }) => ({
  timeoutMs,
  decide: (core, nowMs) => {
    const only =
      topics?.flatMap(({ name: topic, partitionIndexes }) =>
        partitionIndexes.map((partitionId) => ({ topic, partitionId })),
      ) ?? null;
    return mapOutcome(core.listReassignments(nowMs, only), (results) => ({
      ...errorFields({ error: 'NONE', message: null }),
      topics: groupByTopic(results, topicOf, ({ partitionId, replicas, adding, removing }) => ({
        partitionIndex: partitionId,
        replicas,
        addingReplicas: adding,
        removingReplicas: removing,
      })).map(({ topic: name, partitions }) => ({ name, partitions })),
    }));
  },
  refuse: (error, message) => ({ ...errorFields({ error, message }), topics: [] }),
});
