/**
 * What goes into the group coordinator and what comes out of it.
 *
 *     const call: GroupCall = { api: 'Heartbeat', replyTo: 7, version: 3, clientId: 'c', clientHost: '/10.0.0.1', request };
 *     // … { type: 'reply', replyTo: 7, api: 'Heartbeat', response: { errorCode: 27 } }
 *
 * Every call gets exactly one reply, at once or later.
 */
import type {
  OffsetCommitRequest,
  OffsetCommitResponseInput,
  OffsetDeleteRequest,
  OffsetDeleteResponseInput,
  OffsetFetchRequest,
  OffsetFetchResponseInput,
} from '../../wire/api/group-offsets.ts';
import type * as groups from '../../wire/api/groups.ts';
import type { TxnOffsetCommitRequest, TxnOffsetCommitResponseInput } from '../../wire/api/transactions.ts';
import type { AppendEffect } from '../coordinator-log.ts';

interface Calls {
  readonly JoinGroup: [groups.JoinGroupRequest, groups.JoinGroupResponseInput];
  readonly SyncGroup: [groups.SyncGroupRequest, groups.SyncGroupResponseInput];
  readonly Heartbeat: [groups.HeartbeatRequest, groups.HeartbeatResponseInput];
  readonly LeaveGroup: [groups.LeaveGroupRequest, groups.LeaveGroupResponseInput];
  readonly OffsetCommit: [OffsetCommitRequest, OffsetCommitResponseInput];
  readonly OffsetDelete: [OffsetDeleteRequest, OffsetDeleteResponseInput];
  readonly OffsetFetch: [OffsetFetchRequest, OffsetFetchResponseInput];
  readonly TxnOffsetCommit: [TxnOffsetCommitRequest, TxnOffsetCommitResponseInput];
  readonly DescribeGroups: [groups.DescribeGroupsRequest, groups.DescribeGroupsResponseInput];
  readonly ListGroups: [groups.ListGroupsRequest, groups.ListGroupsResponseInput];
  readonly DeleteGroups: [groups.DeleteGroupsRequest, groups.DeleteGroupsResponseInput];
}

export type GroupApi = keyof Calls;
export type RequestTo<A extends GroupApi> = Calls[A][0];
export type ResponseFrom<A extends GroupApi> = Calls[A][1];

export interface Caller {
  /** The driver's name for whoever waits for the reply. */
  readonly replyTo: number;
  /** Of the request: what a field means may depend on it. */
  readonly version: number;
  readonly clientId: string;
  readonly clientHost: string;
}

export type CallOf<A extends GroupApi> = Caller & { readonly api: A; readonly request: RequestTo<A> };
export type GroupCall = { [A in GroupApi]: CallOf<A> }[GroupApi];

export type GroupReply = {
  [A in GroupApi]: {
    readonly type: 'reply';
    readonly replyTo: number;
    readonly api: A;
    readonly response: ResponseFrom<A>;
  };
}[GroupApi];

export type GroupEffect = GroupReply | AppendEffect;
