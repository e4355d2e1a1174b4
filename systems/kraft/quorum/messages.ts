/**
 * What the members of a quorum ask each other, and the answers. The fields carry the names of Kafka's message schemas;
 * what Kafka nests below one topic and one partition (`__cluster_metadata`, 0) lies flat here, so that a driver only wraps
 * and unwraps. An error of the whole response and one of its partition are one `errorCode`.
 *
 *     { api: 'vote', clusterId: 'c', voterId: 2, candidateEpoch: 5, candidateId: 1, …, preVote: true }
 *
 * Numbers that mean "none" are Kafka's: -1 for ids, epochs and offsets. Directory ids are text, or null where none is known
 * (a static voter set; the zero UUID on the wire).
 */

/** Where a listener of a node is reached. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** A replica: its node and the directory on its disk (KIP-853). */
export interface ReplicaKey {
  readonly id: number;
  readonly directoryId: string | null;
}

export interface Voter {
  readonly voterId: number;
  readonly voterDirectoryId: string | null;
  readonly listeners: readonly Endpoint[];
}

/** Identifies a snapshot: the offset after the last record in it, and that record's epoch. */
export interface OffsetAndEpoch {
  readonly endOffset: number;
  readonly epoch: number;
}

/** Vote (52), version 2. */
export interface VoteRequest {
  readonly api: 'vote';
  readonly clusterId: string;
  readonly voterId: number;
  readonly voterDirectoryId: string | null;
  /** The epoch of the election; of a pre-vote, the sender's own. */
  readonly candidateEpoch: number;
  readonly candidateId: number;
  readonly candidateDirectoryId: string | null;
  readonly lastOffsetEpoch: number;
  /** The sender's log end offset, in spite of its name. */
  readonly lastOffset: number;
  readonly preVote: boolean;
}

export interface VoteResponse {
  readonly api: 'vote';
  readonly errorCode: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly voteGranted: boolean;
}

/** BeginQuorumEpoch (53), version 1. */
export interface BeginQuorumEpochRequest {
  readonly api: 'begin-quorum-epoch';
  readonly clusterId: string;
  readonly voterId: number;
  readonly voterDirectoryId: string | null;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly leaderEndpoints: readonly Endpoint[];
}

