/** What a leader keeps: how far each replica is, who fetched lately, fetches that wait, the voter change under way. */
import type { RequestToken } from './effects.ts';
import type { FetchRequest, ReplicaKey, Voter } from './messages.ts';

/** A voter or an observer, as its fetches show it; not the leader itself. */
export interface ReplicaProgress {
  readonly key: ReplicaKey;
  /** Of its last valid fetch: all before is durable there. */
  endOffset: number;
  lastFetchMs: number;
  /** The end of the leader's log at its last fetch. */
  leaderEndAtLastFetch: number;
  /** When it last had all that the leader had; -Infinity for never. */
  lastCaughtUpMs: number;
}

/** A fetch with nothing to answer yet. */
export interface ParkedFetch {
  readonly token: RequestToken;
  readonly request: FetchRequest;
  readonly deadlineMs: number;
}

export type PendingVoterChange =
  | {
      readonly kind: 'add-voter';
      readonly token: RequestToken;
      readonly voter: Voter;
      readonly deadlineMs: number;
      /** Of the record; null while the new voter catches up. */
      offset: number | null;
    }
  | {
      readonly kind: 'remove-voter';
      readonly token: RequestToken;
      readonly deadlineMs: number;
      readonly offset: number;
    };

export interface LeaderState {
  readonly name: 'leader';
  readonly epochStartOffset: number;
  /** Made in this epoch: null until a record of it is committed. */
  highWatermark: number | null;
  readonly replicas: ReplicaProgress[];
  readonly parked: ParkedFetch[];
  /** Voters that fetched since the check-quorum timer was last set. */
  readonly fetchedVoters: Set<number>;
  checkQuorumDeadlineMs: number;
  /** When those that do not fetch are told again who leads. */
  beginDeadlineMs: number;
  change: PendingVoterChange | null;
  resignRequested: boolean;
}
