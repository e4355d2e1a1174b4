/**
 * Sends and transactions by kafkajs, one at a time.
 *
 *     const producer = new KafkajsProducer(loaded, kafka, { options, transactionalId: null });
 *     await producer.send(keyOf('t0', 1), [bytes]); // the offset of the first
 *
 * Retries are off, with two exceptions: kafkajs refuses an idempotent producer without any, so that one has a single one; and a
 * transaction may have some, since what is sent twice within it has its sequence number, and a transaction that has just
 * ended holds up the next for a while (CONCURRENT_TRANSACTIONS).
 */
import type * as Kafkajs from 'kafkajs';
import { CODEC } from '../../records/compression.ts';
import { APIS } from '../../wire/apis.ts';
import { ClientError } from '../client-error.ts';
import type { ClientOptions } from '../client-options.ts';
import type { KeyOffset, PartitionKey } from '../operations.ts';
import { byTopic } from '../topic-groups.ts';
import { clientErrorOf } from './kafkajs-errors.ts';
import type { LoadedKafkajs } from './load-kafkajs.ts';

const TRANSACTION_RETRIES = 8;
const TRANSACTION_RETRY = { retries: TRANSACTION_RETRIES, initialRetryTime: 50, maxRetryTime: 400 } as const;

export class KafkajsProducer {
  private readonly loaded: LoadedKafkajs;
  private readonly options: ClientOptions;
  private readonly transactionalId: string | null;
  private readonly producer: Kafkajs.Producer;
  private isConnected = false;
  private transaction: Kafkajs.Transaction | null = null;

  constructor(
    loaded: LoadedKafkajs,
    kafka: Kafkajs.Kafka,
    {
      options,
      transactionalId,
    }: { readonly options: ClientOptions; readonly transactionalId: string | null },
  ) {
    this.loaded = loaded;
    this.options = options;
    this.transactionalId = transactionalId;
    const isIdempotent = transactionalId === null && options.idempotence;
    this.producer = kafka.producer({
      allowAutoTopicCreation: false,
      maxInFlightRequests: 1,
      idempotent: isIdempotent,
      retry: transactionalId === null ? { retries: isIdempotent ? 1 : 0 } : TRANSACTION_RETRY,
      transactionTimeout: options.transactionTimeoutMs,
      ...(transactionalId === null ? {} : { transactionalId }),
    });
  }

  /** @returns the offset of the first; null with acks=0. @throws ClientError */
  async send(key: PartitionKey, values: readonly Uint8Array[]): Promise<number | null> {
    const { options } = this;
    return this.counting(APIS.produce.key, `a send to ${key.name}`, async () => {
      await this.connect();
      const sender = this.transactionalId === null ? this.producer : await this.begun();
      const acks = this.transactionalId === null ? options.acks : -1;
      const [metadata] = await sender.send({
        topic: key.topic,
        acks,
        timeout: options.requestTimeoutMs,
        compression: CODEC[options.compression],
        messages: values.map((value) => ({ partition: key.partition, value: Buffer.from(value) })),
      });
      // To a partition that its metadata does not have it sends nothing, and says that all is well.
      if (metadata === undefined && acks !== 0)
        throw ClientError.own('not-sent', `kafkajs knows no partition ${key.name}`);
      const offset = Number(metadata?.baseOffset ?? -1);
      return offset < 0 ? null : offset;
    });
  }

  async sendOffsets(group: string, offsets: readonly KeyOffset[]): Promise<void> {
    await this.counting(APIS.txnOffsetCommit.key, `offsets of ${group} in a transaction`, async () => {
      await this.connect();
      const transaction = await this.begun();
      const topics = byTopic(offsets, ({ key, offset }) => ({
        partition: key.partition,
        offset: String(offset),
      })).map(({ name, partitions }) => ({ topic: name, partitions: [...partitions] }));
      await transaction.sendOffsets({ consumerGroupId: group, topics });
    });
  }

  async end(how: 'commit' | 'abort'): Promise<void> {
    const { transaction } = this;
    this.transaction = null;
    if (transaction === null) return;
    await this.counting(APIS.endTxn.key, `the ${how} of a transaction`, () => transaction[how]());
  }

  /** What it has begun goes on nowhere. */
  dispose(): void {
    this.loaded.dispose();
  }

  private async connect(): Promise<void> {
    if (this.isConnected) return;
    await this.producer.connect();
    this.isConnected = true;
  }

  private async begun(): Promise<Kafkajs.Transaction> {
    this.transaction ??= await this.producer.transaction();
    return this.transaction;
  }

  /** Requests of one kind decide whether what fails may have happened. */
  private async counting<T>(apiKey: number, what: string, action: () => Promise<T>): Promise<T> {
    const { sockets } = this.loaded;
    const before = sockets.sentCount(apiKey);
    try {
      return await action();
    } catch (error) {
      throw clientErrorOf(error, what, { count: sockets.sentCount(apiKey) - before });
    }
  }
}
