/** What transcripts do not reach: bad input, bounds, errors of others, truncations that take their time. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import type { Effect } from './effects.ts';
import type { ReplicaFetch } from './messages.ts';
import { NO_LEADER } from './messages.ts';
import type { PartitionOptions } from './options.ts';
import { DEFAULT_OPTIONS } from './options.ts';
import { PartitionCore } from './partition-core.ts';
import { correctRules } from './rules.ts';
import { MemoryLog, plainBatch, sequenced } from './testing/memory-log.ts';

const view = (
  brokerEpoch: number,
): { brokerEpoch: number; fenced: boolean; inControlledShutdown: boolean } => ({
  brokerEpoch,
  fenced: false,
  inControlledShutdown: false,
});
const BROKERS = new Map([1, 2, 3].map((id) => [id, view(id * 10)]));
const PARTITION = { leader: 1, leaderEpoch: 4, partitionEpoch: 7, replicas: [1, 2, 3], isr: [1, 2, 3] };
const FETCH: ReplicaFetch = {
  kind: 'replica',
  brokerId: 2,
  brokerEpoch: 20,
  leaderEpoch: 4,
  offset: 0,
  lastFetchedEpoch: -1,
  minBytes: 1,
  maxBytes: 100,
  maxWaitMs: 10,
};

let log: MemoryLog;
let core: PartitionCore;

function create(options: Partial<PartitionOptions> = {}): void {
  log = new MemoryLog();
  const config = { brokerId: 1, options: { ...DEFAULT_OPTIONS, ...options }, rules: correctRules, log };
  core = new PartitionCore(config, 0);
  core.brokersChanged(0, BROKERS);
}

/** The effects but traces. */
function effects(): Effect[] {
  core.invariants();
  return core.takeEffects().filter((effect) => effect.kind !== 'trace');
}

function append(values: readonly string[], acks: 0 | 1 | -1 = 1): void {
  const batches = values.map((value) => plainBatch(value));
  core.produce(0, 1, { acks, timeoutMs: 100, batches });
  core.appended(0, log.append(batches, core.leaderEpoch));
}

const follow = (leaderEpoch = 4, partitionEpoch = 7): void => {
  core.metadata(0, { ...PARTITION, leader: 2, leaderEpoch, partitionEpoch });
};

beforeEach(() => create());

