/**
 * FetchSnapshot (KIP-630): a replica whose log ends before the leader's begins reads a snapshot piece by piece.
 *
 *     fetchSnapshot.request.encode(writer, 1, {
 *       replicaId: 2, maxBytes: 1 << 20,
 *       topics: [{ name: '__cluster_metadata', partitions: [{
 *         partition: 0, currentLeaderEpoch: 3, snapshotId: { endOffset: 900, epoch: 2 }, position: 0,
 *       }] }],
 *     });
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, bytes, int16, int32, int64, string, struct, uint16, uuid } from '../schema.ts';

const snapshotId = struct({ endOffset: int64(), epoch: int32() });

export const fetchSnapshot = api({
  key: 59,
  name: 'FetchSnapshot',
  versions: '0-1',
  flexible: '0+',
  request: {
    clusterId: string({ nullable: '0+', default: null, tag: 0 }),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 0x7fff_ffff }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32(),
            snapshotId,
            position: int64(),
            replicaDirectoryId: uuid({ versions: '1+', ignorable: true, tag: 0 }),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    errorCode: int16(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            index: int32(),
            errorCode: int16(),
            snapshotId,
            // Kafka's definition has no defaults here; a node of ours says −1 for a leader it does not know, and then
            // the field must be written: 0 is a leader's id.
            currentLeader: struct({ leaderId: int32(), leaderEpoch: int32() }, { tag: 0 }),
            /** Of the whole snapshot. */
            size: int64(),
            position: int64(),
            /** Cut anywhere, not at the end of a batch. */
            unalignedRecords: bytes(),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(struct({ nodeId: int32(), host: string(), port: uint16() }), {
      versions: '1+',
      tag: 0,
    }),
  },
});

export type FetchSnapshotRequest = RequestOf<typeof fetchSnapshot>;
export type FetchSnapshotResponse = ResponseOf<typeof fetchSnapshot>;
export type FetchSnapshotResponseInput = ResponseInput<typeof fetchSnapshot>;
