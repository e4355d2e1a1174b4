/**
 * The coordinator of transactions (KIP-98) as a state machine: requests in; records to append, markers to write and replies out. No
 * promise, clock, timer or socket.
 *
 *     const coordinator = new TransactionCoordinator({ options, rules: correctRules });
 *     coordinator.startLoading(3, leaderEpoch);  // this broker leads partition 3 of __transaction_state
 *     coordinator.loadRecord(3, key, value);     // all of the log, in its order
 *     perform(coordinator.finishLoading(now, 3)); // what was prepared is completed: markers
 *     perform(coordinator.handle(now, call));
 *     perform(coordinator.appended(now, appendId, { error: 'NONE', baseOffset }));
 *     perform(coordinator.markerAnswered(now, markerId, { topic: 'orders', partition: 0 }, 'NONE'));
 *     perform(coordinator.producerIds(now, { firstProducerId: 1000, count: 1000 }));
 *     perform(coordinator.tick(now));            // due at deadlineMs
 *     perform(coordinator.resign(3));            // another broker leads it
 *
 * Whether topics exist and who may write to them is for the broker to check before it asks.
 */
import { OFFSETS_TOPIC } from '../../internal-topics.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { AppendOutcome, Instant } from '../coordinator-log.ts';
import { coordinatorPartition } from '../coordinator-log.ts';
import { abortFor, endRound, markerAnswered, retryMarkers, startMarkers } from './ending.ts';
import { checkTransaction } from './invariants.ts';
import { ProducerIdPool } from './producer-id-pool.ts';
import type { InitAnswer } from './requests.ts';
import { addPartitions, begin, end, needsProducerId } from './requests.ts';
import type { CallOf, TransactionCall, TransactionEffect } from './transaction-calls.ts';
import { answerTo } from './transaction-calls.ts';
import type { TransactionConfig } from './transaction-context.ts';
import { TransactionContext } from './transaction-context.ts';
import type { TopicPartition } from './transaction-records.ts';
import { decodeTransaction, encodeTransaction } from './transaction-records.ts';
import type { Transaction } from './transaction.ts';
import { newTransaction } from './transaction.ts';

interface Partition {
  readonly partition: number;
  readonly coordinatorEpoch: number;
  readonly transactions: Map<string, Transaction>;
  isLoading: boolean;
}

export class TransactionCoordinator {
  private readonly context: TransactionContext;
  private readonly partitions = new Map<number, Partition>();
  private readonly ids = new ProducerIdPool<CallOf<'InitProducerId'>>();
  private nextAbortCheckMs: number | null = null;
  private nextExpirationCheckMs: number | null = null;

  constructor(config: TransactionConfig) {
    this.context = new TransactionContext(config);
  }

  // Partitions

  startLoading(partition: number, coordinatorEpoch: number): void {
    this.partitions.set(partition, { partition, coordinatorEpoch, transactions: new Map(), isLoading: true });
  }

  /** @throws MalformedError for a record that is none */
  loadRecord(partition: number, key: Uint8Array, value: Uint8Array | null): void {
    const found = this.partitions.get(partition);
    if (found?.isLoading !== true) return;
    const { transactionalId, metadata } = decodeTransaction(key, value);
    if (metadata === null) found.transactions.delete(transactionalId);
    else found.transactions.set(transactionalId, newTransaction(transactionalId, found, metadata));
  }

  finishLoading(now: Instant, partition: number): readonly TransactionEffect[] {
    const { context } = this;
    const found = this.partitions.get(partition);
    if (found?.isLoading !== true) return [];
    context.now = now;
    found.isLoading = false;
    for (const transaction of found.transactions.values()) {
      const outcome = context.rules.outcomeFoundAs(transaction.metadata.state);
      if (outcome !== null) startMarkers(context, transaction, outcome === 'commit');
    }
    return context.take();
  }

  /** Another broker leads the partition: it completes what is under way here. */
  resign(partition: number): readonly TransactionEffect[] {
    const found = this.partitions.get(partition);
    if (found === undefined) return [];
    this.partitions.delete(partition);
    this.context.appends.abandon(partition);
    for (const transaction of found.transactions.values()) endRound(this.context, transaction);
    // What ends only here must not begin anything: nobody leads it for us.
    return this.context.take().filter(({ type }) => type === 'reply');
  }

  // Inputs