describe('a leader', () => {
  test('refuses a produce without a batch, and one of several with an idempotent one', () => {
    core.metadata(0, PARTITION);
    core.produce(0, 1, { acks: 1, timeoutMs: 100, batches: [] });
    core.produce(0, 2, { acks: 1, timeoutMs: 100, batches: [plainBatch('a'), sequenced('b', 7, 0)] });
    expect(effects()).toMatchObject([
      { token: 1, reply: { errorCode: ERROR.INVALID_RECORD } },
      { token: 2, reply: { errorCode: ERROR.INVALID_RECORD } },
    ]);
  });

  test('answers with the error of a log that takes the batches not', () => {
    core.metadata(0, PARTITION);
    core.produce(0, 1, { acks: -1, timeoutMs: 100, batches: [plainBatch('a')] });
    core.appendFailed(0, ERROR.CORRUPT_MESSAGE);
    expect(effects()).toMatchObject([
      { kind: 'append', leaderEpoch: 4 },
      { kind: 'reply-produce', token: 1, reply: { errorCode: ERROR.CORRUPT_MESSAGE, baseOffset: -1 } },
    ]);
  });

  test('parks no more than it may', () => {
    create({ maxParked: 1 });
    core.metadata(0, PARTITION);
    append(['a'], -1);
    core.produce(0, 5, { acks: -1, timeoutMs: 100, batches: [plainBatch('b')] });
    // The first fetch is answered at once: the follower has to hear of the high watermark.
    core.fetch(0, 6, { ...FETCH, offset: 1 });
    core.fetch(0, 7, { ...FETCH, offset: 1 });
    core.fetch(0, 8, { ...FETCH, offset: 1 });
    expect(core.status()).toMatchObject({ parkedProduces: 1, parkedFetches: 1 });
    expect(effects().map((effect) => 'token' in effect && effect.token)).toEqual([1, 5, 6, 8]);
  });

  test('tells a reader that is outside of the log, and where the log starts', () => {
    log.truncateFully(5);
    core.metadata(0, PARTITION);
    for (const offset of [4, 6]) core.fetch(0, offset, { ...FETCH, offset });
    const reply = { errorCode: ERROR.OFFSET_OUT_OF_RANGE, logStartOffset: 5, fill: null };
    expect(effects()).toMatchObject([
      { token: 4, reply },
      { token: 6, reply },
    ]);
  });

  test('does not count who is no replica, nor a former life', () => {
    core.metadata(0, { ...PARTITION, isr: [1] });
    core.fetch(0, 1, { ...FETCH, brokerId: 9 });
    core.fetch(0, 2, { ...FETCH, brokerEpoch: 21 });
    core.fetch(0, 3, FETCH);
    // The broker that it knows of is another one than the one that fetches: nobody is proposed.
    const replies = effects();
    expect(replies.some((effect) => effect.kind === 'alter-partition')).toBe(false);
    expect(replies.map((effect) => effect.kind === 'reply-fetch' && effect.reply.errorCode)).toEqual([
      ERROR.NOT_LEADER_OR_FOLLOWER,
      ERROR.NONE,
      ERROR.NOT_LEADER_OR_FOLLOWER,
    ]);
  });

  test('says where an epoch ends, to whom it leads', () => {
    core.metadata(0, PARTITION);
    append(['a', 'b']);
    effects();
    core.epochEnd(0, 1, { leaderEpoch: 4, epoch: 3 });
    core.epochEnd(0, 2, { leaderEpoch: 4, epoch: 4 });
    core.epochEnd(0, 3, { leaderEpoch: 4, epoch: 5 });
    core.epochEnd(0, 4, { leaderEpoch: 3, epoch: 3 });
    expect(effects()).toMatchObject([
      { reply: { errorCode: 0, end: { epoch: 3, endOffset: 0 } } },
      { reply: { errorCode: 0, end: { epoch: 4, endOffset: 2 } } },
      { reply: { errorCode: 0, end: null } },
      { reply: { errorCode: ERROR.FENCED_LEADER_EPOCH, end: null } },
    ]);
  });

  test('moves its high watermark when its minimum is lowered', () => {
    create({ minInsyncReplicas: 2 });
    core.metadata(0, { ...PARTITION, isr: [1] });
    append(['a']);
    expect(core.status().highWatermark).toBe(0);
    core.configure(0, { minInsyncReplicas: 1 });
    expect(core.status().highWatermark).toBe(1);
  });

  test('knows new replicas, and forgets old ones', () => {
    core.metadata(0, { ...PARTITION, isr: [1, 2] });
    core.metadata(0, { ...PARTITION, partitionEpoch: 8, replicas: [1, 2, 4], isr: [1, 2] });
    core.fetch(0, 1, { ...FETCH, brokerId: 3, brokerEpoch: 30 });
    core.fetch(0, 2, { ...FETCH, brokerId: 4, brokerEpoch: 40 });
    expect(effects()).toMatchObject([
      { token: 1, reply: { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER } },
      { token: 2 },
    ]);
  });

  test('is none any more where it is no replica', () => {
    core.metadata(0, PARTITION);
    core.metadata(0, { ...PARTITION, partitionEpoch: 8, replicas: [2, 3], isr: [2, 3] });
    expect(core.status().role).toBe('offline');
    expect(core.deadlineMs).toBe(Infinity);
  });

  test('that ends tells whoever waits, and the partition stays what it was', () => {
    core.metadata(0, PARTITION);
    append(['a'], -1);
    core.fetch(0, 2, { ...FETCH, offset: 1 });
    core.fetch(0, 3, { ...FETCH, offset: 1 });
    expect(core.status()).toMatchObject({ parkedProduces: 1, parkedFetches: 1 });
    core.takeEffects();
    core.close(0);
    core.invariants();
    const reply = { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER };
    expect(core.takeEffects()).toMatchObject([
      { kind: 'reply-produce', token: 1, reply },
      { kind: 'reply-fetch', token: 3, reply },
      { kind: 'trace', event: { kind: 'role', role: 'offline', leaderEpoch: 4, leader: NO_LEADER } },
    ]);
    expect(core.status()).toMatchObject({ ...PARTITION, role: 'offline' });
    expect(core.deadlineMs).toBe(Infinity);
  });
});

