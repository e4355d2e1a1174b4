/**
 * Changing the voters (KIP-853): one at a time, by a Voters record that counts from the moment that it is in the log.
 *
 * A new voter first catches up as an observer, for as long as its request allows. A leader may remove itself: it goes on,
 * without a vote of its own, until that is committed, and then resigns.
 */
import { hasOtherCluster } from './answers.ts';
import type { RequestToken } from './effects.ts';
import { ERROR } from './errors.ts';
import type { LeaderState, PendingVoterChange } from './leader-state.ts';
import { appendControls } from './leader.ts';
import type { AddVoterRequest, RemoveVoterRequest, UpdateVoterRequest, Voter } from './messages.ts';
import type { CoreState } from './state.ts';
import { findVoter, keyOf, sameReplica, withoutVoter, withVoter } from './voters.ts';

type ChangeRequest = AddVoterRequest | RemoveVoterRequest | UpdateVoterRequest;

function answer(
  s: CoreState,
  token: RequestToken,
  api: ChangeRequest['api'],
  errorCode: number,
  message: string | null,
): void {
  s.respondInEpoch(token, { api, errorCode, errorMessage: message, currentLeader: s.currentLeader });
}

export function onVoterChange(s: CoreState, token: RequestToken, request: ChangeRequest): void {
  const leader = s.state;
  const refuse = (errorCode: number, message: string): void =>
    answer(s, token, request.api, errorCode, message);
  if (hasOtherCluster(s, request.clusterId)) return refuse(ERROR.inconsistentClusterId, 'another cluster');
  if (leader.name !== 'leader') return refuse(ERROR.notLeaderOrFollower, 'this node does not lead');
  if (request.api === 'update-voter') {
    if (request.currentLeaderEpoch < s.epoch) return refuse(ERROR.fencedLeaderEpoch, 'an epoch that is over');
    if (request.currentLeaderEpoch > s.epoch) return refuse(ERROR.unknownLeaderEpoch, 'an epoch to come');
  }
  if (s.voters.kraftVersion < 1)
    return refuse(ERROR.unsupportedVersion, 'kraft.version is 0: the voters are static');
  if (!mayChange(s, leader)) {
    return refuse(
      ERROR.requestTimedOut,
      'another change of the voters is under way, or the epoch has just begun',
    );
  }
  const key = { id: request.voterId, directoryId: request.voterDirectoryId };
  const known = s.voters.latest.find(({ voterId }) => voterId === key.id);
  if (request.api === 'add-voter') {
    if (known !== undefined) return refuse(ERROR.duplicateVoter, `node ${key.id} is a voter`);
    const { listeners, timeoutMs } = request;
    const voter = { voterId: key.id, voterDirectoryId: key.directoryId, listeners };
    leader.change = { kind: 'add-voter', token, voter, deadlineMs: s.nowMs + timeoutMs, offset: null };
    pollVoterChange(s, leader);
    return;
  }
  if (known === undefined || !sameReplica(keyOf(known), key)) {
    return refuse(ERROR.voterNotFound, `node ${key.id} with that directory is no voter`);
  }
  if (request.api === 'remove-voter') {
    if (s.voters.latest.length === 1) return refuse(ERROR.invalidRequest, 'it is the only voter');
    const offset = appendVoters(s, withoutVoter(s.voters.latest, key));
    const deadlineMs = s.nowMs + s.options.requestTimeoutMs;
    leader.change = { kind: 'remove-voter', token, offset, deadlineMs };
    return;
  }
  const updated = { voterId: key.id, voterDirectoryId: key.directoryId, listeners: request.listeners };
  appendVoters(s, withVoter(withoutVoter(s.voters.latest, key), updated));
  answer(s, token, request.api, ERROR.none, null);
}

const mayChange = (s: CoreState, { highWatermark, change }: LeaderState): boolean =>
  s.rules.mayChangeVoters({
    highWatermark,
    lastVotersOffset: s.voters.latestOffset,
    changePending: change !== null,
  });

const appendVoters = (s: CoreState, voters: readonly Voter[]): number =>
  appendControls(s, [{ type: 'voters', voters }]);

/** Goes on with the change under way: its voter caught up, its record was committed, or its time is up. */
export function pollVoterChange(s: CoreState, leader: LeaderState): void {
  const { change } = leader;
  if (change === null) return;
  const { offset } = change;
  if (offset !== null && offset < (leader.highWatermark ?? 0)) {
    answer(s, change.token, change.kind, ERROR.none, null);
    leader.change = null;
  } else if (s.nowMs >= change.deadlineMs) {
    answer(s, change.token, change.kind, ERROR.requestTimedOut, waitsFor(change));
    leader.change = null;
  } else if (change.kind === 'add-voter' && offset === null && hasCaughtUp(s, leader, change.voter)) {
    // A remnant of an earlier leader's change may have been there all the time.
    if (findVoter(s.voters.latest, keyOf(change.voter)) === undefined) {
      change.offset = appendVoters(s, withVoter(s.voters.latest, change.voter));
    }
  }
}

const waitsFor = ({ offset }: PendingVoterChange): string =>
  offset === null
    ? 'the new voter did not catch up in time'
    : 'the change was not committed in time; it may yet be';

function hasCaughtUp(s: CoreState, leader: LeaderState, voter: Voter): boolean {
  const progress = leader.replicas.find(({ key }) => sameReplica(keyOf(voter), key));
  if (progress === undefined) return false;
  const since = s.nowMs - progress.lastFetchMs;
  const { endOffset, lastCaughtUpMs, leaderEndAtLastFetch } = progress;
  // Once it was caught up it counts as such, as long as it goes on fetching.
  const target = lastCaughtUpMs > -Infinity ? 0 : leaderEndAtLastFetch;
  return s.rules.isCaughtUp(endOffset, target, since, s.options.caughtUpWithinMs);
}