export interface BeginQuorumEpochResponse {
  readonly api: 'begin-quorum-epoch';
  readonly errorCode: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** EndQuorumEpoch (54), version 1. */
export interface EndQuorumEpochRequest {
  readonly api: 'end-quorum-epoch';
  readonly clusterId: string;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  /** Best first: those that have most of the log. */
  readonly preferredCandidates: readonly ReplicaKey[];
  readonly leaderEndpoints: readonly Endpoint[];
}

export interface EndQuorumEpochResponse {
  readonly api: 'end-quorum-epoch';
  readonly errorCode: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** Fetch (1), version 18 as far as a replica uses it. */
export interface FetchRequest {
  readonly api: 'fetch';
  readonly clusterId: string;
  readonly replicaId: number;
  readonly replicaDirectoryId: string | null;
  readonly currentLeaderEpoch: number;
  /** The sender's log end offset: all before it is durable there, so this is the acknowledgement. */
  readonly fetchOffset: number;
  /** The epoch of the sender's last record. */
  readonly lastFetchedEpoch: number;
  /** What the sender knows (-1: nothing): an answer that raises it need not wait for data. */
  readonly highWatermark: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

export interface FetchResponse {
  readonly api: 'fetch';
  readonly errorCode: number;
  readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number };
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** Both -1 where the logs agree. */
  readonly divergingEpoch: OffsetAndEpoch;
  /** Both -1 unless the follower must fetch that snapshot. */
  readonly snapshotId: OffsetAndEpoch;
  /** Whole batches from the fetch offset on. */
  readonly records: readonly Entry[];
}

/** FetchSnapshot (59), version 1. */
export interface FetchSnapshotRequest {
  readonly api: 'fetch-snapshot';
  readonly clusterId: string;
  readonly replicaId: number;
  readonly replicaDirectoryId: string | null;
  readonly currentLeaderEpoch: number;
  readonly snapshotId: OffsetAndEpoch;
  readonly position: number;
  readonly maxBytes: number;
}

export interface FetchSnapshotResponse {
  readonly api: 'fetch-snapshot';
  readonly errorCode: number;
  readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number };
  readonly snapshotId: OffsetAndEpoch;
  /** Of the whole snapshot, in bytes. */
  readonly size: number;
  readonly position: number;
  readonly unalignedRecords: Uint8Array;
}

/** DescribeQuorum (55), version 2. */
export interface DescribeQuorumRequest {
  readonly api: 'describe-quorum';
}

export interface DescribedReplica {
  readonly replicaId: number;
  readonly replicaDirectoryId: string | null;
  readonly logEndOffset: number;
  /** Milliseconds of the core's clock, which the driver turns into wall time; -1 where unknown. */
  readonly lastFetchTimestamp: number;
  readonly lastCaughtUpTimestamp: number;
}

export interface DescribeQuorumResponse {
  readonly api: 'describe-quorum';
  readonly errorCode: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly currentVoters: readonly DescribedReplica[];
  readonly observers: readonly DescribedReplica[];
  readonly nodes: readonly { readonly nodeId: number; readonly listeners: readonly Endpoint[] }[];
}

/** AddRaftVoter (80). */
export interface AddVoterRequest {
  readonly api: 'add-voter';
  readonly clusterId: string;
  readonly timeoutMs: number;
  readonly voterId: number;
  readonly voterDirectoryId: string | null;
  readonly listeners: readonly Endpoint[];
}

/** RemoveRaftVoter (81). */
export interface RemoveVoterRequest {
  readonly api: 'remove-voter';
  readonly clusterId: string;
  readonly voterId: number;
  readonly voterDirectoryId: string | null;
}

/** UpdateRaftVoter (82). */
export interface UpdateVoterRequest {
  readonly api: 'update-voter';
  readonly clusterId: string;
  readonly currentLeaderEpoch: number;
  readonly voterId: number;
  readonly voterDirectoryId: string | null;
  readonly listeners: readonly Endpoint[];
}

export interface VoterChangeResponse {
  readonly api: 'add-voter' | 'remove-voter' | 'update-voter';
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number };
}

export type Request =
  | VoteRequest
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchSnapshotRequest
  | DescribeQuorumRequest
  | AddVoterRequest
  | RemoveVoterRequest
  | UpdateVoterRequest;

export type Response =
  | VoteResponse
  | BeginQuorumEpochResponse
  | EndQuorumEpochResponse
  | FetchResponse
  | FetchSnapshotResponse
  | DescribeQuorumResponse
  | VoterChangeResponse;

/** What members ask each other by themselves; the rest comes from operators. */
export type PeerRequest =
  VoteRequest | BeginQuorumEpochRequest | EndQuorumEpochRequest | FetchRequest | FetchSnapshotRequest;

/** A control record as far as the quorum reads or writes it. */
export type ControlRecord =
  | {
      readonly type: 'leader-change';
      readonly leaderId: number;
      readonly voters: readonly number[];
      readonly grantingVoters: readonly number[];
    }
  | { readonly type: 'kraft-version'; readonly kRaftVersion: number }
  | { readonly type: 'voters'; readonly voters: readonly Voter[] };

/** One batch of the log. The core looks at its place, its epoch and its control records; the payload is the driver's. */
export interface Entry {
  /** Of its first record. */
  readonly offset: number;
  /** Records in it: it ends before `offset + count`. */
  readonly count: number;
  readonly epoch: number;
  /** Of its bytes without offset and epoch, unsigned 32 bits. */
  readonly hash: number;
  /** Empty for a batch of data. */
  readonly controls: readonly ControlRecord[];
  readonly payload: unknown;
}

export const endOffsetOf = (entry: Entry): number => entry.offset + entry.count;

/** "Neither": what the fields of a fetch response say when there is nothing to say. */
export const NO_OFFSET_AND_EPOCH: OffsetAndEpoch = { endOffset: -1, epoch: -1 };
