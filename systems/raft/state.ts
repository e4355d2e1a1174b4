/**
 * The state of one node and the steps that every part of the core shares: changing role and term, writing to disk,
 * holding back what must wait for the disk. The parts (`election.ts`, `follower.ts`, `replication.ts`, `leader.ts`,
 * `reads.ts`, `apply.ts`) are functions over it; `core.ts` is the way in.
 */
import type { TracedEntry } from '../../harness/history/trace.ts';
import { msToNs } from '../../harness/units.ts';
import type { Effect, ReplyToken } from './effects.ts';
import { RESULT } from './errors.ts';
import type { LogEntry } from './log.ts';
import { RaftLog } from './log.ts';
import type { Append, Message } from './messages.ts';
import type { RaftOptions } from './options.ts';
import type { Progress } from './progress.ts';
import type { Configuration } from './quorum.ts';
import type { Rules } from './rules.ts';
import type { Snapshot } from './snapshot.ts';
import type { Outcome } from './state-machine.ts';
import { StateMachine } from './state-machine.ts';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What a node found on its disk. A fresh disk: term 0, no vote, no entries, no snapshot. */
export interface Recovered {
  readonly term: number;
  readonly votedFor: string | null;
  readonly snapshot: Snapshot | null;
  /** The state of that snapshot. */
  readonly machine: StateMachine | null;
  /** Contiguous, from the index after the snapshot on. */
  readonly entries: readonly LogEntry[];
}

export interface CoreConfig {
  readonly name: string;
  /** The members that a fresh cluster begins with. */
  readonly voters: readonly string[];
  readonly options: RaftOptions;
  readonly rules: Rules;
  /** Uniform in [0, 1): for the election timeout. */
  readonly random: () => number;
}

interface PendingWrite {
  readonly write: number;
  /** Of a term and vote. */
  readonly hardState: { readonly term: number; readonly votedFor: string | null } | null;
  /** Of an append: the last index that becomes durable with it, as far as it still stands. */
  lastIndex: number;
}

interface Held {
  readonly write: number;
  readonly effect: Effect;
}

export interface Proposal {
  readonly token: ReplyToken;
  readonly term: number;
  readonly sizeBytes: number;
}

export interface WaitingRead {
  readonly token: ReplyToken;
  readonly key: string;
  readonly round: number;
  readonly readIndex: number;
}

/** A snapshot that is coming in. */
export interface IncomingSnapshot {
  readonly index: number;
  readonly totalBytes: number;
  readonly checksum: number;
  readonly bytes: Uint8Array;
  receivedBytes: number;
}

export class CoreState {
  readonly name: string;
  readonly options: RaftOptions;
  readonly rules: Rules;
  readonly electionTimeoutNs: number;
  readonly heartbeatNs: number;
  private readonly random: () => number;

  /** Monotonic nanoseconds of the current step. */
  now = 0;
  configuration: Configuration;
  role: Role = 'follower';
  term: number;
  votedFor: string | null;
  leader: string | null = null;

  readonly log: RaftLog;
  machine: StateMachine;
  /** The latest durable snapshot. */
  snapshot: Snapshot | null;
  commitIndex: number;
  appliedIndex: number;
  /** The log as it stands is on disk up to here. */
  durableIndex: number;

  // Disk
  lastWrite = 0;
  storedWrite = 0;
  /** The write of the current term and vote. */
  hardStateWrite = 0;
  private pendingWrites: PendingWrite[] = [];
  private held: Held[] = [];
  /** The snapshot being saved; one at a time. */
  savingSnapshot: { readonly snapshot: Snapshot; readonly machine: StateMachine | null } | null = null;
  /** Payload bytes applied since the last snapshot was begun. */
  appliedBytesSinceSnapshot = 0;

  // Elections
  electionDeadline = 0;
  /** The current random election timeout, in [T, 2T). */
  private chosenTimeoutNs = 0;
  lastHeardLeader = -Infinity;
  /** Who granted this node its vote (or pre-vote), itself included. */
  readonly votes = new Set<string>();

