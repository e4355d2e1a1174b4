/**
 * Joins the core to the world: bytes come in through the Runtime, become inputs, and the core's effects are performed in
 * order. Only the disk is asynchronous: at most one append and fsync is under way, and everything that arrives
 * meanwhile goes into the next (group commit).
 *
 *     const node = raftProgram(runtime, { name: 'n1', peers: ['n1', 'n2', 'n3'], options: {}, bugs: [] });
 *     node.status(); // { role: 'starting', … } until the disk is read
 */
import type { TraceEvent } from '../../harness/history/trace.ts';
import type { NodeConfig, NodeProgram, NodeStatus, RunningNode } from '../runtime/node-program.ts';
import type { Connection, Runtime, Timer } from '../runtime/runtime.ts';
import { rulesWith } from './bugs.ts';
import { MalformedError } from './bytes.ts';
import { RaftCore } from './core.ts';
import type { Effect, Reply } from './effects.ts';
import { RESULT } from './errors.ts';
import type { Message } from './messages.ts';
import { decodeMessage, encodeMessage } from './messages.ts';
import { narrate } from './narrate.ts';
import type { RaftOptions } from './options.ts';
import { parseOptions } from './options.ts';
import {
  decodeRequest,
  encodePosition,
  encodeReadReply,
  encodeRefusal,
  FrameReader,
  requestIdOf,
} from './protocol.ts';
import type { Rules } from './rules.ts';
import { Storage } from './storage.ts';
import { messageOf } from '../../harness/errors.ts';

/** A client that does not take its answers is cut off. */
const MAX_BUFFERED_REPLY_BYTES = 16 * 1024 * 1024;

const STARTING: NodeStatus = { role: 'starting', term: 0, leader: null };

/** Whom an answer goes to. */
interface Asker {
  readonly connection: Connection;
  readonly requestId: number;
}

/** @throws HarnessError for an unknown option or bug */
export const raftProgram: NodeProgram = (runtime, config) => new RaftNode(runtime, config);

class RaftNode implements RunningNode {
  private readonly runtime: Runtime;
  private readonly config: NodeConfig;
  private readonly options: RaftOptions;
  private readonly rules: Rules;
  private readonly storage: Storage;
  private core: RaftCore | null = null;
  private timer: Timer | null = null;
  /** When the timer fires; never later than the core's deadline. */
  private timerDeadline = Infinity;
  private flushing = false;
  /** The message encoded last: followers at the same place get the same bytes. */
  private encoded: { message: Message; bytes: Uint8Array } | null = null;

  constructor(runtime: Runtime, config: NodeConfig) {
    this.runtime = runtime;
    this.config = config;
    this.options = parseOptions(config.options);
    this.rules = rulesWith(config.bugs);
    this.storage = new Storage(runtime.files, this.options, this.rules);
    runtime.onDatagram((from, bytes) => this.onDatagram(from, bytes));
    runtime.listen(this.options.clientPort, (connection) => this.onConnection(connection));
    void this.start();
  }

  status(): NodeStatus {
    return this.core?.status() ?? STARTING;
  }

  invariants(): void {
    this.core?.invariants();
  }

  private async start(): Promise<void> {
    try {
      const recovered = await this.storage.recover();
      const { runtime } = this;
      this.core = new RaftCore(
        {
          name: this.config.name,
          voters: this.config.peers,
          options: this.options,
          rules: this.rules,
          random: () => runtime.random.float(),
        },
        recovered,
        runtime.monotonicNs(),
      );
      this.perform(this.core);
    } catch (error) {
      this.crash('cannot start', error);
    }
  }

  private crash(what: string, error: unknown): void {
    this.core = null;
    this.runtime.crash(`${what}: ${messageOf(error)}`);
  }

  // Inputs

