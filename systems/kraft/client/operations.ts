/**
 * What workloads ask of a Kafka client: the functions, the values that they carry, and how each is read.
 *
 *     parseOperation({ f: 'send', value: [['send', 't0-1', 7]] });
 *     // { f: 'send', micros: [{ kind: 'send', key: { name: 't0-1', topic: 't0', partition: 1 }, value: 7 }] }
 *
 * | function         | value of the invocation                         | value of the ok completion                          |
 * | ---------------- | ----------------------------------------------- | --------------------------------------------------- |
 * | `send`           | `[["send", k, v], …]`                           | `[["send", k, [offset, v]], …]`                     |
 * | `poll`           | `[["poll"]]`, or null                           | `[["poll", {k: [[offset, v], …]}]]`                 |
 * | `txn`            | `[["send", k, v] or ["poll"] or ["commit"], …]` | as above; `["commit", {k: offset}]`                 |
 * | `assign`         | `[k, …]` or `{k: position, …}`                  | the same                                            |
 * | `subscribe`      | `[k, …]`: the topics of these partitions        | the same                                            |
 * | `seek`           | `{k: position, …}`                              | the same                                            |
 * | `commit`         | `{k: offset}` or `{group, offsets}`, or null    | the offsets that were committed, in the same shape  |
 * | `committed`      | `[k, …]`, `{group, offsets: {k: null}}`, null   | `{k: offset or null}` or `{group, offsets}`         |
 * | `list-offsets`   | `[k, …]` or null                                | `{k: {low, high}}`                                  |
 * | `trim`           | `{k: offset}`                                   | `{k: low}`: where the log begins now               |
 * | `crash`          | null                                            | null                                                |
 * | `assignment` | null | `{member, generation, partitions: [k, …]}`: what the last poll knew |
 * | `create-topic`   | `{topic, partitions?, replicationFactor?, configs?}` | the same                                       |
 * | `delete-topic`   | `{topic}`                                       | the same                                            |
 * | `describe-topic` | `{topic}`                                       | `{topic, partitions: null or {p: {leader, leaderEpoch, replicas, isr}}}` |
 * | `list-topics`    | null                                            | `[topic, …]`, sorted                                |
 * | `describe-quorum`| null                                            | `{leaderId, leaderEpoch, highWatermark, voters, observers}` |
 * | `transfer`       | `{from, to, amount}`                            | the same                                            |
 * | `read`           | null, `{final: true}`, `{final: true, last: true}` | `{account: balance}`                                |
 *
 * A key `k` is `topic-partition`: `t0-1` is partition 1 of the topic `t0`. A position is an offset, `beginning`, `end`, or null:
 * a new partition then begins at its beginning, and one that was there before goes on where it was.
 *
 * - A poll of a subscriber whose partitions have changed has `["rebalance", [k, …]]` in front of it in the completion: those
 *   that it lost or was given. Polls of an empty assignment are ok and empty.
 * - With the option `transactions` each `send`, `poll` and `txn` that sends or commits is one transaction of Kafka's; its
 *   `["commit"]` commits, within it, the positions that its polls have reached. A transaction that fails rewinds.
 *   Without the option the micro-operations happen one after the other: what failed after another was sent makes it `info`.
 * - `commit` of null commits the positions of all partitions that this client has polled. The group is the option `group`.
 * - `committed` and `list-offsets` of null ask for all assigned partitions.
 * - `trim` deletes the records below an offset (DeleteRecords). Where it is not known to have been done it is `info`.
 * - `crash`: connections end, nothing is said to the group, and positions, assignment and producer are forgotten.
 * - `create-topic`, `delete-topic`, `describe-topic`, `list-topics` and `describe-quorum` ask the client's own node alone.
 * - `transfer` is one transaction of two records, in the topic `bank`; `read` adds up what is committed there. Every account
 *   begins with 0 and may be overdrawn, so the total is always 0. A read waits until it has both halves of every transfer that it
 *   has one half of, and fails with `torn-transfer` where they stay out; with `final: true` it shows the halves as they are
 *   where no transaction is open, and with `last: true` whatever is.
 *
 * Topics that an operation names and that do not exist are created with the options `partitions`, `replicationFactor` and
 * `minInsyncReplicas`, except by the functions that are about topics.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { Invocation } from '../../../harness/interpreter/client.ts';

/** A topic and one of its partitions. */
export interface PartitionKey {
  /** As operations name it: `t0-1`. */
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
}

export type SeekPosition = number | 'beginning' | 'end' | null;

