/**
 * kafkajs's consumer, which calls back with batches, as polls that take what has come.
 *
 *     const consumer = new KafkajsConsumer(context, { topics: ['t0'], assigned: null, group: 'g' });
 *     await consumer.poll(deadlineMs); // { records: [['t0-1', [[0, bytes], …]]], rebalanced: ['t0-0', 't0-1'] }
 *
 * A batch waits in its callback until a poll takes it; only then does kafkajs go on from there. kafkajs knows no assignment of
 * one's own: who assigns gets a group of his own, with an assignor that assigns what was asked for, and is brought to his
 * positions by seeks whenever kafkajs joins. A poll without records is one only if the positions are at the ends of their logs, as the
 * plain client finds them: kafkajs does not say whether it was silent because nothing was there.
 */
import type * as Kafkajs from 'kafkajs';
import { msToNs } from '../../../../harness/units.ts';
import type { Endpoint } from '../../../runtime/runtime.ts';
import { APIS } from '../../wire/apis.ts';
import { ClientError } from '../client-error.ts';
import type { ClientOptions } from '../client-options.ts';
import type { KeyOffset, PartitionKey } from '../operations.ts';
import { keyOf } from '../operations.ts';
import { byTopic } from '../topic-groups.ts';
import { clientErrorOf } from './kafkajs-errors.ts';
import type { LoadedKafkajs } from './load-kafkajs.ts';

export interface ConsumerContext {
  readonly endpoint: Endpoint;
  readonly loaded: LoadedKafkajs;
  readonly kafka: Kafkajs.Kafka;
  readonly options: ClientOptions;
  nowMs(): number;
  /** The ends of logs as a consumer may see them, by the plain client. */
  ends(keys: readonly PartitionKey[], deadlineMs: number): Promise<ReadonlyMap<string, number>>;
  /** Where the group goes on. */
  starts(keys: readonly PartitionKey[], deadlineMs: number): Promise<ReadonlyMap<string, number>>;
}

export interface Consumption {
  readonly group: string;
  readonly topics: readonly string[];
  /** Null: what the group gives it. */
  readonly assigned: readonly KeyOffset[] | null;
}

export interface PolledBytes {
  readonly records: readonly (readonly [string, readonly (readonly [number, Uint8Array | null])[]])[];
  readonly rebalanced: readonly string[];
}

/** A batch that waits for a poll. */
interface Waiting {
  readonly key: PartitionKey;
  readonly messages: readonly Kafkajs.KafkaMessage[];
  readonly lastOffset: number;
  /** @param taken - false: it is left where it is, and comes again */
  readonly settle: (taken: boolean) => void;
}

const PARTITIONS_AT_ONCE = 64;
const RETRIES = 2;
const INITIAL_RETRY_MS = 100;

export class KafkajsConsumer {
  private readonly context: ConsumerContext;
  private readonly consumption: Consumption;
  private readonly consumer: Kafkajs.Consumer;
  private readonly waiting: Waiting[] = [];
  private readonly rebalanced = new Set<string>();
  /** Where each partition goes on, once that is known. */
  private readonly positions = new Map<string, number>();
  private readonly polled = new Set<string>();
  private keys: readonly PartitionKey[] = [];
  private isJoined = false;
  private hasStarts = false;
  private isStarting = false;
  private isClosed = false;
  private failure: ClientError | null = null;
  private joins = 0;
  private member = '';
  private wake: () => void = () => undefined;

  constructor(context: ConsumerContext, consumption: Consumption) {
    this.context = context;
    this.consumption = consumption;
    const { options, loaded, kafka } = context;
    for (const { key, offset } of consumption.assigned ?? []) this.positions.set(key.name, offset);
    this.consumer = kafka.consumer({
      groupId: consumption.group,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.sessionTimeoutMs,
      heartbeatInterval: options.heartbeatIntervalMs,
      maxWaitTimeInMs: options.pollMs,
      readUncommitted: options.isolation === 'read-uncommitted',
      allowAutoTopicCreation: false,
      retry: { retries: RETRIES, initialRetryTime: INITIAL_RETRY_MS },
      ...(consumption.assigned === null
        ? {}
        : { partitionAssigners: [ownAssigner(loaded, consumption.assigned)] }),
    });
    this.consumer.on('consumer.group_join', ({ payload }) => this.onJoin(payload));
    this.consumer.on('consumer.end_batch_process', ({ payload }) => {
      const { name } = keyOf(payload.topic, payload.partition);
      // Of batches that hold nothing for a consumer; what was taken is ahead already.
      if (payload.batchSize === 0) this.positions.set(name, Number(payload.lastOffset) + 1);
      this.wake();
    });
    this.consumer.on('consumer.crash', ({ payload }) => {
      this.isJoined = false;
      this.dropWaiting();
      if (!payload.restart) {
        this.failure = clientErrorOf(payload.error, 'the consumer', { count: 0 });
        this.isStarting = false;
      }
      this.wake();
    });
  }

