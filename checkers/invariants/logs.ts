/** Boots, appends, truncations and durability: log matching, and nothing lost that must not be. */
import type { TracedEntry, TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { judgeTerm } from './elections.ts';
import { sameEntry } from './entry.ts';
import type { Entry } from './entry.ts';
import { IndexWindow } from './index-window.ts';
import type { ClusterView, NodeView } from './views.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/**
 * A boot. Legal after a crash: a lower commit, applied and last index than were reported, since both indexes live in
 * memory and what was not durable may be gone; a term or vote that was written and never reported persisted; entries
 * that a truncation had removed. Illegal: to miss a persisted term or vote, or a durable entry.
 */
export function onStart(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'start'>,
): void {
  judgeRecoveredVote(cluster, node, record, event);
  judgeOwnWords(cluster, node, record, event);
  judgeRecoveredSnapshot(cluster, node, record, event);
  const before = new IndexWindow<Entry>(node.log.first);
  for (let index = node.log.first; index <= node.durableIndex; index++) {
    const entry = node.log.get(index);
    if (entry !== undefined) before.set(index, entry);
  }
  const { durableIndex, durableRecord } = node;

  if (event.snapshotIndex !== node.snapshotIndex) {
    node.snapshotIndex = event.snapshotIndex;
    node.snapshotRecord = record;
    node.snapshotTerm = event.lastIndex === event.snapshotIndex ? event.lastTerm : undefined;
  }
  node.log.reset(event.entries[0]?.index ?? event.lastIndex + 1);
  let previousTerm = node.termAt(node.log.first - 1);
  for (const traced of event.entries) {
    previousTerm = appendOne(cluster, node, record, traced, previousTerm);
  }
  judgeRecoveredLog(cluster, node, record, { before, durableIndex, durableRecord });

  node.term = event.term;
  node.termRecord = record;
  node.role = 'follower';
  node.roleRecord = record;
  node.persisted = { value: { term: event.term, votedFor: event.votedFor }, record };
  node.voters = event.voters;
  node.commitIndex = event.snapshotIndex;
  node.commitRecord = record;
  node.appliedIndex = event.snapshotIndex;
  node.appliedRecord = record;
  node.durableIndex = node.lastIndex;
  node.durableRecord = record;
  node.startRecord = record;
}

function judgeRecoveredVote(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'start'>,
): void {
  const known = node.persisted;
  if (known === undefined) return;
  const { term, votedFor } = known.value;
  const voteLost = event.term === term && votedFor !== null && event.votedFor !== votedFor;
  if (event.term >= term && !voteLost) return;
  cluster.contradict({
    name: 'vote-forgotten',
    first: known.record,
    second: record,
    detail:
      `${node.name} had persisted term ${term} and its vote for ${votedFor ?? 'nobody'}, and starts with ` +
      `term ${event.term} and a vote for ${event.votedFor ?? 'nobody'}`,
  });
}

/** The log that a boot lists is the one that it says it has, and reaches back to the snapshot. */
function judgeOwnWords(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  { snapshotIndex, firstIndex, lastIndex, lastTerm, entries }: Event<'start'>,
): void {
  const first = entries[0]?.index ?? snapshotIndex + 1;
  const last = entries.at(-1)?.index ?? snapshotIndex;
  const asSaid =
    first === firstIndex && last === lastIndex && (entries.at(-1)?.term ?? lastTerm) === lastTerm;
  if (asSaid && first <= snapshotIndex + 1 && last >= snapshotIndex) return;
  const said = asSaid ? '' : `, and says ${firstIndex} to ${lastIndex} with last term ${lastTerm}`;
  cluster.contradict({
    name: 'log-gap',
    first: node.startRecord,
    second: record,
    detail:
      `${node.name} starts with a snapshot up to index ${snapshotIndex} and ` +
      `${entries.length === 0 ? 'no entries' : `entries from index ${first} to ${last}`}${said}`,
    index: first,
  });
}

function judgeRecoveredSnapshot(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  { snapshotIndex }: Event<'start'>,
): void {
  if (snapshotIndex >= node.snapshotIndex) return;
  cluster.contradict({
    name: 'durable-entry-lost',
    first: node.snapshotRecord,
    second: record,
    detail: `${node.name} had a snapshot up to index ${node.snapshotIndex}, and starts with one up to index ${snapshotIndex}`,
    index: snapshotIndex + 1,
  });
}

function judgeRecoveredLog(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  past: { before: IndexWindow<Entry>; durableIndex: number; durableRecord: TraceRecord | undefined },
): void {
  const { before, durableIndex, durableRecord } = past;
  const lost = (detail: string, index: number): void =>
    cluster.contradict({
      name: 'durable-entry-lost',
      first: durableRecord,
      second: record,
      detail: `the log of ${node.name} was durable up to index ${durableIndex}, and it starts with ${detail}`,
      index,
    });
  if (node.lastIndex < durableIndex) {
    lost(`a log that ends at index ${node.lastIndex}`, node.lastIndex + 1);
    return;
  }
  for (let index = Math.max(before.first, node.log.first); index <= durableIndex; index++) {
    const old = before.get(index);
    const recovered = node.log.get(index);
    if (old === undefined || (recovered !== undefined && sameEntry(old, recovered))) continue;
    lost(`another entry at index ${index}`, index);
    return;
  }
}

export function onAppend(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'append'>,
): void {
  judgeTerm(cluster, node, record, event.term);
  node.raiseTerm(event.term, record);
  const first = event.entries[0];
  if (first === undefined) return;
  if (first.index <= node.log.last) truncate(cluster, node, record, first.index);
  let previousTerm = node.termAt(first.index - 1);
  for (const traced of event.entries) {
    if (traced.index !== node.lastIndex + 1) {
      cluster.contradict({
        name: 'log-gap',
        first: node.startRecord,
        second: record,
        detail: `${node.name} appends index ${traced.index} to a log that ends at index ${node.lastIndex}`,
        index: traced.index,
      });
      node.log.reset(traced.index);
      previousTerm = undefined;
    }
    previousTerm = appendOne(cluster, node, record, traced, previousTerm);
  }
}

/** @returns the entry's term: the previous one of the next entry */
function appendOne(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  traced: TracedEntry,
  previousTerm: number | undefined,
): number {
  if (previousTerm !== undefined && traced.term < previousTerm) {
    cluster.contradict({
      name: 'log-term-went-back',
      first: node.log.get(traced.index - 1)?.appendedBy ?? node.startRecord,
      second: record,
      detail: `${node.name} appends index ${traced.index} of term ${traced.term} behind an entry of term ${previousTerm}`,
      index: traced.index,
    });
  }
  const registration = cluster.registry.register(traced, previousTerm, record);
  if (registration.conflict !== undefined) {
    const { known } = registration;
    cluster.contradict({
      name: registration.conflict,
      first: known.appendedBy,
      second: record,
      detail:
        registration.conflict === 'entry-redefined'
          ? `${known.appendedBy.node} and ${node.name} hold different entries at index ${traced.index} of term ` +
            `${traced.term} (hashes ${known.hash} and ${traced.hash})`
          : `${known.appendedBy.node} and ${node.name} hold index ${traced.index} of term ${traced.term} behind ` +
            `different entries (of terms ${String(known.previousTerm)} and ${String(previousTerm)})`,
      index: traced.index,
    });
  }
  node.log.set(traced.index, registration.entry);
  return traced.term;
}

export function onTruncate(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'truncate'>,
): void {
  truncate(cluster, node, record, event.fromIndex);
}

function truncate(cluster: ClusterView, node: NodeView, record: TraceRecord, fromIndex: number): void {
  if (node.role === 'leader' && fromIndex <= node.lastIndex) {
    cluster.contradict({
      name: 'leader-truncated-own-log',
      first: node.roleRecord,
      second: record,
      detail: `${node.name}, leader of term ${node.term}, removes its own log from index ${fromIndex}`,
      index: fromIndex,
    });
  }
  judgeRemoval(cluster, node, record, fromIndex);
  node.log.truncateFrom(fromIndex);
  node.durableIndex = Math.min(node.durableIndex, Math.max(fromIndex - 1, node.snapshotIndex));
}

/**
 * Entries from `fromIndex` on leave a log. An entry that another node committed may only be removed by a node that
 * follows a leader of a term before that commit, so its term decides.
 */
export function judgeRemoval(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  fromIndex: number,
): void {
  if (fromIndex <= node.commitIndex) {
    cluster.contradict({
      name: 'committed-entry-truncated',
      first: node.commitRecord,
      second: record,
      detail: `${node.name} removes its log from index ${fromIndex}, and its commit index is ${node.commitIndex}`,
      index: fromIndex,
    });
    return;
  }
  for (let index = Math.max(fromIndex, node.log.first); index <= node.log.last; index++) {
    const entry = node.log.get(index);
    if (entry?.committedBy === undefined || node.term < entry.committedTerm) continue;
    cluster.contradict({
      name: 'committed-entry-truncated',
      first: entry.committedBy,
      second: record,
      detail:
        `${node.name} in term ${node.term} removes index ${index} of term ${entry.term}, which ` +
        `${entry.committedBy.node} had committed by term ${entry.committedTerm}`,
      index,
    });
    return;
  }
}

export function onDurable(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'durable'>,
): void {
  if (event.index > node.lastIndex) {
    cluster.contradict({
      name: 'durable-beyond-log',
      first: node.log.get(node.log.last)?.appendedBy ?? node.startRecord,
      second: record,
      detail: `the log of ${node.name} is durable up to index ${event.index}, and it ends at index ${node.lastIndex}`,
      index: event.index,
    });
  }
  const index = Math.min(event.index, node.lastIndex);
  if (index <= node.durableIndex) return;
  node.durableIndex = index;
  node.durableRecord = record;
}