  // Follower
  /** The last index known equal to the current leader's log. */
  verifiedIndex = 0;
  /** The last index that the current leader was told. */
  acknowledgedIndex = 0;
  /** The leader's last heartbeat round that was answered. */
  answeredRound = 0;
  incoming: IncomingSnapshot | null = null;

  // Leader
  /** By node, without this one. */
  readonly progress = new Map<string, Progress>();
  /** The same, to iterate. */
  followers: readonly Progress[] = [];
  heartbeatDeadline = 0;
  quorumDeadline = 0;
  /** The index of the no-op with which this leader's term began. */
  noopIndex = 0;
  /** By index of their entry. */
  readonly proposals = new Map<number, Proposal>();
  uncommittedBytes = 0;
  /** Outcomes of own proposals, told once the trace says that they were applied. */
  answers: { readonly token: ReplyToken; readonly outcome: Outcome }[] = [];
  round = 0;
  confirmedRound = 0;
  /** In the order of arrival, so rounds and read indexes ascend. */
  waitingReads: WaitingRead[] = [];
  /** The append that was sent last: the next follower at the same place gets the same one. */
  lastAppend: Append | null = null;

  /** What must never happen and did; for the invariants. */
  violation: string | null = null;
  effects: Effect[] = [];

  constructor(config: CoreConfig, recovered: Recovered) {
    const { snapshot } = recovered;
    this.name = config.name;
    this.options = config.options;
    this.rules = config.rules;
    this.random = config.random;
    this.electionTimeoutNs = msToNs(config.options.electionTimeoutMs);
    this.heartbeatNs = msToNs(config.options.heartbeatMs);
    this.configuration = snapshot?.configuration ?? { voters: config.voters, outgoing: [], learners: [] };
    this.term = recovered.term;
    this.votedFor = recovered.votedFor;
    this.snapshot = snapshot;
    this.machine = recovered.machine ?? new StateMachine(config.options.maxSessions);
    this.log = new RaftLog(snapshot?.index, snapshot?.term, snapshot?.prefixHash);
    for (const entry of recovered.entries) this.log.append(entry);
    this.commitIndex = this.log.baseIndex;
    this.appliedIndex = this.log.baseIndex;
    this.durableIndex = this.log.lastIndex;
  }

  /** Everyone who gets messages, without this node. */
  peers(): string[] {
    const { voters, outgoing, learners } = this.configuration;
    return [...new Set([...voters, ...outgoing, ...learners])].filter((node) => node !== this.name);
  }

  send(to: string, message: Message): void {
    this.effects.push({ kind: 'send', to, message });
  }

  /** Does it at once, or when the disk has that write. */
  after(write: number, effect: Effect): void {
    if (this.rules.mayLeave(write, this.storedWrite)) this.effects.push(effect);
    else this.held.push({ write, effect });
  }

  /** An answer in this term: leaves when the term is durable. */
  sendInTerm(to: string, message: Message): void {
    this.after(this.hardStateWrite, { kind: 'send', to, message });
  }

  reply(token: ReplyToken, code: number, index = 0, term = 0): void {
    this.effects.push({
      kind: 'reply',
      token,
      code,
      index,
      term,
      value: null,
      isRead: false,
      leader: code === RESULT.notLeader ? this.leader : null,
    });
  }

  // Disk

  persistHardState(): void {
    const write = ++this.lastWrite;
    const votedFor = this.rules.voteToPersist(this.votedFor);
    this.hardStateWrite = write;
    this.pendingWrites.push({ write, hardState: { term: this.term, votedFor }, lastIndex: 0 });
    this.effects.push({ kind: 'persist', write, term: this.term, votedFor });
  }

  appendEntries(entries: readonly LogEntry[]): void {
    const traced: TracedEntry[] = [];
    for (const entry of entries) {
      this.log.append(entry);
      traced.push({ index: entry.index, term: entry.term, hash: entry.hash });
    }
    const write = ++this.lastWrite;
    this.pendingWrites.push({ write, hardState: null, lastIndex: this.log.lastIndex });
    this.effects.push({ kind: 'append', write, entries });
    this.effects.push({ kind: 'trace', event: { kind: 'append', term: this.term, entries: traced } });
  }

