/**
 * Turns the operations of workloads into calls of a client, and what comes of them into completions.
 *
 *     const runner = new OperationRunner(driver, { options, clientId: 'client-3' });
 *     await runner.invoke({ f: 'send', value: [['send', 't0-1', 7]] });
 *     // { type: 'ok', value: [['send', 't0-1', [42, 7]]] }
 *
 * An error is `fail` where it is definite and nothing of the operation has happened before it, else `info`. A transaction of
 * which no commit was sent is `fail`: whoever is left of it can only abort it. What reads is `fail`: it observed nothing.
 */
import { HarnessError } from '../../../harness/errors.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { Client, Completion, Invocation } from '../../../harness/interpreter/client.ts';
import type { TopicView } from './admin.ts';
import { readBalances, sendTransfer } from './bank.ts';
import { ClientError } from './client-error.ts';
import type { ClientOptions } from './client-options.ts';
import type { Driver } from './driver.ts';
import type { KafkaOperation, KeyOffset, MicroOperation, PartitionKey } from './operations.ts';
import { BANK_TOPIC, MalformedOperationError, parseOperation } from './operations.ts';
import { newTopic } from './topic-setup.ts';

type Transact = Extract<KafkaOperation, { readonly micros: unknown }>;
type OfFunction<F> = Extract<KafkaOperation, { readonly f: F }>;

/** What is thrown between the parts of an operation whose first part has happened. */
class PartlyDoneError extends Error {
  override readonly name = 'PartlyDoneError';
  readonly code: string;
  readonly value: Json;
  constructor(error: ClientError, value: Json) {
    super(error.message, { cause: error });
    this.code = error.code;
    this.value = value;
  }
}

export class OperationRunner implements Client {
  private readonly driver: Driver;
  private readonly options: ClientOptions;
  private readonly clientId: string;
  private transfers = 0;

  constructor(
    driver: Driver,
    { options, clientId }: { readonly options: ClientOptions; readonly clientId: string },
  ) {
    this.driver = driver;
    this.options = options;
    this.clientId = clientId;
  }

  async invoke(invocation: Invocation): Promise<Completion> {
    try {
      const operation = parseOperation(invocation);
      const value = await this.perform(operation, this.driver.nowMs + this.options.timeoutMs);
      return { type: 'ok', value: value === undefined ? invocation.value : value };
    } catch (thrown) {
      if (thrown instanceof PartlyDoneError) {
        const { code, message, value } = thrown;
        return { type: 'info', value, error: { code, message } };
      }
      if (thrown instanceof ClientError) {
        const { code, message, isDefinite } = thrown;
        return { type: isDefinite ? 'fail' : 'info', error: { code, message } };
      }
      if (thrown instanceof MalformedOperationError) {
        return { type: 'fail', error: { code: 'malformed', message: thrown.message } };
      }
      throw thrown;
    }
  }

  close(): void {
    this.driver.close();
  }

  /** Undefined: the invocation's value. */
  private async perform(operation: KafkaOperation, deadlineMs: number): Promise<Json | undefined> {
    const { driver } = this;
    switch (operation.f) {
      case 'send':
      case 'poll':
      case 'txn':
        return this.transact(operation, deadlineMs);
      case 'assign':
        await this.ensure(operation.positions, deadlineMs);
        await reads(driver.assign(operation.positions, deadlineMs));
        return undefined;
      case 'seek':
        await reads(driver.seek(operation.positions, deadlineMs));
        return undefined;
      case 'subscribe':
        await driver.ensureTopics(operation.topics, deadlineMs);
        await reads(driver.subscribe(operation.topics, deadlineMs));
        return undefined;
      case 'commit':
        return this.commit(operation, deadlineMs);
      case 'committed':
        return this.committed(operation, deadlineMs);
      case 'list-offsets': {
        const keys = operation.keys ?? this.assignedKeys();
        await this.ensure(
          keys.map((key) => ({ key })),
          deadlineMs,
        );
        const found = await reads(driver.listOffsets(keys, deadlineMs));
        return Object.fromEntries(found.map(({ key, low, high }) => [key.name, { low, high }]));
      }
      case 'trim':
        return this.trim(operation.offsets, deadlineMs);
      case 'assignment': {
        const { member, generation, partitions } = driver.assignment;
        return { member, generation, partitions: partitions.map(({ name }) => name) };
      }
      case 'crash':
        driver.crash();
        return null;
      case 'create-topic': {
        const { topic, partitions, replicationFactor, configs } = operation;
        const byDefault = newTopic(topic, this.options);
        await driver.createTopic(
          {
            topic,
            partitions: partitions ?? byDefault.partitions,
            replicationFactor: replicationFactor ?? byDefault.replicationFactor,
            configs: { ...byDefault.configs, ...configs },
          },
          deadlineMs,
        );
        return undefined;
      }
      case 'delete-topic':
        await driver.deleteTopic(operation.topic, deadlineMs);
        return undefined;
      case 'describe-topic': {
        const topics = await reads(driver.describeTopics([operation.topic], deadlineMs));
        return describeTopic(operation.topic, topics);
      }
      case 'list-topics': {
        const topics = await reads(driver.describeTopics(null, deadlineMs));
        return topics
          .filter(({ errorCode, isInternal }) => errorCode === 0 && !isInternal)
          .map(({ name }) => name)
          .sort();
      }
      case 'describe-quorum':
        return this.describeQuorum(deadlineMs);
      case 'transfer':
        return this.transfer(operation, deadlineMs);
      case 'read': {
        await driver.ensureTopics([BANK_TOPIC], deadlineMs);
        const { torn } = operation;
        return reads(readBalances(driver, { torn, deadlineMs }));
      }
    }
  }

