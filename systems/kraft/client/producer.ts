/**
 * A producer: one batch of records to one partition at a time, by itself or in a transaction.
 *
 *     const producer = new Producer(client, { acks: -1, idempotence: true, transactionalId: null, … });
 *     const offset = await producer.send(keyOf('t0', 1), [{ value: bytes, timestampMs }], deadlineMs);
 *
 *     await producer.send(…); await producer.send(…);     // with a transactional id: both are in one transaction
 *     await producer.end('commit', deadlineMs);
 *
 * Whoever calls waits for one call before the next: an idempotent producer's sequence numbers are counted on when a batch is
 * known to be in the log, and forgotten with the producer id when that is not known. A batch is sent again, with its
 * sequence number, only with `retries`, and only by an idempotent producer; what is repeated without it (producer ids,
 * partitions of a transaction) has no other effect the second time (KIP-98).
 */
import type { Address } from '../../runtime/runtime.ts';
import { addSequence } from '../records/batch.ts';
import { BatchBuilder } from '../records/batch-builder.ts';
import type { NewRecord } from '../records/record.ts';
import { ERROR, isRetriable } from '../wire/error-codes.ts';
import { checkCode, ClientError, definitely } from './client-error.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { KeyOffset, PartitionKey } from './operations.ts';
import { byTopic } from './topic-groups.ts';

export interface ProducerOptions {
  readonly acks: -1 | 0 | 1;
  readonly idempotence: boolean;
  /** Null: no transactions. */
  readonly transactionalId: string | null;
  readonly transactionTimeoutMs: number;
  /** One of `CODEC`. */
  readonly codec: number;
  /** Of a batch, for want of an answer that is certain; with idempotence. */
  readonly retries: number;
  /** How long a broker waits for others. */
  readonly produceTimeoutMs: number;
}

/** Who commits offsets with a transaction. */
export interface GroupIdentity {
  readonly group: string;
  /** '' and −1: nobody's member. */
  readonly memberId: string;
  readonly generation: number;
}

interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Definite errors after which the broker's and the producer's counts of sequences no longer agree, or an epoch is over. */
const SPENT: ReadonlySet<number> = new Set([
  ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ERROR.UNKNOWN_PRODUCER_ID,
  ERROR.INVALID_PRODUCER_EPOCH,
  ERROR.INVALID_PRODUCER_ID_MAPPING,
  ERROR.INVALID_TXN_STATE,
  ERROR.PRODUCER_FENCED,
  ERROR.TRANSACTION_ABORTABLE,
]);

const NO_IDENTITY: Identity = { producerId: -1, producerEpoch: -1 };

export class Producer {
  private readonly client: KafkaClient;
  private readonly options: ProducerOptions;
  private identity: Identity | null = null;
  /** Of the next batch, by partition. */
  private readonly sequences = new Map<string, number>();
  /** Partitions and groups that the transaction has. */
  private readonly inTransaction = new Set<string>();

  constructor(client: KafkaClient, options: ProducerOptions) {
    this.client = client;
    this.options = options;
  }

  /** Whether `end` has anything to say to anybody. */
  get hasTransaction(): boolean {
    return this.inTransaction.size > 0;
  }

  /**
   * Appends records to a partition, in one batch.
   *
   * @returns the offset of the first; null with acks=0
   * @throws ClientError
   */
  async send(key: PartitionKey, records: readonly NewRecord[], deadlineMs: number): Promise<number | null> {
    // What comes before a batch is sent leaves the batch unsent.
    const identity = await this.prepare(deadlineMs).catch(definitely);
    await this.addPartition(key, identity, deadlineMs).catch(definitely);
    const baseSequence = this.sequences.get(key.name) ?? 0;
    const batch = this.batchOf(records, identity, baseSequence);
    let isInDoubt = false;
    for (let attempt = 0; ; attempt++) {
      try {
        const offset = await this.produce(key, batch, deadlineMs);
        this.sequences.set(key.name, addSequence(baseSequence, records.length));
        return offset;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        isInDoubt ||= !error.isDefinite;
        const mayRetry = this.options.idempotence && attempt < this.options.retries;
        if (mayRetry && isWorthAnother(error) && this.client.nowMs < deadlineMs) continue;
        if (isInDoubt || SPENT.has(error.errorCode ?? 0)) this.forgetIdentity();
        throw isInDoubt ? error.asIndefinite() : error;
      }
    }
  }

