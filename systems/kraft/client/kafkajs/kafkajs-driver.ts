/**
 * The operations of a workload by the unmodified kafkajs: sends, transactions, polls, and commits of subscribers.
 *
 *     const driver = new KafkajsDriver(endpoint, context, loadPackage);
 *
 * What kafkajs cannot express, or hides the outcome of, is done by our plain client beside it: topics, watermarks, offsets of groups
 * that one is no member of, the quorum, reading all of a bank.
 */
import type * as Kafkajs from 'kafkajs';
import type { Json } from '../../../../harness/history/operation.ts';
import { msToNs } from '../../../../harness/units.ts';
import type { Endpoint } from '../../../runtime/runtime.ts';
import type { LoadPackage } from '../../../system.ts';
import type { NewTopic, QuorumView, TopicView } from '../admin.ts';
import { ClientError } from '../client-error.ts';
import type { Assignment, Driver, PolledValues } from '../driver.ts';
import type { KeyOffset, KeyPosition, PartitionKey } from '../operations.ts';
import type { DriverContext } from '../plain-driver.ts';
import { PlainDriver } from '../plain-driver.ts';
import { decodeValue, encodeValue } from '../values.ts';
import type { Consumption } from './kafkajs-consumer.ts';
import { KafkajsConsumer } from './kafkajs-consumer.ts';
import { KafkajsProducer } from './kafkajs-producer.ts';
import type { LoadedKafkajs } from './load-kafkajs.ts';
import { loadKafkajs } from './load-kafkajs.ts';

interface Incarnation {
  readonly loaded: LoadedKafkajs;
  readonly kafka: Kafkajs.Kafka;
  producer: KafkajsProducer | null;
  /** In a kafkajs of its own, which can be stopped: nothing of a transaction that was given up may be sent later. */
  transactional: KafkajsProducer | null;
  consumer: KafkajsConsumer | null;
}

export class KafkajsDriver implements Driver {
  private readonly endpoint: Endpoint;
  private readonly context: DriverContext;
  private readonly loadPackage: LoadPackage;
  private readonly plain: PlainDriver;
  private current: Incarnation;
  private isInTransaction = false;
  /** Something of the transaction took too long: it may still be on its way. */
  private isGivenUp = false;
  private groups = 0;

  constructor(endpoint: Endpoint, context: DriverContext, loadPackage: LoadPackage) {
    this.endpoint = endpoint;
    this.context = context;
    this.loadPackage = loadPackage;
    this.plain = new PlainDriver(endpoint, { ...context, clientId: `${context.clientId}-plain` });
    this.current = this.incarnate();
  }

  get nowMs(): number {
    return this.plain.nowMs;
  }

  sleep(ms: number): Promise<void> {
    return this.plain.sleep(ms);
  }

  ensureTopics(topics: readonly string[], deadlineMs: number): Promise<void> {
    return this.plain.ensureTopics(topics, deadlineMs);
  }

  // Producing

  send(key: PartitionKey, values: readonly Json[], deadlineMs: number): Promise<number | null> {
    const bytes = values.map(encodeValue);
    const what = `a send to ${key.name}`;
    if (!this.isInTransaction) return this.within(deadlineMs, what, this.producer.send(key, bytes));
    return this.inTransaction(this.within(deadlineMs, what, this.transactional.send(key, bytes)));
  }

  begin(): void {
    this.isInTransaction = true;
    this.isGivenUp = false;
  }

  sendOffsets(offsets: readonly KeyOffset[], deadlineMs: number): Promise<void> {
    const { group } = this.context.options;
    return this.inTransaction(
      this.within(deadlineMs, `offsets of ${group}`, this.transactional.sendOffsets(group, offsets)),
    );
  }

  async end(how: 'commit' | 'abort', deadlineMs: number): Promise<void> {
    this.isInTransaction = false;
    if (this.isGivenUp) {
      this.dropTransactional();
      throw ClientError.own('not-prepared', 'a part of the transaction is still under way');
    }
    try {
      await this.within(deadlineMs, `the ${how} of a transaction`, this.transactional.end(how));
    } catch (error) {
      // It never asks for a producer id again: another producer, of the same transactional id, does.
      this.dropTransactional();
      throw how === 'abort' && error instanceof ClientError ? error.asDefinite() : error;
    }
  }

