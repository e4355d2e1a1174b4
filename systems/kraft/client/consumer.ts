/**
 * A consumer's positions, and polls from the leaders of their partitions.
 *
 *     const consumer = new Consumer(client, { isolation: 'read-committed', pollMs: 100, autoOffsetReset: 'earliest' });
 *     consumer.assign([{ key: keyOf('t0', 1), position: 'beginning' }]);
 *     const { records } = await consumer.poll(deadlineMs); // [['t0-1', [{ offset: 0, value, … }]]]
 *
 * A poll succeeds only if every partition was answered: whoever hears nothing of a partition may then conclude that nothing
 * was there. One that fails has not moved, except that a partition whose position is in no log any more is reset, which the next
 * poll tells. The leader epoch goes with each fetch, so that a leader of the past is found out (KIP-320).
 */
import { RecordError } from '../records/errors.ts';
import type { Record } from '../records/record.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../wire/api/offsets.ts';
import { ERROR, isRetriable } from '../wire/error-codes.ts';
import { ClientError } from './client-error.ts';
import { readFetched } from './fetched-records.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { Leader } from './metadata-view.ts';
import type { KeyOffset, KeyPosition, PartitionKey, SeekPosition } from './operations.ts';
import { byTopic } from './topic-groups.ts';

export interface ConsumerOptions {
  readonly isolation: 'read-committed' | 'read-uncommitted';
  /** How long a poll waits where nothing is there. */
  readonly pollMs: number;
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
}

export interface Polled {
  /** By partition, in the order of the assignment; of those that had any. */
  readonly records: readonly (readonly [name: string, records: readonly Record[]])[];
  /** Partitions that were reset since the last poll. */
  readonly reset: readonly string[];
}

interface Position {
  readonly key: PartitionKey;
  /** A number is where the next poll begins. */
  readonly at: number | 'beginning' | 'end';
  /** Whether a poll has looked there. */
  readonly isPolled: boolean;
}

/** Where all positions are: to come back to after a transaction that failed. */
export type Positions = ReadonlyMap<string, Position>;

interface Answer {
  readonly key: PartitionKey;
  readonly records: readonly Record[];
  readonly nextOffset: number;
}

const ISOLATION = { 'read-uncommitted': 0, 'read-committed': 1 } as const;
const PARTITION_BYTES_MAX = 1024 * 1024;
/** So many that no partition is left out for another's sake. */
const RESPONSE_BYTES_MAX = 0x7fff_ffff;

export class Consumer {
  private readonly client: KafkaClient;
  private readonly options: ConsumerOptions;
  private positions = new Map<string, Position>();
  private readonly reset = new Set<string>();

  constructor(client: KafkaClient, options: ConsumerOptions) {
    this.client = client;
    this.options = options;
  }

  get keys(): readonly PartitionKey[] {
    return [...this.positions.values()].map(({ key }) => key);
  }

  /** Replaces the assignment. A position of null: where it was, or the beginning for one that is new. */
  assign(positions: readonly KeyPosition[]): void {
    const before = this.positions;
    this.positions = new Map();
    for (const { key, position } of positions) {
      const kept = position === null ? before.get(key.name) : undefined;
      this.positions.set(key.name, kept ?? { key, at: position ?? 'beginning', isPolled: false });
    }
  }

  /** Those that are not assigned are passed over. */
  seek(positions: readonly KeyPosition[]): void {
    for (const { key, position } of positions) {
      if (position !== null && this.positions.has(key.name)) this.moveTo(key, position);
    }
  }

  snapshot(): Positions {
    return new Map(this.positions);
  }

  restore(positions: Positions): void {
    this.positions = new Map(positions);
  }

  /** Where polls have come to: what a commit without offsets commits. */
  polledOffsets(): KeyOffset[] {
    return [...this.positions.values()].flatMap(({ key, at, isPolled }) =>
      isPolled && typeof at === 'number' ? [{ key, offset: at }] : [],
    );
  }

  /** @throws ClientError always definite: nothing was observed */
  async poll(deadlineMs: number): Promise<Polled> {
    try {
      await this.resolve(deadlineMs);
      const answers = await this.fetchAll(deadlineMs);
      for (const { key, nextOffset } of answers)
        this.positions.set(key.name, { key, at: nextOffset, isPolled: true });
      const reset = [...this.reset];
      this.reset.clear();
      const records = answers.map(({ key, records }) => [key.name, records] as const);
      return { records: records.filter(([, found]) => found.length > 0), reset };
    } catch (error) {
      throw error instanceof ClientError ? error.asDefinite() : error;
    }
  }