  handle(now: Instant, call: TransactionCall): readonly TransactionEffect[] {
    this.context.now = now;
    this.dispatch(call);
    return this.context.take();
  }

  /** What came of an append. */
  appended(now: Instant, appendId: number, outcome: AppendOutcome): readonly TransactionEffect[] {
    this.context.now = now;
    this.context.appends.settle(appendId, outcome);
    return this.context.take();
  }

  /** What the leader of a partition answered to a marker; `topic-deleted` where there is none any more. */
  markerAnswered(
    now: Instant,
    markerId: number,
    partition: TopicPartition,
    answer: ErrorName | 'topic-deleted',
  ): readonly TransactionEffect[] {
    this.context.now = now;
    const transaction = this.context.marking.get(markerId);
    if (transaction !== undefined) markerAnswered(this.context, transaction, partition, answer);
    return this.context.take();
  }

  /** The controller's answer to `allocate-producer-ids`; null where it failed. */
  producerIds(
    now: Instant,
    block: { readonly firstProducerId: number; readonly count: number } | null,
  ): readonly TransactionEffect[] {
    this.context.now = now;
    const waiting = this.ids.refill(block?.firstProducerId ?? 0, block?.count ?? 0);
    for (const call of waiting) {
      if (block === null) this.answerInit(call, { error: 'COORDINATOR_LOAD_IN_PROGRESS' });
      else this.initProducerId(call);
    }
    return this.context.take();
  }

  // Time

  /** When {@link tick} is due, on the monotonic clock, and sometimes earlier; an early tick does nothing. */
  get deadlineMs(): number {
    return Math.min(
      this.context.earliestRetryMs,
      this.nextAbortCheckMs ?? Infinity,
      this.nextExpirationCheckMs ?? Infinity,
    );
  }

  tick(now: Instant): readonly TransactionEffect[] {
    const { context } = this;
    const { abortCheckIntervalMs, expirationCheckIntervalMs } = context.options;
    context.now = now;
    for (const transaction of [...context.marking.values()]) retryMarkers(context, transaction);
    context.earliestRetryMs = Infinity;
    for (const { markers } of context.marking.values()) {
      context.earliestRetryMs = Math.min(context.earliestRetryMs, markers?.retryMs ?? Infinity);
    }
    const { monotonicMs: nowMs } = now;
    this.nextAbortCheckMs ??= nowMs + abortCheckIntervalMs;
    if (nowMs >= this.nextAbortCheckMs) {
      this.nextAbortCheckMs = nowMs + abortCheckIntervalMs;
      this.abortTimedOut();
    }
    this.nextExpirationCheckMs ??= nowMs + expirationCheckIntervalMs;
    if (nowMs >= this.nextExpirationCheckMs) {
      this.nextExpirationCheckMs = nowMs + expirationCheckIntervalMs;
      this.expireIds();
    }
    return context.take();
  }

  private abortTimedOut(): void {
    const { context } = this;
    for (const transaction of this.transactions()) {
      const { state, startMs, timeoutMs } = transaction.metadata;
      if (state !== 'Ongoing' || transaction.pending !== null) continue;
      if (!context.rules.hasTimedOut(context.wallMs, startMs, timeoutMs)) continue;
      // Whatever becomes of it, the next check sees.
      abortFor(context, transaction, () => undefined);
    }
  }

  /** A transactional id that nobody used for long is forgotten; its producer would begin with a new id. */
  private expireIds(): void {
    const { context } = this;
    for (const { partition, transactions } of this.partitions.values()) {
      for (const [id, transaction] of transactions) {
        const { metadata, pending } = transaction;
        const isIdle = metadata.state !== 'Ongoing' && pending === null && transaction.markers === null;
        if (!isIdle || context.wallMs - metadata.lastUpdateMs < context.options.expirationMs) continue;
        transaction.pending = 'Empty';
        const record = encodeTransaction(id, null);
        const effect = context.appends.begin(partition, [record], ({ error }) => {
          transaction.pending = null;
          if (error === 'NONE' && transactions.get(id) === transaction) transactions.delete(id);
        });
        context.emit(effect);
      }
    }
  }

  // Looking in

  partitionOf(transactionalId: string): number {
    return coordinatorPartition(transactionalId, this.context.options.statePartitionCount);
  }

  transaction(transactionalId: string): Transaction | undefined {
    return this.partitions.get(this.partitionOf(transactionalId))?.transactions.get(transactionalId);
  }

