/** Commits, applies, snapshots and acknowledgements: state-machine safety. */
import type { TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { onCommitted } from './elections.ts';
import { sameEntry } from './entry.ts';
import type { Entry } from './entry.ts';
import { judgeRemoval } from './logs.ts';
import type { ClusterView, NodeView } from './views.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

export function onCommit(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'commit'>,
): void {
  if (event.index < node.commitIndex) {
    cluster.contradict({
      name: 'commit-went-back',
      first: node.commitRecord,
      second: record,
      detail: `the commit index of ${node.name} goes back from ${node.commitIndex} to ${event.index}`,
      index: event.index,
    });
    return;
  }
  if (event.index > node.lastIndex) {
    cluster.contradict({
      name: 'commit-beyond-log',
      first: node.log.get(node.log.last)?.appendedBy ?? node.startRecord,
      second: record,
      detail: `${node.name} commits index ${event.index}, and its log ends at index ${node.lastIndex}`,
      index: event.index,
    });
  }
  const index = Math.min(event.index, node.lastIndex);
  const entry = node.log.get(index);
  if (entry !== undefined && index > cluster.commitIndex) judgeMajority(cluster, node, record, entry);
  for (let i = node.commitIndex + 1; i <= index; i++) commitOne(cluster, node, record, i);
  if (entry !== undefined) {
    if (node.role === 'leader' && entry.term !== node.term && index > node.commitIndex) {
      cluster.contradict({
        name: 'older-term-committed',
        first: entry.appendedBy,
        second: record,
        detail: `${node.name}, leader of term ${node.term}, commits index ${index}, an entry of term ${entry.term}`,
        index,
      });
    }
    onCommitted(cluster, entry, node.term, record);
    judgeTermAt(cluster, node, record, event, entry);
  }
  judgePrefix(cluster, record, event);
  node.commitIndex = Math.max(node.commitIndex, index);
  node.commitRecord = record;
  cluster.commitIndex = Math.max(cluster.commitIndex, index);
}

function commitOne(cluster: ClusterView, node: NodeView, record: TraceRecord, index: number): void {
  const entry = node.log.get(index);
  if (entry === undefined) return;
  if (node.term < entry.committedTerm) {
    entry.committedTerm = node.term;
    entry.committedBy ??= record;
  }
  const known = cluster.committed.get(index);
  if (known === undefined) {
    cluster.committed.set(index, entry);
  } else if (!sameEntry(known, entry)) {
    cluster.contradict({
      name: 'committed-entries-differ',
      first: known.committedBy,
      second: record,
      detail:
        `${known.committedBy?.node ?? 'another node'} committed an entry of term ${known.term} at index ${index}, ` +
        `and ${node.name} one of term ${entry.term}`,
      index,
    });
  }
}

/** Judged when the cluster's commit index rises: the log of a voter counts up to its durable index. */
function judgeMajority(cluster: ClusterView, node: NodeView, record: TraceRecord, entry: Entry): void {
  const { voters } = node;
  if (!cluster.globalOrder || voters === undefined || voters.length === 0) return;
  let copies = 0;
  for (const name of voters) {
    const voter = cluster.nodes.get(name);
    if (voter === undefined || voter.durableIndex < entry.index) continue;
    const own = voter.log.get(entry.index);
    if (entry.index <= voter.snapshotIndex || (own !== undefined && sameEntry(own, entry))) copies++;
  }
  if (copies * 2 > voters.length) return;
  cluster.contradict({
    name: 'committed-without-majority',
    first: entry.appendedBy,
    second: record,
    detail:
      `${node.name} commits index ${entry.index} of term ${entry.term}, which is durable on ${copies} of ` +
      `${voters.length} voters`,
    index: entry.index,
  });
}

/** The term that a record gives for an index is that of the entry in the node's log. */
function judgeTermAt(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'commit'> | Event<'snapshot'>,
  entry: Entry,
): void {
  if (event.index !== entry.index || event.term === entry.term) return;
  cluster.contradict({
    name: 'committed-entries-differ',
    first: entry.committedBy === record ? entry.appendedBy : entry.committedBy,
    second: record,
    detail: `${node.name} says that index ${event.index} is of term ${event.term}, and it is of term ${entry.term}`,
    index: event.index,
  });
}

function judgePrefix(
  cluster: ClusterView,
  record: TraceRecord,
  event: Event<'commit'> | Event<'snapshot'>,
): void {
  const other = cluster.claim(cluster.prefixes, event.index, event.prefixHash, record);
  if (other === undefined) return;
  cluster.contradict({
    name: 'committed-entries-differ',
    first: other.record,
    second: record,
    detail:
      `${bothNames(other.record, record)} disagree on the committed log up to index ${event.index} ` +
      `(prefix hashes ${other.value} and ${event.prefixHash})`,
    index: event.index,
  });
}

function judgeState(cluster: ClusterView, record: TraceRecord, index: number, stateHash: number): void {
  const other = cluster.claim(cluster.states, index, stateHash, record);
  if (other === undefined) return;
  cluster.contradict({
    name: 'state-diverged',
    first: other.record,
    second: record,
    detail:
      `${bothNames(other.record, record)} have different states at applied index ${index} ` +
      `(hashes ${other.value} and ${stateHash})`,
    index,
  });
}

export function onApply(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'apply'>,
): void {
  judgeApplied(cluster, node, record, event.index);
  if (event.index > node.commitIndex) {
    cluster.contradict({
      name: 'applied-before-commit',
      first: node.commitRecord,
      second: record,
      detail: `${node.name} applies up to index ${event.index}, and its commit index is ${node.commitIndex}`,
      index: event.index,
    });
  }
  if (event.stateHash !== undefined) judgeState(cluster, record, event.index, event.stateHash);
  node.appliedIndex = event.index;
  node.appliedRecord = record;
}

function judgeApplied(cluster: ClusterView, node: NodeView, record: TraceRecord, index: number): void {
  if (index >= node.appliedIndex) return;
  cluster.contradict({
    name: 'applied-went-back',
    first: node.appliedRecord,
    second: record,
    detail: `the applied index of ${node.name} goes back from ${node.appliedIndex} to ${index}`,
    index,
  });
}

export function onSnapshot(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'snapshot'>,
): void {
  const { index } = event;
  const own = node.log.get(index);
  if (event.source === 'taken') {
    if (index > node.appliedIndex) {
      cluster.contradict({
        name: 'snapshot-beyond-applied',
        first: node.appliedRecord,
        second: record,
        detail: `${node.name} takes a snapshot up to index ${index}, and has applied up to ${node.appliedIndex}`,
        index,
      });
    }
  } else {
    judgeApplied(cluster, node, record, index);
    node.appliedIndex = Math.max(node.appliedIndex, index);
    node.appliedRecord = record;
    if (node.termAt(index) !== event.term) {
      judgeRemoval(cluster, node, record, index + 1);
      node.log.reset(index + 1);
      node.durableIndex = index;
    }
    if (index > node.commitIndex) {
      node.commitIndex = index;
      node.commitRecord = record;
    }
    cluster.commitIndex = Math.max(cluster.commitIndex, index);
  }
  const known = cluster.committed.get(index) ?? (event.source === 'taken' ? own : undefined);
  if (known !== undefined) judgeTermAt(cluster, node, record, event, known);
  judgePrefix(cluster, record, event);
  judgeState(cluster, record, index, event.stateHash);
  if (index > node.snapshotIndex) {
    node.snapshotIndex = index;
    node.snapshotTerm = event.term;
    node.snapshotRecord = record;
    node.log.dropBelow(index + 1);
  }
  if (index > node.durableIndex) {
    node.durableIndex = index;
    node.durableRecord = record;
  }
  cluster.prune();
}

export function onAcknowledge(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'acknowledge'>,
): void {
  if (event.index > node.commitIndex) {
    cluster.contradict({
      name: 'acknowledged-before-commit',
      first: node.commitRecord,
      second: record,
      detail:
        `${node.name} acknowledges index ${event.index} of term ${event.term}, and its commit index is ` +
        `${node.commitIndex}`,
      index: event.index,
    });
    return;
  }
  const entry = node.log.get(event.index);
  if (entry === undefined || entry.term === event.term) return;
  cluster.contradict({
    name: 'acknowledged-before-commit',
    first: entry.appendedBy,
    second: record,
    detail:
      `${node.name} acknowledges index ${event.index} of term ${event.term}, and the entry there is of term ` +
      `${entry.term}`,
    index: event.index,
  });
}

function bothNames(first: TraceRecord, second: TraceRecord): string {
  return first.node === second.node
    ? `${first.node} then and ${first.node} now`
    : `${first.node} and ${second.node}`;
}