  truncateLog(fromIndex: number): void {
    if (this.role === 'leader') this.violation ??= `a leader truncated its own log at ${fromIndex}`;
    if (fromIndex <= this.commitIndex) {
      this.violation ??= `truncated at ${fromIndex}, at or below the commit index ${this.commitIndex}`;
    }
    this.log.truncateFrom(fromIndex);
    this.forgetDurableFrom(fromIndex);
    const write = ++this.lastWrite;
    this.effects.push({ kind: 'truncate', write, fromIndex });
    this.effects.push({ kind: 'trace', event: { kind: 'truncate', fromIndex } });
  }

  resetLog(snapshot: Snapshot): void {
    this.log.reset(snapshot.index, snapshot.term, snapshot.prefixHash);
    this.forgetDurableFrom(0);
    this.effects.push({ kind: 'reset', write: ++this.lastWrite, index: snapshot.index, term: snapshot.term });
  }

  /** Writes that are under way store entries that are gone by now. */
  private forgetDurableFrom(index: number): void {
    const last = Math.max(0, index - 1);
    this.durableIndex = Math.min(this.durableIndex, last);
    for (const pending of this.pendingWrites) pending.lastIndex = Math.min(pending.lastIndex, last);
  }

  /** The disk has everything up to this write: notes it, and lets go what waited for it. */
  completeWrites(write: number): void {
    if (write <= this.storedWrite) return;
    this.storedWrite = write;
    let done = 0;
    let durable = this.durableIndex;
    for (const pending of this.pendingWrites) {
      if (pending.write > write) break;
      done++;
      if (pending.hardState !== null) {
        this.effects.push({ kind: 'trace', event: { kind: 'persist', ...pending.hardState } });
      }
      durable = Math.max(durable, pending.lastIndex);
    }
    this.pendingWrites.splice(0, done);
    if (durable > this.durableIndex) {
      this.durableIndex = durable;
      this.effects.push({ kind: 'trace', event: { kind: 'durable', index: durable } });
    }
    if (this.held.length === 0) return;
    const held = this.held;
    this.held = [];
    for (const item of held) this.after(item.write, item.effect);
  }

  // Roles

  /** Draws a new election timeout in [T, 2T) and begins to wait. */
  chooseElectionTimeout(): void {
    this.chosenTimeoutNs = Math.floor(this.electionTimeoutNs * (1 + this.random()));
    this.restartElectionTimeout();
  }

  restartElectionTimeout(): void {
    this.electionDeadline = this.now + this.chosenTimeoutNs;
  }

  /** A leader of this term spoke. */
  follow(leader: string, term: number): void {
    if (term > this.term || this.role !== 'follower' || this.leader !== leader)
      this.becomeFollower(term, leader);
    this.lastHeardLeader = this.now;
    this.restartElectionTimeout();
  }

  becomeFollower(term: number, leader: string | null): void {
    const wasLeader = this.role === 'leader';
    const newTerm = term > this.term;
    const roleChanged = this.role !== 'follower';
    this.role = 'follower';
    this.leader = leader;
    if (newTerm) this.enterTerm(term, null);
    if (newTerm || roleChanged) {
      this.chooseElectionTimeout();
      this.traceRole();
    } else if (leader !== null) {
      this.traceRole();
    }
    if (wasLeader) this.abandonClients();
  }

  enterTerm(term: number, votedFor: string | null): void {
    this.term = term;
    this.votedFor = votedFor;
    this.verifiedIndex = 0;
    this.acknowledgedIndex = 0;
    this.answeredRound = 0;
    this.persistHardState();
  }

  traceRole(): void {
    this.effects.push({
      kind: 'trace',
      event: { kind: 'role', role: this.role, term: this.term, leader: this.leader },
    });
  }

  /** A leader that ceased to lead: what it proposed may yet be committed by another; reads were never done. */
  private abandonClients(): void {
    for (const proposal of this.proposals.values()) this.reply(proposal.token, RESULT.leadershipLost);
    this.proposals.clear();
    this.uncommittedBytes = 0;
    for (const read of this.waitingReads) this.reply(read.token, RESULT.notLeader);
    this.waitingReads = [];
    this.progress.clear();
    this.followers = [];
    this.lastAppend = null;
  }
}
