/**
 * Consumer groups, the classic protocol (KIP-345 and KIP-394 on top of it): their membership.
 *
 *     heartbeat.request.encode(writer, 3, { groupId: 'g', generationId: 4, memberId: 'm-1' });
 *
 * What a member says in `metadata`, and what its leader assigns in `assignment`, are bytes that brokers do not read.
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, boolean, bytes, int16, int32, string, struct } from '../schema.ts';
import { NO_AUTHORIZED_OPERATIONS } from './metadata.ts';

export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  versions: '0-5',
  flexible: '6+',
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ versions: '1+', default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string({ versions: '5+', nullable: '5+', default: null }),
    protocolType: string(),
    protocols: array(struct({ name: string(), metadata: bytes() })),
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolName: string(),
    leader: string(),
    memberId: string(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
        metadata: bytes(),
      }),
    ),
  },
});

export type JoinGroupRequest = RequestOf<typeof joinGroup>;
export type JoinGroupResponse = ResponseOf<typeof joinGroup>;
export type JoinGroupResponseInput = ResponseInput<typeof joinGroup>;

export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  versions: '0-3',
  flexible: '4+',
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
    assignments: array(struct({ memberId: string(), assignment: bytes() })),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    assignment: bytes(),
  },
});

export type SyncGroupRequest = RequestOf<typeof syncGroup>;
export type SyncGroupResponse = ResponseOf<typeof syncGroup>;
export type SyncGroupResponseInput = ResponseInput<typeof syncGroup>;

export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  versions: '0-3',
  flexible: '4+',
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
  },
});

export type HeartbeatRequest = RequestOf<typeof heartbeat>;
export type HeartbeatResponse = ResponseOf<typeof heartbeat>;
export type HeartbeatResponseInput = ResponseInput<typeof heartbeat>;

/** One member up to version 2, several from version 3. */
export const leaveGroup = api({
  key: 13,
  name: 'LeaveGroup',
  versions: '0-3',
  flexible: '4+',
  request: {
    groupId: string(),
    memberId: string({ versions: '0-2' }),
    members: array(
      struct({ memberId: string(), groupInstanceId: string({ nullable: '3+', default: null }) }),
      { versions: '3+' },
    ),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    members: array(
      struct({ memberId: string(), groupInstanceId: string({ nullable: '3+' }), errorCode: int16() }),
      { versions: '3+' },
    ),
  },
});

export type LeaveGroupRequest = RequestOf<typeof leaveGroup>;
export type LeaveGroupResponse = ResponseOf<typeof leaveGroup>;
export type LeaveGroupResponseInput = ResponseInput<typeof leaveGroup>;

export const describeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  versions: '0-4',
  flexible: '5+',
  request: {
    groups: array(string()),
    includeAuthorizedOperations: boolean({ versions: '3+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    groups: array(
      struct({
        errorCode: int16(),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array(
          struct({
            memberId: string(),
            groupInstanceId: string({ versions: '4+', nullable: '4+', default: null, ignorable: true }),
            clientId: string(),
            clientHost: string(),
            memberMetadata: bytes(),
            memberAssignment: bytes(),
          }),
        ),
        authorizedOperations: int32({ versions: '3+', default: NO_AUTHORIZED_OPERATIONS }),
      }),
    ),
  },
});

export type DescribeGroupsRequest = RequestOf<typeof describeGroups>;
export type DescribeGroupsResponse = ResponseOf<typeof describeGroups>;
export type DescribeGroupsResponseInput = ResponseInput<typeof describeGroups>;

export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: '0-2',
  flexible: '3+',
  request: {},
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    groups: array(struct({ groupId: string(), protocolType: string() })),
  },
});

export type ListGroupsRequest = RequestOf<typeof listGroups>;
export type ListGroupsResponse = ResponseOf<typeof listGroups>;
export type ListGroupsResponseInput = ResponseInput<typeof listGroups>;

export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: '0-1',
  flexible: '2+',
  request: { groupsNames: array(string()) },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array(struct({ groupId: string(), errorCode: int16() })),
  },
});

export type DeleteGroupsRequest = RequestOf<typeof deleteGroups>;
export type DeleteGroupsResponse = ResponseOf<typeof deleteGroups>;
export type DeleteGroupsResponseInput = ResponseInput<typeof deleteGroups>;