  // Sends, polls and transactions

  private async transact({ f, micros }: Transact, deadlineMs: number): Promise<Json> {
    const { driver, options } = this;
    const sends = micros.filter((micro) => micro.kind === 'send');
    await this.ensure(sends, deadlineMs);
    const isTransaction = options.transactions && micros.some(({ kind }) => kind !== 'poll');
    const goBack = driver.bookmark();
    const done: Json[] = [];
    if (!isTransaction) {
      try {
        for (const part of partsOf(micros)) done.push(...(await this.part(part, false, deadlineMs)));
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        goBack();
        const hasHappened = done.some((micro) => (micro as readonly Json[])[0] !== 'poll');
        if (hasHappened)
          throw new PartlyDoneError(error, [...done, ...micros.map(asInvoked).slice(done.length)]);
        throw f === 'poll' ? error.asDefinite() : error;
      }
      return done;
    }
    await this.inTransaction(
      async () => {
        for (const part of partsOf(micros)) done.push(...(await this.part(part, true, deadlineMs)));
      },
      deadlineMs,
      goBack,
    );
    return done;
  }

  /** @throws ClientError definite unless a commit was sent and its answer leaves it open */
  private async inTransaction(
    body: () => Promise<void>,
    deadlineMs: number,
    goBack: () => void = () => undefined,
  ): Promise<void> {
    const { driver } = this;
    driver.begin();
    try {
      await body();
    } catch (error) {
      goBack();
      const abortDeadlineMs = driver.nowMs + this.options.requestTimeoutMs;
      await driver.end('abort', abortDeadlineMs).catch(onlyClientErrors);
      throw error instanceof ClientError ? error.asDefinite() : error;
    }
    try {
      await driver.end('commit', deadlineMs);
    } catch (error) {
      goBack();
      throw error;
    }
  }

  private async part(part: Part, isTransaction: boolean, deadlineMs: number): Promise<Json[]> {
    const { driver } = this;
    if (part.kind === 'send') {
      const { key, values } = part;
      const offset = await driver.send(key, values, deadlineMs);
      return values.map((value, i): Json => ['send', key.name, [offset === null ? null : offset + i, value]]);
    }
    if (part.kind === 'poll') {
      const { records, rebalanced } = await driver.poll(deadlineMs);
      const polled: Json = ['poll', Object.fromEntries(records)];
      return rebalanced.length === 0 ? [polled] : [['rebalance', rebalanced], polled];
    }
    const offsets = part.offsets ?? driver.polledOffsets();
    if (isTransaction) await driver.sendOffsets(offsets, deadlineMs);
    else await driver.commit(null, offsets, deadlineMs);
    return [['commit', offsetsByName(offsets)]];
  }

  private async transfer(
    { from, to, amount }: OfFunction<'transfer'>,
    deadlineMs: number,
  ): Promise<undefined> {
    await this.driver.ensureTopics([BANK_TOPIC], deadlineMs);
    const id = `${this.clientId}/${++this.transfers}`;
    await this.inTransaction(
      () => sendTransfer(this.driver, { id, from, to, amount }, deadlineMs),
      deadlineMs,
    );
    return undefined;
  }