  /** @throws AssertionError when a transaction is in a state that cannot be */
  invariants(): void {
    for (const transaction of this.transactions()) checkTransaction(transaction);
  }

  private *transactions(): Generator<Transaction, void, undefined> {
    for (const { transactions } of this.partitions.values()) yield* transactions.values();
  }

  // Calls

  private dispatch(call: TransactionCall): void {
    if (call.api === 'InitProducerId') return this.initProducerId(call);
    const { context } = this;
    const { transactionalId } = call.request;
    const answer = (error: ErrorName): void => context.emit(answerTo(call, error));
    const unavailable = this.unavailable(transactionalId);
    if (unavailable !== 'NONE') return answer(unavailable);
    const transaction = this.transaction(transactionalId);
    if (transaction === undefined) return answer('INVALID_PRODUCER_ID_MAPPING');
    switch (call.api) {
      case 'AddPartitionsToTxn': {
        const added = call.request.topics.flatMap(({ name, partitions }) =>
          partitions.map((partition) => ({ topic: name, partition })),
        );
        return addPartitions(context, transaction, call.request, added, answer);
      }
      case 'AddOffsetsToTxn': {
        const partition = coordinatorPartition(call.request.groupId, context.options.offsetsPartitionCount);
        return addPartitions(
          context,
          transaction,
          call.request,
          [{ topic: OFFSETS_TOPIC, partition }],
          answer,
        );
      }
      case 'EndTxn':
        return end(context, transaction, call.request, call.request.committed, answer);
    }
  }

  /** Why the transactional id cannot be asked about here, or NONE. */
  private unavailable(transactionalId: string): ErrorName {
    if (transactionalId === '') return 'INVALID_REQUEST';
    const found = this.partitions.get(this.partitionOf(transactionalId));
    if (found === undefined) return 'NOT_COORDINATOR';
    return found.isLoading ? 'COORDINATOR_LOAD_IN_PROGRESS' : 'NONE';
  }

  private initProducerId(call: CallOf<'InitProducerId'>): void {
    const { context } = this;
    const { transactionalId, transactionTimeoutMs } = call.request;
    const answer = (result: InitAnswer): void => this.answerInit(call, result);
    if (transactionalId === null) {
      const producerId = this.takeId(call);
      if (producerId !== null) answer({ producerId, producerEpoch: 0 });
      return;
    }
    const unavailable = this.unavailable(transactionalId);
    if (unavailable !== 'NONE') return answer({ error: unavailable });
    if (transactionTimeoutMs <= 0 || transactionTimeoutMs > context.options.maxTimeoutMs) {
      return answer({ error: 'INVALID_TRANSACTION_TIMEOUT' });
    }
    const known = this.transaction(transactionalId);
    let newProducerId: number | null = null;
    if (known === undefined || needsProducerId(context, known)) {
      newProducerId = this.takeId(call);
      if (newProducerId === null) return;
    }
    const transaction = known ?? this.create(transactionalId);
    begin(context, transaction, transactionTimeoutMs, newProducerId, answer);
  }

  private create(transactionalId: string): Transaction {
    const partition = this.partitions.get(this.partitionOf(transactionalId)) as Partition;
    const transaction = newTransaction(transactionalId, partition, {
      producerId: -1,
      producerEpoch: -1,
      timeoutMs: 0,
      state: 'Empty',
      partitions: [],
      startMs: -1,
      lastUpdateMs: this.context.wallMs,
    });
    partition.transactions.set(transactionalId, transaction);
    return transaction;
  }

  /** A producer id; or null, and the call is made again when there are some. */
  private takeId(call: CallOf<'InitProducerId'>): number | null {
    const producerId = this.ids.take();
    if (producerId !== null) return producerId;
    if (this.ids.isFull) this.answerInit(call, { error: 'COORDINATOR_LOAD_IN_PROGRESS' });
    else if (this.ids.wait(call)) this.context.emit({ type: 'allocate-producer-ids' });
    return null;
  }

  private answerInit({ replyTo }: CallOf<'InitProducerId'>, result: InitAnswer): void {
    const response =
      'error' in result
        ? { errorCode: ERROR[result.error], producerId: -1, producerEpoch: -1 }
        : { errorCode: ERROR.NONE, ...result };
    this.context.emit({ type: 'reply', replyTo, api: 'InitProducerId', response });
  }
}
