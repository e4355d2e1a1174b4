/**
 * What is at which offset, and what is to go: ListOffsets, OffsetForLeaderEpoch, DeleteRecords.
 *
 *     handleListOffsets(context, exchange);
 *
 * DeleteRecords is answered when the leader has deleted; followers hear of it with their next fetch. Kafka waits for them.
 */
import type { RequestBody, ResponseBody } from '../../wire/apis.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../../wire/api/offsets.ts';
import { isInternalTopic } from '../../internal-topics.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { OffsetOutOfRangeError } from '../../log/errors.ts';
import type { Exchange } from '../network/exchange.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import type { HostedPartition } from './hosted-partition.ts';

const READ_COMMITTED = 1;
/** The first version that knows OFFSET_NOT_AVAILABLE (KIP-207). */
const NOT_AVAILABLE_VERSION = 5;
/** Instead of an offset to delete before: all that is committed. */
const HIGH_WATERMARK = -1;

/** One partition after the other. */
async function answers<Ask, Answer>(
  topics: readonly { readonly name: string; readonly partitions: readonly Ask[] }[],
  answer: (topic: string, ask: Ask) => Promise<Answer>,
): Promise<{ readonly name: string; readonly partitions: readonly Answer[] }[]> {
  const answered = [];
  for (const { name, partitions: asked } of topics) {
    const partitions: Answer[] = [];
    for (const ask of asked) partitions.push(await answer(name, ask));
    answered.push({ name, partitions });
  }
  return answered;
}

// ListOffsets

type ListedAsk = RequestBody<'listOffsets'>['topics'][number]['partitions'][number];
type Listed = ResponseBody<'listOffsets'>['topics'][number]['partitions'][number];

export function handleListOffsets(context: ReplicaContext, exchange: Exchange<'listOffsets'>): void {
  context.inBackground('list offsets', async () => {
    const topics = await answers(exchange.body.topics, (name, ask) => listed(context, exchange, name, ask));
    exchange.respond({ topics });
  });
}

async function listed(
  context: ReplicaContext,
  { body, header }: Exchange<'listOffsets'>,
  topic: string,
  { partitionIndex, currentLeaderEpoch, timestamp }: ListedAsk,
): Promise<Listed> {
  const refuse = (errorCode: number): Listed => ({ partitionIndex, errorCode });
  const hosted = context.find(topic, partitionIndex);
  if (typeof hosted === 'number') return refuse(hosted);
  const { partition: rules } = context.settings.rules;
  const wrongEpoch = rules.checkLeaderEpoch(currentLeaderEpoch, hosted.leaderEpoch);
  if (wrongEpoch !== ERROR.NONE) return refuse(wrongEpoch);
  const { leadership, log } = hosted;
  if (leadership === null) return refuse(ERROR.NOT_LEADER_OR_FOLLOWER);
  const { logEndOffset, highWatermark, lastStableOffset, logStartOffset } = log;
  const reader = body.isolationLevel === READ_COMMITTED ? 'read-committed' : 'read-uncommitted';
  const end = rules.visibleEndOffset(reader, { logEndOffset, highWatermark, lastStableOffset });
  const at = (offset: number, timestampMs: number): Listed => {
    const leaderEpoch = log.epochs.epochAt(offset) ?? -1;
    return { partitionIndex, errorCode: ERROR.NONE, timestamp: timestampMs, offset, leaderEpoch };
  };
  // Until its high watermark has reached what it began with, a leader does not know how far the last one had come (KIP-207).
  const isBehind = highWatermark < hosted.epochStart;
  const isKnown = header.apiVersion >= NOT_AVAILABLE_VERSION;
  const notYet = refuse(isKnown ? ERROR.OFFSET_NOT_AVAILABLE : ERROR.LEADER_NOT_AVAILABLE);
  if (timestamp === EARLIEST_TIMESTAMP) return at(logStartOffset, -1);
  if (timestamp === LATEST_TIMESTAMP) return isBehind ? notYet : at(end, -1);
  if (timestamp < 0) return refuse(ERROR.UNSUPPORTED_VERSION);
  const found = await log.lookupByTimestamp(timestamp);
  if (hosted.isClosed || hosted.leadership !== leadership) return refuse(ERROR.NOT_LEADER_OR_FOLLOWER);
  if (found !== null && found.offset < end) return at(found.offset, found.timestampMs);
  return isBehind ? notYet : { partitionIndex, errorCode: ERROR.NONE };
}

// OffsetForLeaderEpoch

export function handleEpochEnds(context: ReplicaContext, exchange: Exchange<'offsetForLeaderEpoch'>): void {
  const topics = exchange.body.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
      const hosted = context.find(topic, partition);
      if (typeof hosted === 'number') return { partition, errorCode: hosted };
      const request = { leaderEpoch: currentLeaderEpoch, epoch: leaderEpoch };
      const { errorCode, end } = hosted.epochEnd(request);
      return { partition, errorCode, leaderEpoch: end?.epoch ?? -1, endOffset: end?.endOffset ?? -1 };
    }),
  }));
  exchange.respond({ topics });
}

// DeleteRecords

type Deleted = ResponseBody<'deleteRecords'>['topics'][number]['partitions'][number];

export function handleDeleteRecords(context: ReplicaContext, exchange: Exchange<'deleteRecords'>): void {
  context.inBackground('delete records', async () => {
    const topics = await answers(
      exchange.body.topics,
      async (name, { partitionIndex, offset }): Promise<Deleted> => {
        const hosted = context.find(name, partitionIndex);
        const deleted =
          typeof hosted === 'number'
            ? { errorCode: hosted, lowWatermark: -1 }
            : await deleteRecords(hosted, offset);
        return { partitionIndex, ...deleted };
      },
    );
    exchange.respond({ topics });
  });
}

async function deleteRecords(
  hosted: HostedPartition,
  offset: number,
): Promise<Pick<Deleted, 'errorCode' | 'lowWatermark'>> {
  const refuse = (errorCode: number) => ({ errorCode, lowWatermark: -1 });
  const { log, leadership } = hosted;
  if (leadership === null) return refuse(ERROR.NOT_LEADER_OR_FOLLOWER);
  if (isInternalTopic(hosted.topic)) return refuse(ERROR.INVALID_TOPIC_EXCEPTION);
  if (!hosted.settings.isDeleted) return refuse(ERROR.POLICY_VIOLATION);
  const before = offset === HIGH_WATERMARK ? log.highWatermark : offset;
  if (before < 0) return refuse(ERROR.OFFSET_OUT_OF_RANGE);
  try {
    await log.deleteRecords(before);
  } catch (error) {
    if (!(error instanceof OffsetOutOfRangeError)) throw error;
    return refuse(ERROR.OFFSET_OUT_OF_RANGE);
  }
  hosted.logStartMoved();
  if (hosted.leadership !== leadership) return refuse(ERROR.NOT_LEADER_OR_FOLLOWER);
  return { errorCode: ERROR.NONE, lowWatermark: log.logStartOffset };
}
