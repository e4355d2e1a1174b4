/** What a node is made of: what it is told at the beginning, what its disk says, and the states that it can be in. */
import type { LeaderState } from './leader-state.ts';
import type { ControlRecord, Endpoint, Entry, OffsetAndEpoch, ReplicaKey, Voter } from './messages.ts';
import type { QuorumOptions } from './options.ts';
import type { Rules } from './rules.ts';
import type { QuorumStateData } from './effects.ts';

/** A snapshot on the disk, with what it says of the voters. */
export interface StoredSnapshot {
  readonly snapshotId: OffsetAndEpoch;
  readonly size: number;
  readonly kraftVersion: number;
  readonly voters: readonly Voter[];
  /** Of the state in it, for the trace: the same for the same state. */
  readonly stateHash: number;
}

/** What a node found on its disk. */
export interface Recovered {
  readonly quorumState: QuorumStateData;
  /** The latest. */
  readonly snapshot: StoredSnapshot | null;
  /** Of the first record in the log; the snapshot's end where there is none. */
  readonly logStartOffset: number;
  /** Of the record before that one; 0 where there never was one. */
  readonly logStartEpoch: number;
  /** All batches of the log: their places, epochs, hashes and control records; payloads may be missing. */
  readonly entries: readonly Entry[];
}

export interface CoreConfig {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly directoryId: string | null;
  /** `controller.quorum.voters`, or the voters that a cluster with kraft.version 1 was formatted with. */
  readonly voters: readonly Voter[];
  readonly kraftVersion: number;
  /** Of nodes that it may ask who leads, beside the voters that it knows: `controller.quorum.bootstrap.servers`. */
  readonly bootstrapIds?: readonly number[];
  readonly listeners: readonly Endpoint[];
  readonly options: QuorumOptions;
  readonly rules: Rules;
  /** Uniform in [0, 1): for timeouts and backoffs. */
  readonly random: () => number;
  /** The bytes of a control batch, and their hash. */
  readonly encodeControls: (controls: readonly ControlRecord[]) => {
    readonly payload: unknown;
    readonly hash: number;
  };
  /** Whether the trace names the entries that are appended and recovered; false: the driver tells of them itself. */
  readonly tracesEntries?: boolean;
  /** In a group that never elected anybody this voter stands at once, and the others leave it the time. */
  readonly standsFirst?: boolean;
  /** What the trace calls a node. */
  readonly nameOf: (nodeId: number) => string;
}

/** Who answered an election, this node included. */
export interface Ballot {
  readonly granted: Set<number>;
  readonly rejected: Set<number>;
}

export type EpochState =
  | { readonly name: 'unattached'; electionDeadlineMs: number }
  | ({ readonly name: 'prospective'; readonly electionDeadlineMs: number } & Ballot)
  | ({
      readonly name: 'candidate';
      readonly electionDeadlineMs: number;
      /** After a lost election: when to try again. */
      backoffUntilMs: number | null;
      /** The write of its own vote. */
      readonly voteWrite: number;
      voteTraced: boolean;
      /** Won: the write that says so. It leads when that is durable. */
      wonWrite: number | null;
    } & Ballot)
  | LeaderState
  | {
      readonly name: 'follower';
      fetchDeadlineMs: number;
      fetchedFromLeader: boolean;
      fetchingSnapshot: FetchingSnapshot | null;
    }
  | {
      readonly name: 'resigned';
      readonly electionDeadlineMs: number;
      readonly unacknowledged: Set<number>;
      readonly preferredCandidates: readonly ReplicaKey[];
    };

export interface FetchingSnapshot {
  readonly snapshotId: OffsetAndEpoch;
  position: number;
  /** All bytes have come; the driver is making it durable. */
  storing: boolean;
}
