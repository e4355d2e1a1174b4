/**
 * Elections: votes and pre-votes (KIP-595, KIP-996), and what a leader says at the beginning and the end of its epoch.
 */
import { hasOtherCluster } from './answers.ts';
import type { RequestToken } from './effects.ts';
import { ERROR } from './errors.ts';
import type {
  BeginQuorumEpochRequest,
  BeginQuorumEpochResponse,
  EndQuorumEpochRequest,
  EndQuorumEpochResponse,
  VoteRequest,
  VoteResponse,
} from './messages.ts';
import type { CoreState } from './state.ts';
import type { Ballot } from './state-types.ts';
import { becomeCandidate, becomeProspective, becomeUnattached, learn, loseProspect } from './transitions.ts';
import { majorityOf, sameReplica } from './voters.ts';

/** Kafka's base of the pause after a lost election. */
const BACKOFF_BASE_MS = 100;
const BACKOFF_DOUBLINGS_MAX = 20;

// As a voter

const isMeant = (s: CoreState, id: number, directoryId: string | null): boolean =>
  id === s.nodeId &&
  (directoryId === null || s.config.directoryId === null || directoryId === s.config.directoryId);

export function onVote(s: CoreState, token: RequestToken, request: VoteRequest): void {
  const answer = (errorCode: number, voteGranted = false): void => {
    s.respondInEpoch(token, { api: 'vote', errorCode, ...s.currentLeader, voteGranted });
  };
  const { candidateEpoch, lastOffset, lastOffsetEpoch, preVote } = request;
  const lastEpochMax = preVote ? candidateEpoch : candidateEpoch - 1;
  if (hasOtherCluster(s, request.clusterId)) return answer(ERROR.inconsistentClusterId);
  if (lastOffset < 0 || lastOffsetEpoch < 0 || lastOffsetEpoch > lastEpochMax || request.candidateId < 0) {
    return answer(ERROR.invalidRequest);
  }
  if (candidateEpoch < s.epoch) return answer(ERROR.fencedLeaderEpoch);
  if (candidateEpoch > s.epoch) becomeUnattached(s, candidateEpoch);
  if (!isMeant(s, request.voterId, request.voterDirectoryId)) return answer(ERROR.invalidVoterKey);

  const candidate = { id: request.candidateId, directoryId: request.candidateDirectoryId };
  const facts = {
    state: s.state.name,
    leaderKnown: s.leaderId !== null,
    votedKey: s.votedKey,
    candidate,
    logUpToDate: s.rules.isLogUpToDate({ endOffset: lastOffset, epoch: lastOffsetEpoch }, s.logEnd),
    fetchedFromLeader: s.state.name === 'follower' && s.state.fetchedFromLeader,
  };
  if (preVote) return answer(ERROR.none, s.rules.grantPreVote(facts));
  const granted = s.rules.grantVote(facts);
  if (granted) castVote(s, candidate);
  answer(ERROR.none, granted);
}

function castVote(s: CoreState, candidate: { id: number; directoryId: string | null }): void {
  if (s.votedKey === null || !sameReplica(s.votedKey, candidate)) {
    s.votedKey = candidate;
    s.persistQuorumState();
    // Whoever gets this vote has as good a chance as we have: it gets the time for it.
    if (s.state.name === 'unattached') s.state.electionDeadlineMs = s.nowMs + s.randomElectionTimeoutMs();
  }
  s.after(s.quorumStateWrite, {
    kind: 'trace',
    event: { kind: 'vote', term: s.epoch, candidate: s.config.nameOf(candidate.id) },
  });
}

export function onBeginQuorumEpoch(
  s: CoreState,
  token: RequestToken,
  request: BeginQuorumEpochRequest,
): void {
  const answer = (errorCode: number): void => {
    s.respondInEpoch(token, { api: 'begin-quorum-epoch', errorCode, ...s.currentLeader });
  };
  if (hasOtherCluster(s, request.clusterId)) return answer(ERROR.inconsistentClusterId);
  if (request.leaderEpoch < s.epoch) return answer(ERROR.fencedLeaderEpoch);
  if (request.leaderId < 0 || request.leaderId === s.nodeId) return answer(ERROR.invalidRequest);
  learn(s, request.leaderEpoch, request.leaderId);
  answer(isMeant(s, request.voterId, request.voterDirectoryId) ? ERROR.none : ERROR.invalidVoterKey);
}

/** The leader resigned: whoever has most of the log stands at once, the others a little later. */
export function onEndQuorumEpoch(s: CoreState, token: RequestToken, request: EndQuorumEpochRequest): void {
  const answer = (errorCode: number): void => {
    s.respondInEpoch(token, { api: 'end-quorum-epoch', errorCode, ...s.currentLeader });
  };
  if (hasOtherCluster(s, request.clusterId)) return answer(ERROR.inconsistentClusterId);
  if (request.leaderEpoch < s.epoch) return answer(ERROR.fencedLeaderEpoch);
  if (request.leaderId < 0 || request.leaderId === s.nodeId) return answer(ERROR.invalidRequest);
  learn(s, request.leaderEpoch, request.leaderId);
  const { state } = s;
  if (state.name === 'follower' && s.leaderId === request.leaderId) {
    const candidates = request.preferredCandidates;
    const position = candidates.findIndex((key) => sameReplica(key, s.ownKey));
    state.fetchDeadlineMs = s.nowMs + successorBackoffMs(s, position, candidates.length);
    state.fetchedFromLeader = false;
  }
  answer(ERROR.none);
}