/**
 * What becomes of a read that finds one half of a transfer, and the other stays out:
 *
 * - `refused`: it fails.
 * - `shown-when-settled`: it shows the halves as they are, unless a transaction is open, which may have the other half.
 * - `shown`: it shows them as they are.
 */
export type TornHalves = 'refused' | 'shown-when-settled' | 'shown';

export type MicroOperation =
  | { readonly kind: 'send'; readonly key: PartitionKey; readonly value: Json }
  | { readonly kind: 'poll' }
  /** Null: what the polls have reached. */
  | { readonly kind: 'commit'; readonly offsets: readonly KeyOffset[] | null };

export interface KeyOffset {
  readonly key: PartitionKey;
  readonly offset: number;
}

export interface KeyPosition {
  readonly key: PartitionKey;
  readonly position: SeekPosition;
}

export type KafkaOperation =
  | { readonly f: 'send' | 'poll' | 'txn'; readonly micros: readonly MicroOperation[] }
  | { readonly f: 'assign' | 'seek'; readonly positions: readonly KeyPosition[] }
  /** Topics, in the order in which they are first named. */
  | { readonly f: 'subscribe'; readonly topics: readonly string[] }
  /** Null: what was polled. `group` null: the option's. */
  | { readonly f: 'commit'; readonly group: string | null; readonly offsets: readonly KeyOffset[] | null }
  | { readonly f: 'committed'; readonly group: string | null; readonly keys: readonly PartitionKey[] | null }
  | { readonly f: 'list-offsets'; readonly keys: readonly PartitionKey[] | null }
  | { readonly f: 'trim'; readonly offsets: readonly KeyOffset[] }
  | { readonly f: 'crash' | 'assignment' | 'list-topics' | 'describe-quorum' }
  | {
      readonly f: 'create-topic';
      readonly topic: string;
      /** Null: the option's. */
      readonly partitions: number | null;
      readonly replicationFactor: number | null;
      readonly configs: Readonly<Record<string, string>>;
    }
  | { readonly f: 'delete-topic' | 'describe-topic'; readonly topic: string }
  | { readonly f: 'transfer'; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly f: 'read'; readonly torn: TornHalves };

export const FUNCTIONS: readonly KafkaOperation['f'][] = [
  'send',
  'poll',
  'txn',
  'assign',
  'subscribe',
  'seek',
  'commit',
  'committed',
  'list-offsets',
  'trim',
  'crash',
  'assignment',
  'create-topic',
  'delete-topic',
  'describe-topic',
  'list-topics',
  'describe-quorum',
  'transfer',
  'read',
];

/** Where transfers are. */
export const BANK_TOPIC = 'bank';

/** An operation that no client understands: it fails with the code `malformed`, and nothing is sent. */
export class MalformedOperationError extends Error {
  override readonly name = 'MalformedOperationError';
}

/** @throws MalformedOperationError */
export function parseOperation({ f, value }: Invocation): KafkaOperation {
  switch (f) {
    case 'send':
    case 'poll':
    case 'txn':
      return { f, micros: value === null && f === 'poll' ? [{ kind: 'poll' }] : microOperations(value) };
    case 'assign':
    case 'seek':
      return { f, positions: positionsOf(value) };
    case 'subscribe':
      return { f, topics: [...new Set(keysOf(value).map(({ topic }) => topic))] };
    case 'commit':
      return commitOf(value);
    case 'committed':
      if (isFields(value) && typeof value['group'] === 'string')
        return { f, group: value['group'], keys: keysOrNull(value['offsets']) };
      return { f, group: null, keys: keysOrNull(value) };
    case 'list-offsets':
      return { f, keys: keysOrNull(value) };
    case 'trim':
      return { f, offsets: offsetsOf(value) };
    case 'crash':
    case 'assignment':
    case 'list-topics':
    case 'describe-quorum':
      return { f };
    case 'create-topic':
    case 'delete-topic':
    case 'describe-topic':
      return topicOperation(f, value);
    case 'transfer':
      return transferOf(value);
    case 'read':
      return { f, torn: isFields(value) ? tornHalvesOf(value) : 'refused' };
    default:
      return refuse(`there is no function ${f}`);
  }
}

const tornHalvesOf = ({ final, last }: { readonly [name: string]: Json }): TornHalves => {
  if (last === true) return 'shown';
  return final === true ? 'shown-when-settled' : 'refused';
};

