/**
 * Produce: batches are looked at from outside, appended as they are, and answered when acks says so.
 *
 *     checkBatch(records, settings, 8, nowMs) // { batch } or { errorCode, message }
 *
 * A request is answered when all of its partitions are. Of records the lengths are looked at, which must fit: what no reader gets past
 * must not get into a log. A batch is stored as it came, unless its topic wants another codec. Kafka's own topics are its coordinators':
 * from clients they are not taken. Where the disk does not follow, the answer waits until it does: a connection has one request at a
 * time.
 */
import { isInternalTopic } from '../../internal-topics.ts';
import { errorName, ERROR } from '../../wire/error-codes.ts';
import { batchAt, NONE, type RecordBatch } from '../../records/batch.ts';
import { stampCreateTime } from '../../records/batch-builder.ts';
import { checkRecords, type RecordDemands } from '../../records/check-records.ts';
import { CODEC } from '../../records/compression.ts';
import { RecordError, type RecordErrorCode } from '../../records/errors.ts';
import { recompressed } from '../../records/recompress.ts';
import type { ProduceReply } from '../../broker/partition/messages.ts';
import type { RequestBody, ResponseBody } from '../../wire/apis.ts';
import type { Exchange } from '../network/exchange.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import type { HostedPartition } from './hosted-partition.ts';
import { newProduce } from './tokens.ts';
import type { TopicSettings } from './topic-settings.ts';

/** The first version with record batches. */
const BATCH_VERSION_MIN = 3;
/** The first with zstd (KIP-110). */
const ZSTD_VERSION_MIN = 7;
/** Bytes that a log has not written yet; beyond it, also who wants no answer (acks=0) waits. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024;
/** What compressed records may come to, where a topic's batches are not larger anyway: 32 times what it takes by default. */
const DECOMPRESSED_BYTES_MAX = 32 * 1024 * 1024;
/** The one client that may write to Kafka's own topics, by the name that it gives itself, as in Kafka: for repairs by hand. */
const ADMIN_CLIENT_ID = '__admin_client';

export type CheckedBatch =
  { readonly batch: RecordBatch } | { readonly errorCode: number; readonly message: string };

type ErrorsOfRecords = { readonly [C in RecordErrorCode]?: number };
/** What is wrong with a batch and not CORRUPT_MESSAGE, which clients repeat. */
const BATCH_ERRORS: ErrorsOfRecords = {
  'bad-magic': ERROR.INVALID_RECORD,
  'bad-timestamp': ERROR.INVALID_TIMESTAMP,
};
/** What is wrong with its records and not INVALID_RECORD. Of MESSAGE_TOO_LARGE the Java client sends less at once. */
const RECORD_ERRORS: ErrorsOfRecords = {
  'too-large': ERROR.MESSAGE_TOO_LARGE,
  'bad-timestamp': ERROR.INVALID_TIMESTAMP,
};

const refused = (errorCode: number, message: string): CheckedBatch => ({ errorCode, message });

/** What a client may give to a topic: one good batch of records. @param nowMs - by the wall clock */
export function checkBatch(
  records: Uint8Array | null,
  settings: TopicSettings,
  version: number,
  nowMs: number,
): CheckedBatch {
  if (version < BATCH_VERSION_MIN) {
    return refused(ERROR.UNSUPPORTED_FOR_MESSAGE_FORMAT, 'message sets of an older format');
  }
  if (records === null || records.length === 0) return refused(ERROR.INVALID_RECORD, 'no batch');
  let batch: RecordBatch;
  try {
    batch = batchAt(records, 0);
    if (batch.sizeBytes < records.length) return refused(ERROR.INVALID_RECORD, 'more than one batch');
    const tooLarge = refusedSize(batch, settings);
    if (tooLarge !== null) return tooLarge;
    if (!batch.isValid()) return refused(ERROR.CORRUPT_MESSAGE, 'the checksum does not match');
    const wrong = contradiction(batch);
    if (wrong !== null) return refused(ERROR.INVALID_RECORD, wrong);
    if (batch.codec > CODEC.zstd || (batch.codec === CODEC.zstd && version < ZSTD_VERSION_MIN)) {
      return refused(ERROR.UNSUPPORTED_COMPRESSION_TYPE, `codec ${batch.codec}`);
    }
    if (settings.isRaft && batch.isTransactional) {
      return refused(ERROR.POLICY_VIOLATION, 'a topic that Raft groups replicate takes no transactions');
    }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return refused(BATCH_ERRORS[error.code] ?? ERROR.CORRUPT_MESSAGE, error.message);
  }
  return wrongRecords(batch, settings, nowMs) ?? withCodecOf(batch, settings);
}

function refusedSize(
  { sizeBytes }: RecordBatch,
  { maxMessageBytes, segmentBytes }: TopicSettings,
): CheckedBatch | null {
  if (sizeBytes > maxMessageBytes) {
    return refused(ERROR.MESSAGE_TOO_LARGE, `${sizeBytes} bytes, at most ${maxMessageBytes}`);
  }
  if (sizeBytes > segmentBytes) {
    return refused(ERROR.RECORD_LIST_TOO_LARGE, `${sizeBytes} bytes, a segment has ${segmentBytes}`);
  }
  return null;
}

const decompressedBytesMax = ({ maxMessageBytes }: TopicSettings): number =>
  Math.max(DECOMPRESSED_BYTES_MAX, maxMessageBytes);

/** As its topic wants it stored, which may be larger than it came. */
function withCodecOf(batch: RecordBatch, settings: TopicSettings): CheckedBatch {
  const { codec } = settings;
  if (codec === null || codec === batch.codec) return { batch };
  const stored = recompressed(batch, codec, decompressedBytesMax(settings));
  return refusedSize(stored, settings) ?? { batch: stored };
}

