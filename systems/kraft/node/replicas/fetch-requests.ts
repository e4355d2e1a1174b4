/**
 * Fetch, of consumers and of followers: many partitions in one request, answered together.
 *
 *     fetches.handle(exchange);
 *     fetches.moved(partition);  // it has more to read, or another role: whoever waits for it is looked at again
 *
 * A request waits until all of its partitions together have `minBytes`, one of them has an error or parts from the follower's log,
 * a follower does not know the high watermark yet, or its time is up. Then every partition is asked anew, and the answer is read
 * from the logs. There are no fetch sessions: session id 0 says so to clients, and every request names all of its partitions.
 */
import type { Exchange } from '../network/exchange.ts';
import type { FetchReply, FetchRequest } from '../../broker/partition/messages.ts';
import { OffsetOutOfRangeError } from '../../log/errors.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import { CODEC } from '../../records/compression.ts';
import type { RequestBody, ResponseBody } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import { nowMsOf } from './context.ts';
import type { DeadlineItem } from './deadlines.ts';
import type { HostedPartition } from './hosted-partition.ts';

/** Requests that wait at one time; one more is answered at once. */
const PARKED_MAX = 10_000;
/** Of records in one answer, whatever the client allows: beside the first batch, it bounds what slow clients cost. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** The first version that names topics by id. */
const TOPIC_ID_VERSION = 13;
/** Whoever asks with an older one cannot read zstd (KIP-110). */
const ZSTD_VERSION_MIN = 10;
const READ_COMMITTED = 1;
const NO_REPLICA = -1;

const EMPTY = new Uint8Array(0);

type Topic = RequestBody<'fetch'>['topics'][number];
type Answer = ResponseBody<'fetch'>['responses'][number]['partitions'][number];

/** One partition of a request. */
interface Part {
  readonly index: number;
  readonly request: FetchRequest;
  readonly hosted: HostedPartition | null;
  /** Where it is not here, or not for who asks. */
  readonly errorCode: number;
  reply: FetchReply | null;
  /** About how much there is to read. */
  bytes: number;
  /** It is not to wait for more. */
  isDue: boolean;
}

/** What is left of an answer's bytes. */
interface Budget {
  bytes: number;
  isFirst: boolean;
}

export class FetchRequests {
  private readonly context: ReplicaContext;
  private readonly parked = new Map<HostedPartition, Set<Fetch>>();
  private readonly moving = new Set<HostedPartition>();
  private count = 0;

  constructor(context: ReplicaContext) {
    this.context = context;
  }

  handle(exchange: Exchange<'fetch'>): void {
    if (exchange.body.sessionId !== 0) {
      exchange.respond({ errorCode: ERROR.FETCH_SESSION_ID_NOT_FOUND, responses: [] });
      return;
    }
    const fetch = new Fetch(this.context, exchange, () => this.unpark(fetch));
    if (fetch.isDue() || this.count >= PARKED_MAX) return fetch.answerNow();
    this.count++;
    for (const hosted of fetch.partitions) {
      const waiting = this.parked.get(hosted);
      if (waiting === undefined) this.parked.set(hosted, new Set([fetch]));
      else waiting.add(fetch);
    }
    this.context.deadlines.watch(fetch);
  }

  moved(hosted: HostedPartition): void {
    if (!this.parked.has(hosted)) return;
    const isFirst = this.moving.size === 0;
    this.moving.add(hosted);
    // Outside of a turn it wakes at once: it must find what has moved.
    if (isFirst) this.context.turn.after(() => this.wake());
  }

  private wake(): void {
    const moving = [...this.moving];
    this.moving.clear();
    for (const hosted of moving) {
      for (const fetch of [...(this.parked.get(hosted) ?? [])]) if (fetch.isDueFor(hosted)) fetch.answer();
    }
  }

  private unpark(fetch: Fetch): void {
    let wasParked = false;
    for (const hosted of fetch.partitions) {
      const waiting = this.parked.get(hosted);
      wasParked = waiting?.delete(fetch) === true || wasParked;
      if (waiting?.size === 0) this.parked.delete(hosted);
    }
    if (wasParked) this.count--;
    this.context.deadlines.forget(fetch);
  }
}

/** A request until it is answered. */
class Fetch implements DeadlineItem {
  deadlineMs: number;
  private readonly context: ReplicaContext;
  private readonly exchange: Exchange<'fetch'>;
  private readonly onAnswer: () => void;
  private readonly topics: {
    readonly topic: string;
    readonly topicId: string;
    readonly parts: readonly Part[];
  }[];
  /** Of all topics. */
  private readonly parts: readonly Part[];
  readonly partitions: ReadonlySet<HostedPartition>;
  private readonly replicaId: number;
  private totalBytes = 0;