/** `t0-1`: partition 1 of the topic `t0`. @throws MalformedOperationError */
export function parseKey(name: Json | undefined): PartitionKey {
  const found = typeof name === 'string' ? /^(.+)-(0|[1-9]\d{0,8})$/.exec(name) : null;
  if (found === null) return refuse(`a partition is topic-partition, like t0-1, not ${show(name)}`);
  const [, topic, partition] = found as unknown as [string, string, string];
  return { name: name as string, topic, partition: Number(partition) };
}

export const keyOf = (topic: string, partition: number): PartitionKey => ({
  name: `${topic}-${partition}`,
  topic,
  partition,
});

function microOperations(value: Json): MicroOperation[] {
  if (!isList(value)) return refuse(`a list of micro-operations, not ${show(value)}`);
  return value.map((micro): MicroOperation => {
    if (isList(micro)) {
      const [kind, ...carried] = micro;
      if (kind === 'poll') return { kind };
      if (kind === 'send' && carried.length === 2)
        return { kind, key: parseKey(carried[0]), value: carried[1] as Json };
      if (kind === 'commit') return { kind, offsets: carried.length === 0 ? null : offsetsOf(carried[0]) };
    }
    return refuse(`a micro-operation is ["send", k, v], ["poll"] or ["commit"], not ${show(micro)}`);
  });
}

function positionsOf(value: Json): KeyPosition[] {
  if (isList(value)) return value.map((key) => ({ key: parseKey(key), position: null }));
  if (!isFields(value)) return refuse(`partitions, not ${show(value)}`);
  return Object.entries(value).map(([name, position]) => {
    const isNamed = position === null || position === 'beginning' || position === 'end';
    return { key: parseKey(name), position: isNamed ? position : offsetOf(position) };
  });
}

function commitOf(value: Json): KafkaOperation {
  if (value === null) return { f: 'commit', group: null, offsets: null };
  if (!isFields(value)) return refuse(`a commit is {partition: offset}, not ${show(value)}`);
  if (typeof value['group'] !== 'string') return { f: 'commit', group: null, offsets: offsetsOf(value) };
  const { offsets = null } = value;
  return { f: 'commit', group: value['group'], offsets: offsets === null ? null : offsetsOf(offsets) };
}

function offsetsOf(value: Json | undefined): KeyOffset[] {
  if (!isFields(value)) return refuse(`offsets by partition, not ${show(value)}`);
  return Object.entries(value).map(([name, offset]) => ({ key: parseKey(name), offset: offsetOf(offset) }));
}

function offsetOf(value: Json | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return refuse(`an offset is a whole number from 0 to 2⁵³, not ${show(value)}`);
}

function keysOf(value: Json | undefined): PartitionKey[] {
  if (isList(value)) return value.map((key) => parseKey(key));
  if (isFields(value)) return Object.keys(value).map((key) => parseKey(key));
  return refuse(`partitions, not ${show(value)}`);
}

const keysOrNull = (value: Json | undefined): PartitionKey[] | null =>
  value === null || value === undefined ? null : keysOf(value);

function topicOperation(f: 'create-topic' | 'delete-topic' | 'describe-topic', value: Json): KafkaOperation {
  if (!isFields(value) || typeof value['topic'] !== 'string') return refuse(`{topic}, not ${show(value)}`);
  const { topic, partitions = null, replicationFactor = null, configs = {} } = value;
  if (f !== 'create-topic') return { f, topic };
  if (!isCountOrNull(partitions) || !isCountOrNull(replicationFactor) || !isFields(configs)) {
    return refuse(`{topic, partitions, replicationFactor, configs}, not ${show(value)}`);
  }
  const texts = Object.entries(configs).map(([name, config]) => [name, textOf(config)] as const);
  return { f, topic, partitions, replicationFactor, configs: Object.fromEntries(texts) };
}

function transferOf(value: Json): KafkaOperation {
  if (isFields(value) && typeof value['amount'] === 'number') {
    return { f: 'transfer', from: textOf(value['from']), to: textOf(value['to']), amount: value['amount'] };
  }
  return refuse(`a transfer is {from, to, amount}, not ${show(value)}`);
}

function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return refuse(`a text or a number, not ${show(value)}`);
}

const isCountOrNull = (value: Json): value is number | null =>
  value === null || (typeof value === 'number' && Number.isInteger(value) && value >= -1);

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const isFields = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !isList(value);

const show = (value: Json | undefined): string => JSON.stringify(value ?? null).slice(0, 200);

function refuse(problem: string): never {
  throw new MalformedOperationError(problem);
}
