/**
 * The quorum of controllers as `kafka-metadata-quorum describe` prints it.
 *
 *     describeStatus(clusterId, quorum)             // ['ClusterId:              …', 'LeaderId:               1', …]
 *     describeReplication(quorum, nowMs)            // a table: NodeId, DirectoryId, LogEndOffset, Lag, …
 */
import { ZERO_UUID } from '../wire/bytes.ts';
import { tabTable } from './table.ts';

export interface ReplicaFacts {
  readonly replicaId: number;
  readonly replicaDirectoryId: string;
  readonly logEndOffset: number;
  /** Milliseconds since 1970; −1: it is not known. */
  readonly lastFetchTimestamp: number;
  readonly lastCaughtUpTimestamp: number;
}

export interface QuorumFacts {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly ReplicaFacts[];
  readonly observers: readonly ReplicaFacts[];
  /** `CONTROLLER://localhost:9093`, by node. */
  readonly endpoints: ReadonlyMap<number, readonly string[]>;
}

const leaderOf = ({ voters, leaderId }: QuorumFacts): ReplicaFacts | undefined =>
  voters.find(({ replicaId }) => replicaId === leaderId);

export function describeStatus(clusterId: string, quorum: QuorumFacts): string[] {
  const rows: [string, string | number][] = [
    ['ClusterId', clusterId],
    ['LeaderId', quorum.leaderId],
    ['LeaderEpoch', quorum.leaderEpoch],
    ['HighWatermark', quorum.highWatermark],
    ['MaxFollowerLag', maxLag(quorum)],
    ['MaxFollowerLagTimeMs', maxLagTimeMs(quorum)],
    ['CurrentVoters', replicaList(quorum, quorum.voters)],
    ['CurrentObservers', replicaList(quorum, quorum.observers)],
  ];
  const width = 24;
  return rows.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`);
}

/** The voter that is furthest behind. */
function slowest({ voters }: QuorumFacts): ReplicaFacts | undefined {
  return voters.reduce<ReplicaFacts | undefined>(
    (least, voter) => (least === undefined || voter.logEndOffset < least.logEndOffset ? voter : least),
    undefined,
  );
}

function maxLag(quorum: QuorumFacts): number {
  const [leader, last] = [leaderOf(quorum), slowest(quorum)];
  return leader === undefined || last === undefined ? -1 : leader.logEndOffset - last.logEndOffset;
}

function maxLagTimeMs(quorum: QuorumFacts): number {
  const [leader, last] = [leaderOf(quorum), slowest(quorum)];
  if (leader === undefined || last === undefined) return -1;
  if (leader === last) return 0;
  if (leader.lastCaughtUpTimestamp < 0 || last.lastCaughtUpTimestamp < 0) return -1;
  return leader.lastCaughtUpTimestamp - last.lastCaughtUpTimestamp;
}

function replicaList({ endpoints }: QuorumFacts, replicas: readonly ReplicaFacts[]): string {
  const items = replicas.map(({ replicaId, replicaDirectoryId }) => {
    const directory = replicaDirectoryId === ZERO_UUID ? 'null' : `"${replicaDirectoryId}"`;
    const reached = endpoints.get(replicaId) ?? [];
    const where =
      reached.length === 0 ? '' : `, "endpoints": [${reached.map((each) => `"${each}"`).join(', ')}]`;
    return `{"id": ${replicaId}, "directoryId": ${directory}${where}}`;
  });
  return `[${items.join(', ')}]`;
}

/** @param nowMs - for times as people read them; null: milliseconds since 1970 */
export function describeReplication(quorum: QuorumFacts, nowMs: number | null): string[] {
  const end = leaderOf(quorum)?.logEndOffset ?? quorum.highWatermark;
  const time = (timestampMs: number): string =>
    nowMs === null || timestampMs < 0 ? String(timestampMs) : `${Math.max(0, nowMs - timestampMs)} ms ago`;
  const row = (replica: ReplicaFacts, status: string): string[] => [
    String(replica.replicaId),
    replica.replicaDirectoryId,
    String(replica.logEndOffset),
    String(end - replica.logEndOffset),
    time(replica.lastFetchTimestamp),
    time(replica.lastCaughtUpTimestamp),
    status,
  ];
  const { voters, observers, leaderId } = quorum;
  return tabTable(
    ['NodeId', 'DirectoryId', 'LogEndOffset', 'Lag', 'LastFetchTimestamp', 'LastCaughtUpTimestamp', 'Status'],
    [
      ...voters.filter(({ replicaId }) => replicaId === leaderId).map((voter) => row(voter, 'Leader')),
      ...voters.filter(({ replicaId }) => replicaId !== leaderId).map((voter) => row(voter, 'Follower')),
      ...observers.map((observer) => row(observer, 'Observer')),
    ],
  );
}
