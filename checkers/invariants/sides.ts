/**
 * What the nodes believed, side by side, when two records contradicted each other: a column a node, those of the contradiction
 * first, and one for what was committed; at the index in question what each holds there.
 *
 *                     n2               n1               committed
 *     role            leader, term 3   follower, term 2
 *     commit index    6                7
 *     index 7         term 3 #9b01     term 2 #41cc ✓   term 2 #41cc
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { SequencePicture } from '../checker.ts';
import { sameEntry } from './entry.ts';
import type { Entry } from './entry.ts';
import type { BatchEntry } from './isr-log.ts';
import type { IsrContradiction, PartitionView, ReplicaView } from './isr-views.ts';
import type { Contradiction } from './monitor.ts';
import type { ClusterView, NodeView } from './views.ts';

const MAX_NODES = 5;
/** Entries shown before and behind the one in question. */
const NEIGHBOURS = 1;
const CAPTION = 'What each node believed when this came to light, side by side; ✕ marks what cannot be.';
const COMMITTED = 'committed';
const EXPOSED = 'exposed';

type Row = SequencePicture['rows'][number];

export function raftSides(
  cluster: ClusterView,
  { first, second, index = indexOf(second) }: Contradiction,
): SequencePicture {
  const nodes = involvedFirst([second.node, first?.node], [...cluster.nodes.keys()]).flatMap(
    (name) => cluster.nodes.get(name) ?? [],
  );
  const involved = nodes.filter(({ name }) => name === second.node || name === first?.node);
  const fact = (
    label: string,
    of: (node: NodeView) => string,
    isWrong: (node: NodeView) => boolean = () => false,
  ): Row => ({
    label,
    cells: [...nodes.map(of), null],
    wrong: nodes.flatMap((node, i) => (involved.includes(node) && isWrong(node) ? [i] : [])),
  });
  const twoLead = (node: NodeView): boolean =>
    node.role === 'leader' &&
    involved.some((other) => other !== node && other.role === 'leader' && other.term === node.term);
  const saysCommitted = (node: NodeView): boolean =>
    second.event.kind === 'acknowledge' &&
    node.name === second.node &&
    index !== undefined &&
    node.commitIndex < index;
  return {
    kind: 'sequence',
    caption: CAPTION,
    columns: [...nodes.map(({ name }) => name), COMMITTED],
    rows: [
      fact('role', ({ role, term }) => `${role}, term ${term}`, twoLead),
      fact('vote on disk', ({ persisted }) =>
        persisted === undefined
          ? 'none'
          : `${persisted.value.votedFor ?? 'nobody'}, term ${persisted.value.term}`,
      ),
      fact('log ends at', ({ lastIndex }) => `index ${lastIndex}`),
      fact('durable up to', ({ durableIndex }) => `index ${durableIndex}`),
      fact('commit index', ({ commitIndex }) => String(commitIndex), saysCommitted),
      ...around(index).map((place) => entryRow(cluster, nodes, involved, place, place === index)),
    ],
  };
}

function entryRow(
  cluster: ClusterView,
  nodes: readonly NodeView[],
  involved: readonly NodeView[],
  index: number,
  isInQuestion: boolean,
): Row {
  const committed = cluster.committed.get(index);
  const differs = (node: NodeView): boolean => {
    const own = node.log.get(index);
    if (index <= node.snapshotIndex) return false;
    const others = involved.flatMap((other) => (other === node ? [] : (other.log.get(index) ?? [])));
    const known = committed === undefined ? others : [committed, ...others];
    return known.some((entry) => (own === undefined ? entry === committed : !sameEntry(own, entry)));
  };
  const tell = (node: NodeView): string | null => {
    const own = node.log.get(index);
    if (own === undefined) return index <= node.snapshotIndex ? 'in its snapshot' : null;
    return `${entryText(own)}${index <= node.commitIndex ? ' ✓' : ''}`;
  };
  return {
    label: `index ${index}`,
    cells: [...nodes.map(tell), committed === undefined ? null : entryText(committed)],
    wrong: isInQuestion
      ? nodes.flatMap((node, i) => (involved.includes(node) && differs(node) ? [i] : []))
      : [],
  };
}

