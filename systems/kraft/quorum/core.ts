/**
 * One node of a KRaft quorum as a state machine: inputs in, effects out, and nothing else. No promise, clock, timer or
 * socket; time comes with each input, randomness from the function that it was given.
 *
 *     const core = new QuorumCore({ nodeId: 1, voters: [one], … }, recovered, nowMs);
 *     core.tick(laterMs);              // effects: an epoch and a vote to persist, …
 *     core.stored(laterMs, 1);         // durable: node 1 leads, and appends a LeaderChange record
 *     for (const effect of core.takeEffects()) perform(effect);
 *
 * Every call changes the state and leaves effects, to be performed in order. `invariants()` says whether the state is
 * possible at all. Observers are nodes that are not among the voters. Not here: observers that make themselves voters, the
 * check of a new voter's kraft.version, and the linger of appends, which is the driver's.
 */
import type { Effect, RequestToken } from './effects.ts';
import { ERROR } from './errors.ts';
import {
  onBeginQuorumEpoch,
  onEndQuorumEpoch,
  onEpochResponse,
  onVote,
  onVoteResponse,
  pollCandidate,
  pollProspective,
  pollResigned,
  pollUnattached,
  unrecordedVoters,
} from './election.ts';
import { onFetch, onFetchSnapshot, wakeParked } from './fetches.ts';
import {
  fetchFromAnyVoter,
  onFetchResponse,
  onFetchSnapshotError,
  onFetchSnapshotResponse,
  onRefused,
  onSnapshotStored,
  pollFollower,
} from './follower.ts';
import { checkInvariants, nothingSeen } from './invariants.ts';
import type { Batch } from './leader.ts';
import { appendBatches, becomeLeader, describeQuorum, pollLeader } from './leader.ts';
import type { LogIndex } from './log-index.ts';
import { onVoterChange, pollVoterChange } from './membership.ts';
import type { OffsetAndEpoch, Request, Response, Voter } from './messages.ts';
import type { StateName } from './rules.ts';
import type { CoreConfig, Recovered, StoredSnapshot } from './state-types.ts';
import { CoreState, prefixHash } from './state.ts';
import { start } from './start.ts';
import { learn } from './transitions.ts';

/** Changes of state that one input may bring about, one after the other. */
const MAX_TRANSITIONS = 16;

export interface QuorumStatus {
  readonly state: StateName;
  readonly epoch: number;
  readonly leaderId: number | null;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly durableEndOffset: number;
  readonly snapshotId: OffsetAndEpoch | null;
  readonly voters: readonly Voter[];
  readonly kraftVersion: number;
  readonly isVoter: boolean;
}

export class QuorumCore {
  private readonly s: CoreState;
  private readonly seen = nothingSeen();

  /** @param nowMs - monotonic milliseconds, as everywhere */
  constructor(config: CoreConfig, recovered: Recovered, nowMs: number) {
    this.s = new CoreState(config, recovered);
    this.s.nowMs = nowMs;
    start(this.s, recovered);
    this.poll();
  }

  /** The effects since the last call, in order. The caller owns them. */
  takeEffects(): Effect[] {
    const { effects } = this.s;
    if (effects.length > 0) this.s.effects = [];
    return effects;
  }

  /** When {@link tick} is due next; an early tick does nothing. Infinity while only messages and the disk matter. */
  get deadlineMs(): number {
    const { s } = this;
    const { state, peers, nowMs } = s;
    switch (state.name) {
      case 'unattached':
        return s.mayStand ? state.electionDeadlineMs : peers.nextMs(s.knownNodes, nowMs);
      case 'prospective':
        return Math.min(state.electionDeadlineMs, peers.nextMs(unrecordedVoters(s, state), nowMs));
      case 'candidate':
        if (state.wonWrite !== null) return Infinity;
        if (state.backoffUntilMs !== null) return state.backoffUntilMs;
        return Math.min(state.electionDeadlineMs, peers.nextMs(unrecordedVoters(s, state), nowMs));
      case 'follower': {
        const retry = peers.nextMs(s.knownNodes, nowMs);
        return !s.mayStand && nowMs >= state.fetchDeadlineMs ? retry : Math.min(state.fetchDeadlineMs, retry);
      }
      case 'resigned':
        return Math.min(state.electionDeadlineMs, peers.nextMs(state.unacknowledged, nowMs));
      case 'leader': {
        let next = Math.min(state.beginDeadlineMs, state.change?.deadlineMs ?? Infinity);
        if (s.otherVoters.length > 0 && state.checkQuorumDeadlineMs > nowMs) {
          next = Math.min(next, state.checkQuorumDeadlineMs);
        }
        for (const { deadlineMs } of state.parked) next = Math.min(next, deadlineMs);
        return next;
      }
    }
  }

