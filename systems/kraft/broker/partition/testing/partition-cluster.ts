/**
 * Replicas of one partition, a controller, and the messages between them, none of which moves by itself: a transcript or a
 * random schedule says what is delivered, who crashes and when it is what time.
 *
 *     const cluster = new PartitionCluster({ brokers: 3, options: { minInsyncReplicas: 2 } });
 *     cluster.settle();
 *     cluster.produce(1, -1, [plainBatch('a')]); cluster.settle();
 */
import type { Effect, LeaderRequest } from '../effects.ts';
import type {
  AlterPartition,
  AlterPartitionResponse,
  ConsumerFetch,
  EpochEndResponse,
  FetchReply,
  ProduceReply,
} from '../messages.ts';
import type { PartitionOptions } from '../options.ts';
import { DEFAULT_OPTIONS } from '../options.ts';
import { PartitionCore } from '../partition-core.ts';
import { partitionRulesWith } from '../bugs.ts';
import { ControllerStub } from './controller-stub.ts';
import type { StoredBatch, TestBatch } from './memory-log.ts';
import type { Node, Observer, Produce } from './observer.ts';
import { MemoryLog } from './memory-log.ts';

export const CONTROLLER = 0;

export type Message = { readonly from: number; readonly to: number; readonly epoch: number } & (
  | { readonly kind: 'request'; readonly correlationId: number; readonly request: LeaderRequest }
  | {
      readonly kind: 'fetched';
      readonly asked: Asked;
      readonly reply: FetchReply;
      readonly batches: readonly StoredBatch[];
    }
  | { readonly kind: 'epoch-end'; readonly asked: Asked; readonly reply: EpochEndResponse }
  | { readonly kind: 'alter'; readonly correlationId: number; readonly request: AlterPartition }
  | { readonly kind: 'altered'; readonly correlationId: number; readonly response: AlterPartitionResponse }
);

interface Asked {
  readonly correlationId: number;
  readonly leaderEpoch: number;
  readonly offset: number;
}

interface Consume {
  readonly kind: 'consume';
  readonly request: ConsumerFetch;
}

interface ReplicaCall {
  readonly kind: 'replica';
  readonly from: number;
  readonly epoch: number;
  readonly asked: Asked;
}

export interface ClusterSettings {
  readonly brokers: number;
  readonly options?: Partial<PartitionOptions>;
  readonly bugs?: readonly string[];
  readonly observer?: Observer;
}

const MAX_DELIVERIES = 10_000;
const READ_LIMIT_BATCHES = 3;
export const PRODUCE_TIMEOUT_MS = 100;

export class PartitionCluster {
  nowMs = 0;
  readonly controller: ControllerStub;
  readonly nodes: readonly Node[];
  messages: Message[] = [];
  /** Lines of what happened, for transcripts. */
  readonly observer: Observer | undefined;
  /** Truncations wait for {@link finishTruncation}. */
  slowTruncation = false;
  private readonly settings: ClusterSettings;
  private readonly options: PartitionOptions;

  constructor(settings: ClusterSettings) {
    this.settings = settings;
    this.options = { ...DEFAULT_OPTIONS, ...settings.options };
    this.observer = settings.observer;
    const ids = Array.from({ length: settings.brokers }, (_, i) => i + 1);
    this.controller = new ControllerStub(ids, this.options.minInsyncReplicas);
    this.nodes = ids.map((id) => {
      const log = new MemoryLog();
      const brokerEpoch = this.controller.register(id, false);
      const rest = { up: true, seenImages: 0, truncating: null, checkpoint: 0, lostData: false };
      return { id, log, core: this.newCore(id, log), brokerEpoch, ...rest };
    });
    for (const id of ids) this.controller.unfence(id);
  }

  private newCore(brokerId: number, log: MemoryLog): PartitionCore {
    const rules = partitionRulesWith(this.settings.bugs ?? []);
    return new PartitionCore({ brokerId, options: this.options, rules, log }, this.nowMs);
  }

  node(id: number): Node {
    return this.nodes[id - 1] as Node;
  }

  get ids(): readonly number[] {
    return this.nodes.map((node) => node.id);
  }

  /** Those that lead, as they think. */
  get leaders(): readonly Node[] {
    return this.nodes.filter((node) => node.up && node.core.status().role === 'leader');
  }

  // What may happen