  constructor(context: ReplicaContext, exchange: Exchange<'fetch'>, onAnswer: () => void) {
    this.context = context;
    this.exchange = exchange;
    this.onAnswer = onAnswer;
    const { body } = exchange;
    this.deadlineMs = nowMsOf(context.runtime) + body.maxWaitMs;
    this.replicaId = Math.max(body.replicaId, body.replicaState.replicaId);
    this.topics = body.topics.map((topic) => this.topic(topic));
    this.parts = this.topics.flatMap(({ parts }) => parts);
    const partitions = new Set<HostedPartition>();
    for (const { hosted } of this.parts) if (hosted !== null) partitions.add(hosted);
    this.partitions = partitions;
  }

  private topic({ topic: name, topicId, partitions }: Topic) {
    const { context, exchange } = this;
    const byId = exchange.header.apiVersion >= TOPIC_ID_VERSION;
    const topic = byId ? context.metadata.image.topics.get(topicId)?.name : name;
    const parts = partitions.map((asked): Part => {
      const found = topic === undefined ? ERROR.UNKNOWN_TOPIC_ID : context.find(topic, asked.partition);
      const isHere = typeof found !== 'number';
      const errorCode = isHere ? this.wrongWith(found, byId ? topicId : null) : found;
      return {
        index: asked.partition,
        request: this.request(asked),
        hosted: isHere && errorCode === ERROR.NONE ? found : null,
        errorCode,
        reply: null,
        bytes: 0,
        isDue: false,
      };
    });
    return { topic: name, topicId, parts };
  }

  /** @param topicId - that was asked for; null: it was named */
  private wrongWith(found: HostedPartition, topicId: string | null): number {
    if (topicId !== null && found.topicId !== topicId) return ERROR.INCONSISTENT_TOPIC_ID;
    const isUnreadable =
      found.settings.codec === CODEC.zstd && this.exchange.header.apiVersion < ZSTD_VERSION_MIN;
    return isUnreadable ? ERROR.UNSUPPORTED_COMPRESSION_TYPE : ERROR.NONE;
  }

  private request(asked: Topic['partitions'][number]): FetchRequest {
    const { isolationLevel, replicaState, minBytes } = this.exchange.body;
    const common = {
      leaderEpoch: asked.currentLeaderEpoch,
      offset: asked.fetchOffset,
      lastFetchedEpoch: asked.lastFetchedEpoch,
      minBytes,
      maxBytes: asked.partitionMaxBytes,
      maxWaitMs: 0,
    };
    if (this.replicaId > NO_REPLICA) {
      const { replicaId: brokerId } = this;
      return { ...common, kind: 'replica', brokerId, brokerEpoch: replicaState.replicaEpoch };
    }
    const isolation = isolationLevel === READ_COMMITTED ? 'read-committed' : 'read-uncommitted';
    return { ...common, kind: 'consumer', isolation };
  }

  /** Asks every partition. @returns whether to answer now */
  isDue(): boolean {
    this.ask();
    const { maxWaitMs, minBytes } = this.exchange.body;
    if (maxWaitMs <= 0 || this.totalBytes >= minBytes) return true;
    return this.parts.some(({ isDue }) => isDue);
  }

  private ask(): void {
    this.totalBytes = 0;
    this.context.turn.run(() => {
      for (const part of this.parts) {
        const { hosted, request } = part;
        part.reply = hosted?.fetch(request) ?? null;
        const { reply } = part;
        part.isDue = reply === null || reply.errorCode !== ERROR.NONE || reply.diverging !== null;
        if (hosted === null || part.isDue) continue;
        this.measure(part, hosted);
        part.isDue = this.hasNewsFor(hosted);
      }
    });
  }

  /** About how much there is for a part now. */
  private measure(part: Part, { log }: HostedPartition): void {
    const { request } = part;
    const reader = request.kind === 'replica' ? 'replica' : request.isolation;
    const { logEndOffset, highWatermark, lastStableOffset, logStartOffset } = log;
    const { partition: rules } = this.context.settings.rules;
    const end = rules.visibleEndOffset(reader, { logEndOffset, highWatermark, lastStableOffset });
    const records = Math.max(1, logEndOffset - logStartOffset);
    const wanted = Math.max(0, end - request.offset);
    // By the average: it decides only when to answer.
    const bytes = Math.min(request.maxBytes, Math.ceil((log.sizeBytes * wanted) / records));
    this.totalBytes += bytes - part.bytes;
    part.bytes = bytes;
  }

  /** A follower waits for the high watermark, too: it may be the next leader. */
  private hasNewsFor({ sentHighWatermarks, servedHighWatermark }: HostedPartition): boolean {
    if (this.replicaId === NO_REPLICA) return false;
    return servedHighWatermark > (sentHighWatermarks.get(this.replicaId) ?? -1);
  }

