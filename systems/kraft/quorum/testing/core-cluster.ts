/**
 * Several cores in memory: messages wait until they are delivered, writes until they are stored, time until it is let go. The
 * transcripts move it by hand, the random schedules by a seed.
 *
 *     const cluster = new QuorumCluster({ voters: 3 });
 *     cluster.timeout(1);
 *     cluster.settle();          // delivers and stores until nothing is left
 *     cluster.output;            // what happened, a line for each effect
 */
import { assert, messageOf } from '../../../../harness/errors.ts';
import type { TraceRecord } from '../../../../harness/history/trace.ts';
import { NS_PER_MS } from '../../../../harness/units.ts';
import { quorumRulesWith } from '../bugs.ts';
import { QuorumCore } from '../core.ts';
import type { Effect } from '../effects.ts';
import type { Request, Response, Voter } from '../messages.ts';
import { endOffsetOf } from '../messages.ts';
import { parseQuorumOptions } from '../options.ts';
import type { CoreConfig } from '../state-types.ts';
import { describeRequest, describeResponse, describeTrace } from './describe.ts';
import { encodeControls, encodeSnapshot, fillIn, hashState, hashText, MemoryDisk } from './memory-disk.ts';

export interface ClusterSettings {
  /** Nodes 1 to this are the first voters. */
  readonly voters: number;
  /** Nodes after them. */
  readonly observers?: number;
  readonly kraftVersion?: number;
  readonly options?: { readonly [name: string]: number };
  readonly bugs?: readonly string[];
  /** By node: uniform in [0, 1). Without it every node has a number of its own, always the same. */
  readonly random?: (nodeId: number) => () => number;
  readonly onTrace?: (record: TraceRecord) => void;
}

/** Whom a message answers, and what it says. */
export type Message = {
  readonly from: number;
  readonly to: number;
  readonly correlationId: number;
  /** Of the node that asked: an answer to an earlier boot finds no connection. */
  readonly boot: number;
} & ({ readonly request: Request } | { readonly response: Response });

interface Token {
  readonly from: number;
  readonly correlationId: number;
  readonly boot: number;
}

export interface Node {
  core: QuorumCore;
  readonly disk: MemoryDisk;
  readonly config: CoreConfig;
  up: boolean;
  boot: number;
  /** A fetched snapshot whose bytes are all there and not yet durable. */
  storing: boolean;
  appliedOffset: number;
  stateHash: number;
  impossible: string | null;
  crash: string | null;
}

const MAX_ROUNDS = 400;
/** No deadline is so near that the next step would not move the clock. */
const MIN_STEP_MS = 1;
/** Operators' requests come from here. */
const OPERATOR = 0;

export const listenersOf = (nodeId: number): Voter['listeners'] => [
  { name: 'CONTROLLER', host: `n${nodeId}`, port: 9093 },
];

const voterOf = (nodeId: number, kraftVersion: number): Voter => ({
  voterId: nodeId,
  voterDirectoryId: kraftVersion > 0 ? `d${nodeId}` : null,
  listeners: listenersOf(nodeId),
});

export class QuorumCluster {
  readonly ids: readonly number[];
  readonly nodes = new Map<number, Node>();
  private readonly settings: ClusterSettings;
  messages: Message[] = [];
  readonly cutOff = new Set<number>();
  nowMs = 0;
  output: string[] = [];
  /** Whether messages are written to the output; nothing at all for schedules. */
  showsMessages = true;
  showsAnything = true;
  private lastCommand = 0;

  constructor(settings: ClusterSettings) {
    const { voters, observers = 0, kraftVersion = 0, bugs = [] } = settings;
    this.settings = settings;
    this.ids = Array.from({ length: voters + observers }, (_, i) => i + 1);
    const initial = this.ids.slice(0, voters).map((id) => voterOf(id, kraftVersion));
    for (const nodeId of this.ids) {
      const config: CoreConfig = {
        clusterId: 'shaken',
        nodeId,
        directoryId: `d${nodeId}`,
        voters: initial,
        kraftVersion,
        listeners: listenersOf(nodeId),
        options: parseQuorumOptions(settings.options ?? {}),
        rules: quorumRulesWith(bugs),
        random: settings.random?.(nodeId) ?? (() => nodeId / 16),
        encodeControls,
        nameOf: (id) => `n${id}`,
      };
      const disk = new MemoryDisk();
      const core = new QuorumCore(config, disk.recover(), 0);
      const node = { core, disk, config, up: true, boot: 1, storing: false, appliedOffset: 0, stateHash: 0 };
      this.nodes.set(nodeId, { ...node, impossible: null, crash: null });
    }
    for (const nodeId of this.ids) this.perform(nodeId);
    this.output = [];
  }

  node(nodeId: number): Node {
    const node = this.nodes.get(nodeId);
    assert(node !== undefined, `no node ${nodeId}`);
    return node;
  }

  core(nodeId: number): QuorumCore {
    return this.node(nodeId).core;
  }

  // What happens

