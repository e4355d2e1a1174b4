/** What clients of a partition that Raft replicates are told, as its group goes on. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import type { Effect } from '../partition/effects.ts';
import type { ConsumerFetch } from '../partition/messages.ts';
import { DEFAULT_OPTIONS } from '../partition/options.ts';
import { correctRules } from '../partition/rules.ts';
import { MemoryLog, plainBatch, sequenced, type TestBatch } from '../partition/testing/memory-log.ts';
import { GroupClients } from './group-clients.ts';

const EPOCH = 5;
const FETCH: ConsumerFetch = {
  kind: 'consumer',
  isolation: 'read-uncommitted',
  leaderEpoch: -1,
  offset: 0,
  lastFetchedEpoch: -1,
  minBytes: 1,
  maxBytes: 100,
  maxWaitMs: 0,
};

let log: MemoryLog;
let clients: GroupClients;

beforeEach(() => {
  log = new MemoryLog();
  const config = { brokerId: 1, options: DEFAULT_OPTIONS, rules: correctRules, log, replicas: [1, 2, 3] };
  clients = new GroupClients(config);
});

function effects(): Effect[] {
  clients.invariants();
  return clients.takeEffects().filter(({ kind }) => kind !== 'trace');
}

function produce(token: string, acks: 0 | 1 | -1, batches: readonly TestBatch[] = [plainBatch(token)]): void {
  clients.produce(0, { token }, { acks, timeoutMs: 100, batches });
  const appends = clients.takeEffects().filter(({ kind }) => kind === 'append');
  for (const _ of appends) clients.appended(0, log.append(batches, EPOCH));
}

const answer = (token: string, errorCode: number, baseOffset: number) => ({
  kind: 'reply-produce',
  token: { token },
  reply: { errorCode, baseOffset, logStartOffset: 0 },
});

describe('produce', () => {
  test('acks=1 waits for the group as acks=-1 does; acks=0 for nobody', () => {
    clients.lead(0, EPOCH);
    produce('a', -1);
    produce('b', 1);
    expect(effects()).toEqual([]);
    produce('c', 0);
    expect(effects()).toEqual([answer('c', 0, 2)]);
    clients.committed(1, 1);
    expect(effects()).toMatchObject([{ kind: 'high-watermark', offset: 1 }, answer('a', 0, 0)]);
    clients.committed(2, 3);
    expect(effects()).toMatchObject([{ kind: 'high-watermark', offset: 3 }, answer('b', 0, 1)]);
  });

  test('min.insync.replicas does not count', () => {
    clients.configure({ minInsyncReplicas: 3 });
    clients.lead(0, EPOCH);
    produce('a', -1);
    clients.committed(1, 1);
    expect(effects()).toContainEqual(answer('a', 0, 0));
  });

  test('who does not lead refuses, and who leads no more does not know', () => {
    clients.produce(0, { token: 'a' }, { acks: -1, timeoutMs: 100, batches: [plainBatch('a')] });
    expect(effects()).toEqual([answer('a', ERROR.NOT_LEADER_OR_FOLLOWER, -1)]);
    clients.lead(0, EPOCH);
    produce('b', -1);
    clients.produce(0, { token: 'c' }, { acks: -1, timeoutMs: 100, batches: [plainBatch('c')] });
    clients.follow(1, EPOCH + 1, 2);
    expect(effects().slice(1)).toEqual([
      answer('b', ERROR.NOT_LEADER_OR_FOLLOWER, -1),
      answer('c', ERROR.NOT_LEADER_OR_FOLLOWER, -1),
    ]);
    clients.committed(2, 1);
    expect(effects()).toMatchObject([{ kind: 'high-watermark', offset: 1 }]);
  });

  test('times out', () => {
    clients.lead(0, EPOCH);
    produce('a', -1);
    expect(clients.deadlineMs).toBe(100);
    clients.tick(100);
    expect(effects()).toEqual([answer('a', ERROR.REQUEST_TIMED_OUT, -1)]);
    expect(clients.deadlineMs).toBe(Infinity);
  });

  test('a duplicate waits for its original', () => {
    clients.lead(0, EPOCH);
    const batch = sequenced('a', 9, 0);
    produce('first', -1, [batch]);
    produce('again', -1, [batch]);
    expect(log.logEndOffset).toBe(1);
    expect(effects()).toEqual([]);
    clients.committed(1, 1);
    expect(effects().slice(1)).toEqual([answer('first', 0, 0), answer('again', 0, 0)]);
  });

  test('what the group does not take is answered', () => {
    clients.lead(0, EPOCH);
    clients.produce(0, { token: 'a' }, { acks: -1, timeoutMs: 100, batches: [plainBatch('a')] });
    clients.appendFailed(0, ERROR.NOT_LEADER_OR_FOLLOWER);
    expect(effects().slice(1)).toEqual([answer('a', ERROR.NOT_LEADER_OR_FOLLOWER, -1)]);
  });
});

test('a consumer sees what is committed, of the leader', () => {
  const ask = (request: Partial<ConsumerFetch> = {}) => {
    clients.fetch(0, 1, { ...FETCH, ...request });
    return effects().find(({ kind }) => kind === 'reply-fetch');
  };
  expect(ask()).toMatchObject({ reply: { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER } });
  clients.lead(0, EPOCH);
  produce('a', -1);
  produce('b', -1);
  expect(ask()).toMatchObject({ reply: { errorCode: 0, highWatermark: 0, fill: null } });
  clients.committed(0, 1);
  expect(ask()).toMatchObject({ reply: { highWatermark: 1, fill: { fromOffset: 0, upTo: 1 } } });
  expect(ask({ leaderEpoch: EPOCH - 1 })).toMatchObject({ reply: { errorCode: ERROR.FENCED_LEADER_EPOCH } });
  clients.epochEnd(0, 2, { leaderEpoch: EPOCH, epoch: EPOCH });
  expect(effects()).toMatchObject([
    { kind: 'reply-epoch-end', reply: { end: { epoch: EPOCH, endOffset: 2 } } },
  ]);
  clients.close(1);
  expect(ask()).toMatchObject({ reply: { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER } });
});
