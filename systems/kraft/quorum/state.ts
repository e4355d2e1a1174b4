/**
 * The state of one node and the steps that every part of the core shares: changing state and epoch, writing to disk,
 * asking other nodes, holding back what must wait for the disk. The parts (`election.ts`, `follower.ts`, `leader.ts`,
 * `fetches.ts`, `membership.ts`) are functions over it; `core.ts` is the way in.
 */
import type { TracedEntry } from '../../../harness/history/trace.ts';
import type { Effect, RequestToken } from './effects.ts';
import { LogIndex } from './log-index.ts';
import type { Entry, OffsetAndEpoch, PeerRequest, ReplicaKey, Response, Voter } from './messages.ts';
import type { QuorumOptions } from './options.ts';
import { Peers } from './peers.ts';
import type { Rules, StateName } from './rules.ts';
import type { CoreConfig, EpochState, Recovered, StoredSnapshot } from './state-types.ts';
import { findVoter, VoterHistory } from './voters.ts';

interface PendingWrite {
  readonly write: number;
  readonly persisted: { readonly term: number; readonly votedFor: string | null } | null;
  /** Of an append: what becomes durable with it, as far as it still stands. */
  endOffset: number;
}

interface Held {
  readonly write: number;
  readonly effect: Effect;
}

export class CoreState {
  readonly config: CoreConfig;
  readonly options: QuorumOptions;
  readonly rules: Rules;

  /** Monotonic milliseconds of the current step. */
  nowMs = 0;
  epoch = 0;
  leaderId: number | null = null;
  votedKey: ReplicaKey | null = null;
  /** The last fetch response, of whatever leader, brought no records. */
  lastResponseWasEmpty = false;
  /** Elections stood for in a row, for the backoff. */
  electionRetries = 0;
  state: EpochState = { name: 'unattached', electionDeadlineMs: 0 };

  readonly log: LogIndex;
  readonly voters: VoterHistory;
  /** The latest durable one. */
  snapshot: StoredSnapshot | null;
  /** What this node knows to be committed, in whatever state; it never goes back while the node runs. */
  highWatermark: number;
  appliedOffset: number;
  durableEndOffset: number;

  readonly peers: Peers;

  // Disk
  lastWrite = 0;
  storedWrite = 0;
  /** The write of the current epoch and vote. */
  quorumStateWrite = 0;
  private pendingWrites: PendingWrite[] = [];
  private held: Held[] = [];

  /** What must never happen and did; for the invariants. */
  violation: string | null = null;
  crashed = false;
  effects: Effect[] = [];

  constructor(config: CoreConfig, recovered: Recovered) {
    const { snapshot } = recovered;
    this.config = config;
    this.options = config.options;
    this.rules = config.rules;
    this.peers = new Peers(config.options);
    this.snapshot = snapshot;
    this.log = new LogIndex(recovered.logStartOffset, recovered.logStartEpoch);
    this.voters = new VoterHistory(
      snapshot?.kraftVersion ?? config.kraftVersion,
      snapshot?.voters ?? config.voters,
    );
    const snapshotEnd = snapshot?.snapshotId.endOffset ?? 0;
    for (const entry of recovered.entries) {
      this.log.append(entry.offset, entry.count, entry.epoch);
      if (entry.offset >= snapshotEnd) this.readControls(entry);
    }
    this.highWatermark = snapshotEnd;
    this.appliedOffset = snapshotEnd;
    this.durableEndOffset = this.log.endOffset;
  }

  get nodeId(): number {
    return this.config.nodeId;
  }

  get ownKey(): ReplicaKey {
    return { id: this.config.nodeId, directoryId: this.config.directoryId };
  }

  get isVoter(): boolean {
    return findVoter(this.voters.latest, this.ownKey) !== undefined;
  }

  /** Whether it may ask to be elected. */
  get mayStand(): boolean {
    const committed = this.voters.at(this.highWatermark).voters;
    return this.rules.mayStandForElection(this.isVoter, findVoter(committed, this.ownKey) !== undefined);
  }