  /**
   * Offsets of a group become committed with the transaction (KIP-447 where the group has a generation).
   * @throws ClientError
   */
  async sendOffsets(
    { group, memberId, generation }: GroupIdentity,
    offsets: readonly KeyOffset[],
    deadlineMs: number,
  ): Promise<void> {
    const identity = await this.prepare(deadlineMs);
    const transactionalId = this.options.transactionalId as string;
    const mark = `group ${group}`;
    if (!this.inTransaction.has(mark)) {
      await this.askCoordinator(deadlineMs, 'the offsets of a transaction', async (address) => {
        const body = { transactionalId, ...identity, groupId: group };
        return (await this.client.request(address, 'addOffsetsToTxn', body, { deadlineMs })).errorCode;
      });
      this.inTransaction.add(mark);
    }
    const coordinator = await this.client.coordinator('group', group, deadlineMs);
    const { topics } = await this.client.request(
      coordinator,
      'txnOffsetCommit',
      {
        transactionalId,
        groupId: group,
        ...identity,
        generationId: generation,
        memberId,
        topics: byTopic(offsets, ({ key, offset }) => ({
          partitionIndex: key.partition,
          committedOffset: offset,
          committedMetadata: null,
        })),
      },
      { deadlineMs },
    );
    for (const { partitions } of topics) {
      for (const { errorCode } of partitions) {
        this.client.learnFromCoordinator('group', group, errorCode);
        checkCode(errorCode, `offsets of ${group} in a transaction`);
      }
    }
  }

  /**
   * Ends the transaction. What fails in doubt is over for this producer, too: its next transaction begins with a new epoch.
   * @throws ClientError definite where it certainly was not committed; an abort that fails is never in doubt
   */
  async end(how: 'commit' | 'abort', deadlineMs: number): Promise<void> {
    if (!this.hasTransaction) return;
    const { identity, options, client } = this;
    this.inTransaction.clear();
    if (identity === null) {
      if (how === 'abort') return;
      throw ClientError.own('not-prepared', 'a commit without a producer id');
    }
    const body = {
      transactionalId: options.transactionalId as string,
      ...identity,
      committed: how === 'commit',
    };
    let isInDoubt = false;
    for (let attempt = 0; ; attempt++) {
      try {
        await this.askCoordinator(
          deadlineMs,
          `the ${how} of a transaction`,
          async (address) => (await client.request(address, 'endTxn', body, { deadlineMs })).errorCode,
          { isRepeatable: how === 'abort' },
        );
        return;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        isInDoubt ||= !error.isDefinite;
        if (attempt < options.retries && isWorthAnother(error) && client.nowMs < deadlineMs) continue;
        this.forgetIdentity();
        if (how === 'abort') throw error.asDefinite();
        throw isInDoubt ? error.asIndefinite() : error;
      }
    }
  }

  /** A producer id, where one is needed and there is none. @throws ClientError */
  async prepare(deadlineMs: number): Promise<Identity> {
    if (!this.options.idempotence) return NO_IDENTITY;
    this.identity ??= await this.initialize(deadlineMs);
    return this.identity;
  }

  private async initialize(deadlineMs: number): Promise<Identity> {
    const { client, options } = this;
    const { transactionalId, transactionTimeoutMs } = options;
    const body = { transactionalId, transactionTimeoutMs };
    let identity = NO_IDENTITY;
    const initialize = async (
      answer: Promise<Identity & { readonly errorCode: number }>,
    ): Promise<number> => {
      const { errorCode, producerId, producerEpoch } = await answer;
      identity = { producerId, producerEpoch };
      return errorCode;
    };
    const what = 'a producer id';
    if (transactionalId === null) {
      await this.untilDone(deadlineMs, what, true, () =>
        initialize(client.ask('initProducerId', body, deadlineMs)),
      );
    } else {
      await this.askCoordinator(deadlineMs, what, (address) =>
        initialize(client.request(address, 'initProducerId', body, { deadlineMs })),
      );
    }
    this.sequences.clear();
    return identity;
  }