  tick(nowMs: number): void {
    this.s.nowMs = nowMs;
    this.poll();
  }

  /** A request. It is answered by one `respond` effect, sooner or later. */
  receiveRequest(nowMs: number, token: RequestToken, request: Request): void {
    const { s } = this;
    s.nowMs = nowMs;
    this.dispatch(token, request);
    this.poll();
  }

  private dispatch(token: RequestToken, request: Request): void {
    const { s } = this;
    switch (request.api) {
      case 'vote':
        return onVote(s, token, request);
      case 'begin-quorum-epoch':
        return onBeginQuorumEpoch(s, token, request);
      case 'end-quorum-epoch':
        return onEndQuorumEpoch(s, token, request);
      case 'fetch':
        return onFetch(s, token, request);
      case 'fetch-snapshot':
        return onFetchSnapshot(s, token, request);
      case 'describe-quorum':
        return describeQuorum(s, token);
      default:
        return onVoterChange(s, token, request);
    }
  }

  /**
   * The answer to a `request` effect of this boot: correlation ids begin anew with each, as connections do. One that nobody
   * waits for any more is nothing.
   */
  receiveResponse(nowMs: number, from: number, correlationId: number, response: Response): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.peers.finish(from, correlationId) && !this.handleCommon(from, response)) {
      if (response.api === 'vote') onVoteResponse(s, from, response);
      else if (response.api === 'fetch') onFetchResponse(s, from, response);
      else if (response.api === 'fetch-snapshot') onFetchSnapshotResponse(s, from, response);
      else if (response.api === 'begin-quorum-epoch' || response.api === 'end-quorum-epoch') {
        onEpochResponse(s, from, response);
      }
    }
    this.poll();
  }

  /** What every response tells: the epoch, its leader, an error. @returns whether there is nothing more in it */
  private handleCommon(from: number, response: Response): boolean {
    const { s } = this;
    const { leaderId, leaderEpoch } = 'currentLeader' in response ? response.currentLeader : response;
    const { errorCode } = response;
    if (response.api === 'fetch-snapshot') onFetchSnapshotError(s, errorCode);
    if (errorCode !== ERROR.none) s.peers.backOff(from, s.nowMs);
    if (leaderEpoch < s.epoch || errorCode === ERROR.unknownLeaderEpoch) return true;
    const isStale = leaderEpoch > s.epoch;
    learn(s, leaderEpoch, leaderId);
    return isStale || errorCode !== ERROR.none;
  }

  /** A request could not be sent, or its connection was lost: it is tried again after a while. */
  requestFailed(nowMs: number, to: number, correlationId: number): void {
    this.s.nowMs = nowMs;
    this.s.peers.fail(to, correlationId, nowMs);
    this.poll();
  }

  /** As {@link requestFailed}, and that node is down: nobody listens where it is reached. */
  requestRefused(nowMs: number, to: number, correlationId: number): void {
    this.s.nowMs = nowMs;
    if (this.s.peers.fail(to, correlationId, nowMs)) onRefused(this.s, to);
    this.poll();
  }

  /** Everything up to this write is durable. */
  stored(nowMs: number, write: number): void {
    this.s.nowMs = nowMs;
    this.s.completeWrites(write);
    this.poll();
  }

  /** A snapshot that was to be stored is durable. */
  snapshotStored(nowMs: number, snapshot: StoredSnapshot): void {
    this.s.nowMs = nowMs;
    onSnapshotStored(this.s, snapshot);
    this.poll();
  }

  /** The bytes of a snapshot that was to be stored are none: the next fetch tells anew what there is. */
  snapshotRefused(nowMs: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.state.name === 'follower') s.state.fetchingSnapshot = null;
    this.poll();
  }

  /** What a snapshot up to this offset must say of itself and the voters. The offset is that of a batch's end, applied. */
  snapshotContext(endOffset: number): Omit<StoredSnapshot, 'size' | 'stateHash'> {
    const { log, voters } = this.s;
    return { snapshotId: { endOffset, epoch: log.epochAt(endOffset - 1) ?? 0 }, ...voters.at(endOffset) };
  }

  /** The driver's own snapshot is durable. */
  snapshotTaken(snapshot: StoredSnapshot): void {
    const { s } = this;
    const { snapshotId, stateHash } = snapshot;
    if (snapshotId.endOffset <= (s.snapshot?.snapshotId.endOffset ?? 0)) return;
    s.snapshot = snapshot;
    s.trace({
      kind: 'snapshot',
      source: 'taken',
      index: snapshotId.endOffset,
      term: snapshotId.epoch,
      prefixHash: prefixHash(snapshotId),
      stateHash,
    });
  }

  /** The driver wants to delete old records before this offset, by size or age; a `delete-prefix` says what may go. */
  cleanLog(nowMs: number, wantedStartOffset: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    const snapshotId = s.snapshot?.snapshotId ?? null;
    const logStartOffset = s.rules.deletableEndOffset(wantedStartOffset, snapshotId, s.highWatermark);
    if (logStartOffset > s.log.startOffset) {
      s.log.deletePrefix(logStartOffset);
      s.effects.push({ kind: 'delete-prefix', logStartOffset });
    }
    this.poll();
  }

  /** @returns the offset of each batch, or null where this node does not lead */
  append(nowMs: number, batches: readonly Batch[]): number[] | null {
    this.s.nowMs = nowMs;
    const offsets = appendBatches(this.s, batches);
    this.poll();
    return offsets;
  }

  /** The driver applied everything before this offset. */
  applied(offset: number, stateHash?: number): void {
    this.s.appliedOffset = offset;
    this.s.trace({ kind: 'apply', index: offset, ...(stateHash === undefined ? {} : { stateHash }) });
  }

  /** A leader that stops in good order says so, and the best of the others takes over. */
  resign(nowMs: number): void {
    const { s } = this;
    s.nowMs = nowMs;
    if (s.state.name === 'leader') s.state.resignRequested = true;
    this.poll();
  }

  /** The log, to look at. */
  get log(): Pick<LogIndex, 'startOffset' | 'endOffset' | 'lastEpoch' | 'epochAt'> {
    return this.s.log;
  }

  /** Of the last Voters record in the log; -1 where the voters come from elsewhere. */
  get votersOffset(): number {
    return this.s.voters.latestOffset;
  }

  status(): QuorumStatus {
    const { s } = this;
    return {
      state: s.stateName,
      epoch: s.epoch,
      leaderId: s.leaderId,
      highWatermark: s.highWatermark,
      logStartOffset: s.log.startOffset,
      logEndOffset: s.log.endOffset,
      durableEndOffset: s.durableEndOffset,
      snapshotId: s.snapshot?.snapshotId ?? null,
      voters: s.voters.latest,
      kraftVersion: s.voters.kraftVersion,
      isVoter: s.isVoter,
    };
  }

  /** @throws Error with a sentence when the state is impossible; costs a few comparisons */
  invariants(): void {
    checkInvariants(this.s, this.seen);
  }

  /** Does what is due in this state, and in the next, until nothing is. */
  private poll(): void {
    const { s } = this;
    for (let i = 0; i < MAX_TRANSITIONS && !s.crashed; i++) {
      const { state, effects } = s;
      const before = effects.length;
      this.pollState();
      if (s.state === state && (s.effects.length === before || state.name !== 'leader')) return;
    }
  }

  private pollState(): void {
    const { s } = this;
    switch (s.state.name) {
      case 'unattached':
        if (s.mayStand) pollUnattached(s);
        else fetchFromAnyVoter(s);
        return;
      case 'prospective':
        return pollProspective(s);
      case 'candidate':
        return pollCandidate(s, becomeLeader);
      case 'leader':
        return pollLeader(s, wakeParked, pollVoterChange);
      case 'follower':
        return pollFollower(s);
      case 'resigned':
        return pollResigned(s);
    }
  }
}
