/**
 * Fetch: consumers up to version 11; brokers and quorum members among themselves from 12, where KRaft's fields are
 * (KIP-595, KIP-630, KIP-903, KIP-853, KIP-1166).
 *
 *     fetch.request.encode(writer, 17, {
 *       replicaState: { replicaId: 2, replicaEpoch: 40 }, maxWaitMs: 500, minBytes: 1,
 *       topics: [{ topicId, partitions: [{ partition: 0, fetchOffset: 9, lastFetchedEpoch: 3, partitionMaxBytes: 1 << 20 }] }],
 *     });
 *
 * A topic is named up to version 12 and identified from 13. The replica is `replicaId` up to 14, `replicaState` after.
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, bytes, int16, int32, int64, int8, string, struct, uuid } from '../schema.ts';

const topic = string({ versions: '0-12', ignorable: true });
const topicId = uuid({ versions: '13+', ignorable: true });

export const fetch = api({
  key: 1,
  name: 'Fetch',
  versions: '4-18',
  flexible: '12+',
  request: {
    clusterId: string({ versions: '12+', nullable: '12+', default: null, ignorable: true, tag: 0 }),
    replicaId: int32({ versions: '0-14', default: -1 }),
    replicaState: struct(
      { replicaId: int32({ default: -1 }), replicaEpoch: int64({ default: -1 }) },
      { versions: '15+', tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ versions: '3+', default: 0x7fff_ffff, ignorable: true }),
    isolationLevel: int8({ versions: '4+', default: 0, ignorable: true }),
    sessionId: int32({ versions: '7+', default: 0, ignorable: true }),
    sessionEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
    topics: array(
      struct({
        topic,
        topicId,
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ versions: '9+', default: -1, ignorable: true }),
            fetchOffset: int64(),
            lastFetchedEpoch: int32({ versions: '12+', default: -1 }),
            logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
            partitionMaxBytes: int32(),
            replicaDirectoryId: uuid({ versions: '17+', ignorable: true, tag: 0 }),
            /** What the sender knows to be committed; -1: nothing; the default: it does not say (KIP-1166). */
            highWatermark: int64({
              versions: '18+',
              default: Number.MAX_SAFE_INTEGER,
              ignorable: true,
              tag: 1,
            }),
          }),
        ),
      }),
    ),
    forgottenTopicsData: array(struct({ topic, topicId, partitions: array(int32()) }), { versions: '7+' }),
    rackId: string({ versions: '11+', default: '', ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16({ versions: '7+', ignorable: true }),
    sessionId: int32({ versions: '7+', default: 0 }),
    responses: array(
      struct({
        topic,
        topicId,
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            highWatermark: int64(),
            lastStableOffset: int64({ versions: '4+', default: -1, ignorable: true }),
            logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
            divergingEpoch: struct(
              { epoch: int32({ default: -1 }), endOffset: int64({ default: -1 }) },
              { versions: '12+', tag: 0 },
            ),
            currentLeader: struct(
              { leaderId: int32({ default: -1 }), leaderEpoch: int32({ default: -1 }) },
              { versions: '12+', tag: 1 },
            ),
            snapshotId: struct(
              { endOffset: int64({ default: -1 }), epoch: int32({ default: -1 }) },
              { versions: '12+', tag: 2 },
            ),
            abortedTransactions: array(struct({ producerId: int64(), firstOffset: int64() }), {
              versions: '4+',
              nullable: '4+',
              ignorable: true,
            }),
            preferredReadReplica: int32({ versions: '11+', default: -1 }),
            records: bytes({ nullable: '0+' }),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '16+', default: null }),
      }),
      { versions: '16+', tag: 0 },
    ),
  },
});

export type FetchRequest = RequestOf<typeof fetch>;
export type FetchResponse = ResponseOf<typeof fetch>;
export type FetchResponseInput = ResponseInput<typeof fetch>;
