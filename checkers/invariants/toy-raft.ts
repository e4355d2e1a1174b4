/**
 * A Raft cluster in a few strokes, for tests of the monitor: elections and replication happen in one step, as in the
 * paper's proofs, and everything that a node would do is written to the trace as the contract says.
 *
 *     toyRun(7, 200)                                   // 200 random steps; a correct monitor finds nothing
 *     toyRun(7, 200, 'vote-for-stale-log')             // some seeds elect a leader without committed entries
 *
 * Disks lose what was not synced at a crash. There are no messages in flight and no clocks.
 */
import { randomStream } from '../../harness/random.ts';
import type { Random } from '../../harness/random.ts';
import type { TracedEntry, TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { foldPrefix } from './trace-text.ts';

export const TOY_BUGS = [
  'vote-for-stale-log',
  'vote-not-persisted',
  'count-older-terms',
  'count-unsynced',
  'previous-term-unchecked',
  'commit-beyond-verified',
  'forget-synced-tail',
  'apply-one-too-many',
  'leader-keeps-term',
  'wrong-state',
] as const;
export type ToyBug = (typeof TOY_BUGS)[number];

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];

class ToyNode {
  readonly name: string;
  up = false;
  term = 0;
  votedFor: string | null = null;
  role: 'follower' | 'leader' = 'follower';
  /** Entries behind the snapshot. */
  log: TracedEntry[] = [];
  /** The log on disk: what is left of it after a crash. */
  disk: TracedEntry[] = [];
  diskVote: { term: number; votedFor: string | null } = { term: 0, votedFor: null };
  snapshot = { index: 0, term: 0, prefixHash: 0, state: 0 };
  commitIndex = 0;
  appliedIndex = 0;
  state = 0;

  constructor(name: string) {
    this.name = name;
  }

  get lastIndex(): number {
    return this.log.at(-1)?.index ?? this.snapshot.index;
  }

  get diskIndex(): number {
    return this.disk.at(-1)?.index ?? this.snapshot.index;
  }

  termAt(index: number): number | undefined {
    return index === this.snapshot.index ? this.snapshot.term : this.entry(index)?.term;
  }

  entry(index: number): TracedEntry | undefined {
    return this.log[index - this.snapshot.index - 1];
  }

  isOnDisk(index: number, term: number): boolean {
    if (index <= this.snapshot.index) return true;
    return this.disk[index - this.snapshot.index - 1]?.term === term;
  }

  prefixHash(index: number): number {
    return this.log.filter((entry) => entry.index <= index).reduce(foldPrefix, this.snapshot.prefixHash);
  }
}

/** @returns the trace, in the order of the run */
export function toyRun(seed: number, steps: number, bug?: ToyBug): TraceRecord[] {
  return new ToyCluster(randomStream(seed, 'toy-raft'), bug).run(steps);
}

class ToyCluster {
  readonly #random: Random;
  readonly #bug: ToyBug | undefined;
  readonly #nodes = NODES.map((name) => new ToyNode(name));
  readonly #records: TraceRecord[] = [];
  #hash = 0;

  constructor(random: Random, bug: ToyBug | undefined) {
    this.#random = random;
    this.#bug = bug;
  }

