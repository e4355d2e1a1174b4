/** Requests, responses and traces in a line each, for transcripts. */
import type { TraceEvent } from '../../../../harness/history/trace.ts';
import { ERROR, errorName } from '../errors.ts';
import type { OffsetAndEpoch, Request, Response } from '../messages.ts';
import type { StateName } from '../rules.ts';

const at = ({ endOffset, epoch }: OffsetAndEpoch): string => `${endOffset}@${epoch}`;

export function describeRequest(request: Request): string {
  switch (request.api) {
    case 'vote':
      return `${request.preVote ? 'pre-vote' : 'vote'} epoch=${request.candidateEpoch} end=${request.lastOffset}@${request.lastOffsetEpoch}`;
    case 'begin-quorum-epoch':
      return `begin epoch=${request.leaderEpoch}`;
    case 'end-quorum-epoch':
      return `end epoch=${request.leaderEpoch} candidates=${request.preferredCandidates.map(({ id }) => `n${id}`).join(',')}`;
    case 'fetch':
      return `fetch epoch=${request.currentLeaderEpoch} from=${request.fetchOffset}@${request.lastFetchedEpoch} hw=${request.highWatermark}`;
    case 'fetch-snapshot':
      return `fetch-snapshot epoch=${request.currentLeaderEpoch} ${at(request.snapshotId)} position=${request.position}`;
    default:
      return request.api;
  }
}

export function describeResponse(response: Response): string {
  const { leaderId, leaderEpoch } = 'currentLeader' in response ? response.currentLeader : response;
  const where = `epoch=${leaderEpoch}${leaderId < 0 ? '' : ` leader=n${leaderId}`}`;
  if (response.errorCode !== ERROR.none) return `${response.api} ${errorName(response.errorCode)} ${where}`;
  switch (response.api) {
    case 'vote':
      return `vote ${response.voteGranted ? 'granted' : 'refused'} ${where}`;
    case 'fetch': {
      if (response.divergingEpoch.epoch >= 0)
        return `fetch diverging ${at(response.divergingEpoch)} ${where}`;
      if (response.snapshotId.endOffset >= 0) return `fetch snapshot ${at(response.snapshotId)} ${where}`;
      return `fetch [${response.records.map(({ epoch }) => epoch).join(' ')}] hw=${response.highWatermark} ${where}`;
    }
    case 'fetch-snapshot':
      return `fetch-snapshot position=${response.position} bytes=${response.unalignedRecords.length}/${response.size} ${where}`;
    case 'describe-quorum': {
      const voters = response.currentVoters.map((v) => `n${v.replicaId}:${v.logEndOffset}`).join(' ');
      const observers = response.observers.map((v) => `n${v.replicaId}:${v.logEndOffset}`).join(' ');
      return `describe-quorum hw=${response.highWatermark} voters=[${voters}] observers=[${observers}] ${where}`;
    }
    default:
      return `${response.api} ok ${where}`;
  }
}

/** What is worth a line; null for the rest. @param state - of the node, in KRaft's words */
export function describeTrace(event: TraceEvent, state: StateName): string | null {
  switch (event.kind) {
    case 'role': {
      const leader = event.leader === null ? '' : ` leader=${event.leader}`;
      return `is ${event.role === 'follower' ? state : event.role} epoch=${event.term}${leader}`;
    }
    case 'truncate':
      return `truncates to ${event.fromIndex - 1}`;
    case 'commit':
      return `commits up to ${event.index}`;
    case 'snapshot':
      return `${event.source === 'taken' ? 'took' : 'installed'} a snapshot up to ${event.index}`;
    case 'configuration':
      return `has the voters ${event.voters.join(' ')}`;
    default:
      return null;
  }
}
