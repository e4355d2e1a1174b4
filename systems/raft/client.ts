/**
 * A client of the Raft cluster: one operation at a time, each tried until it is answered or its time is up.
 *
 *     const client = new RaftClient(endpoint, context);
 *     await client.invoke({ f: 'cas', key: 'x', value: [1, 2] }); // { type: 'ok', position: { term: 3, index: 17 } }
 *
 * It begins with the node that it was given, follows that node's word on who leads, and stays there for a while
 * (`leaderHintMs`), so that clients of different nodes may believe in different leaders. Changes go through a session (registered with the first of them): a command that is sent again, after a reset or for want of
 * an answer, carries the same sequence number, and takes effect once. What the answer then means is decided once:
 *
 * - an answer of the log (`ok`, `precondition-failed`, …) is the answer, whichever attempt it came from;
 * - without one, a change is `fail` if every attempt was certainly refused, else `info`;
 * - a read changes nothing, so one without an answer is `fail`: nothing was observed.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Client, Completion, Invocation } from '../../harness/interpreter/client.ts';
import { msToNs } from '../../harness/units.ts';
import type { Address, CloseReason, Connection, Endpoint, Timer } from '../runtime/runtime.ts';
import type { ClientContext } from '../system.ts';
import { MalformedError } from './bytes.ts';
import { errorName, isDefinite, RESULT } from './errors.ts';
import { parseOptions } from './options.ts';
import type { Command, CommandName, Payload } from './payload.ts';
import type { ClientReply } from './protocol.ts';
import { decodeReply, encodeProposal, encodeRead, FrameReader } from './protocol.ts';
import { isArray } from './values.ts';

/** No answer of a node is larger. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/** Pauses between attempts grow up to this many times the first. */
const MAX_DELAY_GROWTH = 5;

/** What one attempt came to: an answer, or a code of our own. */
type Attempt = Pick<ClientReply, 'code' | 'index' | 'term' | 'value' | 'leader'>;

const failed = (code: number): Attempt => ({ code, index: 0, term: 0, value: null, leader: null });

interface Link {
  readonly node: string;
  readonly connection: Connection;
  open: boolean;
}

interface Pending {
  readonly requestId: number;
  readonly link: Link;
  readonly deadlineNs: number;
  readonly settle: (attempt: Attempt) => void;
}

/** What tells one request from another of the same client. */
type Encode = (requestId: number) => Uint8Array;

export class RaftClient implements Client {
  private readonly endpoint: Endpoint;
  private readonly context: ClientContext;
  private readonly nodes: readonly string[];
  private readonly attemptTimeoutNs: number;
  private readonly operationTimeoutNs: number;
  private readonly leaderHintNs: number;
  private readonly retryDelayNs: number;
  private readonly maxAttempts: number;
  private readonly links = new Map<string, Link>();
  /** Who is asked next. */
  private target: string;
  /** From then on, its own node again. */
  private targetUntilNs = Infinity;
  private session: number | null = null;
  private sequence = 0;
  private requestId = 0;
  private pending: Pending | null = null;
  private timer: Timer | null = null;
  private closed = false;

  constructor(endpoint: Endpoint, context: ClientContext) {
    const options = parseOptions(context.options);
    this.endpoint = endpoint;
    this.context = context;
    this.nodes = [...context.addresses.keys()];
    this.target = context.node;
    this.attemptTimeoutNs = msToNs(options.attemptTimeoutMs);
    this.operationTimeoutNs = msToNs(options.operationTimeoutMs);
    this.leaderHintNs = msToNs(options.leaderHintMs);
    this.retryDelayNs = msToNs(options.retryDelayMs);
    this.maxAttempts = options.maxAttempts;
  }

  async invoke(invocation: Invocation): Promise<Completion> {
    const now = this.endpoint.monotonicNs();
    const deadlineNs = now + this.operationTimeoutNs;
    if (now >= this.targetUntilNs) this.turnTo(this.context.node);
    try {
      if (invocation.f === 'read') return await this.read(keyOf(invocation), deadlineNs);
      const command = commandOf(invocation);
      if (command === null) {
        return fail('malformed', `raft serves no ${invocation.f} of ${JSON.stringify(invocation.value)}`);
      }
      return await this.change(command, deadlineNs);
    } catch (error) {
      // Thrown while encoding, before anything was sent.
      if (error instanceof MalformedError) return fail('malformed', error.message);
      throw error;
    }
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.pending = null;
    for (const link of this.links.values()) link.connection.close();
    this.links.clear();
  }