  get isSubscribed(): boolean {
    return this.consumption.assigned === null;
  }

  get assignedKeys(): readonly PartitionKey[] {
    return this.consumption.assigned === null ? this.keys : this.consumption.assigned.map(({ key }) => key);
  }

  /** Generations are kafkajs's own affair: what is counted here are its joins. */
  get identity(): { readonly member: string; readonly joins: number } {
    return { member: this.member, joins: this.joins };
  }

  /** @throws ClientError definite */
  async poll(deadlineMs: number): Promise<PolledBytes> {
    const { options, nowMs } = this.context;
    if (this.assignedKeys.length === 0 && this.consumption.assigned !== null)
      return { records: [], rebalanced: [] };
    this.start();
    const idleMs = Math.min(nowMs() + options.pollMs, deadlineMs);
    for (;;) {
      const { failure } = this;
      if (failure !== null) {
        this.failure = null;
        throw failure.asDefinite();
      }
      if (this.isJoined && this.waiting.length > 0) return this.take();
      const isPast = nowMs() >= idleMs;
      if (isPast && this.isJoined && (await this.isAtEnds(deadlineMs)) && this.waiting.length === 0)
        return { records: [], rebalanced: this.takeRebalanced() };
      if (nowMs() >= deadlineMs) {
        throw ClientError.own('not-prepared', 'kafkajs has not delivered what is there, or has not joined');
      }
      await this.untilSomething((isPast ? deadlineMs : idleMs) - nowMs());
    }
  }

  polledOffsets(): KeyOffset[] {
    return this.assignedKeys.flatMap((key) => {
      const offset = this.positions.get(key.name);
      return this.polled.has(key.name) && offset !== undefined ? [{ key, offset }] : [];
    });
  }

  /** Where it goes on, also in partitions that no poll has found anything in: who assigns them anew goes on from there. */
  keptOffsets(): KeyOffset[] {
    return this.assignedKeys.flatMap((key) => {
      const offset = this.positions.get(key.name);
      return offset === undefined ? [] : [{ key, offset }];
    });
  }

  seek(offsets: readonly KeyOffset[]): void {
    const names = new Set(offsets.map(({ key }) => key.name));
    for (const { key, offset } of offsets) {
      this.positions.set(key.name, offset);
      this.polled.delete(key.name);
      if (this.isJoined) this.seekOne(key, offset);
    }
    this.dropWaiting((name) => names.has(name));
  }

  bookmark(): () => void {
    const positions = new Map(this.positions);
    const { joins } = this;
    return () => {
      if (this.joins !== joins) return;
      const moved = this.assignedKeys.flatMap((key) => {
        const offset = positions.get(key.name);
        return offset === undefined || offset === this.positions.get(key.name) ? [] : [{ key, offset }];
      });
      this.seek(moved);
    };
  }

  /** As a member of its group. @throws ClientError */
  async commit(offsets: readonly KeyOffset[]): Promise<void> {
    const { sockets } = this.context.loaded;
    const { key: apiKey } = APIS.offsetCommit;
    const before = sockets.sentCount(apiKey);
    try {
      await this.consumer.commitOffsets(
        offsets.map(({ key, offset }) => ({
          topic: key.topic,
          partition: key.partition,
          offset: String(offset),
        })),
      );
    } catch (error) {
      throw clientErrorOf(error, 'a commit', { count: sockets.sentCount(apiKey) - before });
    }
    // Where it does not run, kafkajs passes over a commit and says nothing.
    if (sockets.sentCount(apiKey) === before)
      throw ClientError.own('not-prepared', 'kafkajs commits nothing now');
  }

  /** Leaves the group, when it comes to it. */
  close(): void {
    this.isClosed = true;
    this.isJoined = false;
    this.dropWaiting();
    this.consumer.disconnect().catch(() => undefined);
  }

  // What kafkajs calls

  private start(): void {
    if (this.isStarting || this.isClosed) return;
    this.isStarting = true;
    this.run().catch((error: unknown) => {
      this.failure = clientErrorOf(error, 'the consumer', { count: 0 });
      this.isStarting = false;
      this.wake();
    });
  }

