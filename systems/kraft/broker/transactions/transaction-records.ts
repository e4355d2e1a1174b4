/**
 * The records of `__transaction_state`, in Kafka's own bytes: the state of each transactional id.
 *
 *     const { key, value } = encodeTransaction('t', metadata);
 *     decodeTransaction(key, value); // { transactionalId: 't', metadata }
 *
 *     key    version:i16 (0) transactionalId
 *     value  version:i16 (0; flexible from 1, which is read, too) fields
 *
 * The partitions of a transaction that is `Empty` are null, as Kafka writes them. What no coordinator can have written is refused where
 * it is read, so that none has to live with it.
 */
import { MalformedError, Reader, Writer } from '../../wire/bytes.ts';
import { array, int16, int32, int64, int8, message, string, struct } from '../../wire/schema.ts';
import type { Value } from '../../wire/schema.ts';
import type { LogRecord } from '../coordinator-log.ts';
import type { TransactionState } from './rules.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What the log knows of a transactional id. Times are milliseconds since 1970. */
export interface TransactionMetadata {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  readonly partitions: readonly TopicPartition[];
  /** −1 before the first transaction. */
  readonly startMs: number;
  readonly lastUpdateMs: number;
}

export interface LoadedTransaction {
  readonly transactionalId: string;
  /** Null: a tombstone. */
  readonly metadata: TransactionMetadata | null;
}

/** By their numbers in a record. */
export const TRANSACTION_STATES: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
];

/** Only these have partitions. */
const OPEN: ReadonlySet<TransactionState> = new Set(['Ongoing', 'PrepareCommit', 'PrepareAbort']);

const transactionKey = message({
  name: 'TransactionLogKey',
  versions: '0',
  flexible: 'none',
  fields: { transactionalId: string() },
});

const transactionValue = message({
  name: 'TransactionLogValue',
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: int64(),
    producerEpoch: int16(),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: array(struct({ topic: string(), partitionIds: array(int32()) }), {
      nullable: '0+',
    }),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
  },
});

const KEY_VERSION = 0;
const VALUE_VERSION = 0;

/** @throws EncodeError */
export function encodeTransaction(transactionalId: string, metadata: TransactionMetadata | null): LogRecord {
  const key = new Writer(64);
  key.int16(KEY_VERSION);
  transactionKey.encode(key, KEY_VERSION, { transactionalId });
  if (metadata === null) return { key: key.take(), value: null };
  const value = new Writer(128);
  value.int16(VALUE_VERSION);
  transactionValue.encode(value, VALUE_VERSION, {
    producerId: metadata.producerId,
    producerEpoch: metadata.producerEpoch,
    transactionTimeoutMs: metadata.timeoutMs,
    transactionStatus: TRANSACTION_STATES.indexOf(metadata.state),
    transactionPartitions: metadata.state === 'Empty' ? null : byTopic(metadata.partitions),
    transactionLastUpdateTimestampMs: metadata.lastUpdateMs,
    transactionStartTimestampMs: metadata.startMs,
  });
  return { key: key.take(), value: value.take() };
}

/** @throws MalformedError */
export function decodeTransaction(key: Uint8Array, value: Uint8Array | null): LoadedTransaction {
  const keyReader = new Reader(key);
  const { transactionalId } = transactionKey.decode(keyReader, keyReader.int16());
  if (value === null) return { transactionalId, metadata: null };
  const reader = new Reader(value);
  const fields = transactionValue.decode(reader, reader.int16());
  const { producerId, producerEpoch, transactionStartTimestampMs: startMs } = fields;
  const state = TRANSACTION_STATES[fields.transactionStatus];
  if (state === undefined) throw new MalformedError(`a transaction of status ${fields.transactionStatus}`);
  if (producerId < 0 || producerEpoch < 0) {
    throw new MalformedError(`a transaction of producer ${producerId} in epoch ${producerEpoch}`);
  }
  if (state === 'Ongoing' && startMs < 0) throw new MalformedError('an open transaction without a start');
  return {
    transactionalId,
    metadata: {
      producerId,
      producerEpoch,
      timeoutMs: fields.transactionTimeoutMs,
      state,
      partitions: OPEN.has(state) ? partitionsOf(fields.transactionPartitions) : [],
      startMs,
      lastUpdateMs: fields.transactionLastUpdateTimestampMs,
    },
  };
}

function partitionsOf(
  topics: Value<typeof transactionValue>['transactionPartitions'],
): readonly TopicPartition[] {
  return (topics ?? []).flatMap(({ topic, partitionIds }) =>
    partitionIds.map((partition) => ({ topic, partition })),
  );
}

function byTopic(
  partitions: readonly TopicPartition[],
): readonly { readonly topic: string; readonly partitionIds: readonly number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const ids = topics.get(topic);
    if (ids === undefined) topics.set(topic, [partition]);
    else ids.push(partition);
  }
  return [...topics].map(([topic, partitionIds]) => ({ topic, partitionIds }));
}