  /** Whether to answer, now that something moved in one of its partitions. */
  isDueFor(hosted: HostedPartition): boolean {
    for (const part of this.parts) {
      if (part.hosted !== hosted) continue;
      if (hosted.isClosed || hosted.leadership === null || hosted.leaderEpoch !== part.reply?.leaderEpoch)
        return true;
      this.measure(part, hosted);
    }
    return this.totalBytes >= this.exchange.body.minBytes || this.hasNewsFor(hosted);
  }

  due(): void {
    this.answer();
  }

  /** It waited: every partition is asked anew. */
  answer(): void {
    this.onAnswer();
    this.deadlineMs = Infinity;
    this.ask();
    this.answerNow();
  }

  answerNow(): void {
    this.context.inBackground('fetch', () => this.read());
  }

  private async read(): Promise<void> {
    const { body } = this.exchange;
    const budget: Budget = { bytes: Math.min(body.maxBytes, ANSWER_BYTES_MAX), isFirst: true };
    const responses = [];
    for (const { topic, topicId, parts } of this.topics) {
      const partitions: Answer[] = [];
      for (const part of parts) {
        const records = this.recordsOf(part, budget);
        // Mostly they are in memory, and the answer leaves at once.
        const found = records instanceof Promise ? await records : records;
        partitions.push(this.answerOf(part, found, budget));
      }
      responses.push({ topic, topicId, partitions });
    }
    this.exchange.respond({ responses });
  }

  private recordsOf({ reply, hosted }: Part, budget: Budget): Uint8Array | Promise<Uint8Array | null> {
    const fill = reply?.fill ?? null;
    if (hosted === null || fill === null) return EMPTY;
    const limitBytes = Math.min(budget.bytes, fill.maxBytes);
    if (limitBytes <= 0 && !budget.isFirst) return EMPTY;
    const { fromOffset, upTo } = fill;
    const maxBytes = Math.max(0, limitBytes);
    return (
      hosted.log.readRecent(fromOffset, maxBytes, { upTo }) ?? readAll(hosted.log, fromOffset, maxBytes, upTo)
    );
  }

  /** @param found - null: they are not in the log any more */
  private answerOf(part: Part, found: Uint8Array | null, budget: Budget): Answer {
    const { reply, hosted, index } = part;
    if (reply === null || hosted === null) {
      return refusal(
        index,
        part.errorCode === ERROR.NONE ? ERROR.NOT_LEADER_OR_FOLLOWER : part.errorCode,
        -1,
      );
    }
    const { errorCode, logStartOffset, highWatermark, lastStableOffset, diverging, aborted, fill } = reply;
    if (errorCode !== ERROR.NONE) {
      const { currentLeader } = reply;
      return { ...refusal(index, errorCode, logStartOffset), ...(currentLeader && { currentLeader }) };
    }
    if (found === null) {
      const gone = hosted.isClosed ? ERROR.NOT_LEADER_OR_FOLLOWER : ERROR.OFFSET_OUT_OF_RANGE;
      return refusal(index, gone, hosted.log.logStartOffset);
    }
    let records = found;
    if (fill !== null) {
      // It may have been truncated under the reader's hands.
      if (hosted.isClosed || hosted.leaderEpoch !== reply.leaderEpoch) {
        return refusal(index, ERROR.NOT_LEADER_OR_FOLLOWER, -1);
      }
      // Only the first batch of an answer may be larger than what fits.
      const limitBytes = Math.min(budget.bytes, fill.maxBytes);
      if (records.length > limitBytes && !budget.isFirst) records = EMPTY;
      if (records.length > 0) budget.isFirst = false;
      budget.bytes -= records.length;
    }
    if (this.replicaId !== NO_REPLICA) hosted.sentHighWatermarks.set(this.replicaId, highWatermark);
    const isCommitted = part.request.kind === 'consumer' && part.request.isolation === 'read-committed';
    return {
      partitionIndex: index,
      errorCode,
      highWatermark,
      lastStableOffset,
      logStartOffset,
      ...(diverging !== null && { divergingEpoch: diverging }),
      abortedTransactions: isCommitted ? aborted : null,
      records,
    };
  }
}

/** Null where the log begins later by now, or ends before. */
async function readAll(
  log: ReplicaLog,
  offset: number,
  maxBytes: number,
  upTo: number,
): Promise<Uint8Array | null> {
  try {
    return await log.read(offset, maxBytes, { upTo });
  } catch (error) {
    if (!(error instanceof OffsetOutOfRangeError)) throw error;
    return null;
  }
}

const refusal = (partitionIndex: number, errorCode: number, logStartOffset: number): Answer => ({
  partitionIndex,
  errorCode,
  highWatermark: -1,
  logStartOffset,
  abortedTransactions: null,
  records: EMPTY,
});
