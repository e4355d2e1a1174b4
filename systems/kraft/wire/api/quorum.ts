/**
 * The KRaft quorum's elections: Vote with pre-vote (KIP-595, KIP-996), BeginQuorumEpoch, EndQuorumEpoch; and
 * DescribeQuorum (KIP-836). Fetch is in fetch.ts, FetchSnapshot in snapshots.ts, voters' changes in voters.ts.
 *
 *     vote.request.encode(writer, 2, {
 *       clusterId, voterId: 3,
 *       topics: [{ topicName: '__cluster_metadata', partitions: [{
 *         partitionIndex: 0, replicaEpoch: 7, replicaId: 1, lastOffsetEpoch: 6, lastOffset: 100, preVote: true,
 *       }] }],
 *     });
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, boolean, int16, int32, int64, string, struct, uint16, uuid } from '../schema.ts';

/** Where the controllers that an answer speaks of can be reached. */
const nodeEndpoints = array(struct({ nodeId: int32(), host: string(), port: uint16() }), {
  versions: '1+',
  tag: 0,
});

const leaderEndpoints = array(struct({ name: string(), host: string(), port: uint16() }), {
  versions: '1+',
  ignorable: true,
});

export const vote = api({
  key: 52,
  name: 'Vote',
  versions: '0-2',
  flexible: '0+',
  request: {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            /** Of the one that asks: the new epoch in a vote, its present one in a pre-vote. */
            replicaEpoch: int32(),
            replicaId: int32(),
            replicaDirectoryId: uuid({ versions: '1+', ignorable: true }),
            voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
            lastOffsetEpoch: int32(),
            lastOffset: int64(),
            preVote: boolean({ versions: '2+' }),
          }),
        ),
      }),
    ),
  },
  response: {
    errorCode: int16(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            leaderId: int32(),
            leaderEpoch: int32(),
            voteGranted: boolean(),
          }),
        ),
      }),
    ),
    nodeEndpoints,
  },
});

export type VoteRequest = RequestOf<typeof vote>;
export type VoteResponse = ResponseOf<typeof vote>;
export type VoteResponseInput = ResponseInput<typeof vote>;

const epochResponse = {
  errorCode: int16(),
  topics: array(
    struct({
      topicName: string(),
      partitions: array(
        struct({ partitionIndex: int32(), errorCode: int16(), leaderId: int32(), leaderEpoch: int32() }),
      ),
    }),
  ),
  nodeEndpoints,
};

/** A new leader says so to the voters. */
export const beginQuorumEpoch = api({
  key: 53,
  name: 'BeginQuorumEpoch',
  versions: '0-1',
  flexible: '1+',
  request: {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
            leaderId: int32(),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
    leaderEndpoints,
  },
  response: epochResponse,
});

export type BeginQuorumEpochRequest = RequestOf<typeof beginQuorumEpoch>;
export type BeginQuorumEpochResponse = ResponseOf<typeof beginQuorumEpoch>;
export type BeginQuorumEpochResponseInput = ResponseInput<typeof beginQuorumEpoch>;

/** A leader that steps down says so, and who should follow it, the best first. */
export const endQuorumEpoch = api({
  key: 54,
  name: 'EndQuorumEpoch',
  versions: '0-1',
  flexible: '1+',
  request: {
    clusterId: string({ nullable: '0+', default: null }),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32(),
            preferredSuccessors: array(int32(), { versions: '0', ignorable: true }),
            preferredCandidates: array(struct({ candidateId: int32(), candidateDirectoryId: uuid() }), {
              versions: '1+',
              ignorable: true,
            }),
          }),
        ),
      }),
    ),
    leaderEndpoints,
  },
  response: epochResponse,
});

export type EndQuorumEpochRequest = RequestOf<typeof endQuorumEpoch>;
export type EndQuorumEpochResponse = ResponseOf<typeof endQuorumEpoch>;
export type EndQuorumEpochResponseInput = ResponseInput<typeof endQuorumEpoch>;

const replicaState = struct({
  replicaId: int32(),
  // Kafka refuses one that version 1 cannot say; whoever asks in version 1 knows of no directories.
  replicaDirectoryId: uuid({ versions: '2+', ignorable: true }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ versions: '1+', default: -1, ignorable: true }),
  lastCaughtUpTimestamp: int64({ versions: '1+', default: -1, ignorable: true }),
});

export const describeQuorum = api({
  key: 55,
  name: 'DescribeQuorum',
  versions: '0-2',
  flexible: '0+',
  request: {
    topics: array(struct({ topicName: string(), partitions: array(struct({ partitionIndex: int32() })) })),
  },
  response: {
    errorCode: int16(),
    errorMessage: string({ versions: '2+', nullable: '2+', default: null, ignorable: true }),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string({ versions: '2+', nullable: '2+', default: null, ignorable: true }),
            leaderId: int32(),
            leaderEpoch: int32(),
            highWatermark: int64(),
            currentVoters: array(replicaState),
            observers: array(replicaState),
          }),
        ),
      }),
    ),
    // As above: version 1 does without.
    nodes: array(
      struct({
        nodeId: int32(),
        listeners: array(struct({ name: string(), host: string(), port: uint16() })),
      }),
      { versions: '2+', ignorable: true },
    ),
  },
});

export type DescribeQuorumRequest = RequestOf<typeof describeQuorum>;
export type DescribeQuorumResponse = ResponseOf<typeof describeQuorum>;
export type DescribeQuorumResponseInput = ResponseInput<typeof describeQuorum>;