describe('a proposal', () => {
  /** Broker 3 is not in the ISR, and fetches. @returns its correlation id */
  const propose = (): number => {
    core.metadata(0, { ...PARTITION, isr: [1, 2] });
    core.fetch(0, 1, { ...FETCH, brokerId: 3, brokerEpoch: 30 });
    const effect = effects().find(({ kind }) => kind === 'alter-partition');
    if (effect?.kind !== 'alter-partition') throw new Error('nothing was proposed');
    expect(effect.request).toEqual({
      leaderEpoch: 4,
      partitionEpoch: 7,
      isr: [
        { brokerId: 1, brokerEpoch: 10 },
        // It has not fetched from this leader: what it was when it joined is the controller's to know.
        { brokerId: 2, brokerEpoch: -1 },
        { brokerId: 3, brokerEpoch: 30 },
      ],
    });
    expect(core.status().maximalIsr).toEqual([1, 2, 3]);
    return effect.correlationId;
  };

  test('counts until metadata tell, where the controller knows better', () => {
    core.alterPartitionResponse(0, propose(), { errorCode: ERROR.INVALID_UPDATE_VERSION, partition: null });
    core.tick(100_000);
    expect(effects().filter(({ kind }) => kind === 'alter-partition')).toEqual([]);
    expect(core.status().maximalIsr).toEqual([1, 2, 3]);
    core.metadata(0, { ...PARTITION, partitionEpoch: 9, isr: [1] });
    expect(core.status().maximalIsr).toEqual([1]);
  });

  test('is forgotten where it was refused', () => {
    core.alterPartitionResponse(0, propose(), { errorCode: ERROR.INELIGIBLE_REPLICA, partition: null });
    expect(core.status().maximalIsr).toEqual([1, 2]);
  });

  test.each(['lost', 'not answered', 'refused for now'])('is sent again, the same, where it is %s', (how) => {
    const id = propose();
    if (how === 'lost') core.requestFailed(0, id);
    else if (how === 'refused for now') {
      core.alterPartitionResponse(0, id, { errorCode: ERROR.NOT_CONTROLLER, partition: null });
    }
    expect(core.status().maximalIsr).toEqual([1, 2, 3]);
    core.tick(how === 'not answered' ? 30_000 : 50);
    const again = effects().filter(({ kind }) => kind === 'alter-partition');
    expect(again).toMatchObject([{ request: { partitionEpoch: 7, isr: [{}, {}, { brokerId: 3 }] } }]);
    // The answer to the first one comes late.
    core.alterPartitionResponse(0, id, { errorCode: ERROR.INELIGIBLE_REPLICA, partition: null });
    expect(core.status().maximalIsr).toEqual([1, 2, 3]);
  });

  test('that was taken is the ISR; an answer that is older than the metadata is nothing', () => {
    const id = propose();
    core.alterPartitionResponse(0, id, {
      errorCode: ERROR.NONE,
      partition: { ...PARTITION, partitionEpoch: 8 },
    });
    expect(core.status()).toMatchObject({ partitionEpoch: 8, isr: [1, 2, 3] });
    core.alterPartitionResponse(0, id, { errorCode: ERROR.NONE, partition: { ...PARTITION, isr: [1] } });
    expect(core.status().isr).toEqual([1, 2, 3]);
  });

  test('that made another one leader waits for the metadata', () => {
    const id = propose();
    const partition = { ...PARTITION, leader: 2, leaderEpoch: 5, partitionEpoch: 8 };
    core.alterPartitionResponse(0, id, { errorCode: ERROR.NONE, partition });
    expect(core.status()).toMatchObject({ role: 'leader', leaderEpoch: 4, maximalIsr: [1, 2, 3] });
  });
});

