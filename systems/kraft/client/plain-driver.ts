/**
 * The operations of a workload by our plain client.
 *
 *     const driver = new PlainDriver(endpoint, { address, addresses, clientId: 'client-3', options });
 *
 * A client of one process: one call at a time. Its transactional id is of this client alone, so that nobody fences it.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { Address, Endpoint } from '../../runtime/runtime.ts';
import { CODEC } from '../records/compression.ts';
import { ERROR } from '../wire/error-codes.ts';
import type { NewTopic, QuorumView, TopicView } from './admin.ts';
import { Admin } from './admin.ts';
import { ClientError, definitely } from './client-error.ts';
import type { ClientOptions } from './client-options.ts';
import { Consumer } from './consumer.ts';
import type { Assignment, Driver, PolledValues } from './driver.ts';
import { GroupMember } from './group-member.ts';
import { KafkaClient } from './kafka-client.ts';
import { commitOffsets, fetchOffsets } from './group-offsets.ts';
import type { KeyOffset, KeyPosition, PartitionKey } from './operations.ts';
import { keyOf } from './operations.ts';
import type { GroupIdentity } from './producer.ts';
import { Producer } from './producer.ts';
import { ensureTopics } from './topic-setup.ts';
import { decodeValue, encodeValue } from './values.ts';

export interface DriverContext {
  /** The client's own. */
  readonly address: Address;
  /** Of all nodes. */
  readonly addresses: readonly Address[];
  readonly clientId: string;
  readonly options: ClientOptions;
}

/** Of a request's time: a broker that waits longer for others answers too late. */
const PRODUCE_TIMEOUT_SHARE = 0.75;

export class PlainDriver implements Driver {
  private readonly endpoint: Endpoint;
  private readonly context: DriverContext;
  private client: KafkaClient;
  private admin: Admin;
  /** Made when they are first needed. */
  private producer: Producer | null = null;
  private transactional: Producer | null = null;
  private isInTransaction = false;
  private consumer: Consumer;
  private member: GroupMember | null = null;

  constructor(endpoint: Endpoint, context: DriverContext) {
    this.endpoint = endpoint;
    this.context = context;
    this.client = this.openClient();
    this.admin = new Admin(this.client);
    this.consumer = this.openConsumer();
  }

  get nowMs(): number {
    return this.client.nowMs;
  }

  sleep(ms: number): Promise<void> {
    return this.client.sleep(ms);
  }

  ensureTopics(topics: readonly string[], deadlineMs: number): Promise<void> {
    return ensureTopics(this.client, topics, this.context, deadlineMs);
  }

  // Producing

  send(key: PartitionKey, values: readonly Json[], deadlineMs: number): Promise<number | null> {
    const timestampMs = Math.round(this.endpoint.wallMs());
    const records = values.map((value) => ({ value: encodeValue(value), timestampMs }));
    if (this.isInTransaction) return this.transactionalProducer.send(key, records, deadlineMs);
    this.producer ??= this.openProducer(null);
    return this.producer.send(key, records, deadlineMs);
  }

  begin(): void {
    this.isInTransaction = true;
  }

  sendOffsets(offsets: readonly KeyOffset[], deadlineMs: number): Promise<void> {
    return this.transactionalProducer.sendOffsets(this.groupIdentity(null), offsets, deadlineMs);
  }

  end(how: 'commit' | 'abort', deadlineMs: number): Promise<void> {
    this.isInTransaction = false;
    return this.transactionalProducer.end(how, deadlineMs);
  }

  // Consuming

  async assign(positions: readonly KeyPosition[]): Promise<void> {
    this.endMembership();
    this.consumer.assign(positions);
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.endMembership();
    const { group, sessionTimeoutMs, heartbeatIntervalMs } = this.context.options;
    this.consumer.assign([]);
    this.member = new GroupMember(this.client, { group, topics, sessionTimeoutMs, heartbeatIntervalMs });
  }

  async seek(positions: readonly KeyPosition[]): Promise<void> {
    this.consumer.seek(positions);
  }