  // Groups

  private async commit({ group, offsets }: OfFunction<'commit'>, deadlineMs: number): Promise<Json> {
    const actual = offsets ?? this.driver.polledOffsets();
    await this.driver.commit(group, actual, deadlineMs);
    const named = offsetsByName(actual);
    return group === null ? named : { group, offsets: named };
  }

  private async committed({ group, keys }: OfFunction<'committed'>, deadlineMs: number): Promise<Json> {
    const found = await reads(this.driver.committed(group, keys ?? this.assignedKeys(), deadlineMs));
    const named = Object.fromEntries(found.map(({ key, offset }) => [key.name, offset]));
    return group === null ? named : { group, offsets: named };
  }

  /** A broker that did not answer may have done it, and so may one that was asked before another refused. */
  private async trim(offsets: readonly KeyOffset[], deadlineMs: number): Promise<Json> {
    await reads(this.ensure(offsets, deadlineMs));
    try {
      return offsetsByName(await this.driver.deleteRecords(offsets, deadlineMs));
    } catch (error) {
      throw error instanceof ClientError ? new PartlyDoneError(error, offsetsByName(offsets)) : error;
    }
  }

  private async describeQuorum(deadlineMs: number): Promise<Json> {
    const quorum = await reads(this.driver.describeQuorum(deadlineMs));
    const { leaderId, leaderEpoch, highWatermark, currentVoters, observers } = quorum;
    return {
      leaderId,
      leaderEpoch,
      highWatermark,
      voters: currentVoters.map(({ replicaId, logEndOffset }) => ({ replicaId, logEndOffset })),
      observers: observers.map(({ replicaId, logEndOffset }) => ({ replicaId, logEndOffset })),
    };
  }

  private assignedKeys(): readonly PartitionKey[] {
    return this.driver.assignment.partitions;
  }

  private ensure(items: readonly { readonly key: PartitionKey }[], deadlineMs: number): Promise<void> {
    const topics = [...new Set(items.map(({ key }) => key.topic))];
    return this.driver.ensureTopics(topics, deadlineMs);
  }
}

/** Sends to one partition that follow each other are one batch. */
type Part =
  | { readonly kind: 'send'; readonly key: PartitionKey; readonly values: readonly Json[] }
  | Exclude<MicroOperation, { readonly kind: 'send' }>;

function partsOf(micros: readonly MicroOperation[]): readonly Part[] {
  const parts: Part[] = [];
  for (const micro of micros) {
    const last = parts.at(-1);
    if (micro.kind !== 'send') parts.push(micro);
    else if (last?.kind === 'send' && last.key.name === micro.key.name)
      parts[parts.length - 1] = { ...last, values: [...last.values, micro.value] };
    else parts.push({ kind: 'send', key: micro.key, values: [micro.value] });
  }
  return parts;
}

function asInvoked(micro: MicroOperation): Json {
  if (micro.kind === 'send') return ['send', micro.key.name, micro.value];
  if (micro.kind === 'poll') return ['poll'];
  return micro.offsets === null ? ['commit'] : ['commit', offsetsByName(micro.offsets)];
}

const offsetsByName = (offsets: readonly KeyOffset[]): { readonly [name: string]: number } =>
  Object.fromEntries(offsets.map(({ key, offset }) => [key.name, offset]));

function describeTopic(topic: string, topics: readonly TopicView[]): Json {
  const found = topics.find(({ name, errorCode }) => name === topic && errorCode === 0);
  if (found === undefined) return { topic, partitions: null };
  const partitions = [...found.partitions]
    .sort((a, b) => a.partitionIndex - b.partitionIndex)
    .map(
      ({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes }) =>
        [partitionIndex, { leader: leaderId, leaderEpoch, replicas: replicaNodes, isr: isrNodes }] as const,
    );
  return { topic, partitions: Object.fromEntries(partitions) };
}

/** What had no effect whatever became of it. */
async function reads<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    throw error instanceof ClientError ? error.asDefinite() : error;
  }
}

function onlyClientErrors(error: unknown): void {
  if (!(error instanceof ClientError)) throw HarnessError.from(error, 'client');
}
