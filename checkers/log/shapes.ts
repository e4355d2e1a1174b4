/**
 * What the operations of a log history look like, as Jepsen's Kafka workload writes them, and ours beside:
 *
 *     send | poll | txn   [["send", k, v], ["poll"]] → [["send", k, [offset, v]], ["poll", {k: [[offset, v], …]}]]
 *     assign | subscribe  [k, …], or {k: position, …} for one that seeks as well
 *     seek                {k: position, …}
 *     rebalance           [k, …]: partitions that the process lost or was given; also ["rebalance", [k, …]] in a txn or poll
 *     commit | committed  {k: offset} or {group, offsets: {k: offset}}: sets, and reads, what a group has committed
 *                         also ["commit", {…}] in a txn or poll: with the transaction, as Kafka's sendOffsetsToTransaction
 *     list-offsets        {k: {low, high}}: the watermarks that the system shows
 *     trim                {k: low}: everything below is gone by policy
 *     crash | debug-topic-partitions  nothing of theirs is judged; after a crash the process is another consumer
 *
 * An offset is a whole number, a text of digits (as kafkajs writes it), or null where it is unknown; -1, which brokers
 * answer to acks=0, is unknown, too. A partition is a number or a text, and `1` is the partition `"1"`, since polls
 * carry them as names of fields.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { isMap } from '../findings/findings.ts';
import { describeJson, isArray } from '../linearizability/model.ts';

/** A topic-partition, by whatever name the workload gives it. */
export type PartitionKey = string | number;

/** What a client asks: appends `value` to a partition, or takes what comes next in those assigned to it. */
export type MicroInvocation = readonly ['send', PartitionKey, Json] | readonly ['poll'];

/** What it was answered. A send without a pair has no known offset. */
export type MicroCompletion =
  | readonly ['send', PartitionKey, readonly [offset: Offset, value: Json] | Json]
  | readonly ['poll', Records]
  | readonly ['poll']
  | readonly ['rebalance', readonly PartitionKey[]];

export type Offset = number | string | null;

/** By partition, in the order in which the consumer got them. */
export interface Records {
  readonly [key: string]: readonly (readonly [offset: Offset, value: Json])[];
}

/** Where a consumer goes on: at the first record at or behind an offset. */
export type SeekPosition = number | 'beginning' | 'end';

/** Of a group, in a partition. */
export interface CommittedOffset {
  readonly group: string;
  readonly key: string;
  readonly offset: number;
}

/** Stands for an offset that nobody knows. */
export const UNKNOWN_OFFSET = Number.NaN;

const DEFAULT_GROUP = 'the group';

export function refuse(operation: Operation, what: string): never {
  throw new HarnessError('bad-history', `operation ${operation.index}: ${what}`);
}

/** Whether operations of this function carry micro-operations. */
export function isTransactional(f: string): boolean {
  return f === 'send' || f === 'poll' || f === 'txn';
}

/** An operation's micro-operations; none where a completion in doubt does not repeat them. */
export function microOperations(operation: Operation): readonly (readonly Json[])[] {
  const { value, type } = operation;
  if (isArray(value)) {
    for (const micro of value) {
      if (!isArray(micro) || typeof micro[0] !== 'string') {
        refuse(
          operation,
          `a micro-operation is ["send", key, value] or ["poll"], not ${describeJson(micro)}`,
        );
      }
    }
    return value as readonly (readonly Json[])[];
  }
  if (type === 'fail' || type === 'info') return [];
  return refuse(operation, `${operation.f} carries a list of micro-operations, not ${describeJson(value)}`);
}

export function partitionKey(operation: Operation, key: Json | undefined): PartitionKey {
  if (typeof key === 'string' || typeof key === 'number') return key;
  return refuse(operation, `a partition is a number or a text, not ${describeJson(key ?? null)}`);
}

/** NaN where it is unknown. */
export function offsetOf(operation: Operation, offset: Json | undefined): number {
  if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0) return offset;
  if (offset === null || offset === undefined || offset === -1) return UNKNOWN_OFFSET;
  if (typeof offset === 'string' && /^-?\d+$/.test(offset)) return offsetOf(operation, Number(offset));
  return refuse(operation, `an offset is a whole number from 0 to 2⁵³, not ${describeJson(offset)}`);
}

/** A list of partitions, or the fields of an object. */
export function partitionsOf(operation: Operation): readonly PartitionKey[] {
  const { value } = operation;
  if (isArray(value)) return value.map((key) => partitionKey(operation, key));
  return fieldsOf(operation).map(([key]) => key);
}

/** The seeks of a `seek`, or of an `assign` that seeks as well. */
export function seeksOf(operation: Operation): readonly (readonly [key: string, position: SeekPosition])[] {
  if (isArray(operation.value)) return [];
  return fieldsOf(operation).flatMap(([key, position]): [string, SeekPosition][] => {
    if (position === null) return [];
    return [[key, position === 'beginning' || position === 'end' ? position : offsetOf(operation, position)]];
  });
}

/** What a `commit` or a `committed` carries. */
export function committedOffsets(operation: Operation): readonly CommittedOffset[] {
  return offsetsOf(operation, Object.fromEntries(fieldsOf(operation)));
}

/** What an operation commits: itself, or as a transaction. */
export function commitsOf(operation: Operation): readonly CommittedOffset[] {
  if (!isTransactional(operation.f)) return committedOffsets(operation);
  return microOperations(operation).flatMap(([f, carried = null]) => {
    if (f !== 'commit') return [];
    if (isMap(carried)) return offsetsOf(operation, carried);
    return refuse(operation, `a commit carries {partition: offset}, not ${describeJson(carried)}`);
  });
}

function offsetsOf(operation: Operation, fields: Fields): readonly CommittedOffset[] {
  const { group, offsets } = fields;
  const isNamed = typeof group === 'string' && isMap(offsets ?? null);
  const name = isNamed ? `the group ${group}` : DEFAULT_GROUP;
  return Object.entries(isNamed ? (offsets as Fields) : fields).map(([key, offset]) => ({
    group: name,
    key,
    offset: committed(operation, offset),
  }));
}

/** A group that has committed nothing stands before the first offset. */
function committed(operation: Operation, offset: Json): number {
  const known = offsetOf(operation, offset);
  return Number.isNaN(known) ? -1 : known;
}

/** `{k: low}` and `{k: {low, high}}`. */
export function watermarksOf(
  operation: Operation,
): readonly { readonly key: string; readonly low: number; readonly high: number }[] {
  return fieldsOf(operation).map(([key, marks]) => {
    if (typeof marks !== 'object' || marks === null) {
      return { key, low: offsetOf(operation, marks), high: UNKNOWN_OFFSET };
    }
    const { low, high } = marks as { readonly low?: Json; readonly high?: Json };
    return { key, low: offsetOf(operation, low), high: offsetOf(operation, high) };
  });
}

function fieldsOf(operation: Operation): readonly (readonly [string, Json])[] {
  const { value, f, type } = operation;
  if (isMap(value)) return Object.entries(value);
  if (value === null || type === 'fail' || type === 'info') return [];
  return refuse(operation, `${f} carries an object whose fields are partitions, not ${describeJson(value)}`);
}

type Fields = { readonly [name: string]: Json };
