/**
 * One Raft node as a state machine: inputs in, effects out, and nothing else. No promise, clock, timer or socket;
 * time comes with each input, randomness from the function that it was given.
 *
 *     const core = new RaftCore({ name: 'n1', voters: ['n1'], options, rules, random }, recovered, now);
 *     core.tick(later);                // effects: a vote to persist, …
 *     core.stored(later, 1);           // the vote is durable: n1 leads
 *     for (const effect of core.takeEffects()) perform(effect);
 *
 * Every call changes the state and leaves effects, to be performed in order. `invariants()` says whether the state is
 * possible at all. Membership changes and leadership transfer are not here yet; the configuration is already part of
 * snapshots, and every count goes through it.
 */
import type { TracedEntry } from '../../harness/history/trace.ts';
import type { NodeStatus } from '../runtime/node-program.ts';
import { ownSnapshotSaved } from './apply.ts';
import type { Effect, ReplyToken } from './effects.ts';
import { electionTick, onPreVote, onPreVoteReply, onVote, onVoteReply, ownVoteStored } from './election.ts';
import { acknowledgeDurable, onAppend, onSnapshotChunk, receivedSnapshotSaved } from './follower.ts';
import { checkInvariants } from './invariants.ts';
import { advanceLeaderCommit, leaderTick, onAppendReply, onSnapshotReply, propose } from './leader.ts';
import type { Message } from './messages.ts';
import type { Payload } from './payload.ts';
import { addRead } from './reads.ts';
import type { LogView } from './rules.ts';
import type { CoreConfig, Recovered } from './state.ts';
import { CoreState } from './state.ts';

export class RaftCore {
  private readonly s: CoreState;
  private readonly checks = { term: 0, commitIndex: 0 };

  /** @param now - monotonic nanoseconds */
  constructor(config: CoreConfig, recovered: Recovered, now: number) {
    const s = new CoreState(config, recovered);
    this.s = s;
    s.now = now;
    const entries: TracedEntry[] = recovered.entries.map(({ index, term, hash }) => ({ index, term, hash }));
    s.effects.push({
      kind: 'trace',
      event: {
        kind: 'start',
        term: s.term,
        votedFor: s.votedFor,
        firstIndex: s.log.firstIndex,
        lastIndex: s.log.lastIndex,
        lastTerm: s.log.lastTerm,
        snapshotIndex: s.log.baseIndex,
        voters: s.configuration.voters,
        entries,
      },
    });
    s.chooseElectionTimeout();
  }

  /** The effects since the last call, in order. The caller owns them. */
  takeEffects(): Effect[] {
    const { effects } = this.s;
    if (effects.length > 0) this.s.effects = [];
    return effects;
  }

  /** When {@link tick} is due next, in monotonic nanoseconds; it may move later, and then an early tick does nothing. */
  get deadline(): number {
    const s = this.s;
    if (s.role !== 'leader') return s.electionDeadline;
    return s.options.checkQuorum ? Math.min(s.heartbeatDeadline, s.quorumDeadline) : s.heartbeatDeadline;
  }

  tick(now: number): void {
    const s = this.s;
    s.now = now;
    if (s.role === 'leader') leaderTick(s);
    else if (now >= s.electionDeadline) electionTick(s);
  }

  receive(now: number, from: string, message: Message): void {
    const s = this.s;
    s.now = now;
    switch (message.kind) {
      case 'append':
        onAppend(s, from, message);
        break;
      case 'append-reply':
        if (message.term > s.term) s.becomeFollower(message.term, null);
        else onAppendReply(s, from, message);
        break;
      case 'snapshot':
        onSnapshotChunk(s, from, message);
        break;
      case 'snapshot-reply':
        if (message.term > s.term) s.becomeFollower(message.term, null);
        else onSnapshotReply(s, from, message);
        break;
      case 'pre-vote':
        onPreVote(s, from, message);
        break;
      case 'pre-vote-reply':
        onPreVoteReply(s, from, message);
        break;
      case 'vote':
        onVote(s, from, message);
        break;
      case 'vote-reply':
        onVoteReply(s, from, message);
    }
  }

  /** Everything up to this write is durable. */
  stored(now: number, write: number): void {
    const s = this.s;
    s.now = now;
    s.completeWrites(write);
    if (s.role === 'leader') advanceLeaderCommit(s);
    else if (s.role === 'candidate') ownVoteStored(s);
    else if (s.role === 'follower') acknowledgeDurable(s);
  }

  /** The snapshot that was to be saved is durable. */
  snapshotSaved(now: number): void {
    const s = this.s;
    s.now = now;
    if (s.savingSnapshot?.machine === null) ownSnapshotSaved(s);
    else receivedSnapshotSaved(s);
  }

  /**
   * A client's command. It is answered by one `reply` effect, sooner or later.
   * @param decoded - what the payload says, already checked
   */
  propose(now: number, token: ReplyToken, payload: Uint8Array, decoded: Payload): void {
    this.s.now = now;
    propose(this.s, token, payload, decoded);
  }

  /** A client's read of one key. It is answered by one `reply` effect, sooner or later. */
  read(now: number, token: ReplyToken, key: string): void {
    this.s.now = now;
    addRead(this.s, token, key);
  }

  /** The log, to look at. */
  get log(): LogView & { readonly firstIndex: number } {
    return this.s.log;
  }

  status(): NodeStatus {
    const s = this.s;
    return {
      role: s.role,
      term: s.term,
      leader: s.leader,
      commitIndex: s.commitIndex,
      appliedIndex: s.appliedIndex,
      durableIndex: s.durableIndex,
      firstIndex: s.log.firstIndex,
      lastIndex: s.log.lastIndex,
      lastTerm: s.log.lastTerm,
      snapshotIndex: s.snapshot?.index ?? 0,
      keys: s.machine.keyCount,
      sessions: s.machine.sessionCount,
      voters: [...s.configuration.voters],
    };
  }

  /** @throws Error with a sentence when the state is impossible; costs a few comparisons */
  invariants(): void {
    checkInvariants(this.s, this.checks);
  }
}