  tick(id: number): void {
    this.on(id, (core) => core.tick(this.nowMs));
  }

  /** Shows a broker the next image of the metadata. @returns whether there was one */
  metadata(id: number): boolean {
    const node = this.node(id);
    const image = this.controller.images[node.seenImages];
    if (!node.up || image === undefined) return false;
    node.seenImages++;
    this.on(id, (core) => {
      core.brokersChanged(this.nowMs, image.brokers);
      core.metadata(this.nowMs, image.partition);
    });
    return true;
  }

  produce(
    broker: number,
    acks: 0 | 1 | -1,
    batches: readonly TestBatch[],
    onReply?: (reply: ProduceReply) => void,
  ): void {
    const token: Produce = { kind: 'produce', broker, acks, batches, ...(onReply && { onReply }) };
    this.on(broker, (core) => {
      core.produce(this.nowMs, token, { acks, timeoutMs: PRODUCE_TIMEOUT_MS, batches });
    });
  }

  consume(
    broker: number,
    offset: number,
    isolation: ConsumerFetch['isolation'],
    settings: Partial<ConsumerFetch> = {},
  ): void {
    const request: ConsumerFetch = {
      kind: 'consumer',
      isolation,
      offset,
      leaderEpoch: -1,
      lastFetchedEpoch: -1,
      minBytes: 1,
      maxBytes: 1000,
      maxWaitMs: 0,
      ...settings,
    };
    this.on(broker, (core) =>
      core.fetch(this.nowMs, { kind: 'consume', request } satisfies Consume, request),
    );
  }

  finishTruncation(id: number): void {
    const node = this.node(id);
    const finish = node.truncating;
    if (!node.up || finish === null) return;
    node.truncating = null;
    finish();
    this.on(id, (core) => core.truncated(this.nowMs));
    this.observer?.changed();
  }

  /** @param keptOfUnflushed - batches; infinite for a mere crash of the process, else a power loss */
  kill(id: number, keptOfUnflushed = Infinity): void {
    const node = this.node(id);
    if (!node.up) return;
    node.up = false;
    node.truncating = null;
    node.log.crash(keptOfUnflushed, node.checkpoint);
    if (keptOfUnflushed !== Infinity) node.lostData = true;
  }

  restart(id: number): void {
    const node = this.node(id);
    if (node.up) return;
    node.up = true;
    node.brokerEpoch = this.controller.register(id, node.lostData);
    node.lostData = false;
    // It loads what there is, up to its own registration.
    node.seenImages = this.controller.images.length - 1;
    node.core = this.newCore(id, node.log);
    this.metadata(id);
    this.observer?.changed();
  }

  flush(id: number): void {
    const node = this.node(id);
    if (!node.up || node.truncating !== null) return;
    node.log.flush();
    this.on(id, (core) => core.stored(this.nowMs));
  }

  // Messages

  receive(message: Message): void {
    if (message.to === CONTROLLER) {
      if (message.kind === 'alter') this.alter(message.from, message.epoch, message);
      return;
    }
    const node = this.node(message.to);
    if (!node.up) return;
    if (message.kind === 'request') {
      this.serve(node, message.from, message.epoch, message);
      return;
    }
    if (message.epoch !== node.brokerEpoch) return;
    this.on(node.id, (core) => {
      if (message.kind === 'altered') {
        core.alterPartitionResponse(this.nowMs, message.correlationId, message.response);
      } else if (message.kind === 'epoch-end') {
        core.epochEndResponse(this.nowMs, message.asked, message.reply);
      } else if (message.kind === 'fetched') {
        this.fetched = message.batches;
        core.fetchResponse(this.nowMs, message.asked, {
          ...message.reply,
          sizeBytes: message.batches.length,
        });
      }
    });
  }

  private fetched: readonly StoredBatch[] = [];

  private alter(
    from: number,
    epoch: number,
    { correlationId, request }: { readonly correlationId: number; readonly request: AlterPartition },
  ): void {
    const response = this.controller.alterPartition(from, epoch, request);
    this.messages.push({ kind: 'altered', from: CONTROLLER, to: from, epoch, correlationId, response });
    this.observer?.changed();
  }

