/**
 * The Raft groups of partitions (`replication.protocol=raft`), each held against Raft's invariants (invariants.ts) by a monitor of its own.
 *
 *     const groups = new PartitionGroups({ globalOrder: true });
 *     groups.observe(record) // an anomaly of one group, in Raft's words and with the partition's name, or undefined
 *
 * Brokers tell of such a replica what they tell of any (`replica-trace.ts`), and a little more: votes, and what is durable. In Raft's words a
 * leader epoch is a term, the record at offset o the entry at index o + 1, the high watermark the commit index. A replica that starts
 * names no entries: it has what it had. Where its log is longer than the trace shows, as after a kill of a process whose last
 * records were still on their way, its group is judged no further; the figures say how many those are.
 */
import type { ReplicaEvent, TracedBatch } from '../../harness/history/replica-trace.ts';
import type { TracedEntry, TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import type { Anomaly } from '../checker.ts';
import { RaftInvariants, type RaftInvariantsOptions } from './raft-invariants.ts';

export interface GroupFigures {
  readonly groups: number;
  readonly groupElections: number;
  /** Of all groups: entries that committed. */
  readonly groupCommits: number;
  /** Groups that are judged only in part. */
  readonly groupsLost: number;
}

class ReplicaLog {
  term = 0;
  entries: TracedEntry[] = [];
  /** What a truncation removed since the last append: it is back where the broker stops before that is durable. */
  removed: TracedEntry[] = [];

  append(batches: readonly TracedBatch[]): TracedEntry[] {
    const added = batches.flatMap(entriesOf);
    this.truncate((added[0]?.index ?? Infinity) - 1);
    this.removed = [];
    for (const entry of added) this.entries.push(entry);
    return added;
  }

  /** @returns the entries before, up to that offset */
  truncate(endOffset: number): void {
    if (endOffset >= this.entries.length) return;
    this.removed = [...this.entries.splice(endOffset), ...this.removed];
  }

  /** @returns false where the trace does not show so much */
  restart(endOffset: number): boolean {
    const missing = Math.max(0, endOffset - this.entries.length);
    if (missing > this.removed.length) return false;
    this.entries = [...this.entries, ...this.removed.slice(0, missing)].slice(0, endOffset);
    this.removed = [];
    return true;
  }
}

const entriesOf = ({ baseOffset, lastOffset, leaderEpoch, hash }: TracedBatch): TracedEntry[] =>
  Array.from({ length: lastOffset - baseOffset + 1 }, (_, i) => ({
    index: baseOffset + i + 1,
    term: leaderEpoch,
    hash,
  }));

class Group {
  readonly monitor: RaftInvariants;
  readonly replicas = new Map<string, ReplicaLog>();
  isLost = false;

  constructor(options: RaftInvariantsOptions) {
    this.monitor = new RaftInvariants(options);
  }

  replica(node: string): ReplicaLog {
    let replica = this.replicas.get(node);
    if (replica === undefined) this.replicas.set(node, (replica = new ReplicaLog()));
    return replica;
  }
}

export class PartitionGroups {
  readonly #options: RaftInvariantsOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: RaftInvariantsOptions) {
    this.#options = options;
  }

  /** The anomaly that this record brings to light. */
  observe(record: TraceRecord): Anomaly | undefined {
    const { node, event } = record;
    if (!isOfReplica(event)) return undefined;
    const key = `${event.topicId} ${event.partition}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (event.kind !== 'replica-start' || event.group === undefined) return undefined;
      this.#groups.set(key, (group = new Group(this.#options)));
    }
    if (group.isLost) return undefined;
    const translated = translate(group, group.replica(node), event);
    const anomaly = translated && group.monitor.observe({ ...record, event: translated });
    return (
      anomaly && { ...anomaly, explanation: `In the group of ${event.partition}: ${anomaly.explanation}` }
    );
  }

  figures(): GroupFigures {
    const figures = { groups: this.#groups.size, groupElections: 0, groupCommits: 0, groupsLost: 0 };
    for (const { monitor, isLost } of this.#groups.values()) {
      const { elections, commitIndex } = monitor.figures();
      figures.groupElections += elections;
      figures.groupCommits += commitIndex;
      if (isLost) figures.groupsLost++;
    }
    return figures;
  }
}

/** In Raft's words; undefined for what says nothing there. */
function translate(group: Group, replica: ReplicaLog, event: ReplicaEvent): TraceEvent | undefined {
  const { entries } = replica;
  switch (event.kind) {
    case 'replica-start':
      return start(group, replica, event);
    case 'replica-role': {
      const { leaderEpoch, leader } = event;
      replica.term = Math.max(replica.term, leaderEpoch);
      const role = event.role === 'leader' ? 'leader' : 'follower';
      return { kind: 'role', role, term: leaderEpoch, leader };
    }
    case 'replica-vote':
      return { kind: 'vote', term: event.leaderEpoch, candidate: event.candidate };
    case 'replica-persist':
      replica.term = Math.max(replica.term, event.leaderEpoch);
      return { kind: 'persist', term: event.leaderEpoch, votedFor: event.votedFor };
    case 'replica-append':
      return { kind: 'append', term: replica.term, entries: replica.append(event.batches) };
    case 'replica-truncate':
      replica.truncate(event.endOffset);
      return { kind: 'truncate', fromIndex: event.endOffset + 1 };
    case 'replica-durable':
      return { kind: 'durable', index: event.endOffset };
    case 'replica-high-watermark': {
      const term = entries[event.offset - 1]?.term ?? 0;
      return { kind: 'commit', index: event.offset, term, prefixHash: term };
    }
    default:
      return undefined;
  }
}

function start(
  group: Group,
  replica: ReplicaLog,
  { logEndOffset, group: said }: Extract<ReplicaEvent, { kind: 'replica-start' }>,
): TraceEvent | undefined {
  if (said === undefined || !replica.restart(logEndOffset)) {
    group.isLost = true;
    return undefined;
  }
  const { entries } = replica;
  const lastTerm = entries.at(-1)?.term ?? 0;
  replica.term = Math.max(said.epoch, lastTerm);
  return {
    kind: 'start',
    term: replica.term,
    votedFor: said.epoch < lastTerm ? null : said.votedFor,
    firstIndex: 1,
    lastIndex: entries.length,
    lastTerm,
    snapshotIndex: 0,
    voters: said.voters,
    entries: [...entries],
  };
}

const isOfReplica = (event: TraceRecord['event']): event is ReplicaEvent => event.kind.startsWith('replica-');