  /**
   * The offsets at which partitions begin or end, as this consumer may see them.
   * @throws ClientError
   */
  async offsets(
    keys: readonly PartitionKey[],
    which: 'beginning' | 'end',
    deadlineMs: number,
    isolation = this.options.isolation,
  ): Promise<ReadonlyMap<string, number>> {
    const timestamp = which === 'beginning' ? EARLIEST_TIMESTAMP : LATEST_TIMESTAMP;
    return this.perLeader(keys, deadlineMs, async (leader, asked) => {
      const { topics } = await this.client.request(
        leader.address,
        'listOffsets',
        {
          replicaId: -1,
          isolationLevel: ISOLATION[isolation],
          topics: byTopic(asked, ({ key, leaderEpoch }) => ({
            partitionIndex: key.partition,
            currentLeaderEpoch: leaderEpoch,
            timestamp,
          })),
        },
        { deadlineMs },
      );
      return topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, errorCode, offset }) => ({
          name: `${name}-${partitionIndex}`,
          errorCode,
          value: offset,
        })),
      );
    });
  }

  /**
   * Deletes the records below offsets, whoever reads them. Done again, it changes nothing.
   *
   * @returns where the logs begin now
   * @throws ClientError also when some of it was done
   */
  async deleteRecords(
    offsets: readonly KeyOffset[],
    deadlineMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const below = new Map(offsets.map(({ key, offset }) => [key.name, offset]));
    const keys = offsets.map(({ key }) => key);
    return this.perLeader(keys, deadlineMs, async ({ address }, asked) => {
      const topics = byTopic(asked, ({ key }) => ({
        partitionIndex: key.partition,
        offset: below.get(key.name) as number,
      }));
      const timeoutMs = Math.max(1, Math.round(deadlineMs - this.client.nowMs));
      const answer = await this.client.request(
        address,
        'deleteRecords',
        { topics, timeoutMs },
        { deadlineMs },
      );
      return answer.topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex, errorCode, lowWatermark }) => {
          const name = `${topic}-${partitionIndex}`;
          // It is no position of this consumer's that is out of range.
          if (errorCode === ERROR.OFFSET_OUT_OF_RANGE)
            throw ClientError.answered(errorCode, `a deletion in ${name}`);
          return { name, errorCode, value: lowWatermark };
        }),
      );
    });
  }

  private moveTo(key: PartitionKey, position: Exclude<SeekPosition, null>): void {
    this.positions.set(key.name, { key, at: position, isPolled: false });
  }

  /** Positions by name become offsets. */
  private async resolve(deadlineMs: number): Promise<void> {
    for (const which of ['beginning', 'end'] as const) {
      const keys = [...this.positions.values()].filter(({ at }) => at === which).map(({ key }) => key);
      if (keys.length === 0) continue;
      const offsets = await this.offsets(keys, which, deadlineMs);
      for (const key of keys) this.moveTo(key, offsets.get(key.name) as number);
    }
  }

  /** Until there are records, or nothing but the ends of all logs: what is filtered out must not look like an end. */
  private async fetchAll(deadlineMs: number): Promise<readonly Answer[]> {
    const { keys } = this;
    const answers = new Map<string, Answer>();
    const from = new Map(
      [...this.positions.values()].map(({ key, at }) => [key.name, at as number] as const),
    );
    for (;;) {
      const found = await this.perLeader(keys, deadlineMs, (leader, asked) =>
        this.fetch(leader, asked, from, deadlineMs),
      );
      let hasMoved = false;
      for (const key of keys) {
        const answer = found.get(key.name) as Omit<Answer, 'key'>;
        hasMoved ||= answer.nextOffset > (from.get(key.name) as number);
        from.set(key.name, answer.nextOffset);
        answers.set(key.name, { key, ...answer });
      }
      const hasRecords = [...answers.values()].some(({ records }) => records.length > 0);
      if (hasRecords || !hasMoved || this.client.nowMs >= deadlineMs) return [...answers.values()];
    }
  }

  private async fetch(
    leader: Leader,
    asked: readonly Asked[],
    from: ReadonlyMap<string, number>,
    deadlineMs: number,
  ): Promise<Result<Omit<Answer, 'key'>>[]> {
    const { isolation, pollMs } = this.options;
    const { errorCode, responses } = await this.client.request(
      leader.address,
      'fetch',
      {
        maxWaitMs: pollMs,
        minBytes: 1,
        maxBytes: RESPONSE_BYTES_MAX,
        isolationLevel: ISOLATION[isolation],
        topics: byTopic(asked, ({ key, leaderEpoch }) => ({
          partition: key.partition,
          currentLeaderEpoch: leaderEpoch,
          fetchOffset: from.get(key.name) as number,
          partitionMaxBytes: PARTITION_BYTES_MAX,
        })).map(({ name, partitions }) => ({ topic: name, partitions })),
        forgottenTopicsData: [],
      },
      { lane: 'fetch', deadlineMs, waitMs: pollMs },
    );
    if (errorCode !== ERROR.NONE) return asked.map(({ key }) => ({ name: key.name, errorCode, value: null }));
    return responses.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => {
        const name = `${topic}-${partition.partitionIndex}`;
        if (partition.errorCode !== ERROR.NONE) return { name, errorCode: partition.errorCode, value: null };
        try {
          const value = readFetched(partition.records ?? new Uint8Array(0), {
            fromOffset: from.get(name) ?? 0,
            aborted: partition.abortedTransactions ?? [],
            isolation,
          });
          return { name, errorCode: ERROR.NONE, value };
        } catch (error) {
          if (!(error instanceof RecordError)) throw error;
          throw ClientError.own('corrupt-batch', `a fetch of ${name}: ${error.message}`);
        }
      }),
    );
  }

  /** Asks the leaders of partitions until each has answered, its own way or with an error that stays. */
  private async perLeader<T>(
    keys: readonly PartitionKey[],
    deadlineMs: number,
    ask: (leader: Leader, asked: readonly Asked[]) => Promise<Result<T>[]>,
  ): Promise<ReadonlyMap<string, T>> {
    const done = new Map<string, T>();
    for (;;) {
      const open = keys.filter(({ name }) => !done.has(name));
      if (open.length === 0) return done;
      const groups = await this.leadersOf(open, deadlineMs);
      const failures: ClientError[] = [];
      await Promise.all(
        groups.map(async ({ leader, asked }) => {
          try {
            for (const { name, errorCode, value } of await ask(leader, asked)) {
              if (errorCode === ERROR.NONE) done.set(name, value as T);
              else failures.push(this.refused(name, errorCode));
            }
          } catch (error) {
            if (!(error instanceof ClientError)) throw error;
            failures.push(error);
          }
        }),
      );
      for (const { name, topic } of open) if (!done.has(name)) this.client.metadata.markStale(topic);
      const final = failures.find(
        ({ errorCode, code }) => code === 'corrupt-batch' || (errorCode !== null && !isRetriable(errorCode)),
      );
      if (final !== undefined) throw final;
      const [failure] = failures;
      if (failure !== undefined) await this.client.pause(deadlineMs, failure);
      else if (open.some(({ name }) => !done.has(name))) {
        throw ClientError.own('malformed', 'a broker did not answer for all partitions');
      }
    }
  }

  private async leadersOf(
    keys: readonly PartitionKey[],
    deadlineMs: number,
  ): Promise<readonly { readonly leader: Leader; readonly asked: readonly Asked[] }[]> {
    const groups = new Map<number, { leader: Leader; asked: Asked[] }>();
    for (const key of keys) {
      const leader = await this.client.leader(key, deadlineMs);
      const group = groups.get(leader.nodeId) ?? { leader, asked: [] };
      groups.set(leader.nodeId, group);
      group.asked.push({ key, leaderEpoch: leader.leaderEpoch });
    }
    return [...groups.values()];
  }

  private refused(name: string, errorCode: number): ClientError {
    const position = this.positions.get(name);
    const { autoOffsetReset } = this.options;
    if (errorCode === ERROR.OFFSET_OUT_OF_RANGE && position !== undefined && autoOffsetReset !== 'none') {
      this.moveTo(position.key, autoOffsetReset === 'earliest' ? 'beginning' : 'end');
      this.reset.add(name);
    }
    return ClientError.answered(errorCode, `a request about ${name}`);
  }
}

interface Asked {
  readonly key: PartitionKey;
  readonly leaderEpoch: number;
}

interface Result<T> {
  readonly name: string;
  readonly errorCode: number;
  /** Where there is no error. */
  readonly value: T | null;
}