/** The checksum is right: sent again, they would be no better, so that it is not CORRUPT_MESSAGE, which clients repeat. */
function wrongRecords(batch: RecordBatch, settings: TopicSettings, nowMs: number): CheckedBatch | null {
  const { isCompacted, stampsAppendTime, timestampBeforeMaxMs, timestampAfterMaxMs } = settings;
  const demands: RecordDemands = {
    maxDecompressedBytes: decompressedBytesMax(settings),
    needsKeys: isCompacted,
    ...(!stampsAppendTime && { times: [nowMs - timestampBeforeMaxMs, nowMs + timestampAfterMaxMs] }),
  };
  try {
    // As Kafka does: a wrong largest time would mislead who looks for one, and retention.
    stampCreateTime(batch, checkRecords(batch, demands));
    return null;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return refused(RECORD_ERRORS[error.code] ?? ERROR.INVALID_RECORD, error.message);
  }
}

function contradiction(batch: RecordBatch): string | null {
  const { count, producerId, producerEpoch, baseSequence } = batch;
  if (batch.isControl) return 'only brokers write control batches';
  if (count === 0) return 'a batch without records';
  if (batch.lastOffsetDelta !== count - 1)
    return `${count} records up to offset delta ${batch.lastOffsetDelta}`;
  if (producerId < NONE) return `producer id ${producerId}`;
  if (producerId === NONE) return batch.isTransactional ? 'a transaction of no producer' : null;
  return producerEpoch < 0 || baseSequence < 0 ? `sequence ${baseSequence} of epoch ${producerEpoch}` : null;
}

type Answer = ResponseBody<'produce'>['responses'][number]['partitionResponses'][number];

/** One request, until all its partitions are answered. */
class Produce {
  private readonly context: ReplicaContext;
  private readonly exchange: Exchange<'produce'>;
  private readonly topics: { readonly name: string; readonly partitionResponses: Answer[] }[] = [];
  private readonly appended = new Set<HostedPartition>();
  private problem: string | null = null;
  private unanswered = 1;

  constructor(context: ReplicaContext, exchange: Exchange<'produce'>) {
    this.context = context;
    this.exchange = exchange;
  }

  start(): void {
    this.context.turn.run(() => {
      for (const { name, partitionData } of this.exchange.body.topicData) {
        const answers: Answer[] = [];
        this.topics.push({ name, partitionResponses: answers });
        partitionData.forEach((data, place) => {
          this.unanswered++;
          this.produce(name, data, (answer, problem) => {
            answers[place] = answer;
            if (problem !== null) this.problem ??= `${name}-${data.index}: ${problem}`;
            this.countDown();
          });
        });
      }
    });
    this.countDown();
  }

  private produce(
    topic: string,
    { index, records }: RequestBody<'produce'>['topicData'][number]['partitionData'][number],
    onAnswer: (answer: Answer, problem: string | null) => void,
  ): void {
    const { acks, timeoutMs } = this.exchange.body;
    const refuse = (errorCode: number, message: string): void => {
      onAnswer({ index, errorCode, baseOffset: -1, errorMessage: message }, message);
    };
    if (acks !== 0 && acks !== 1 && acks !== -1) {
      return refuse(ERROR.INVALID_REQUIRED_ACKS, `acks ${acks} is none of 0, 1 and -1`);
    }
    if (isInternalTopic(topic) && this.exchange.header.clientId !== ADMIN_CLIENT_ID) {
      return refuse(ERROR.INVALID_TOPIC_EXCEPTION, `${topic} is not for clients to write to`);
    }
    const found = this.context.find(topic, index);
    if (typeof found === 'number') return refuse(found, errorName(found));
    const nowMs = Math.floor(this.context.runtime.wallMs());
    const checked = checkBatch(records, found.settings, this.exchange.header.apiVersion, nowMs);
    if ('errorCode' in checked) return refuse(checked.errorCode, checked.message);
    this.appended.add(found);
    const { batch } = checked;
    const produced = { bytes: batch.bytes, batches: [batch], acks, timeoutMs } as const;
    found.produce(
      newProduce(produced, (reply, { appendTimeMs }) => {
        const problem = reply.errorCode === ERROR.NONE ? null : errorName(reply.errorCode);
        onAnswer(answerOf(index, reply, appendTimeMs), problem);
      }),
    );
  }

  private countDown(): void {
    if (--this.unanswered > 0) return;
    const crowded = [...this.appended].filter(({ log }) => log.pendingBytes > PENDING_BYTES_MAX);
    if (crowded.length === 0) return this.answer();
    this.context.inBackground('produce', async () => {
      for (const { log } of crowded) await log.written();
      this.answer();
    });
  }

  private answer(): void {
    const { exchange, topics, problem } = this;
    if (exchange.body.acks !== 0) exchange.respond({ responses: topics });
    // The client hears of nothing else; it asks for metadata and tries again.
    else if (problem !== null) exchange.disconnect(`a produce with acks=0 was refused: ${problem}`);
    else exchange.finish();
  }
}

function answerOf(index: number, reply: ProduceReply, appendTimeMs: number): Answer {
  const { errorCode, baseOffset, logStartOffset } = reply;
  const logAppendTimeMs = errorCode === ERROR.NONE ? appendTimeMs : -1;
  return { index, errorCode, baseOffset, logAppendTimeMs, logStartOffset };
}

export function handleProduce(context: ReplicaContext, exchange: Exchange<'produce'>): void {
  new Produce(context, exchange).start();
}