  private serve(
    node: Node,
    from: number,
    epoch: number,
    { correlationId, request }: { readonly correlationId: number; readonly request: LeaderRequest },
  ): void {
    const { leaderEpoch } = request;
    const offset = request.api === 'fetch' ? request.offset : -1;
    const token: ReplicaCall = {
      kind: 'replica',
      from,
      epoch,
      asked: { correlationId, leaderEpoch, offset },
    };
    this.on(node.id, (core) => {
      if (request.api === 'offset-for-leader-epoch') return core.epochEnd(this.nowMs, token, request);
      core.fetch(this.nowMs, token, {
        kind: 'replica',
        brokerId: from,
        brokerEpoch: epoch,
        leaderEpoch,
        offset,
        lastFetchedEpoch: request.lastFetchedEpoch,
        minBytes: 1,
        maxBytes: this.options.replicaFetchMaxBytes,
        maxWaitMs: this.options.replicaFetchWaitMaxMs,
      });
    });
  }

  /** Delivers everything, and shows everybody the metadata, until nothing is left. */
  settle(): void {
    for (let i = 0; i < MAX_DELIVERIES; i++) {
      const message = this.messages.shift();
      if (message !== undefined) this.receive(message);
      else if (!this.ids.some((id) => this.metadata(id))) return;
    }
    throw new Error('the cluster does not come to rest');
  }

  // Effects

  private on(id: number, act: (core: PartitionCore) => void): void {
    const node = this.node(id);
    if (!node.up) return;
    act(node.core);
    for (let effects = node.core.takeEffects(); effects.length > 0; effects = node.core.takeEffects()) {
      for (const effect of effects) this.perform(node, effect);
    }
    node.core.invariants();
  }

  private perform(node: Node, effect: Effect): void {
    this.observer?.effect(node, effect);
    const { log, core } = node;
    const { nowMs } = this;
    switch (effect.kind) {
      case 'append': {
        const { batches } = effect.token as Produce;
        const range = log.append(batches, effect.leaderEpoch);
        this.observer?.appended(node, log.read(range.baseOffset, Infinity, Infinity));
        return core.appended(nowMs, range);
      }
      case 'append-fetched': {
        const range = log.appendFetched(this.fetched);
        if (range === null) return core.appendFailed(nowMs, 2);
        this.observer?.appended(node, this.fetched);
        return core.appended(nowMs, range);
      }
      case 'truncate':
        return this.truncate(node, () => log.truncateTo(effect.endOffset));
      case 'truncate-fully':
        return this.truncate(node, () => log.truncateFully(effect.startOffset));
      case 'request':
      case 'alter-partition':
        return this.send(node, effect);
      case 'reply-produce': {
        const produce = effect.token as Produce;
        this.observer?.produced(node, produce, effect.reply);
        return produce.onReply?.(effect.reply);
      }
      case 'reply-fetch':
        return this.answerFetch(node, effect.token as ReplicaCall | Consume, effect.reply);
      case 'reply-epoch-end': {
        const { from: to, epoch, asked } = effect.token as ReplicaCall;
        this.messages.push({ kind: 'epoch-end', from: node.id, to, epoch, asked, reply: effect.reply });
        return;
      }
      case 'crash':
        throw new Error(`broker ${node.id} crashes: ${effect.reason}`);
      case 'advance-log-start':
      case 'high-watermark':
      case 'trace':
    }
  }

  private truncate(node: Node, finish: () => void): void {
    node.truncating = finish;
    if (!this.slowTruncation) this.finishTruncation(node.id);
  }

  private send(node: Node, effect: Effect & { readonly kind: 'request' | 'alter-partition' }): void {
    const { id: from, brokerEpoch: epoch } = node;
    const { correlationId } = effect;
    if (effect.kind === 'request') {
      const { to, request } = effect;
      this.messages.push({ kind: 'request', from, to, epoch, correlationId, request });
    } else {
      const { request } = effect;
      this.messages.push({ kind: 'alter', from, to: CONTROLLER, epoch, correlationId, request });
    }
  }

  private answerFetch(node: Node, token: ReplicaCall | Consume, reply: FetchReply): void {
    const { fill } = reply;
    const batches = fill === null ? [] : node.log.read(fill.fromOffset, fill.upTo, READ_LIMIT_BATCHES);
    if (token.kind === 'consume') {
      this.observer?.read(node, token.request, reply, batches);
      return;
    }
    const { from: to, epoch, asked } = token;
    this.messages.push({ kind: 'fetched', from: node.id, to, epoch, asked, reply, batches });
  }
}
