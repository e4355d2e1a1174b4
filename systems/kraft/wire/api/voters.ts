/**
 * Changes of the quorum's voters (KIP-853): AddRaftVoter, RemoveRaftVoter, UpdateRaftVoter.
 *
 *     removeRaftVoter.request.encode(writer, 0, { clusterId, voterId: 3, voterDirectoryId });
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, boolean, int16, int32, string, struct, uint16, uuid } from '../schema.ts';

const listeners = array(struct({ name: string(), host: string(), port: uint16() }));

const changeResponse = {
  throttleTimeMs: int32({ default: 0 }),
  errorCode: int16(),
  errorMessage: string({ nullable: '0+', default: null, ignorable: true }),
};

export const addRaftVoter = api({
  key: 80,
  name: 'AddRaftVoter',
  versions: '0-1',
  flexible: '0+',
  request: {
    clusterId: string({ nullable: '0+' }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners,
    /** False: answer when the leader has appended the change (KIP-1186). */
    ackWhenCommitted: boolean({ versions: '1+', default: true }),
  },
  response: changeResponse,
});

export type AddRaftVoterRequest = RequestOf<typeof addRaftVoter>;
export type AddRaftVoterResponse = ResponseOf<typeof addRaftVoter>;
export type AddRaftVoterResponseInput = ResponseInput<typeof addRaftVoter>;

export const removeRaftVoter = api({
  key: 81,
  name: 'RemoveRaftVoter',
  versions: '0',
  flexible: '0+',
  request: { clusterId: string({ nullable: '0+' }), voterId: int32(), voterDirectoryId: uuid() },
  response: changeResponse,
});

export type RemoveRaftVoterRequest = RequestOf<typeof removeRaftVoter>;
export type RemoveRaftVoterResponse = ResponseOf<typeof removeRaftVoter>;
export type RemoveRaftVoterResponseInput = ResponseInput<typeof removeRaftVoter>;

/** A voter tells the leader its own endpoints and versions. */
export const updateRaftVoter = api({
  key: 82,
  name: 'UpdateRaftVoter',
  versions: '0',
  flexible: '0+',
  request: {
    clusterId: string({ nullable: '0+' }),
    currentLeaderEpoch: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners,
    kraftVersionFeature: struct({ minSupportedVersion: int16(), maxSupportedVersion: int16() }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    currentLeader: struct(
      {
        leaderId: int32({ default: -1 }),
        leaderEpoch: int32({ default: -1 }),
        host: string({ default: '' }),
        port: int32({ default: 0 }),
      },
      { tag: 0 },
    ),
  },
});

export type UpdateRaftVoterRequest = RequestOf<typeof updateRaftVoter>;
export type UpdateRaftVoterResponse = ResponseOf<typeof updateRaftVoter>;
export type UpdateRaftVoterResponseInput = ResponseInput<typeof updateRaftVoter>;