  run(steps: number): TraceRecord[] {
    for (const node of this.#nodes) this.#start(node);
    const actions: [number, () => void][] = [
      [3, () => this.#elect(this.#pick())],
      [20, () => this.#append(this.#pickLeader())],
      [60, () => this.#replicate(this.#pickLeader(), this.#pick())],
      [30, () => this.#sync(this.#pick())],
      [20, () => this.#advance(this.#pickLeader())],
      [20, () => this.#apply(this.#pick())],
      [3, () => this.#takeSnapshot(this.#pick())],
      [1, () => this.#crash(this.#pick())],
      [6, () => this.#start(this.#random.pick(this.#nodes))],
    ];
    const bag = actions.flatMap(([weight, action]) => new Array<() => void>(weight).fill(action));
    for (let i = 0; i < steps; i++) this.#random.pick(bag)();
    return this.#records;
  }

  #emit(node: ToyNode, event: TraceEvent): void {
    this.#records.push({ node: node.name, time: this.#records.length * 1000, event });
  }

  #pick(): ToyNode | undefined {
    const up = this.#nodes.filter((node) => node.up);
    return up.length === 0 ? undefined : this.#random.pick(up);
  }

  #pickLeader(): ToyNode | undefined {
    const leaders = this.#nodes.filter((node) => node.up && node.role === 'leader');
    return leaders.length === 0 ? undefined : this.#random.pick(leaders);
  }

  #start(node: ToyNode): void {
    if (node.up) return;
    node.up = true;
    node.role = 'follower';
    // Some of what was written and not synced may have reached the disk.
    if (this.#random.chance(0.5) && node.disk.every((entry, i) => entry === node.log[i])) {
      const kept = this.#random.integer(node.disk.length, node.log.length);
      if (this.#bug !== 'forget-synced-tail') node.disk = node.log.slice(0, kept);
    }
    node.log = node.disk.slice();
    node.term = node.diskVote.term;
    node.votedFor = node.diskVote.votedFor;
    node.commitIndex = node.snapshot.index;
    node.appliedIndex = node.snapshot.index;
    node.state = node.snapshot.state;
    this.#emit(node, {
      kind: 'start',
      term: node.term,
      votedFor: node.votedFor,
      firstIndex: node.snapshot.index + 1,
      lastIndex: node.lastIndex,
      lastTerm: node.termAt(node.lastIndex) ?? 0,
      snapshotIndex: node.snapshot.index,
      voters: NODES,
      entries: node.log.slice(),
    });
  }

  #crash(node: ToyNode | undefined): void {
    if (node === undefined) return;
    node.up = false;
    if (this.#bug === 'forget-synced-tail') node.disk = node.disk.slice(0, -1);
    this.#emit(node, { kind: 'stop', by: 'harness', reason: 'killed' });
  }

  #setTerm(node: ToyNode, term: number, votedFor: string | null): void {
    node.term = term;
    node.votedFor = votedFor;
    node.diskVote = { term, votedFor };
    this.#emit(node, { kind: 'persist', term, votedFor });
  }

  #elect(candidate: ToyNode | undefined): void {
    if (candidate === undefined) return;
    const keepsTerm = this.#bug === 'leader-keeps-term' && candidate.term > 0;
    const term = candidate.term + (keepsTerm ? 0 : 1);
    if (!keepsTerm) this.#setTerm(candidate, term, candidate.name);
    candidate.role = 'follower';
    this.#emit(candidate, { kind: 'role', role: 'candidate', term, leader: null });
    if (!keepsTerm) this.#emit(candidate, { kind: 'vote', term, candidate: candidate.name });
    let votes = 1;
    for (const voter of this.#nodes) {
      if (!voter.up || voter === candidate || this.#random.chance(0.15) || voter.term > term) continue;
      const fresh = voter.term < term || voter.votedFor === null || voter.votedFor === candidate.name;
      const own = [voter.termAt(voter.lastIndex) ?? 0, voter.lastIndex] as const;
      const offered = [candidate.termAt(candidate.lastIndex) ?? 0, candidate.lastIndex] as const;
      const upToDate = offered[0] > own[0] || (offered[0] === own[0] && offered[1] >= own[1]);
      if (!fresh || (!upToDate && this.#bug !== 'vote-for-stale-log')) continue;
      this.#follow(voter, term, candidate.name);
      if (voter.votedFor !== candidate.name) {
        if (this.#bug === 'vote-not-persisted') voter.votedFor = candidate.name;
        else this.#setTerm(voter, term, candidate.name);
      }
      this.#emit(voter, { kind: 'vote', term, candidate: candidate.name });
      votes++;
    }
    if (votes * 2 <= NODES.length && !keepsTerm) return;
    candidate.role = 'leader';
    this.#emit(candidate, { kind: 'role', role: 'leader', term, leader: candidate.name });
    this.#append(candidate);
  }

  #follow(node: ToyNode, term: number, votedFor: string | null): void {
    if (node.term < term) this.#setTerm(node, term, this.#bug === 'vote-not-persisted' ? null : votedFor);
    if (node.role === 'leader') {
      node.role = 'follower';
      this.#emit(node, { kind: 'role', role: 'follower', term: node.term, leader: null });
    }
  }

  #append(leader: ToyNode | undefined): void {
    if (leader === undefined) return;
    const entry = { index: leader.lastIndex + 1, term: leader.term, hash: ++this.#hash };
    leader.log.push(entry);
    this.#emit(leader, { kind: 'append', term: leader.term, entries: [entry] });
  }

  #replicate(leader: ToyNode | undefined, follower: ToyNode | undefined): void {
    if (leader === undefined || follower === undefined || follower === leader || follower.term > leader.term)
      return;
    this.#follow(follower, leader.term, null);
    let previous = Math.min(leader.lastIndex, follower.lastIndex);
    if (this.#bug !== 'previous-term-unchecked') {
      while (previous >= leader.snapshot.index && leader.termAt(previous) !== follower.termAt(previous))
        previous--;
    }
    if (previous < leader.snapshot.index || previous < follower.snapshot.index) {
      if (leader.snapshot.index <= follower.commitIndex) return;
      this.#installSnapshot(leader, follower);
      return;
    }
    const count = this.#random.integer(0, leader.lastIndex - previous);
    const sent = leader.log.filter(({ index }) => index > previous && index <= previous + count);
    const kept = sent.filter(({ index, term }) => follower.termAt(index) !== term);
    const first = kept[0];
    if (first !== undefined) {
      if (first.index <= follower.lastIndex) {
        follower.log = follower.log.filter(({ index }) => index < first.index);
        this.#emit(follower, { kind: 'truncate', fromIndex: first.index });
      }
      follower.log.push(...kept);
      this.#emit(follower, { kind: 'append', term: leader.term, entries: kept });
    }
    const verified = this.#bug === 'commit-beyond-verified' ? follower.lastIndex : previous + sent.length;
    this.#commit(follower, Math.min(leader.commitIndex, verified));
  }

  #installSnapshot(leader: ToyNode, follower: ToyNode): void {
    const { index, term } = leader.snapshot;
    const keeps = follower.termAt(index) === term;
    follower.log = keeps ? follower.log.filter((entry) => entry.index > index) : [];
    follower.snapshot = { ...leader.snapshot };
    follower.state = leader.snapshot.state;
    follower.commitIndex = Math.max(follower.commitIndex, index);
    follower.appliedIndex = index;
    this.#emitSnapshot(follower, 'installed');
    this.#sync(follower);
  }

  #emitSnapshot(node: ToyNode, source: 'taken' | 'installed'): void {
    const { index, term, prefixHash, state } = node.snapshot;
    this.#emit(node, { kind: 'snapshot', source, index, term, prefixHash, stateHash: state });
  }

  #takeSnapshot(node: ToyNode | undefined): void {
    if (node === undefined || node.appliedIndex <= node.snapshot.index) return;
    this.#sync(node);
    const index = node.appliedIndex;
    const snapshot = {
      index,
      term: node.termAt(index) ?? 0,
      prefixHash: node.prefixHash(index),
      state: node.state,
    };
    node.log = node.log.filter((entry) => entry.index > index);
    node.disk = node.log.slice();
    node.snapshot = snapshot;
    this.#emitSnapshot(node, 'taken');
  }

  #sync(node: ToyNode | undefined): void {
    if (node === undefined) return;
    node.disk = node.log.slice();
    this.#emit(node, { kind: 'durable', index: node.lastIndex });
  }

  #advance(leader: ToyNode | undefined): void {
    if (leader === undefined) return;
    for (let index = leader.lastIndex; index > leader.commitIndex; index--) {
      const term = leader.termAt(index) ?? 0;
      if (term !== leader.term && this.#bug !== 'count-older-terms') return;
      // A follower's copy counts once it has heard of this leader: before, it may still be about to truncate it.
      const copies = this.#nodes.filter((node) => {
        if (node.term !== leader.term) return false;
        if (this.#bug === 'count-unsynced') return node.termAt(index) === term;
        return (
          node.isOnDisk(index, term) &&
          (node.up ? node.termAt(index) === term || index <= node.snapshot.index : true)
        );
      });
      if (copies.length * 2 <= NODES.length) continue;
      this.#commit(leader, index);
      this.#emit(leader, { kind: 'acknowledge', term, index });
      return;
    }
  }

  #commit(node: ToyNode, index: number): void {
    if (index <= node.commitIndex) return;
    node.commitIndex = index;
    this.#emit(node, {
      kind: 'commit',
      index,
      term: node.termAt(index) ?? 0,
      prefixHash: node.prefixHash(index),
    });
  }

  #apply(node: ToyNode | undefined): void {
    if (node === undefined) return;
    const tooMany = this.#bug === 'apply-one-too-many' ? 1 : 0;
    const to = Math.min(node.commitIndex + tooMany, node.lastIndex);
    for (let index = node.appliedIndex + 1; index <= to; index++) {
      const entry = node.entry(index);
      if (entry === undefined) return;
      const wrong = this.#bug === 'wrong-state' && this.#random.chance(0.01) ? 1 : 0;
      node.state = (Math.imul(node.state, 31) + entry.hash + wrong) >>> 0;
      node.appliedIndex = index;
      this.#emit(node, { kind: 'apply', index, stateHash: node.state });
    }
  }
}
