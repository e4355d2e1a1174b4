/** Terms, votes and leaders: election safety, the vote ledger, leader completeness. */
import type { TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { sameEntry } from './entry.ts';
import type { Entry } from './entry.ts';
import type { ClusterView, Election, NodeView } from './views.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

export function onRole(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'role'>,
): void {
  judgeTerm(cluster, node, record, event.term);
  const stillLeader = node.role === 'leader' && node.term === event.term;
  node.raiseTerm(event.term, record);
  node.role = event.role;
  node.roleRecord = record;
  if (event.role === 'leader' && !stillLeader) onElection(cluster, node, record, event.term);
}

/** @param term - the node's current one, by this record */
export function judgeTerm(cluster: ClusterView, node: NodeView, record: TraceRecord, term: number): void {
  if (term >= node.term) return;
  cluster.contradict({
    name: 'term-went-back',
    first: node.termRecord,
    second: record,
    detail: `${node.name} goes back from term ${node.term} to term ${term}`,
  });
}

function onElection(cluster: ClusterView, node: NodeView, record: TraceRecord, term: number): void {
  const known = cluster.elections.get(term);
  if (known !== undefined) {
    const other = known.node !== node.name;
    cluster.contradict({
      name: other ? 'two-leaders-in-a-term' : 'leader-again-in-a-term',
      first: known.record,
      second: record,
      detail: other
        ? `${known.node} and ${node.name} were both elected leader of term ${term}`
        : `${node.name} was elected leader of term ${term} twice`,
    });
    return;
  }
  judgeVotes(cluster, node, record, term);
  const election = newElection(cluster, node, record, term);
  cluster.rememberElection(election);
  let latest = undefined;
  for (const [committedTerm, frontier] of cluster.frontiers) {
    if (committedTerm < term && (latest === undefined || frontier.index > latest.index)) latest = frontier;
  }
  if (latest !== undefined) judgeCompleteness(cluster, election, latest.entry, latest.record, record);
}

/** Nodes that never say for whom they vote are believed. */
function judgeVotes(cluster: ClusterView, node: NodeView, record: TraceRecord, term: number): void {
  const { voters } = node;
  if (!cluster.globalOrder || voters === undefined) return;
  const votes = voters.flatMap((voter) => cluster.nodes.get(voter)?.votes.get(term) ?? []);
  const count = votes.filter(({ value }) => value === node.name).length;
  if (votes.length === 0 || count * 2 > voters.length) return;
  cluster.contradict({
    name: 'elected-without-majority',
    first: (votes.find(({ value }) => value !== node.name) ?? votes.at(-1))?.record,
    second: record,
    detail: `${node.name} leads term ${term} with the votes of ${count} of ${voters.length} voters`,
  });
}

function newElection(cluster: ClusterView, node: NodeView, record: TraceRecord, term: number): Election {
  // Where the logs agree at an index they agree before it (log matching is judged on its own).
  let matchedIndex = Math.min(node.log.last, cluster.committed.last);
  while (matchedIndex > node.snapshotIndex && matchedIndex > node.commitIndex) {
    const own = node.log.get(matchedIndex);
    const committed = cluster.committed.get(matchedIndex);
    if (own !== undefined && committed !== undefined && sameEntry(own, committed)) break;
    matchedIndex--;
  }
  matchedIndex = Math.max(matchedIndex, node.snapshotIndex, node.commitIndex);
  const suffix: Entry[] = [];
  for (let index = matchedIndex + 1; index <= node.log.last; index++) {
    const entry = node.log.get(index);
    if (entry !== undefined) suffix.push(entry);
  }
  return { term, node: node.name, record, matchedIndex, suffix };
}

/**
 * An entry committed in a term before the election's must be in the leader's log. Both the election and the commit may
 * be the later record, so both call this.
 */
function judgeCompleteness(
  cluster: ClusterView,
  election: Election,
  entry: Entry,
  committedBy: TraceRecord,
  second: TraceRecord,
): void {
  if (entry.index <= election.matchedIndex) return;
  const own = election.suffix[entry.index - election.matchedIndex - 1];
  if (own !== undefined && sameEntry(own, entry)) return;
  const instead =
    own === undefined
      ? `ended at index ${election.matchedIndex + election.suffix.length}`
      : `held an entry of term ${own.term} there`;
  cluster.contradict({
    name: 'leader-incomplete',
    first: second === committedBy ? election.record : committedBy,
    second,
    detail:
      `${committedBy.node} committed index ${entry.index} of term ${entry.term}, but the log of ` +
      `${election.node}, leader of term ${election.term}, ${instead}`,
    index: entry.index,
  });
}

/** An entry is known to have committed in `term` at the latest. */
export function onCommitted(cluster: ClusterView, entry: Entry, term: number, record: TraceRecord): void {
  const frontier = cluster.frontiers.get(term);
  if (frontier === undefined) {
    cluster.rememberFrontier(term, { index: entry.index, entry, record });
  } else if (entry.index > frontier.index) {
    frontier.index = entry.index;
    frontier.entry = entry;
    frontier.record = record;
  } else {
    return;
  }
  if (term >= cluster.highestElectedTerm) return;
  for (const election of cluster.elections.values()) {
    if (election.term > term) judgeCompleteness(cluster, election, entry, record, record);
  }
}

export function onVote(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'vote'>,
): void {
  const known = node.votes.get(event.term);
  if (known !== undefined && known.value !== event.candidate) {
    cluster.contradict({
      name: 'double-vote',
      first: known.record,
      second: record,
      detail: `${node.name} voted in term ${event.term} for ${known.value} and then for ${event.candidate}`,
    });
  }
  if (known === undefined) node.rememberVote(event.term, event.candidate, record);
  // A node that has persisted a later term never votes in this one again, so its vote needs no record any more.
  const durable = node.persisted?.value;
  const isDurable =
    durable !== undefined &&
    (durable.term > event.term || (durable.term === event.term && durable.votedFor === event.candidate));
  if (!isDurable) {
    cluster.contradict({
      name: 'vote-before-persist',
      first: node.persisted?.record,
      second: record,
      detail:
        `the vote of ${node.name} for ${event.candidate} in term ${event.term} left it while its disk held ` +
        (durable === undefined
          ? 'nothing'
          : `term ${durable.term} and a vote for ${durable.votedFor ?? 'nobody'}`),
    });
  }
}

export function onPersist(
  cluster: ClusterView,
  node: NodeView,
  record: TraceRecord,
  event: Event<'persist'>,
): void {
  const known = node.persisted;
  if (known !== undefined && event.term < known.value.term) {
    cluster.contradict({
      name: 'term-went-back',
      first: known.record,
      second: record,
      detail: `${node.name} persists term ${event.term} after term ${known.value.term}`,
    });
  }
  if (
    known !== undefined &&
    event.term === known.value.term &&
    known.value.votedFor !== null &&
    event.votedFor !== known.value.votedFor
  ) {
    cluster.contradict({
      name: 'double-vote',
      first: known.record,
      second: record,
      detail:
        `${node.name} persists a vote for ${event.votedFor ?? 'nobody'} in term ${event.term} ` +
        `over its vote for ${known.value.votedFor}`,
    });
  }
  node.persisted = { value: { term: event.term, votedFor: event.votedFor }, record };
  node.raiseTerm(event.term, record);
}