  // Operations

  private async read(key: string, deadlineNs: number): Promise<Completion> {
    const { attempt } = await this.tryUntil(deadlineNs, (requestId) => encodeRead(requestId, key));
    if (attempt.code === RESULT.ok) return { type: 'ok', value: attempt.value };
    return fail(errorName(attempt.code));
  }

  private async change(
    command: Omit<Command, 'session' | 'sequence'>,
    deadlineNs: number,
  ): Promise<Completion> {
    const session = this.session ?? (await this.register(deadlineNs));
    if (session === null) return fail(errorName(RESULT.noSession));
    const payload: Payload = { ...command, session, sequence: ++this.sequence };
    const { attempt, maybeDone } = await this.tryUntil(deadlineNs, (requestId) =>
      encodeProposal(requestId, payload),
    );
    const { code, term, index } = attempt;
    const position = { term, index };
    if (code === RESULT.ok) return { type: 'ok', position };
    const error = { code: errorName(code) };
    // The log's own word: it stands for every attempt with this sequence number.
    if (code === RESULT.preconditionFailed || code === RESULT.wrongType)
      return { type: 'fail', error, position };
    if (code === RESULT.unknownSession) this.session = null;
    return { type: maybeDone ? 'info' : 'fail', error };
  }

  /** Null where no session could be had in time. */
  private async register(deadlineNs: number): Promise<number | null> {
    const payload: Payload = { kind: 'register', nonce: this.endpoint.random.uint32() };
    const { attempt } = await this.tryUntil(deadlineNs, (requestId) => encodeProposal(requestId, payload));
    if (attempt.code !== RESULT.ok) return null;
    this.session = attempt.index;
    this.sequence = 0;
    return attempt.index;
  }

  /**
   * Tries one request on one node after the other until there is an answer that stands.
   * @returns the last answer, and whether any attempt may have taken effect unanswered
   */
  private async tryUntil(
    deadlineNs: number,
    encode: Encode,
  ): Promise<{ attempt: Attempt; maybeDone: boolean }> {
    let attempt = failed(RESULT.timeout);
    let maybeDone = false;
    let pauses = 0;
    for (let count = 0; count < this.maxAttempts; count++) {
      attempt = await this.attempt(encode, deadlineNs);
      const { code } = attempt;
      if (code < RESULT.notLeader && code !== RESULT.staleSequence) break;
      if (code === RESULT.malformed || code === RESULT.tooLarge || code === RESULT.overloaded) break;
      if (!isDefinite(code)) maybeDone = true;
      if (code === RESULT.staleSequence || this.endpoint.monotonicNs() >= deadlineNs) break;
      if (attempt.leader !== null && attempt.leader !== this.target && this.nodes.includes(attempt.leader)) {
        this.turnTo(attempt.leader);
      } else {
        this.turnTo(this.nodeAfter(this.target));
        if (isDefinite(code)) {
          const delayNs = this.retryDelayNs * Math.min(++pauses, MAX_DELAY_GROWTH);
          await this.sleep(Math.min(delayNs, deadlineNs - this.endpoint.monotonicNs()));
        }
      }
    }
    return { attempt, maybeDone };
  }

  private turnTo(node: string): void {
    this.target = node;
    this.targetUntilNs =
      node === this.context.node ? Infinity : this.endpoint.monotonicNs() + this.leaderHintNs;
  }

  private nodeAfter(node: string): string {
    return this.nodes[(this.nodes.indexOf(node) + 1) % this.nodes.length] ?? node;
  }

  private sleep(delayNs: number): Promise<void> {
    return new Promise((resolve) => {
      this.endpoint.setTimer(Math.max(0, delayNs), resolve);
    });
  }

  // One attempt