  /** Lets the node's deadline pass, and that of no other. */
  timeout(nodeId: number): void {
    const { core } = this.node(nodeId);
    const { deadlineMs } = core;
    assert(deadlineMs < Infinity, `n${nodeId} waits for no time`);
    this.nowMs = Math.max(this.nowMs, deadlineMs);
    this.tick(nodeId);
  }

  tick(nodeId: number): void {
    this.core(nodeId).tick(this.nowMs);
    this.perform(nodeId);
  }

  /** @returns whether the node led */
  append(nodeId: number, texts: readonly string[]): boolean {
    const batches = texts.map((text) => ({ count: 1, hash: hashText(text), payload: text }));
    const offsets = this.core(nodeId).append(this.nowMs, batches);
    if (offsets === null) this.say(`n${nodeId} does not lead`);
    this.perform(nodeId);
    return offsets !== null;
  }

  /** What an operator asks of a node; the answer is in the output. */
  command(nodeId: number, request: Request): void {
    const token: Token = { from: OPERATOR, correlationId: ++this.lastCommand, boot: 0 };
    this.core(nodeId).receiveRequest(this.nowMs, token, request);
    this.perform(nodeId);
  }

  resign(nodeId: number): void {
    this.core(nodeId).resign(this.nowMs);
    this.perform(nodeId);
  }

  /** The node stores a snapshot of what it applied. @returns whether there was something to take */
  takeSnapshot(nodeId: number): boolean {
    const { core, disk, appliedOffset, stateHash } = this.node(nodeId);
    if (appliedOffset <= (disk.snapshot?.stored.snapshotId.endOffset ?? 0)) return false;
    disk.snapshot = encodeSnapshot({ ...core.snapshotContext(appliedOffset), stateHash });
    core.snapshotTaken(disk.snapshot.stored);
    this.perform(nodeId);
    return true;
  }

  /** Old records may go, as far as the node thinks right. */
  clean(nodeId: number): void {
    const { core, disk } = this.node(nodeId);
    if (disk.pending.length > 0) return;
    core.cleanLog(this.nowMs, core.log.endOffset);
    this.perform(nodeId);
  }

  /** Delivers what is under way now (not what comes of it), in order. */
  deliver(from: number | '*' = '*', to: number | '*' = '*'): void {
    for (const message of this.take(from, to)) this.receive(message);
  }

  drop(from: number | '*' = '*', to: number | '*' = '*'): void {
    this.take(from, to);
  }

  private take(from: number | '*', to: number | '*'): Message[] {
    const isTaken = (m: Message): boolean => (from === '*' || m.from === from) && (to === '*' || m.to === to);
    const taken = this.messages.filter(isTaken);
    this.messages = this.messages.filter((message) => !isTaken(message));
    return taken;
  }

  receive(message: Message): void {
    const { from, to, correlationId, boot } = message;
    const node = this.nodes.get(to);
    if (node === undefined || !node.up || this.cutOff.has(from) || this.cutOff.has(to)) return;
    if ('request' in message) {
      node.core.receiveRequest(this.nowMs, { from, correlationId, boot } satisfies Token, message.request);
    } else if (boot === node.boot) {
      node.core.receiveResponse(this.nowMs, from, correlationId, message.response);
    }
    this.perform(to);
  }

  /** The disk has the first `count` of what was written, or all. */
  store(nodeId: number, count?: number): void {
    const node = this.node(nodeId);
    if (!node.up) return;
    const last = node.disk.sync(count);
    if (last > 0) node.core.stored(this.nowMs, last);
    this.perform(nodeId);
    if (!node.storing || node.disk.pending.length > 0) return;
    node.storing = false;
    node.core.snapshotStored(this.nowMs, node.disk.storeChunks());
    this.perform(nodeId);
  }

  isBusy(nodeId: number): boolean {
    const { disk, storing, up } = this.node(nodeId);
    return up && (disk.pending.length > 0 || storing);
  }

  /** Loses what was not stored. */
  kill(nodeId: number): void {
    const node = this.node(nodeId);
    node.up = false;
    node.storing = false;
    node.disk.crash();
  }

  restart(nodeId: number): void {
    this.kill(nodeId);
    const node = this.node(nodeId);
    node.core = new QuorumCore(node.config, node.disk.recover(), this.nowMs);
    node.up = true;
    node.boot++;
    node.appliedOffset = node.disk.snapshot?.stored.snapshotId.endOffset ?? 0;
    node.stateHash = node.disk.snapshot?.stored.stateHash ?? 0;
    this.perform(nodeId);
  }

  /** Gives the node a disk with records of these epochs, each different. */
  load(nodeId: number, leaderEpoch: number, epochs: readonly number[]): void {
    const entries = epochs.map((epoch, offset) => {
      const payload = `${epoch}.${offset}`;
      return { offset, count: 1, epoch, hash: hashText(payload), controls: [], payload };
    });
    this.node(nodeId).disk.load({ leaderId: -1, leaderEpoch, votedId: -1, votedDirectoryId: null }, entries);
    this.restart(nodeId);
  }