  // Consuming

  async assign(positions: readonly KeyPosition[], deadlineMs: number): Promise<void> {
    const before = new Map(this.current.consumer?.keptOffsets().map(({ key, offset }) => [key.name, offset]));
    const assigned = await this.resolve(positions, before, deadlineMs);
    const topics = [...new Set(assigned.map(({ key }) => key.topic))];
    this.consume({ group: `${this.context.clientId}-${++this.groups}`, topics, assigned });
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.consume({ group: this.context.options.group, topics, assigned: null });
  }

  async seek(positions: readonly KeyPosition[], deadlineMs: number): Promise<void> {
    const { consumer } = this.current;
    const names = new Set(consumer?.assignedKeys.map(({ name }) => name));
    const meant = positions.filter(({ key, position }) => position !== null && names.has(key.name));
    consumer?.seek(await this.resolve(meant, new Map(), deadlineMs));
  }

  async poll(deadlineMs: number): Promise<PolledValues> {
    const { consumer } = this.current;
    if (consumer === null) return { records: [], rebalanced: [] };
    const { records, rebalanced } = await consumer.poll(deadlineMs);
    return {
      records: records.map(([name, found]) => [
        name,
        found.map(([offset, value]) => [offset, decodeValue(value)] as const),
      ]),
      rebalanced,
    };
  }

  get assignment(): Assignment {
    const { consumer } = this.current;
    const { member, joins } = consumer?.identity ?? { member: '', joins: -1 };
    return { member, generation: joins, partitions: consumer?.assignedKeys ?? [] };
  }

  polledOffsets(): readonly KeyOffset[] {
    return this.current.consumer?.polledOffsets() ?? [];
  }

  bookmark(): () => void {
    return this.current.consumer?.bookmark() ?? (() => undefined);
  }

  async commit(group: string | null, offsets: readonly KeyOffset[], deadlineMs: number): Promise<void> {
    if (offsets.length === 0) return;
    const { consumer } = this.current;
    if (consumer === null || group !== null || !this.isSubscribed)
      return this.plain.commit(group, offsets, deadlineMs);
    await this.within(deadlineMs, 'a commit', consumer.commit(offsets));
  }

  committed(group: string | null, keys: readonly PartitionKey[], deadlineMs: number) {
    return this.plain.committed(group, keys, deadlineMs);
  }

  listOffsets(keys: readonly PartitionKey[], deadlineMs: number) {
    return this.plain.listOffsets(keys, deadlineMs);
  }

  deleteRecords(offsets: readonly KeyOffset[], deadlineMs: number) {
    return this.plain.deleteRecords(offsets, deadlineMs);
  }

  partitionCount(topic: string): number {
    return this.plain.partitionCount(topic);
  }

  readAll(topic: string, deadlineMs: number): Promise<readonly Json[]> {
    return this.plain.readAll(topic, deadlineMs);
  }

  hasOpenTransactions(topic: string, deadlineMs: number): Promise<boolean> {
    return this.plain.hasOpenTransactions(topic, deadlineMs);
  }

  // Of its own node

  createTopic(topic: NewTopic, deadlineMs: number): Promise<void> {
    return this.plain.createTopic(topic, deadlineMs);
  }

  deleteTopic(topic: string, deadlineMs: number): Promise<void> {
    return this.plain.deleteTopic(topic, deadlineMs);
  }

  describeTopics(topics: readonly string[] | null, deadlineMs: number): Promise<readonly TopicView[]> {
    return this.plain.describeTopics(topics, deadlineMs);
  }

  describeQuorum(deadlineMs: number): Promise<QuorumView> {
    return this.plain.describeQuorum(deadlineMs);
  }

  crash(): void {
    this.dropTransactional();
    this.current.loaded.dispose();
    this.plain.crash();
    this.isInTransaction = false;
    this.current = this.incarnate();
  }

