/**
 * Produce (KIP-98, KIP-467): batches of records to append, by topic and partition.
 *
 *     produce.request.encode(writer, 8, {
 *       acks: -1, timeoutMs: 1000, topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batch }] }],
 *     });
 *
 * A request with `acks` 0 has no response at all. Versions 0–2 carry message sets of an older format; they are
 * advertised because librdkafka gives up gzip and lz4 otherwise, and a broker answers them with
 * UNSUPPORTED_FOR_MESSAGE_FORMAT.
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, bytes, int16, int32, int64, string, struct } from '../schema.ts';

export const produce = api({
  key: 0,
  name: 'Produce',
  versions: '0-8',
  flexible: '9+',
  request: {
    transactionalId: string({ versions: '3+', nullable: '3+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array(
      struct({
        name: string(),
        partitionData: array(struct({ index: int32(), records: bytes({ nullable: '0+' }) })),
      }),
    ),
  },
  response: {
    responses: array(
      struct({
        name: string(),
        partitionResponses: array(
          struct({
            index: int32(),
            errorCode: int16(),
            baseOffset: int64(),
            logAppendTimeMs: int64({ versions: '2+', default: -1, ignorable: true }),
            logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
            recordErrors: array(
              struct({
                batchIndex: int32(),
                batchIndexErrorMessage: string({ nullable: '8+', default: null }),
              }),
              { versions: '8+', ignorable: true },
            ),
            errorMessage: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
  },
});

export type ProduceRequest = RequestOf<typeof produce>;
export type ProduceResponse = ResponseOf<typeof produce>;
export type ProduceResponseInput = ResponseInput<typeof produce>;
