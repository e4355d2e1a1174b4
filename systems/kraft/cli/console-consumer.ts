/**
 * `kraft console-consumer`: records of a topic as lines of standard output, as by `kafka-console-consumer.sh`.
 *
 * Without a group it reads all partitions by itself, and remembers nothing. With one it is a member of the group, gets its share, and
 * commits what it has printed: after each poll, and when it ends.
 */
import type { Command } from 'commander';
import { ClientError } from '../client/client-error.ts';
import { Consumer } from '../client/consumer.ts';
import type { Polled } from '../client/consumer.ts';
import { GroupMember } from '../client/group-member.ts';
import { commitOffsets, fetchOffsets } from '../client/group-offsets.ts';
import type { KeyPosition, PartitionKey } from '../client/operations.ts';
import { keyOf } from '../client/operations.ts';
import { ERROR, isRetriable } from '../wire/error-codes.ts';
import { addBootstrapOptions, unreachable, withSession } from './broker-session.ts';
import type { BrokerSession } from './broker-session.ts';
import { tellIdle } from './client-properties.ts';
import { LineError } from './console-lines.ts';
import { addConsumerOptions, planOf } from './consumer-plan.ts';
import type { ConsumerOptions, ConsumerPlan } from './consumer-plan.ts';
import { RefusedError } from './exit-codes.ts';
import type { CommandContext, Output } from './output.ts';
import { explained } from './refusals.ts';
import { onFirstSignal } from './signals.ts';
import { matchTopics } from './topic-names.ts';
import { partitionsOf, topicNames } from './topics-read.ts';

const POLL_MS = 250;
/** A poll that meets an election waits as long for its end. */
const POLL_TIMEOUT_MS = 15_000;
/** After which a topic is looked at again: it may have come, or have more partitions. */
const REFRESH_MS = 5_000;
const TOPIC_WAIT_MS = 500;

export function addConsoleConsumerCommand(program: Command, { output }: CommandContext): void {
  const command = program.command('console-consumer').description('print records as lines');
  addConsumerOptions(addBootstrapOptions(command))
    .allowExcessArguments(false)
    .action(async (options: ConsumerOptions) => {
      const plan = planOf(options);
      tellIdle(output, plan.idle);
      const { clientId } = plan;
      await withSession({ ...options, clientId }, output, (session) =>
        new ConsoleConsumer(session, plan, output).run(),
      );
    });
}

type PolledRecords = Polled['records'];

class ConsoleConsumer {
  private readonly session: BrokerSession;
  private readonly plan: ConsumerPlan;
  private readonly output: Output;
  private readonly consumer: Consumer;
  private member: GroupMember | null = null;
  private printed = 0;
  private isOver = false;
  private end: () => void = () => undefined;
  private readonly ended = new Promise<null>((resolve) => (this.end = () => resolve(null)));
  /** Monotonic: when a record last came. */
  private lastMs: number;
  private refreshedMs = -Infinity;
  private topics: readonly string[] = [];
  private isAbsenceSaid = false;

  constructor(session: BrokerSession, plan: ConsumerPlan, output: Output) {
    this.session = session;
    this.plan = plan;
    this.output = output;
    this.lastMs = session.client.nowMs;
    this.consumer = new Consumer(session.client, {
      isolation: plan.isolation,
      pollMs: POLL_MS,
      autoOffsetReset: plan.start === 'beginning' ? 'earliest' : 'latest',
    });
  }

  /** Resolves when it has printed enough, nothing comes any more, or a signal came. */
  async run(): Promise<void> {
    const silence = onFirstSignal(() => {
      this.isOver = true;
      this.end();
    });
    try {
      while (!this.isDone) await this.step();
      await this.leave();
    } finally {
      silence();
      this.output.note(`Processed a total of ${this.printed} messages`);
    }
  }

  private get isDone(): boolean {
    const { messagesMax, idleMs } = this.plan;
    const isEnough = messagesMax >= 0 && this.printed >= messagesMax;
    const isIdle = idleMs >= 0 && this.session.client.nowMs - this.lastMs >= idleMs;
    return this.isOver || this.output.isBroken || isEnough || isIdle;
  }

  private async step(): Promise<void> {
    const { client } = this.session;
    const deadlineMs = this.session.deadlineAfter(POLL_TIMEOUT_MS);
    try {
      const records = await Promise.race([this.poll(deadlineMs), this.ended]);
      // What somebody still waits for is left to itself: nothing of it was printed.
      if (this.isOver) return;
      if (records === null) {
        await client.sleep(TOPIC_WAIT_MS);
        return;
      }
      for (const [name, found] of records) this.print(name, found);
      if (records.length > 0) {
        this.lastMs = client.nowMs;
        await this.commit(deadlineMs);
      }
    } catch (thrown) {
      this.explain(thrown);
      await client.sleep(TOPIC_WAIT_MS);
    }
  }

  /** Null: there is nothing to read from yet. */
  private async poll(deadlineMs: number): Promise<PolledRecords | null> {
    if (!(await this.hasPartitions(deadlineMs))) return null;
    return (await this.consumer.poll(deadlineMs)).records;
  }