  /** Nobody else could lead, so that there is nothing to wait for. */
  get isOnlyVoter(): boolean {
    return this.otherVoters.length === 0 && this.mayStand;
  }

  get otherVoters(): readonly Voter[] {
    return this.voters.latest.filter((voter) => voter.voterId !== this.nodeId);
  }

  /** Whom a node may ask who leads: voters, who it was told to ask, since all voters may be others by now, and the leader that it knows. */
  get knownNodes(): readonly number[] {
    const known = new Set(this.otherVoters.map(({ voterId }) => voterId));
    for (const id of this.config.bootstrapIds ?? []) known.add(id);
    if (this.leaderId !== null && this.leaderId !== this.nodeId) known.add(this.leaderId);
    return [...known];
  }

  get logEnd(): OffsetAndEpoch {
    return { endOffset: this.log.endOffset, epoch: this.log.lastEpoch };
  }

  get currentLeader(): { readonly leaderId: number; readonly leaderEpoch: number } {
    return { leaderId: this.leaderId ?? -1, leaderEpoch: this.epoch };
  }

  // Talking

  /** Asks, unless a request to that node is under way or was refused just now. @returns whether it was sent */
  ask(to: number, build: () => PeerRequest): boolean {
    const correlationId = this.peers.begin(to, this.nowMs);
    if (correlationId === null) return false;
    this.effects.push({ kind: 'request', to, correlationId, request: build() });
    return true;
  }

  respond(token: RequestToken, response: Response): void {
    this.effects.push({ kind: 'respond', token, response, fill: null });
  }

  /** A response that lets others know of this epoch or vote: it leaves when those are durable. */
  respondInEpoch(token: RequestToken, response: Response): void {
    this.after(this.quorumStateWrite, { kind: 'respond', token, response, fill: null });
  }

  /** Does it at once, or when the disk has that write. */
  after(write: number, effect: Effect): void {
    if (this.rules.mayLeave(write, this.storedWrite)) this.effects.push(effect);
    else this.held.push({ write, effect });
  }

  crash(reason: string): void {
    this.crashed = true;
    this.effects.push({ kind: 'crash', reason });
  }

  // Disk

  /** @param leaderId - of this epoch, as the file is to say */
  persistQuorumState(leaderId: number | null = this.leaderId): void {
    const voted = this.rules.voteToPersist(this.votedKey);
    const write = ++this.lastWrite;
    this.quorumStateWrite = write;
    const votedFor = voted === null ? null : this.config.nameOf(voted.id);
    this.pendingWrites.push({ write, persisted: { term: this.epoch, votedFor }, endOffset: 0 });
    this.effects.push({
      kind: 'persist',
      write,
      state: {
        leaderId: leaderId ?? -1,
        leaderEpoch: this.epoch,
        votedId: voted?.id ?? -1,
        votedDirectoryId: voted?.directoryId ?? null,
      },
    });
  }

  appendEntries(entries: readonly Entry[]): void {
    const traced: TracedEntry[] = [];
    let votersChanged = false;
    for (const entry of entries) {
      this.log.append(entry.offset, entry.count, entry.epoch);
      traced.push(...this.traced(entry));
      votersChanged = this.readControls(entry) || votersChanged;
    }
    const write = ++this.lastWrite;
    this.pendingWrites.push({ write, persisted: null, endOffset: this.log.endOffset });
    this.effects.push({ kind: 'append', write, entries });
    this.trace({ kind: 'append', term: this.epoch, entries: traced });
    if (votersChanged) this.traceVoters();
  }

  private readControls(entry: Entry): boolean {
    let changed = false;
    entry.controls.forEach((control, i) => {
      changed = this.voters.readControl(control, entry.offset + i) || changed;
    });
    return changed;
  }

  truncateLog(endOffset: number): void {
    if (this.state.name === 'leader') this.violation ??= `a leader truncated its own log to ${endOffset}`;
    if (endOffset >= this.log.endOffset) return;
    this.log.truncateTo(endOffset);
    this.forgetDurableAfter(endOffset);
    this.effects.push({ kind: 'truncate', write: ++this.lastWrite, endOffset });
    this.trace({ kind: 'truncate', fromIndex: endOffset + 1 });
    if (this.voters.truncateTo(endOffset)) this.traceVoters();
  }

