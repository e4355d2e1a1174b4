/**
 * The offsets that groups commit: OffsetCommit, OffsetFetch, OffsetDelete (KIP-496).
 *
 *     offsetCommit.request.encode(writer, 7, {
 *       groupId: 'g', generationIdOrMemberEpoch: 4, memberId: 'm-1',
 *       topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 10, committedMetadata: null }] }],
 *     });
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, boolean, int16, int32, int64, string, struct } from '../schema.ts';

export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: '2-7',
  flexible: '8+',
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ versions: '1+', default: -1, ignorable: true }),
    memberId: string({ versions: '1+', ignorable: true }),
    groupInstanceId: string({ versions: '7+', nullable: '7+', default: null }),
    retentionTimeMs: int64({ versions: '2-4', default: -1, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ versions: '6+', default: -1, ignorable: true }),
            committedMetadata: string({ nullable: '0+' }),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(struct({ partitionIndex: int32(), errorCode: int16() })),
      }),
    ),
  },
});

export type OffsetCommitRequest = RequestOf<typeof offsetCommit>;
export type OffsetCommitResponse = ResponseOf<typeof offsetCommit>;
export type OffsetCommitResponseInput = ResponseInput<typeof offsetCommit>;

export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: '1-7',
  flexible: '6+',
  request: {
    groupId: string(),
    /** Null: all that the group ever committed. */
    topics: array(struct({ name: string(), partitionIndexes: array(int32()) }), { nullable: '2+' }),
    /** UNSTABLE_OFFSET_COMMIT instead of an offset that an open transaction may replace (KIP-447). */
    requireStable: boolean({ versions: '7+', default: false }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            /** −1 where none was committed. */
            committedOffset: int64(),
            committedLeaderEpoch: int32({ versions: '5+', default: -1, ignorable: true }),
            metadata: string({ nullable: '0+' }),
            errorCode: int16(),
          }),
        ),
      }),
    ),
    errorCode: int16({ versions: '2+', default: 0, ignorable: true }),
  },
});

export type OffsetFetchRequest = RequestOf<typeof offsetFetch>;
export type OffsetFetchResponse = ResponseOf<typeof offsetFetch>;
export type OffsetFetchResponseInput = ResponseInput<typeof offsetFetch>;

export const offsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  versions: '0',
  flexible: 'none',
  request: {
    groupId: string(),
    topics: array(struct({ name: string(), partitions: array(struct({ partitionIndex: int32() })) })),
  },
  response: {
    errorCode: int16(),
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(struct({ partitionIndex: int32(), errorCode: int16() })),
      }),
    ),
  },
});

export type OffsetDeleteRequest = RequestOf<typeof offsetDelete>;
export type OffsetDeleteResponse = ResponseOf<typeof offsetDelete>;
export type OffsetDeleteResponseInput = ResponseInput<typeof offsetDelete>;