  async poll(deadlineMs: number): Promise<PolledValues> {
    const rebalanced = await this.takeAssignment(deadlineMs);
    const { records, reset } = await this.consumer.poll(deadlineMs).catch((error: unknown) => {
      // Told with the next poll that succeeds.
      for (const name of rebalanced) this.untold.add(name);
      throw error;
    });
    const told = [...new Set([...this.untold, ...rebalanced, ...reset])].sort();
    this.untold.clear();
    return {
      records: records.map(([name, found]) => [
        name,
        found.map(({ offset, value }) => [offset, decodeValue(value)] as const),
      ]),
      rebalanced: told,
    };
  }

  /** Partitions of a rebalance whose poll failed. */
  private readonly untold = new Set<string>();
  /** That were taken over. */
  private joins = 0;

  get assignment(): Assignment {
    const { memberId, generation } = this.groupIdentity(null);
    return { member: memberId, generation, partitions: this.consumer.keys };
  }

  polledOffsets(): readonly KeyOffset[] {
    return this.consumer.polledOffsets();
  }

  bookmark(): () => void {
    const { consumer } = this;
    const positions = consumer.snapshot();
    const { joins } = this;
    return () => {
      // What another join assigned stays where it is: also one that found the generation unchanged.
      if (this.joins === joins) consumer.restore(positions);
    };
  }

  async commit(group: string | null, offsets: readonly KeyOffset[], deadlineMs: number): Promise<void> {
    try {
      await commitOffsets(this.client, this.groupIdentity(group), offsets, deadlineMs);
    } catch (error) {
      if (error instanceof ClientError && error.errorCode !== null && group === null)
        this.member?.learn(error.errorCode);
      throw error;
    }
  }

  committed(group: string | null, keys: readonly PartitionKey[], deadlineMs: number) {
    const { options } = this.context;
    return fetchOffsets(this.client, group ?? options.group, keys, options.isolation, deadlineMs);
  }

  async listOffsets(keys: readonly PartitionKey[], deadlineMs: number) {
    const low = await this.consumer.offsets(keys, 'beginning', deadlineMs);
    const high = await this.consumer.offsets(keys, 'end', deadlineMs, 'read-uncommitted');
    return keys.map((key) => ({
      key,
      low: low.get(key.name) as number,
      high: high.get(key.name) as number,
    }));
  }

  async deleteRecords(offsets: readonly KeyOffset[], deadlineMs: number): Promise<readonly KeyOffset[]> {
    const lows = await this.consumer.deleteRecords(offsets, deadlineMs);
    return offsets.map(({ key }) => ({ key, offset: lows.get(key.name) as number }));
  }

  /** The ends of logs as a consumer of that isolation sees them. */
  ends(keys: readonly PartitionKey[], isolation: ClientOptions['isolation'], deadlineMs: number) {
    return this.consumer.offsets(keys, 'end', deadlineMs, isolation);
  }

  partitionCount(topic: string): number {
    return this.client.metadata.topic(topic)?.size ?? 0;
  }

  async readAll(topic: string, deadlineMs: number): Promise<readonly Json[]> {
    const { options } = this.context;
    const keys = this.partitionsOf(topic);
    const reader = new Consumer(this.client, { ...options, isolation: 'read-committed' });
    const ends = await reader.offsets(keys, 'end', deadlineMs);
    reader.assign(keys.map((key) => ({ key, position: 'beginning' })));
    const values: Json[] = [];
    for (;;) {
      const { records, reset } = await reader.poll(deadlineMs);
      if (reset.length > 0)
        throw ClientError.answered(ERROR.OFFSET_OUT_OF_RANGE, `a read of all of ${topic}`);
      for (const [, found] of records) for (const { value } of found) values.push(decodeValue(value));
      const reached = new Map(reader.polledOffsets().map(({ key, offset }) => [key.name, offset]));
      if (keys.every(({ name }) => (reached.get(name) ?? 0) >= (ends.get(name) ?? 0))) return values;
      if (this.nowMs >= deadlineMs)
        throw ClientError.own('no-answer', `no end of ${topic} in time`).asDefinite();
    }
  }