  private onDatagram(from: string, bytes: Uint8Array): void {
    const { core } = this;
    if (core === null) return;
    let message: Message;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.runtime.log('warn', 'malformed message', { from, error: error.message });
      return;
    }
    core.receive(this.runtime.monotonicNs(), from, message);
    this.perform(core);
  }

  private onConnection(connection: Connection): void {
    const frames = new FrameReader(this.options.maxRequestBytes, (bytes, begin, end) =>
      this.onRequest(connection, bytes, begin, end),
    );
    connection.onData((bytes) => {
      try {
        frames.push(bytes);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        this.runtime.log('warn', 'malformed stream', { from: connection.remote.host, error: error.message });
        connection.write(encodeRefusal(0, RESULT.tooLarge, null));
        connection.close();
      }
    });
  }

  private onRequest(connection: Connection, bytes: Uint8Array, begin: number, end: number): void {
    const { core } = this;
    let request;
    try {
      request = decodeRequest(bytes, begin, end);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      connection.write(encodeRefusal(requestIdOf(bytes, begin, end), RESULT.malformed, null));
      return;
    }
    const { requestId } = request;
    if (core === null) {
      connection.write(encodeRefusal(requestId, RESULT.notReady, null));
      return;
    }
    const asker: Asker = { connection, requestId };
    const now = this.runtime.monotonicNs();
    if (request.kind === 'read') core.read(now, asker, request.key);
    else core.propose(now, asker, request.bytes, request.payload);
    this.perform(core);
  }

  private onTimer(): void {
    this.timerDeadline = Infinity;
    const { core } = this;
    if (core === null) return;
    core.tick(this.runtime.monotonicNs());
    this.perform(core);
  }

  // Effects

  private perform(core: RaftCore): void {
    for (const effect of core.takeEffects()) this.performOne(effect);
    // Deadlines mostly move later; an early timer finds nothing to do and is set again.
    const { deadline } = core;
    if (deadline < this.timerDeadline) {
      this.timer?.cancel();
      this.timerDeadline = deadline;
      const delayNs = Math.max(0, deadline - this.runtime.monotonicNs());
      this.timer = this.runtime.setTimer(delayNs, () => this.onTimer());
    }
    if (!this.flushing && this.storage.hasWork) void this.flush();
  }

  private performOne(effect: Effect): void {
    const { storage } = this;
    switch (effect.kind) {
      case 'send':
        this.runtime.sendDatagram(effect.to, this.encode(effect.message));
        break;
      case 'trace':
        this.trace(effect.event);
        break;
      case 'append':
        storage.entries(effect.write, effect.entries);
        break;
      case 'reply':
        this.reply(effect);
        break;
      case 'persist':
        storage.hardState(effect.write, effect.term, effect.votedFor);
        break;
      case 'truncate':
        storage.truncate(effect.write, effect.fromIndex);
        break;
      case 'reset':
        storage.reset(effect.write, effect.index, effect.term);
        break;
      case 'save-snapshot':
        void this.saveSnapshot(effect.snapshot);
        break;
      case 'compact':
        storage.compact(effect.index);
        break;
      case 'crash':
        this.crash('stops', new Error(effect.reason));
    }
  }

  private trace(event: TraceEvent): void {
    this.runtime.trace(event);
    const line = narrate(event);
    if (line !== null) this.runtime.log('info', line);
  }

  private encode(message: Message): Uint8Array {
    if (this.encoded?.message !== message) this.encoded = { message, bytes: encodeMessage(message) };
    return this.encoded.bytes;
  }

  private reply(reply: Reply): void {
    const { connection, requestId } = reply.token as Asker;
    let bytes;
    if (reply.isRead) bytes = encodeReadReply(requestId, reply.value);
    else if (reply.index > 0) bytes = encodePosition(requestId, reply.code, reply.term, reply.index);
    else bytes = encodeRefusal(requestId, reply.code, reply.leader);
    if (connection.bufferedBytes > MAX_BUFFERED_REPLY_BYTES) connection.close();
    else connection.write(bytes);
  }

  // Disk

  private async flush(): Promise<void> {
    this.flushing = true;
    const { storage } = this;
    try {
      while (storage.hasWork) {
        if (!storage.batch.isEmpty) {
          const write = await storage.commit();
          this.step((core, now) => core.stored(now, write));
        }
        if (storage.wantsRotation) await storage.rotate();
      }
    } catch (error) {
      this.crash('its disk failed', error);
    }
    this.flushing = false;
  }

  private async saveSnapshot(snapshot: Parameters<Storage['saveSnapshot']>[0]): Promise<void> {
    try {
      await this.storage.saveSnapshot(snapshot);
      this.step((core, now) => core.snapshotSaved(now));
    } catch (error) {
      this.crash('its disk failed', error);
    }
  }

  private step(input: (core: RaftCore, now: number) => void): void {
    const { core } = this;
    if (core === null) return;
    input(core, this.runtime.monotonicNs());
    this.perform(core);
  }
}
