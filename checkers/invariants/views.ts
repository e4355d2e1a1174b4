/**
 * What the monitor knows: of each node, its log, term, vote and indexes as its own records tell them; of the cluster,
 * the committed log, who was elected, and what was claimed about prefixes and states.
 *
 * Nothing here judges. Memory is bounded by what the nodes' logs hold, and by the limits below.
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import { EntryRegistry } from './entry.ts';
import type { Entry } from './entry.ts';
import { IndexWindow } from './index-window.ts';
import type { InvariantName } from './invariants.ts';
import type { Contradiction } from './monitor.ts';

/** Votes remembered per node, elections and commit frontiers per cluster: the latest so many. */
const TERMS_MAX = 1024;
/** The registry is pruned when this many more entries are in no node's log any more. */
const PRUNE_STEP = 1024;

/** A fact and the record that says so. */
export interface Said<T> {
  readonly value: T;
  readonly record: TraceRecord;
}

export interface DurableVote {
  readonly term: number;
  readonly votedFor: string | null;
}

export class NodeView {
  readonly name: string;
  /** Current term, at least; `termRecord` is the last record that raised it. */
  term = 0;
  termRecord: TraceRecord | undefined;
  role: 'follower' | 'pre-candidate' | 'candidate' | 'leader' = 'follower';
  roleRecord: TraceRecord | undefined;
  persisted: Said<DurableVote> | undefined;
  /** By term. */
  readonly votes = new Map<number, Said<string>>();
  voters: readonly string[] | undefined;
  /** Entries behind the snapshot. */
  readonly log = new IndexWindow<Entry>();
  snapshotIndex = 0;
  /** Undefined when only its index is known, after a restart. */
  snapshotTerm: number | undefined = 0;
  snapshotRecord: TraceRecord | undefined;
  /** Of this boot. */
  commitIndex = 0;
  commitRecord: TraceRecord | undefined;
  appliedIndex = 0;
  appliedRecord: TraceRecord | undefined;
  /** The log is durable up to here, as it stands. */
  durableIndex = 0;
  durableRecord: TraceRecord | undefined;
  startRecord: TraceRecord | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get lastIndex(): number {
    return Math.max(this.log.last, this.snapshotIndex);
  }

  /** Of the entry at `index`, where the log or the snapshot's end tells it. */
  termAt(index: number): number | undefined {
    return this.log.get(index)?.term ?? (index === this.snapshotIndex ? this.snapshotTerm : undefined);
  }

  raiseTerm(term: number, record: TraceRecord): void {
    if (term <= this.term) return;
    this.term = term;
    this.termRecord = record;
  }

  rememberVote(term: number, candidate: string, record: TraceRecord): void {
    setBounded(this.votes, term, { value: candidate, record }, TERMS_MAX);
  }
}

/** A leader's log at its election: equal to the committed log up to `matchedIndex`, then `suffix`. */
export interface Election {
  readonly term: number;
  readonly node: string;
  readonly record: TraceRecord;
  readonly matchedIndex: number;
  readonly suffix: readonly Entry[];
}

/** The last entry that is known to have committed in a term, or in an earlier one. */
export interface Frontier {
  index: number;
  entry: Entry;
  record: TraceRecord;
}

export class ClusterView {
  /** Whether the trace is in the order of the run over all nodes. */
  readonly globalOrder: boolean;
  readonly nodes = new Map<string, NodeView>();
  readonly registry = new EntryRegistry();
  /** The committed log. */
  readonly committed = new IndexWindow<Entry>();
  /** The highest commit index of any node. */
  commitIndex = 0;
  /** By term. */
  readonly elections = new Map<number, Election>();
  highestElectedTerm = 0;
  /** By term. */
  readonly frontiers = new Map<number, Frontier>();
  /** By index: hash of the log up to there, in a log whose commit index reached it. */
  readonly prefixes = new IndexWindow<Said<number>>();
  /** By applied index: hash of the state. */
  readonly states = new IndexWindow<Said<number>>();
  #contradiction: Contradiction<InvariantName> | undefined;
  #prunedBelow = 0;

  constructor(globalOrder: boolean) {
    this.globalOrder = globalOrder;
  }

  node(name: string): NodeView {
    let node = this.nodes.get(name);
    if (node === undefined) {
      node = new NodeView(name);
      this.nodes.set(name, node);
    }
    return node;
  }

  /** The first of a record counts: the others follow from it, as a rule. */
  contradict(contradiction: Contradiction<InvariantName>): void {
    this.#contradiction ??= contradiction;
  }

  takeContradiction(): Contradiction<InvariantName> | undefined {
    const contradiction = this.#contradiction;
    this.#contradiction = undefined;
    return contradiction;
  }

  rememberElection(election: Election): void {
    setBounded(this.elections, election.term, election, TERMS_MAX);
    this.highestElectedTerm = Math.max(this.highestElectedTerm, election.term);
  }

  rememberFrontier(term: number, frontier: Frontier): void {
    setBounded(this.frontiers, term, frontier, TERMS_MAX);
  }

  /** The first claim at an index stays; a different one is returned. */
  claim(
    claims: IndexWindow<Said<number>>,
    index: number,
    value: number,
    record: TraceRecord,
  ): Said<number> | undefined {
    const known = claims.get(index);
    if (known === undefined) claims.set(index, { value, record });
    return known === undefined || known.value === value ? undefined : known;
  }

  /** Forgets entries that no node's log holds any more. They are learnt anew should one come back. */
  prune(): void {
    let lowest = Infinity;
    for (const node of this.nodes.values()) lowest = Math.min(lowest, node.log.first);
    if (lowest === Infinity || lowest < this.#prunedBelow + PRUNE_STEP) return;
    this.#prunedBelow = lowest;
    this.registry.dropBelow(lowest);
    this.committed.dropBelow(lowest);
    this.prefixes.dropBelow(lowest);
    this.states.dropBelow(lowest);
  }
}

/** Keeps at least the `max` keys that came last. Sheds many at once: a map's deleted beginning is slow to step over. */
function setBounded<V>(map: Map<number, V>, key: number, value: V, max: number): void {
  map.set(key, value);
  if (map.size <= 2 * max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    if (map.size <= max) return;
  }
}