  async hasOpenTransactions(topic: string, deadlineMs: number): Promise<boolean> {
    const keys = this.partitionsOf(topic);
    const stable = await this.ends(keys, 'read-committed', deadlineMs);
    const all = await this.ends(keys, 'read-uncommitted', deadlineMs);
    return keys.some(({ name }) => (stable.get(name) ?? 0) < (all.get(name) ?? 0));
  }

  private partitionsOf(topic: string): PartitionKey[] {
    return Array.from({ length: this.partitionCount(topic) }, (_, partition) => keyOf(topic, partition));
  }

  // Of its own node

  createTopic(topic: NewTopic, deadlineMs: number): Promise<void> {
    return this.admin.createTopic(this.context.address, topic, deadlineMs);
  }

  deleteTopic(topic: string, deadlineMs: number): Promise<void> {
    return this.admin.deleteTopic(this.context.address, topic, deadlineMs);
  }

  describeTopics(topics: readonly string[] | null, deadlineMs: number): Promise<readonly TopicView[]> {
    return this.admin.describe(this.context.address, topics, deadlineMs);
  }

  describeQuorum(deadlineMs: number): Promise<QuorumView> {
    return this.admin.describeQuorum(this.context.address, deadlineMs);
  }

  crash(): void {
    this.close();
    this.client = this.openClient();
    this.admin = new Admin(this.client);
    this.consumer = this.openConsumer();
    this.producer = null;
    this.transactional = null;
    this.isInTransaction = false;
    this.member = null;
    this.untold.clear();
  }

  close(): void {
    this.member?.stop();
    this.client.close();
  }

  private openClient(): KafkaClient {
    const { address, addresses, clientId, options } = this.context;
    const others = addresses.filter(({ host, port }) => host !== address.host || port !== address.port);
    const { requestTimeoutMs } = options;
    return new KafkaClient(this.endpoint, { clientId, bootstrap: [address, ...others], requestTimeoutMs });
  }

  private get transactionalProducer(): Producer {
    this.transactional ??= this.openProducer(this.context.clientId);
    return this.transactional;
  }

  private openProducer(transactionalId: string | null): Producer {
    const { options } = this.context;
    return new Producer(this.client, {
      acks: transactionalId === null ? options.acks : -1,
      idempotence: options.idempotence || transactionalId !== null,
      transactionalId,
      transactionTimeoutMs: options.transactionTimeoutMs,
      codec: CODEC[options.compression],
      retries: options.retries,
      produceTimeoutMs: Math.round(options.requestTimeoutMs * PRODUCE_TIMEOUT_SHARE),
    });
  }

  private openConsumer(): Consumer {
    return new Consumer(this.client, this.context.options);
  }

  /** Who commits: a member of the group, or somebody who assigns partitions to himself. */
  private groupIdentity(group: string | null): GroupIdentity {
    const { member } = this;
    if (member === null || group !== null)
      return { group: group ?? this.context.options.group, memberId: '', generation: -1 };
    return member.identity;
  }

  private endMembership(): void {
    const { member } = this;
    this.member = null;
    if (member === null) return;
    // Nobody waits for it: a group that does not hear it finds out by itself.
    void member.leave(this.nowMs + this.context.options.requestTimeoutMs).catch((error: unknown) => {
      if (!(error instanceof ClientError)) throw error;
    });
  }

  /** As a member of a group; the partitions of a new generation begin where the group has committed. */
  private async takeAssignment(deadlineMs: number): Promise<readonly string[]> {
    const { member, consumer } = this;
    if (member === null) return [];
    const keys = await member.poll(deadlineMs).catch(definitely);
    if (keys === null) return [];
    this.joins++;
    const before = consumer.keys.map(({ name }) => name);
    consumer.assign([]);
    // If this fails, it has nothing until the next generation; so that comes next.
    const committed = await this.committed(null, keys, deadlineMs).catch((error: unknown) => {
      member.learn(ERROR.REBALANCE_IN_PROGRESS);
      for (const name of before) this.untold.add(name);
      return definitely(error);
    });
    consumer.assign(committed.map(({ key, offset }) => ({ key, position: offset ?? 'beginning' })));
    return [...new Set([...before, ...keys.map(({ name }) => name)])];
  }
}