  private forgetIdentity(): void {
    this.identity = null;
    this.sequences.clear();
  }

  private async addPartition(key: PartitionKey, identity: Identity, deadlineMs: number): Promise<void> {
    const { transactionalId } = this.options;
    if (transactionalId === null || this.inTransaction.has(key.name)) return;
    const topics = [{ name: key.topic, partitions: [key.partition] }];
    await this.askCoordinator(deadlineMs, `${key.name} in a transaction`, async (address) => {
      const body = { transactionalId, ...identity, topics };
      const answer = await this.client.request(address, 'addPartitionsToTxn', body, { deadlineMs });
      return (
        answer.resultsByTopic[0]?.resultsByPartition[0]?.partitionErrorCode ?? ERROR.UNKNOWN_SERVER_ERROR
      );
    }).catch((error: unknown) => {
      // It may have been added: the coordinator then waits for an end of it.
      this.forgetIdentity();
      throw error;
    });
    this.inTransaction.add(key.name);
  }

  /** Asks the transaction's coordinator. */
  private async askCoordinator(
    deadlineMs: number,
    what: string,
    ask: (address: Address) => Promise<number>,
    { isRepeatable = true } = {},
  ): Promise<void> {
    const id = this.options.transactionalId as string;
    await this.untilDone(deadlineMs, what, isRepeatable, async () => {
      const address = await this.client.coordinator('transaction', id, deadlineMs);
      try {
        const errorCode = await ask(address);
        this.client.learnFromCoordinator('transaction', id, errorCode);
        return errorCode;
      } catch (error) {
        this.client.forgetCoordinator('transaction', id);
        throw error;
      }
    });
  }

  /**
   * Until it succeeds, cannot, or the time is up.
   * @param isRepeatable - also where a request may have been executed: a second time it has no other effect
   */
  private async untilDone(
    deadlineMs: number,
    what: string,
    isRepeatable: boolean,
    attempt: () => Promise<number>,
  ): Promise<void> {
    for (;;) {
      let failure: ClientError;
      try {
        const errorCode = await attempt();
        if (errorCode === ERROR.NONE) return;
        failure = ClientError.answered(errorCode, what);
        if (!isRetriable(errorCode)) throw failure;
      } catch (error) {
        if (!(error instanceof ClientError) || error.errorCode !== null) throw error;
        failure = error;
      }
      if (!isRepeatable && !failure.isDefinite) throw failure;
      await this.client.pause(deadlineMs, failure);
    }
  }

  private batchOf(records: readonly NewRecord[], identity: Identity, baseSequence: number): Uint8Array {
    const { idempotence, transactionalId, codec } = this.options;
    const builder = new BatchBuilder({
      codec,
      isTransactional: transactionalId !== null,
      ...(idempotence ? { ...identity, baseSequence } : {}),
    });
    for (const record of records) builder.append(record);
    return builder.build();
  }

  private async produce(key: PartitionKey, batch: Uint8Array, deadlineMs: number): Promise<number | null> {
    const { client, options } = this;
    const { acks, transactionalId } = options;
    const { address } = await client.leader(key, deadlineMs);
    const body = {
      transactionalId,
      acks,
      timeoutMs: options.produceTimeoutMs,
      topicData: [{ name: key.topic, partitionData: [{ index: key.partition, records: batch }] }],
    };
    if (acks === 0) {
      client.post(address, body);
      return null;
    }
    const what = `a produce to ${key.name}`;
    try {
      const { responses } = await client.request(address, 'produce', body, { deadlineMs });
      const answer = responses[0]?.partitionResponses[0];
      checkCode(answer?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, what);
      return answer?.baseOffset ?? null;
    } catch (error) {
      // Another may lead by now: whoever comes next asks first.
      if (error instanceof ClientError && (error.errorCode === null || isRetriable(error.errorCode)))
        client.metadata.markStale(key.topic);
      throw error;
    }
  }
}

const isWorthAnother = ({ errorCode }: ClientError): boolean => errorCode === null || isRetriable(errorCode);