function successorBackoffMs(s: CoreState, position: number, count: number): number {
  const max = s.options.electionBackoffMaxMs;
  if (position === 0) return 0;
  if (position < 0) return max;
  return Math.min(max, (max / 2 ** (count - 1)) * 2 ** (position - 1));
}

// As a candidate

/** Voters whose answer is missing. */
export const unrecordedVoters = (s: CoreState, ballot: Ballot): number[] =>
  s.otherVoters
    .map(({ voterId }) => voterId)
    .filter((id) => !ballot.granted.has(id) && !ballot.rejected.has(id));

function outcome(s: CoreState, ballot: Ballot): 'won' | 'lost' | 'open' {
  const voters = s.voters.latest;
  const majority = majorityOf(voters.length);
  const granted = voters.filter(({ voterId }) => ballot.granted.has(voterId)).length;
  const rejected = voters.filter(({ voterId }) => ballot.rejected.has(voterId)).length;
  if (granted >= majority) return 'won';
  return voters.length - rejected < majority ? 'lost' : 'open';
}

function askForVotes(s: CoreState, ballot: Ballot, preVote: boolean): void {
  for (const id of unrecordedVoters(s, ballot)) {
    s.ask(id, () => ({
      api: 'vote',
      clusterId: s.config.clusterId,
      voterId: id,
      voterDirectoryId: s.otherVoters.find(({ voterId }) => voterId === id)?.voterDirectoryId ?? null,
      candidateEpoch: s.epoch,
      candidateId: s.nodeId,
      candidateDirectoryId: s.config.directoryId,
      lastOffsetEpoch: s.log.lastEpoch,
      lastOffset: s.log.endOffset,
      preVote,
    }));
  }
}

export function pollProspective(s: CoreState): void {
  const { state } = s;
  if (state.name !== 'prospective') return;
  const result = outcome(s, state);
  if (result === 'won') becomeCandidate(s);
  else if (result === 'lost' || s.nowMs >= state.electionDeadlineMs) loseProspect(s);
  else if (s.rules.mayLeave(s.quorumStateWrite, s.storedWrite)) askForVotes(s, state, true);
}

/** @param lead - called when it has won and that is durable */
export function pollCandidate(s: CoreState, lead: (s: CoreState) => void): void {
  const { state } = s;
  if (state.name !== 'candidate') return;
  if (state.wonWrite !== null) {
    if (s.rules.mayLeave(state.wonWrite, s.storedWrite)) lead(s);
    return;
  }
  if (state.backoffUntilMs !== null) {
    if (s.nowMs >= state.backoffUntilMs) becomeProspective(s);
    return;
  }
  // Its own vote, and the log that it stands on, are durable before anyone is asked.
  if (s.rules.mayLeave(state.voteWrite, s.storedWrite) && !state.voteTraced) {
    state.voteTraced = true;
    state.granted.add(s.nodeId);
    s.trace({ kind: 'vote', term: s.epoch, candidate: s.config.nameOf(s.nodeId) });
  }
  const result = outcome(s, state);
  if (result === 'won') {
    s.persistQuorumState(s.nodeId);
    state.wonWrite = s.quorumStateWrite;
  } else if (result === 'lost' || s.nowMs >= state.electionDeadlineMs) {
    state.backoffUntilMs = s.nowMs + electionBackoffMs(s);
  } else if (state.voteTraced) {
    askForVotes(s, state, false);
  }
}

/** Uniform below a bound that doubles. Kafka draws whole multiples of the base, in which candidates meet again and again. */
function electionBackoffMs(s: CoreState): number {
  const doublings = Math.min(BACKOFF_DOUBLINGS_MAX, s.electionRetries);
  return s.config.random() * Math.min(s.options.electionBackoffMaxMs, BACKOFF_BASE_MS * 2 ** doublings);
}

export function onVoteResponse(s: CoreState, from: number, response: VoteResponse): void {
  const { state } = s;
  if (state.name !== 'prospective' && state.name !== 'candidate') return;
  if (response.voteGranted) state.granted.add(from);
  else state.rejected.add(from);
}

export function pollUnattached(s: CoreState): void {
  if (s.state.name !== 'unattached' || !s.mayStand) return;
  if (s.nowMs >= s.state.electionDeadlineMs || s.isOnlyVoter) becomeProspective(s);
}

// As a leader that has gone

export function pollResigned(s: CoreState): void {
  const { state } = s;
  if (state.name !== 'resigned') return;
  if (s.nowMs >= state.electionDeadlineMs || s.isOnlyVoter) {
    becomeUnattached(s, s.rules.epochAfterResigned(s.epoch));
    return;
  }
  for (const id of state.unacknowledged) {
    s.ask(id, () => ({
      api: 'end-quorum-epoch',
      clusterId: s.config.clusterId,
      leaderId: s.nodeId,
      leaderEpoch: s.epoch,
      preferredCandidates: state.preferredCandidates,
      leaderEndpoints: s.config.listeners,
    }));
  }
}

export function onEpochResponse(
  s: CoreState,
  from: number,
  response: BeginQuorumEpochResponse | EndQuorumEpochResponse,
): void {
  if (response.api === 'end-quorum-epoch' && s.state.name === 'resigned') s.state.unacknowledged.delete(from);
}