  private attempt(encode: Encode, operationDeadlineNs: number): Promise<Attempt> {
    return new Promise((settle) => {
      const address = this.context.addresses.get(this.target);
      if (this.closed || address === undefined) {
        settle(failed(RESULT.unreachable));
        return;
      }
      const requestId = ++this.requestId;
      const bytes = encode(requestId);
      const link = this.links.get(this.target) ?? this.connect(this.target, address);
      const deadlineNs = Math.min(operationDeadlineNs, this.endpoint.monotonicNs() + this.attemptTimeoutNs);
      this.pending = { requestId, link, deadlineNs, settle };
      link.connection.write(bytes);
      // One timer serves many attempts: it looks at the pending one when it fires.
      this.timer ??= this.endpoint.setTimer(deadlineNs - this.endpoint.monotonicNs(), () => this.onTimer());
    });
  }

  private settle(attempt: Attempt): void {
    const { pending } = this;
    this.pending = null;
    pending?.settle(attempt);
  }

  private onTimer(): void {
    this.timer = null;
    const { pending } = this;
    if (pending === null) return;
    const leftNs = pending.deadlineNs - this.endpoint.monotonicNs();
    if (leftNs > 0) {
      this.timer = this.endpoint.setTimer(leftNs, () => this.onTimer());
    } else if (pending.link.open) {
      this.settle(failed(RESULT.timeout));
    } else {
      // What waits for a connection to open leaves with the opening: now it never will.
      this.links.delete(pending.link.node);
      pending.link.connection.close();
      this.settle(failed(RESULT.unreachable));
    }
  }

  private connect(node: string, address: Address): Link {
    const connection = this.endpoint.connect(address);
    const link: Link = { node, connection, open: false };
    this.links.set(node, link);
    connection.onOpen(() => {
      link.open = true;
    });
    const frames = new FrameReader(MAX_REPLY_BYTES, (bytes, begin, end) =>
      this.onReply(link, decodeReply(bytes, begin, end)),
    );
    connection.onData((bytes) => {
      try {
        frames.push(bytes);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        // Not a Raft node, or a broken one: what it did with the request is not known.
        connection.close();
        this.onClose(link, 'reset');
      }
    });
    connection.onClose((reason) => this.onClose(link, reason));
    return link;
  }

  private onReply(link: Link, reply: ClientReply): void {
    const { pending } = this;
    // An answer to an attempt that was given up.
    if (pending === null || pending.link !== link || pending.requestId !== reply.requestId) return;
    this.settle(reply);
  }

  private onClose(link: Link, reason: CloseReason): void {
    if (this.links.get(link.node) === link) this.links.delete(link.node);
    if (this.pending === null || this.pending.link !== link) return;
    if (link.open) this.settle(failed(RESULT.connectionReset));
    else if (reason === 'refused') this.settle(failed(RESULT.connectionRefused));
    else if (reason === 'unreachable') this.settle(failed(RESULT.unreachable));
    // Reset before it opened here: it may have opened, and delivered, there.
    else this.settle(failed(RESULT.connectionReset));
  }
}

const fail = (code: string, message?: string): Completion => ({
  type: 'fail',
  error: message === undefined ? { code } : { code, message },
});

const keyOf = (invocation: Invocation): string => String(invocation.key ?? '');

const COMMANDS: readonly string[] = ['write', 'cas', 'append', 'add', 'delete'] satisfies CommandName[];

export const FUNCTIONS: readonly string[] = ['read', ...COMMANDS];

/** Null for what is no command, or has a value of the wrong shape. */
function commandOf(invocation: Invocation): Omit<Command, 'session' | 'sequence'> | null {
  const { f, value } = invocation;
  if (!COMMANDS.includes(f)) return null;
  const op = f as CommandName;
  const key = keyOf(invocation);
  if (op === 'cas') {
    if (!isArray(value) || value.length !== 2) return null;
    return { kind: 'command', op, key, expected: value[0] as Json, value: value[1] as Json };
  }
  if (op === 'add' && typeof value !== 'number') return null;
  return { kind: 'command', op, key, expected: null, value: op === 'delete' ? null : value };
}