  /** Delivers and stores until nothing is left to do. @returns false where messages go round for ever */
  settle(): boolean {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (this.messages.length === 0 && !this.ids.some((id) => this.isBusy(id))) return true;
      this.deliver();
      for (const nodeId of this.ids) this.store(nodeId);
    }
    return false;
  }

  /** Lets time go by, looking at the clock, delivering and storing as it does. @param enough - ends it early */
  run(ms: number, enough: () => boolean = () => false): boolean {
    const endMs = this.nowMs + ms;
    for (;;) {
      if (!this.settle()) return false;
      const up = this.ids.filter((id) => this.node(id).up);
      const nextMs = Math.min(...up.map((id) => this.core(id).deadlineMs));
      if (enough() || this.nowMs >= endMs) return true;
      this.nowMs = Math.min(endMs, Math.max(this.nowMs + MIN_STEP_MS, nextMs));
      for (const id of up) if (this.core(id).deadlineMs <= this.nowMs) this.tick(id);
    }
  }

  /** One line a node: where it stands. */
  status(): void {
    for (const nodeId of this.ids) {
      const { state, epoch, leaderId, highWatermark, durableEndOffset } = this.core(nodeId).status();
      const leader = leaderId === null ? '' : ` leader=n${leaderId}`;
      this.say(
        `n${nodeId} ${state} epoch=${epoch}${leader} log=[${this.logEpochs(nodeId)}] hw=${highWatermark} durable=${durableEndOffset}`,
      );
    }
  }

  private logEpochs(nodeId: number): string {
    const { log } = this.core(nodeId);
    const epochs: string[] = [];
    for (let offset = log.startOffset; offset < log.endOffset; offset++)
      epochs.push(String(log.epochAt(offset)));
    return `${log.startOffset > 0 ? `…${log.startOffset}: ` : ''}${epochs.join(' ')}`;
  }

  // What comes of it

  private say(line: string): void {
    if (this.showsAnything) this.output.push(line);
  }

  private perform(nodeId: number): void {
    const node = this.node(nodeId);
    for (const effect of node.core.takeEffects()) {
      if ('write' in effect) node.disk.write(effect);
      else this.performOther(nodeId, node, effect);
    }
    this.applyCommitted(nodeId, node);
    try {
      node.core.invariants();
    } catch (error) {
      node.impossible ??= messageOf(error);
      this.say(`IMPOSSIBLE ${node.impossible}`);
    }
  }

  private performOther(
    nodeId: number,
    node: Node,
    effect: Exclude<Effect, { readonly write: number }>,
  ): void {
    switch (effect.kind) {
      case 'request':
        this.send({ from: nodeId, boot: node.boot, ...effect });
        break;
      case 'respond': {
        const { from: to, correlationId, boot } = effect.token as Token;
        const response = fillIn(node.disk, effect.response, effect.fill);
        if (to === OPERATOR) this.say(`n${nodeId} answers: ${describeResponse(response)}`);
        else this.send({ from: nodeId, to, correlationId, boot, response });
        break;
      }
      case 'delete-prefix':
        node.disk.deletePrefix(effect.logStartOffset);
        this.say(`n${nodeId} deletes its log before ${effect.logStartOffset}`);
        break;
      case 'snapshot-chunk':
        node.disk.writeChunk(effect.position, effect.bytes);
        break;
      case 'store-snapshot':
        node.storing = true;
        break;
      case 'load-snapshot':
        node.appliedOffset = effect.snapshotId.endOffset;
        node.stateHash = node.disk.snapshot?.stored.stateHash ?? 0;
        break;
      case 'crash':
        node.crash = effect.reason;
        this.say(`n${nodeId} crashes: ${effect.reason}`);
        break;
      case 'trace':
        this.settings.onTrace?.({ node: `n${nodeId}`, time: this.nowMs * NS_PER_MS, event: effect.event });
        this.sayTrace(nodeId, effect.event);
        break;
      case 'high-watermark':
      case 'leader':
        break;
    }
  }

  private send(message: Message): void {
    this.messages.push(message);
    if (!this.showsAnything || !this.showsMessages) return;
    const what = 'request' in message ? describeRequest(message.request) : describeResponse(message.response);
    this.say(`n${message.from} -> n${message.to}: ${what}`);
  }

  private applyCommitted(nodeId: number, node: Node): void {
    const { highWatermark } = node.core.status();
    if (highWatermark <= node.appliedOffset) return;
    for (const entry of node.disk.entries) {
      if (entry.offset < node.appliedOffset || endOffsetOf(entry) > highWatermark) continue;
      node.stateHash = hashState(node.stateHash, entry);
      node.appliedOffset = endOffsetOf(entry);
    }
    node.core.applied(node.appliedOffset, node.stateHash);
    for (const effect of node.core.takeEffects()) {
      assert(effect.kind === 'trace', 'applying has no effect but a trace');
      this.performOther(nodeId, node, effect);
    }
  }

  private sayTrace(nodeId: number, event: TraceRecord['event']): void {
    if (!this.showsAnything) return;
    const line = describeTrace(event, this.core(nodeId).status().state);
    if (line !== null) this.say(`n${nodeId} ${line}`);
  }
}
