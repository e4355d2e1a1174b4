/**
 * What goes into the transaction coordinator and what comes out of it.
 *
 *     const call: TransactionCall = { api: 'EndTxn', replyTo: 7, version: 1, request };
 *     // … { type: 'reply', replyTo: 7, api: 'EndTxn', response: { errorCode: 0 } }
 *
 * Every call gets exactly one reply, at once or later.
 */
import type * as transactions from '../../wire/api/transactions.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { AppendEffect } from '../coordinator-log.ts';
import type { TopicPartition } from './transaction-records.ts';

interface Calls {
  readonly InitProducerId: [transactions.InitProducerIdRequest, transactions.InitProducerIdResponseInput];
  readonly AddPartitionsToTxn: [
    transactions.AddPartitionsToTxnRequest,
    transactions.AddPartitionsToTxnResponseInput,
  ];
  readonly AddOffsetsToTxn: [transactions.AddOffsetsToTxnRequest, transactions.AddOffsetsToTxnResponseInput];
  readonly EndTxn: [transactions.EndTxnRequest, transactions.EndTxnResponseInput];
}

export type TransactionApi = keyof Calls;
export type RequestTo<A extends TransactionApi> = Calls[A][0];
export type ResponseFrom<A extends TransactionApi> = Calls[A][1];

export type CallOf<A extends TransactionApi> = {
  readonly api: A;
  readonly replyTo: number;
  readonly version: number;
  readonly request: RequestTo<A>;
};
export type TransactionCall = { [A in TransactionApi]: CallOf<A> }[TransactionApi];

export type TransactionReply = {
  [A in TransactionApi]: {
    readonly type: 'reply';
    readonly replyTo: number;
    readonly api: A;
    readonly response: ResponseFrom<A>;
  };
}[TransactionApi];

/** Send WriteTxnMarkers to the leaders of these partitions, and tell what each answered. */
export interface WriteMarkersEffect {
  readonly type: 'write-markers';
  readonly markerId: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly isCommit: boolean;
  readonly partitions: readonly TopicPartition[];
}

/** Ask the controller for a block of producer ids. */
export interface AllocateEffect {
  readonly type: 'allocate-producer-ids';
}

export type TransactionEffect = TransactionReply | AppendEffect | WriteMarkersEffect | AllocateEffect;

/** Before version 2 clients do not know the word PRODUCER_FENCED. */
const PRODUCER_FENCED_FROM_VERSION = 2;

/** The answer to a call that carries only an error, or only that there is none. */
export function answerTo(
  call: Exclude<TransactionCall, { api: 'InitProducerId' }>,
  error: ErrorName,
): TransactionReply {
  const isOld = call.version < PRODUCER_FENCED_FROM_VERSION;
  const errorCode = ERROR[error === 'PRODUCER_FENCED' && isOld ? 'INVALID_PRODUCER_EPOCH' : error];
  const { replyTo, api } = call;
  if (api !== 'AddPartitionsToTxn') return { type: 'reply', replyTo, api, response: { errorCode } };
  const resultsByTopic = call.request.topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorCode,
    })),
  }));
  return { type: 'reply', replyTo, api, response: { resultsByTopic } };
}
