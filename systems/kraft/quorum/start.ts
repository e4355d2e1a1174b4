/** How a node begins: from what its disk says (KIP-595, "initialize"). */
import type { Entry } from './messages.ts';
import { becomeLeader } from './leader.ts';
import type { CoreState } from './state.ts';
import type { Recovered, StoredSnapshot } from './state-types.ts';
import { becomeResigned, standForElection } from './transitions.ts';

export function start(s: CoreState, recovered: Recovered): void {
  const { quorumState, entries, snapshot } = recovered;
  // A log of a later epoch than quorum-state names: that file is older, and what it says of votes is void.
  const isCurrent = quorumState.leaderEpoch >= s.log.lastEpoch;
  s.epoch = isCurrent ? quorumState.leaderEpoch : s.log.lastEpoch;
  if (isCurrent && quorumState.votedId >= 0) {
    s.votedKey = { id: quorumState.votedId, directoryId: quorumState.votedDirectoryId };
  }
  const leaderId = isCurrent && quorumState.leaderId >= 0 ? quorumState.leaderId : null;

  // A crash between a snapshot and the log that it replaces.
  const isReplaced = snapshot !== null && s.rules.snapshotReplacesLog(snapshot.snapshotId, s.log);
  if (isReplaced) {
    s.resetLog(snapshot.snapshotId);
    s.voters.reset(snapshot.kraftVersion, snapshot.voters);
  }
  traceStart(s, snapshot, isReplaced ? [] : entries);
  if (entries.some(({ controls }) => controls.some(({ type }) => type === 'voters'))) s.traceVoters();
  if (!isCurrent) s.persistQuorumState();

  const name = s.rules.stateAfterRestart({
    wasLeader: leaderId === s.nodeId,
    votedForItself: leaderId === null && s.votedKey?.id === s.nodeId,
    mayStand: s.mayStand,
    leaderKnown: leaderId !== null,
  });
  s.leaderId = leaderId;
  switch (name) {
    case 'resigned':
      becomeResigned(s);
      break;
    case 'candidate':
      standForElection(s);
      break;
    case 'leader':
      becomeLeader(s);
      break;
    case 'follower':
      s.become({
        name: 'follower',
        fetchDeadlineMs: s.nowMs + s.options.fetchTimeoutMs,
        fetchedFromLeader: false,
        fetchingSnapshot: null,
      });
      break;
    default:
      s.become({ name: 'unattached', electionDeadlineMs: s.nowMs + firstWaitMs(s) });
  }
}

function firstWaitMs(s: CoreState): number {
  const isNew = s.epoch === 0 && s.log.endOffset === 0;
  return isNew && s.config.standsFirst === true ? 0 : s.randomElectionTimeoutMs();
}

function traceStart(s: CoreState, snapshot: StoredSnapshot | null, entries: readonly Entry[]): void {
  s.trace({
    kind: 'start',
    term: s.epoch,
    votedFor: s.votedKey === null ? null : s.config.nameOf(s.votedKey.id),
    firstIndex: s.log.startOffset + 1,
    lastIndex: s.log.endOffset,
    lastTerm: s.log.lastEpoch,
    snapshotIndex: snapshot?.snapshotId.endOffset ?? 0,
    voters: s.voters.latest.map((voter) => s.config.nameOf(voter.voterId)),
    entries: entries.flatMap((entry) => s.traced(entry)),
  });
}
