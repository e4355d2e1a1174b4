/**
 * What is at which offset: ListOffsets, OffsetForLeaderEpoch (KIP-101, KIP-320), DeleteRecords.
 *
 *     listOffsets.request.encode(writer, 5, {
 *       replicaId: -1, isolationLevel: 0,
 *       topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: LATEST_TIMESTAMP }] }],
 *     });
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, int16, int32, int64, int8, string, struct } from '../schema.ts';

/** Instead of a timestamp: the end of the log (the high watermark, or the last stable offset). */
export const LATEST_TIMESTAMP = -1;
/** Instead of a timestamp: the start of the log. */
export const EARLIEST_TIMESTAMP = -2;

export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: '1-5',
  flexible: '6+',
  request: {
    replicaId: int32(),
    isolationLevel: int8({ versions: '2+' }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            currentLeaderEpoch: int32({ versions: '4+', default: -1, ignorable: true }),
            timestamp: int64(),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            timestamp: int64({ versions: '1+', default: -1 }),
            offset: int64({ versions: '1+', default: -1 }),
            // Kafka refuses an epoch that version 3 cannot say; brokers know one always, and older clients need none.
            leaderEpoch: int32({ versions: '4+', default: -1, ignorable: true }),
          }),
        ),
      }),
    ),
  },
});

export type ListOffsetsRequest = RequestOf<typeof listOffsets>;
export type ListOffsetsResponse = ResponseOf<typeof listOffsets>;
export type ListOffsetsResponseInput = ResponseInput<typeof listOffsets>;

/** Where an epoch ends in the leader's log: how a follower finds what to truncate. */
export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: '2-4',
  flexible: '4+',
  request: {
    replicaId: int32({ versions: '3+', default: -2, ignorable: true }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ versions: '2+', default: -1, ignorable: true }),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            errorCode: int16(),
            partition: int32(),
            leaderEpoch: int32({ versions: '1+', default: -1, ignorable: true }),
            endOffset: int64({ default: -1 }),
          }),
        ),
      }),
    ),
  },
});

export type OffsetForLeaderEpochRequest = RequestOf<typeof offsetForLeaderEpoch>;
export type OffsetForLeaderEpochResponse = ResponseOf<typeof offsetForLeaderEpoch>;
export type OffsetForLeaderEpochResponseInput = ResponseInput<typeof offsetForLeaderEpoch>;

export const deleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  versions: '0-1',
  flexible: '2+',
  request: {
    topics: array(
      struct({
        name: string(),
        partitions: array(struct({ partitionIndex: int32(), offset: int64() })),
      }),
    ),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(struct({ partitionIndex: int32(), lowWatermark: int64(), errorCode: int16() })),
      }),
    ),
  },
});

export type DeleteRecordsRequest = RequestOf<typeof deleteRecords>;
export type DeleteRecordsResponse = ResponseOf<typeof deleteRecords>;
export type DeleteRecordsResponseInput = ResponseInput<typeof deleteRecords>;
