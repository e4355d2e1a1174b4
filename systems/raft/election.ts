/**
 * Elections: PreVote, votes, and who may disregard them (dissertation, sections 3.4, 4.2.3 and 9.6).
 */
import type { VoteReply, VoteRequest } from './messages.ts';
import { becomeLeader } from './leader.ts';
import { hasMajority, isVoter } from './quorum.ts';
import type { CoreState } from './state.ts';

/** The election timeout passed. */
export function electionTick(s: CoreState): void {
  if (!isVoter(s.configuration, s.name)) {
    s.chooseElectionTimeout();
    return;
  }
  if (s.options.preVote) askForPreVotes(s);
  else campaign(s);
}

/** Asks whether an election could be won; raises no term and writes nothing. */
function askForPreVotes(s: CoreState): void {
  s.role = 'pre-candidate';
  s.leader = null;
  s.chooseElectionTimeout();
  s.traceRole();
  s.votes.clear();
  s.votes.add(s.name);
  const { lastIndex, lastTerm } = s.log;
  for (const peer of s.peers()) s.send(peer, { kind: 'pre-vote', term: s.term + 1, lastIndex, lastTerm });
  countVotes(s);
}

/** Raises the term and asks for votes, once its own vote is durable. */
export function campaign(s: CoreState): void {
  s.role = 'candidate';
  s.leader = null;
  s.chooseElectionTimeout();
  s.enterTerm(s.term + 1, s.name);
  s.traceRole();
  s.votes.clear();
  s.after(s.hardStateWrite, { kind: 'trace', event: { kind: 'vote', term: s.term, candidate: s.name } });
  const { lastIndex, lastTerm } = s.log;
  for (const peer of s.peers()) s.sendInTerm(peer, { kind: 'vote', term: s.term, lastIndex, lastTerm });
  ownVoteStored(s);
}

/** A candidate's own vote counts when it is durable. */
export function ownVoteStored(s: CoreState): void {
  if (s.role !== 'candidate' || s.votes.has(s.name)) return;
  if (!s.rules.mayLeave(s.hardStateWrite, s.storedWrite)) return;
  s.votes.add(s.name);
  countVotes(s);
}

function countVotes(s: CoreState): void {
  if (!hasMajority(s.configuration, (node) => s.votes.has(node))) return;
  if (s.role === 'pre-candidate') campaign(s);
  else if (s.role === 'candidate') becomeLeader(s);
}

const hearsLeader = (s: CoreState): boolean =>
  s.role === 'leader' ||
  (s.leader !== null && s.rules.hearsLeader(s.now, s.lastHeardLeader, s.electionTimeoutNs));

const isUpToDate = (s: CoreState, request: VoteRequest): boolean =>
  s.rules.isLogUpToDate(request.lastTerm, request.lastIndex, s.log.lastTerm, s.log.lastIndex);

export function onPreVote(s: CoreState, from: string, request: VoteRequest): void {
  const granted = s.rules.grantPreVote(request.term, s.term, isUpToDate(s, request), hearsLeader(s));
  s.send(from, { kind: 'pre-vote-reply', term: granted ? request.term : s.term, granted });
}

export function onVote(s: CoreState, from: string, request: VoteRequest): void {
  // With a live leader, a request for votes comes from someone who lost touch.
  if (s.options.checkQuorum && request.term > s.term && hearsLeader(s)) return;
  if (request.term > s.term) s.becomeFollower(request.term, null);
  const granted = s.rules.grantVote({
    requestTerm: request.term,
    currentTerm: s.term,
    votedFor: s.votedFor,
    candidate: from,
    logUpToDate: isUpToDate(s, request),
  });
  if (granted) {
    if (s.votedFor !== from) {
      s.votedFor = from;
      s.persistHardState();
    }
    s.restartElectionTimeout();
    s.after(s.hardStateWrite, { kind: 'trace', event: { kind: 'vote', term: s.term, candidate: from } });
  }
  s.sendInTerm(from, { kind: 'vote-reply', term: s.term, granted });
}

export function onPreVoteReply(s: CoreState, from: string, reply: VoteReply): void {
  if (!reply.granted) {
    if (reply.term > s.term) s.becomeFollower(reply.term, null);
    return;
  }
  if (s.role !== 'pre-candidate' || reply.term !== s.term + 1) return;
  s.votes.add(from);
  countVotes(s);
}

export function onVoteReply(s: CoreState, from: string, reply: VoteReply): void {
  if (reply.term > s.term) {
    s.becomeFollower(reply.term, null);
    return;
  }
  if (s.role !== 'candidate' || reply.term !== s.term || !reply.granted) return;
  s.votes.add(from);
  countVotes(s);
}