  private async run(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [...this.consumption.topics], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.onBatch(payload),
    });
  }

  private onJoin({ memberAssignment, memberId }: Kafkajs.ConsumerGroupJoinEvent['payload']): void {
    const before = this.keys;
    this.keys = Object.entries(memberAssignment)
      .flatMap(([topic, partitions]) => partitions.map((partition) => keyOf(topic, partition)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.joins++;
    this.member = memberId;
    this.isJoined = true;
    this.dropWaiting();
    if (this.consumption.assigned === null) {
      for (const { name } of [...before, ...this.keys]) this.rebalanced.add(name);
      this.positions.clear();
      this.polled.clear();
      this.hasStarts = false;
    } else {
      for (const { key } of this.consumption.assigned)
        this.seekOne(key, this.positions.get(key.name) as number);
    }
    this.wake();
  }

  private async onBatch(payload: Kafkajs.EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { messages } = batch;
    if (messages.length === 0 || payload.isStale() || !this.isJoined) return;
    let settle: (taken: boolean) => void = () => undefined;
    const settled = new Promise<boolean>((resolve) => (settle = resolve));
    const waiting: Waiting = {
      key: keyOf(batch.topic, batch.partition),
      messages,
      lastOffset: Number(batch.lastOffset()),
      settle,
    };
    this.waiting.push(waiting);
    this.wake();
    try {
      for (;;) {
        const outcome = await Promise.race([settled, this.sleep(this.context.options.heartbeatIntervalMs)]);
        if (outcome === true) payload.resolveOffset((messages.at(-1) as Kafkajs.KafkaMessage).offset);
        if (outcome !== undefined) return;
        await payload.heartbeat();
      }
    } finally {
      const place = this.waiting.indexOf(waiting);
      if (place >= 0) this.waiting.splice(place, 1);
    }
  }

  // Polls

  private take(): PolledBytes {
    const records = new Map<string, (readonly [number, Uint8Array | null])[]>();
    const taken = this.waiting.splice(0);
    for (const { key, messages, lastOffset, settle } of taken) {
      const first = Number(messages[0]?.offset);
      // kafkajs went back to the beginning by itself: the position was in no log any more.
      if (first < (this.positions.get(key.name) ?? 0)) this.rebalanced.add(key.name);
      const of = records.get(key.name) ?? [];
      records.set(key.name, of);
      for (const { offset, value } of messages) of.push([Number(offset), value]);
      this.positions.set(key.name, lastOffset + 1);
      this.polled.add(key.name);
      settle(true);
    }
    const order = this.assignedKeys.map(({ name }) => name);
    return {
      records: [...records].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)),
      rebalanced: this.takeRebalanced(),
    };
  }

  private takeRebalanced(): string[] {
    const names = [...this.rebalanced].sort();
    this.rebalanced.clear();
    return names;
  }

  private async isAtEnds(deadlineMs: number): Promise<boolean> {
    const keys = this.assignedKeys;
    const { joins } = this;
    if (!this.hasStarts && this.consumption.assigned === null) {
      const starts = await this.context.starts(keys, deadlineMs);
      if (this.joins !== joins) return false;
      for (const [name, offset] of starts) if (!this.positions.has(name)) this.positions.set(name, offset);
      this.hasStarts = true;
    }
    const ends = await this.context.ends(keys, deadlineMs);
    return (
      this.joins === joins &&
      keys.every(({ name }) => (this.positions.get(name) ?? -1) >= (ends.get(name) ?? 0))
    );
  }

  private seekOne({ topic, partition }: PartitionKey, offset: number): void {
    this.consumer.seek({ topic, partition, offset: String(offset) });
  }

  private dropWaiting(isMeant: (name: string) => boolean = () => true): void {
    for (const { key, settle } of [...this.waiting]) if (isMeant(key.name)) settle(false);
    const kept = this.waiting.filter(({ key }) => !isMeant(key.name));
    this.waiting.splice(0, this.waiting.length, ...kept);
  }

  private untilSomething(ms: number): Promise<void> {
    return new Promise((resolve) => {
      // Never nothing: what is left of a millisecond may round to no time at all, and then it would ask again at once, for ever.
      const timer = this.context.endpoint.setTimer(Math.max(1, msToNs(ms)), resolve);
      this.wake = () => {
        this.wake = () => undefined;
        timer.cancel();
        resolve();
      };
    });
  }

  private sleep(ms: number): Promise<undefined> {
    return new Promise((resolve) => {
      this.context.endpoint.setTimer(msToNs(ms), () => resolve(undefined));
    });
  }
}

/** Of a group with one member: it has what it asked for. */
function ownAssigner({ library }: LoadedKafkajs, assigned: readonly KeyOffset[]): Kafkajs.PartitionAssigner {
  const { MemberMetadata, MemberAssignment } = library.AssignerProtocol;
  const version = 0;
  const assignment = Object.fromEntries(
    byTopic(assigned, ({ key }) => key.partition).map(({ name, partitions }) => [name, [...partitions]]),
  );
  const userData = Buffer.alloc(0);
  return () => ({
    name: 'own',
    version,
    assign: async ({ members }) =>
      members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version, assignment, userData }),
      })),
    protocol: ({ topics }) => ({
      name: 'own',
      metadata: MemberMetadata.encode({ version, topics, userData }),
    }),
  });
}