  /** Passes over what time mends. @throws RefusedError, HarnessError for the rest */
  private explain(thrown: unknown): void {
    if (!(thrown instanceof ClientError)) throw thrown;
    const { errorCode, code } = thrown;
    this.member?.learn(errorCode ?? ERROR.NONE);
    if (code === 'not-prepared' || code === 'no-coordinator' || code === 'no-leader') return;
    if (errorCode === null) {
      if (code === 'corrupt-batch' || code === 'malformed')
        throw new RefusedError(`Error: ${thrown.message}`);
      // Before the first record it is rather the address that is wrong.
      if (this.printed === 0 && this.session.client.nowMs >= this.session.deadlineMs)
        throw unreachable(thrown);
      return;
    }
    if (!isRetriable(errorCode) && !REBALANCES.has(errorCode))
      throw new RefusedError(`Error: reading ${this.plan.topic}: ${explained(errorCode)}`);
  }

  private print(name: string, records: PolledRecords[number][1]): void {
    const partition = Number(name.slice(name.lastIndexOf('-') + 1));
    for (const record of records) {
      if (this.printed >= this.plan.messagesMax && this.plan.messagesMax >= 0) {
        // The rest is read again by whoever goes on from here.
        const key = this.consumer.keys.find((each) => each.name === name) as PartitionKey;
        this.consumer.seek([{ key, position: record.offset }]);
        this.unprinted.set(name, { key, offset: record.offset });
        return;
      }
      this.printed++;
      try {
        this.output.write(this.plan.format(record, partition));
      } catch (thrown) {
        if (!(thrown instanceof LineError)) throw thrown;
        const what = `${name} offset ${record.offset}: ${thrown.message}`;
        if (!this.plan.passesErrors) throw new RefusedError(`Error: ${what}`);
        this.output.note(`kraft: ${what}: the record is left out`);
      }
    }
  }

  /** Where it stopped in the midst of what a poll brought. */
  private readonly unprinted = new Map<string, { readonly key: PartitionKey; readonly offset: number }>();

  // Partitions

  private async hasPartitions(deadlineMs: number): Promise<boolean> {
    const { client } = this.session;
    if (client.nowMs - this.refreshedMs >= REFRESH_MS) {
      await this.findTopics();
      this.refreshedMs = client.nowMs;
    }
    if (this.topics.length === 0) {
      this.refreshedMs = -Infinity;
      if (!this.isAbsenceSaid)
        this.output.note(`kraft: there is no topic ${this.plan.topic}: waiting for it`);
      this.isAbsenceSaid = true;
      return false;
    }
    if (this.plan.group !== null) await this.followGroup(this.plan.group, deadlineMs);
    return this.consumer.keys.length > 0;
  }

  private async findTopics(): Promise<void> {
    const { session, plan } = this;
    const names = matchTopics(await topicNames(session, { isInternalExcluded: false }), plan.topic);
    if (plan.group !== null) {
      if (names.join() !== this.topics.join()) {
        this.member?.stop();
        this.member = null;
      }
      this.topics = names;
      return;
    }
    this.topics = names;
    const present = await partitionsOf(session, names);
    const keys = [...present].flatMap(([topic, partitions]) =>
      partitions.map((partition) => keyOf(topic, partition)),
    );
    this.assign(keys);
  }

  /** Partitions that are new later begin at their beginning: nothing in them was there before. */
  private assign(all: readonly PartitionKey[]): void {
    const { partition, offset, start } = this.plan;
    const keys = partition === null ? all : all.filter((key) => key.partition === partition);
    if (partition !== null && all.length > 0 && keys.length === 0)
      throw new RefusedError(
        `Error: ${this.plan.topic} has no partition ${partition} (UNKNOWN_TOPIC_OR_PARTITION)`,
      );
    const known = new Set(this.consumer.keys.map(({ name }) => name));
    const isFirst = known.size === 0;
    this.consumer.assign(
      keys.map((key): KeyPosition => {
        if (known.has(key.name)) return { key, position: null };
        return { key, position: isFirst ? (offset ?? start) : 'beginning' };
      }),
    );
  }

  private async followGroup(group: string, deadlineMs: number): Promise<void> {
    const { client } = this.session;
    this.member ??= new GroupMember(client, {
      group,
      topics: this.topics,
      sessionTimeoutMs: this.plan.sessionTimeoutMs,
      heartbeatIntervalMs: this.plan.heartbeatIntervalMs,
    });
    const assigned = await this.member.poll(deadlineMs);
    if (assigned === null) return;
    const committed = await fetchOffsets(client, group, assigned, this.plan.isolation, deadlineMs);
    this.consumer.assign(committed.map(({ key, offset }) => ({ key, position: offset ?? this.plan.start })));
  }

  private async commit(deadlineMs: number): Promise<void> {
    const { member, plan, session } = this;
    if (member === null || !member.isMember || !plan.commits) return;
    const polled = this.consumer.polledOffsets().filter(({ key }) => !this.unprinted.has(key.name));
    await commitOffsets(session.client, member.identity, [...polled, ...this.unprinted.values()], deadlineMs);
  }

  private async leave(): Promise<void> {
    const { member } = this;
    if (member === null) return;
    const deadlineMs = this.session.deadlineAfter(LEAVE_TIMEOUT_MS);
    try {
      await member.leave(deadlineMs);
    } catch (thrown) {
      // The group takes it for gone when its session is over.
      if (!(thrown instanceof ClientError)) throw thrown;
    }
  }
}

const LEAVE_TIMEOUT_MS = 2_000;

/** What a member of a group hears when the group changes: it joins again. */
const REBALANCES: ReadonlySet<number> = new Set([
  ERROR.REBALANCE_IN_PROGRESS,
  ERROR.ILLEGAL_GENERATION,
  ERROR.UNKNOWN_MEMBER_ID,
]);