describe('a follower', () => {
  const asked = (offset = 0): { correlationId: number; leaderEpoch: number; offset: number } => {
    const request = effects().find(({ kind }) => kind === 'request');
    if (request?.kind !== 'request') throw new Error('nothing was asked');
    return { correlationId: request.correlationId, leaderEpoch: 4, offset };
  };
  const nothing = { errorCode: 0, highWatermark: 0, logStartOffset: 0, diverging: null, sizeBytes: 0 };

  test('fetches nothing while there is no leader', () => {
    core.metadata(0, { ...PARTITION, leader: NO_LEADER });
    expect(effects()).toEqual([]);
    expect(core.deadlineMs).toBe(Infinity);
  });

  test.each([ERROR.FENCED_LEADER_EPOCH, ERROR.UNKNOWN_LEADER_EPOCH, ERROR.NOT_LEADER_OR_FOLLOWER, -1])(
    'waits a little after error %i',
    (errorCode) => {
      follow();
      core.fetchResponse(0, asked(), { ...nothing, errorCode });
      expect(effects()).toEqual([]);
      expect(core.deadlineMs).toBe(1000);
      core.tick(1000);
      expect(effects()).toMatchObject([{ kind: 'request', to: 2, request: { api: 'fetch', offset: 0 } }]);
    },
  );

  test('asks again when no answer comes, and takes no late one', () => {
    follow();
    const first = asked();
    core.tick(30_000);
    const second = asked();
    core.fetchResponse(30_000, first, { ...nothing, sizeBytes: 9 });
    expect(effects()).toEqual([]);
    core.requestFailed(30_000, second.correlationId);
    expect(core.deadlineMs).toBe(31_000);
  });

  test('begins anew where the leader’s log starts behind its own', () => {
    follow();
    core.fetchResponse(0, asked(), { ...nothing, errorCode: ERROR.OFFSET_OUT_OF_RANGE, logStartOffset: 50 });
    expect(effects()).toEqual([{ kind: 'truncate-fully', startOffset: 50 }]);
    log.truncateFully(50);
    core.truncated(0);
    expect(effects()).toMatchObject([{ request: { api: 'fetch', offset: 50, lastFetchedEpoch: -1 } }]);
  });

  test('asks for its epoch where it is beyond the leader’s end', () => {
    log.append([plainBatch('a')], 3);
    follow();
    core.fetchResponse(0, asked(1), { ...nothing, errorCode: ERROR.OFFSET_OUT_OF_RANGE });
    core.tick(1000);
    const again = asked();
    core.epochEndResponse(1000, again, { errorCode: 0, end: { epoch: 2, endOffset: 0 } });
    expect(effects()).toMatchObject([{ kind: 'truncate', endOffset: 0 }]);
  });

  test('fetches again what its log did not take', () => {
    follow();
    core.fetchResponse(0, asked(), { ...nothing, sizeBytes: 9 });
    expect(effects()).toMatchObject([{ kind: 'append-fetched' }]);
    core.appendFailed(0, ERROR.CORRUPT_MESSAGE);
    core.tick(1000);
    expect(effects()).toMatchObject([{ request: { api: 'fetch', offset: 0 } }]);
  });

  test('moves its log start after the leader’s, when that is committed here', () => {
    log.append([plainBatch('a'), plainBatch('b')], 4);
    follow();
    core.fetchResponse(0, asked(2), { ...nothing, highWatermark: 9, logStartOffset: 1 });
    expect(effects()).toMatchObject([
      { kind: 'high-watermark', offset: 2 },
      { kind: 'advance-log-start', offset: 1 },
      { kind: 'request' },
    ]);
  });

  test('takes metadata after the truncation that is under way, and asks nothing meanwhile', () => {
    log.append([plainBatch('a'), plainBatch('b')], 3);
    follow();
    core.fetchResponse(0, asked(2), { ...nothing, diverging: { epoch: 3, endOffset: 1 } });
    expect(effects()).toMatchObject([{ kind: 'truncate', endOffset: 1 }]);
    core.metadata(0, { ...PARTITION, leaderEpoch: 5, partitionEpoch: 8 });
    core.tick(60_000);
    expect(core.status().role).toBe('follower');
    log.truncateTo(1);
    core.truncated(60_000);
    expect(core.status()).toMatchObject({ role: 'leader', leaderEpoch: 5, logEndOffset: 1 });
  });

  test('crashes where the log is longer than it was cut to', () => {
    log.append([plainBatch('a')], 3);
    follow();
    core.fetchResponse(0, asked(1), { ...nothing, diverging: { epoch: 3, endOffset: 0 } });
    core.truncated(0);
    expect(effects().at(-1)).toMatchObject({ kind: 'crash', reason: 'the log ends at 1, truncated to 0' });
  });

  test('does not go back to older metadata', () => {
    follow(5, 9);
    core.metadata(0, PARTITION);
    expect(core.status()).toMatchObject({ role: 'follower', leaderEpoch: 5 });
  });
});