  close(): void {
    this.dropTransactional();
    this.current.loaded.dispose();
    this.plain.close();
  }

  private get isSubscribed(): boolean {
    return this.current.consumer?.isSubscribed ?? false;
  }

  private incarnate(): Incarnation {
    return { ...this.load(), producer: null, transactional: null, consumer: null };
  }

  private load(): Pick<Incarnation, 'loaded' | 'kafka'> {
    const { addresses, address, clientId, options } = this.context;
    const loaded = loadKafkajs(this.endpoint, this.loadPackage);
    const others = addresses.filter(({ host, port }) => host !== address.host || port !== address.port);
    const kafka = loaded.kafka({
      clientId,
      brokers: [address, ...others].map(({ host, port }) => `${host}:${port}`),
      connectionTimeout: options.requestTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      retry: { retries: 0 },
    });
    return { loaded, kafka };
  }

  private get producer(): KafkajsProducer {
    const { current, context } = this;
    const { options } = context;
    current.producer ??= new KafkajsProducer(current.loaded, current.kafka, {
      options,
      transactionalId: null,
    });
    return current.producer;
  }

  private get transactional(): KafkajsProducer {
    const { options, clientId } = this.context;
    if (this.current.transactional === null) {
      const { loaded, kafka } = this.load();
      this.current.transactional = new KafkajsProducer(loaded, kafka, { options, transactionalId: clientId });
    }
    return this.current.transactional;
  }

  private dropTransactional(): void {
    this.current.transactional?.dispose();
    this.current.transactional = null;
  }

  private async inTransaction<T>(action: Promise<T>): Promise<T> {
    try {
      return await action;
    } catch (error) {
      this.isGivenUp ||= error instanceof ClientError && error.code === 'no-answer';
      throw error;
    }
  }

  private consume(consumption: Consumption): void {
    const { current, endpoint, plain, context } = this;
    current.consumer?.close();
    const { isolation } = context.options;
    current.consumer = new KafkajsConsumer(
      {
        endpoint,
        loaded: current.loaded,
        kafka: current.kafka,
        options: context.options,
        nowMs: () => this.nowMs,
        ends: (keys, deadlineMs) => plain.ends(keys, isolation, deadlineMs),
        starts: async (keys, deadlineMs) => {
          const committed = await plain.committed(null, keys, deadlineMs);
          const lows = await plain.listOffsets(keys, deadlineMs);
          const low = new Map(lows.map((marks) => [marks.key.name, marks.low]));
          return new Map(committed.map(({ key, offset }) => [key.name, offset ?? low.get(key.name) ?? 0]));
        },
      },
      consumption,
    );
  }

  private async resolve(
    positions: readonly KeyPosition[],
    before: ReadonlyMap<string, number>,
    deadlineMs: number,
  ): Promise<KeyOffset[]> {
    const isNamed = ({ key, position }: KeyPosition): boolean =>
      typeof position !== 'number' && !(position === null && before.has(key.name));
    const named = positions.filter(isNamed).map(({ key }) => key);
    const marks = new Map(
      (named.length === 0 ? [] : await this.plain.listOffsets(named, deadlineMs)).map((found) => [
        found.key.name,
        found,
      ]),
    );
    return positions.map(({ key, position }) => {
      const found = marks.get(key.name);
      if (found !== undefined) return { key, offset: position === 'end' ? found.high : found.low };
      return { key, offset: typeof position === 'number' ? position : (before.get(key.name) ?? 0) };
    });
  }

  /** Where kafkajs goes on after the time is up, nobody knows what it still sends. */
  private async within<T>(deadlineMs: number, what: string, action: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.endpoint.setTimer(msToNs(Math.max(0, deadlineMs - this.nowMs)), () =>
        reject(ClientError.own('no-answer', `${what}: no end of it in time`)),
      );
      action.then(
        (value) => {
          timer.cancel();
          resolve(value);
        },
        (error: unknown) => {
          timer.cancel();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}
