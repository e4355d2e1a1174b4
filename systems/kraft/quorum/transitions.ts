/**
 * From one state to the next (KIP-595 and KIP-996; the table is in Kafka's QuorumState):
 *
 *     unattached  → prospective   its election timeout passed
 *     prospective → candidate     a majority would vote for it
 *     prospective → follower, unattached   it would lose, or nobody answered
 *     candidate   → leader        a majority voted, and that is durable
 *     candidate   → prospective   it lost, and waited
 *     follower    → prospective   it could not fetch for a fetch timeout
 *     leader      → resigned      no majority fetches; it was removed; it was asked to
 *     resigned    → unattached    in the next epoch, its election timeout passed
 *     any         → unattached, follower   a later epoch, or the leader of this one, is heard of
 *
 * Observers are unattached or followers.
 */
import { ERROR } from './errors.ts';
import { fetchError } from './answers.ts';
import type { CoreState } from './state.ts';

/** A leader that leads no more: those who wait for it ask elsewhere. */
function leave(s: CoreState): void {
  const { state } = s;
  if (state.name !== 'leader') return;
  for (const { token } of state.parked) s.respondInEpoch(token, fetchError(s, ERROR.notLeaderOrFollower));
  state.parked.length = 0;
  if (state.change !== null) {
    s.respondInEpoch(state.change.token, {
      api: state.change.kind,
      errorCode: ERROR.unknownServerError,
      errorMessage: 'the leader resigned; the change may yet happen',
      currentLeader: s.currentLeader,
    });
    state.change = null;
  }
}

function enterEpoch(s: CoreState, epoch: number, leaderId: number | null): void {
  const changed = epoch !== s.epoch || leaderId !== s.leaderId;
  if (epoch > s.epoch) s.votedKey = null;
  s.epoch = epoch;
  s.leaderId = leaderId;
  if (changed) s.persistQuorumState();
}

/** No leader is known; what remains of a wait for an election goes on. */
export function becomeUnattached(s: CoreState, epoch: number): void {
  const { state } = s;
  const waits = state.name === 'unattached' || state.name === 'prospective' || state.name === 'candidate';
  const electionDeadlineMs =
    waits && state.electionDeadlineMs > s.nowMs
      ? state.electionDeadlineMs
      : s.nowMs + s.randomElectionTimeoutMs();
  enterEpoch(s, epoch, null);
  leave(s);
  s.become({ name: 'unattached', electionDeadlineMs });
}

export function becomeFollower(s: CoreState, epoch: number, leaderId: number): void {
  enterEpoch(s, epoch, leaderId);
  leave(s);
  s.electionRetries = 0;
  s.become({
    name: 'follower',
    fetchDeadlineMs: s.nowMs + s.options.fetchTimeoutMs,
    fetchedFromLeader: false,
    fetchingSnapshot: null,
  });
}

/** Asks whether it could win before it disturbs anyone: epoch, leader and vote stay. */
export function becomeProspective(s: CoreState): void {
  s.become({
    name: 'prospective',
    electionDeadlineMs: s.nowMs + s.randomElectionTimeoutMs(),
    granted: new Set([s.nodeId]),
    rejected: new Set(),
  });
}

/** It would not win now. */
export function loseProspect(s: CoreState): void {
  if (s.leaderId !== null) {
    becomeFollower(s, s.epoch, s.leaderId);
  } else {
    s.become({ name: 'unattached', electionDeadlineMs: s.nowMs + s.randomElectionTimeoutMs() });
  }
}

export function becomeCandidate(s: CoreState): void {
  s.epoch++;
  s.leaderId = null;
  s.votedKey = s.ownKey;
  s.electionRetries++;
  s.persistQuorumState();
  standForElection(s);
}

/** Also after a restart, in the epoch in which it voted for itself. */
export function standForElection(s: CoreState): void {
  s.become({
    name: 'candidate',
    electionDeadlineMs: s.nowMs + s.randomElectionTimeoutMs(),
    backoffUntilMs: null,
    voteWrite: s.quorumStateWrite,
    voteTraced: false,
    wonWrite: null,
    granted: new Set(),
    rejected: new Set(),
  });
}

/** It leads no more in this epoch, and nobody else does. */
export function becomeResigned(s: CoreState): void {
  const { state } = s;
  const ends = new Map(
    state.name === 'leader' ? state.replicas.map(({ key, endOffset }) => [key.id, endOffset]) : [],
  );
  const endOf = (id: number): number => ends.get(id) ?? -1;
  const preferredCandidates = s.otherVoters
    .map(({ voterId, voterDirectoryId }) => ({ id: voterId, directoryId: voterDirectoryId }))
    .sort((a, b) => endOf(b.id) - endOf(a.id) || a.id - b.id);
  leave(s);
  s.become({
    name: 'resigned',
    electionDeadlineMs: s.nowMs + s.randomElectionTimeoutMs(),
    unacknowledged: new Set(s.otherVoters.map(({ voterId }) => voterId)),
    preferredCandidates,
  });
}

/** A request or a response tells of an epoch, and perhaps of its leader. */
export function learn(s: CoreState, epoch: number, leaderId: number): void {
  const leader = leaderId < 0 || leaderId === s.nodeId ? null : leaderId;
  if (epoch > s.epoch) {
    if (leader === null) becomeUnattached(s, epoch);
    else becomeFollower(s, epoch, leader);
  } else if (epoch === s.epoch && leader !== null) {
    if (s.leaderId === null) becomeFollower(s, epoch, leader);
    else if (s.leaderId !== leader) {
      s.violation ??= `epoch ${epoch} has two leaders, ${s.leaderId} and ${leader}`;
    }
  }
}