const entryText = ({ term, hash }: Entry): string => `term ${term} ${hashText(hash)}`;

export function isrSides(
  partition: PartitionView,
  { first, second, index }: IsrContradiction,
): SequencePicture {
  const offset = index ?? indexOf(second) ?? (first === undefined ? undefined : indexOf(first));
  const replicas = involvedFirst([second.node, first?.node], [...partition.replicas.keys()]).flatMap(
    (name) => partition.replicas.get(name) ?? [],
  );
  const involved = replicas.filter(({ node }) => node === second.node || node === first?.node);
  const fact = (label: string, of: (replica: ReplicaView) => string): Row => ({
    label,
    cells: [...replicas.map(of), null],
  });
  return {
    kind: 'sequence',
    caption: `${partition.name}: ${CAPTION}`,
    columns: [...replicas.map(({ node }) => node), EXPOSED],
    rows: [
      fact('role', ({ role, leaderEpoch }) => `${role}, epoch ${leaderEpoch}`),
      fact('ISR', ({ isr, partitionEpoch }) => `${isr.join(' ') || 'none'}, ${partitionEpoch}`),
      fact('log', ({ log }) => `${log.startOffset} to ${log.endOffset}`),
      fact('high watermark', ({ highWatermark }) => String(highWatermark)),
      ...around(offset).map((place) => batchRow(partition, replicas, involved, place, place === offset)),
    ],
  };
}

function batchRow(
  partition: PartitionView,
  replicas: readonly ReplicaView[],
  involved: readonly ReplicaView[],
  offset: number,
  isInQuestion: boolean,
): Row {
  const exposed = partition.exposureAt(offset)?.entry;
  const differs = ({ log }: ReplicaView): boolean => exposed !== undefined && log.find(offset) !== exposed;
  return {
    label: `offset ${offset}`,
    cells: [...replicas.map(({ log }) => batchText(log.find(offset))), batchText(exposed)],
    wrong: isInQuestion
      ? replicas.flatMap((replica, i) => (involved.includes(replica) && differs(replica) ? [i] : []))
      : [],
  };
}

const batchText = (entry: BatchEntry | undefined): string | null =>
  entry === undefined ? null : `epoch ${entry.batch.leaderEpoch} ${hashText(entry.batch.hash)}`;

/** The end of it tells two apart as well as all of it. */
const hashText = (hash: number): string => `#${(hash >>> 0).toString(16).padStart(8, '0').slice(-4)}`;

function involvedFirst(involved: readonly (string | undefined)[], all: readonly string[]): readonly string[] {
  const first = involved.filter((name) => name !== undefined);
  return [...new Set([...first, ...all.toSorted()])].slice(0, MAX_NODES);
}

function around(index: number | undefined): readonly number[] {
  if (index === undefined) return [];
  const from = Math.max(0, index - NEIGHBOURS);
  return Array.from({ length: index + NEIGHBOURS - from + 1 }, (_, i) => from + i);
}

/** The index or offset that a record is about, where it is about one. */
function indexOf({ event }: TraceRecord): number | undefined {
  switch (event.kind) {
    case 'commit':
    case 'apply':
    case 'snapshot':
    case 'acknowledge':
    case 'configuration':
    case 'durable':
      return event.index;
    case 'truncate':
      return event.fromIndex;
    case 'replica-truncate':
      return event.endOffset;
    case 'replica-high-watermark':
      return Math.max(0, event.offset - 1);
    case 'replica-acknowledge':
      return event.baseOffset;
    case 'append':
      return event.entries[0]?.index;
    case 'replica-append':
      return event.batches[0]?.baseOffset;
    default:
      return undefined;
  }
}