  resetLog(snapshotId: OffsetAndEpoch): void {
    this.log.reset(snapshotId);
    this.forgetDurableAfter(0);
    this.effects.push({ kind: 'reset', write: ++this.lastWrite, snapshotId });
    this.durableEndOffset = snapshotId.endOffset;
  }

  /** Writes that are under way store records that are gone by now. */
  private forgetDurableAfter(endOffset: number): void {
    this.durableEndOffset = Math.min(this.durableEndOffset, endOffset);
    for (const pending of this.pendingWrites) pending.endOffset = Math.min(pending.endOffset, endOffset);
  }

  /** The disk has everything up to this write: notes it, and lets go what waited for it. */
  completeWrites(write: number): void {
    if (write <= this.storedWrite) return;
    this.storedWrite = write;
    let durable = this.durableEndOffset;
    let done = 0;
    for (const pending of this.pendingWrites) {
      if (pending.write > write) break;
      done++;
      if (pending.persisted !== null) this.trace({ kind: 'persist', ...pending.persisted });
      durable = Math.max(durable, pending.endOffset);
    }
    this.pendingWrites.splice(0, done);
    if (durable > this.durableEndOffset) {
      this.durableEndOffset = durable;
      this.trace({ kind: 'durable', index: durable });
    }
    const { held } = this;
    this.held = [];
    for (const item of held) this.after(item.write, item.effect);
  }

  // The high watermark

  raiseHighWatermark(offset: number): void {
    if (offset <= this.highWatermark) return;
    this.highWatermark = offset;
    this.effects.push({ kind: 'high-watermark', offset });
    const term = this.log.epochAt(offset - 1) ?? 0;
    this.trace({
      kind: 'commit',
      index: offset,
      term,
      prefixHash: prefixHash({ endOffset: offset, epoch: term }),
    });
  }

  // States

  get stateName(): StateName {
    return this.state.name;
  }

  become(state: EpochState): void {
    this.state = state;
    this.peers.reset();
    this.trace({
      kind: 'role',
      role: TRACED_ROLE[state.name],
      term: this.epoch,
      leader: this.leaderId === null ? null : this.config.nameOf(this.leaderId),
    });
    const leaderId = state.name === 'leader' || state.name === 'follower' ? this.leaderId : null;
    this.effects.push({ kind: 'leader', leaderId, epoch: this.epoch });
  }

  /** Uniform in [T, 2T). */
  randomElectionTimeoutMs(): number {
    return this.options.electionTimeoutMs * (1 + this.config.random());
  }

  trace(event: Extract<Effect, { kind: 'trace' }>['event']): void {
    this.effects.push({ kind: 'trace', event });
  }

  traced(entry: Entry): TracedEntry[] {
    return this.config.tracesEntries === false ? [] : tracedEntries(entry);
  }

  traceVoters(): void {
    this.trace({
      kind: 'configuration',
      index: this.voters.latestOffset + 1,
      voters: this.voters.latest.map((voter) => this.config.nameOf(voter.voterId)),
      learners: [],
    });
  }
}

const TRACED_ROLE = {
  unattached: 'follower',
  prospective: 'pre-candidate',
  candidate: 'candidate',
  leader: 'leader',
  follower: 'follower',
  resigned: 'follower',
} as const;

/** Raft's words for a batch: a record at offset o is the entry at index o + 1, and an epoch is a term. */
function tracedEntries(entry: Entry): TracedEntry[] {
  return Array.from({ length: entry.count }, (_, i) => ({
    index: entry.offset + i + 1,
    term: entry.epoch,
    hash: entry.hash,
  }));
}

/**
 * Names the log up to an offset by what Kafka's snapshots tell of it, end offset and epoch, which determine the log by Log
 * Matching. The entries' hashes are compared entry by entry anyway.
 */
export function prefixHash({ endOffset, epoch }: OffsetAndEpoch): number {
  const mixed = Math.imul(endOffset ^ Math.imul(epoch, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
