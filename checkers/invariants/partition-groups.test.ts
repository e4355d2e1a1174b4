/** The Raft groups of partitions: traces that break Raft's invariants, and near misses that do not. */
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { ReplicaEvent } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { raftInvariants } from './checker.ts';
import { isrInvariants } from './isr-invariants.ts';
import { PartitionGroups } from './partition-groups.ts';

const OF = { partition: 't-0', topicId: 'id' };
const VOTERS = ['n1', 'n2', 'n3'];

/**
 * One record a line: `n1 start 0 epoch=1 voted=n2`, `n1 vote 1 n1`, `n1 persist 1 n1`, `n1 lead 1`, `n1 follow 1 n2`, `n1 append 0-2@1`,
 * also `0@1=7` with another hash, `n1 durable 3`, `n1 hw 3`, `n1 truncate 2`.
 */
function parse(text: string): TraceRecord[] {
  const lines = text.trim().split('\n');
  return lines.map((line, time): TraceRecord => {
    const [node = '', kind = '', ...words] = line.trim().split(/\s+/);
    return { node, time, event: parseEvent(node, kind, words) };
  });
}

function parseEvent(node: string, kind: string, words: readonly string[]): ReplicaEvent {
  const [first = '', second = ''] = words;
  const named = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  switch (kind) {
    case 'start': {
      const group = { epoch: Number(named('epoch') ?? 0), votedFor: named('voted') ?? null, voters: VOTERS };
      const offsets = { logStartOffset: 0, logEndOffset: Number(first), highWatermark: 0 };
      return { kind: 'replica-start', ...OF, ...offsets, group };
    }
    case 'vote':
      return { kind: 'replica-vote', ...OF, leaderEpoch: Number(first), candidate: second };
    case 'persist':
      return { kind: 'replica-persist', ...OF, leaderEpoch: Number(first), votedFor: second || null };
    case 'lead':
      return { kind: 'replica-role', ...OF, role: 'leader', leaderEpoch: Number(first), leader: node };
    case 'follow':
      return { kind: 'replica-role', ...OF, role: 'follower', leaderEpoch: Number(first), leader: second };
    case 'append':
      return { kind: 'replica-append', ...OF, batches: words.map(parseBatch) };
    case 'durable':
      return { kind: 'replica-durable', ...OF, endOffset: Number(first) };
    case 'truncate':
      return { kind: 'replica-truncate', ...OF, endOffset: Number(first) };
    case 'hw':
      return { kind: 'replica-high-watermark', ...OF, offset: Number(first), leaderEpoch: 1 };
    default:
      throw new Error(`no ${kind}`);
  }
}

function parseBatch(word: string) {
  const [, base = '', last, epoch = '', hash] = /^(\d+)(?:-(\d+))?@(\d+)(?:=(\d+))?$/.exec(word) ?? [];
  const offsets = { baseOffset: Number(base), lastOffset: Number(last ?? base) };
  return { ...offsets, leaderEpoch: Number(epoch), hash: Number(hash ?? 1) };
}

const namesOf = (text: string): (string | undefined)[] => {
  const groups = new PartitionGroups({ globalOrder: true });
  return parse(text).flatMap((record) => groups.observe(record)?.name ?? []);
};

/** n1 is elected in epoch 1, by itself and n2. */
const ELECTION = `
  n1 start 0
  n2 start 0
  n3 start 0
  n1 persist 1 n1
  n1 vote 1 n1
  n2 persist 1 n1
  n2 vote 1 n1
  n1 lead 1`;

/** Two records that a majority has. */
const COMMITTED = `${ELECTION}
  n1 append 0@1 1@1
  n2 follow 1 n1
  n2 append 0@1 1@1
  n2 durable 2
  n1 durable 2
  n1 hw 2`;

/** n3, which has nothing, is elected in epoch 2. */
const STALE_LEADER = `${COMMITTED}
  n3 persist 2 n3
  n3 vote 2 n3
  n2 persist 2 n3
  n2 vote 2 n3
  n3 lead 2`;

describe('a group', () => {
  it('may elect, commit, and go on after a restart', () => {
    const restart = `${COMMITTED}
      n1 start 2 epoch=1 voted=n1
      n1 persist 2 n1
      n1 vote 2 n1
      n3 persist 2 n1
      n3 vote 2 n1
      n1 lead 2
      n1 append 2@2
      n3 follow 2 n1
      n3 append 0@1 1@1 2@2
      n3 durable 3
      n1 durable 3
      n1 hw 3`;
    expect(namesOf(restart)).toEqual([]);
    const groups = new PartitionGroups({ globalOrder: true });
    for (const record of parse(restart)) groups.observe(record);
    expect(groups.figures()).toEqual({ groups: 1, groupElections: 2, groupCommits: 3, groupsLost: 0 });
  });

  it.each([
    ['two-leaders-in-a-term', `${ELECTION}\nn3 lead 1`],
    ['elected-without-majority', ELECTION.replace('n2 vote 1 n1\n', '')],
    ['vote-before-persist', 'n1 start 0\nn1 vote 1 n1'],
    ['double-vote', `${ELECTION}\nn2 persist 1 n3`],
    ['vote-forgotten', `${ELECTION}\nn2 start 0`],
    ['committed-without-majority', COMMITTED.replace('n2 durable 2\n', '')],
    ['durable-entry-lost', `${COMMITTED}\nn2 start 1 epoch=1 voted=n1`],
    ['committed-entry-truncated', `${COMMITTED}\nn2 hw 2\nn2 truncate 1`],
    ['leader-incomplete', STALE_LEADER],
    ['entry-redefined', `${COMMITTED}\nn3 follow 1 n1\nn3 append 0@1=7`],
    ['log-mismatch', `${ELECTION}\nn1 append 0@1 1@2\nn2 append 0@0 1@2`],
    ['leader-again-in-a-term', `${ELECTION}\nn1 start 0 epoch=1 voted=n1\nn1 lead 1`],
  ])('%s', (name, text) => {
    expect(namesOf(text)[0]).toBe(name);
  });

  it('says of which partition it speaks', () => {
    const groups = new PartitionGroups({ globalOrder: true });
    const [found] = parse(`${ELECTION}\nn3 lead 1`).flatMap((record) => groups.observe(record) ?? []);
    expect(found?.explanation).toMatch(/^In the group of t-0: .*n3.*leader of term 1/);
  });

  it('may lose what was not durable, and an epoch that was not persisted', () => {
    expect(namesOf(`${ELECTION}\nn3 follow 1 n1\nn3 append 0@1 1@1\nn3 start 1`)).toEqual([]);
  });

  it('may find what a truncation removed, when that was not durable', () => {
    const back = `${ELECTION}\nn3 append 0@1 1@1\nn3 truncate 1\nn3 start 2 epoch=1`;
    expect(namesOf(back)).toEqual([]);
  });

  it('is judged no further where its log is longer than the trace shows', () => {
    const groups = new PartitionGroups({ globalOrder: false });
    const found = parse(`${COMMITTED}\nn3 start 9 epoch=1\nn3 lead 1`).flatMap(
      (record) => groups.observe(record) ?? [],
    );
    expect(found).toEqual([]);
    expect(groups.figures().groupsLost).toBe(1);
  });
});

it('a partition that ISR replicates is none', () => {
  const trace = parse(STALE_LEADER).map((record) => {
    if (record.event.kind !== 'replica-start') return record;
    const { group: _, ...event } = record.event;
    return { ...record, event };
  });
  const groups = new PartitionGroups({ globalOrder: true });
  expect(trace.flatMap((record) => groups.observe(record) ?? [])).toEqual([]);
});

it('the checkers find it, both of them, and ISRs are nothing to a group', () => {
  const check = (text: string) => {
    const input = { history: new History([]), trace: parse(text) };
    return [raftInvariants({ globalOrder: true }), isrInvariants({ globalOrder: true })].map(
      (checker) => checker.check(input).anomalies[0]?.name,
    );
  };
  expect(check(STALE_LEADER)).toEqual(['leader-incomplete', 'leader-incomplete']);
  // n3 is in no ISR that counts.
  expect(check(COMMITTED)).toEqual([undefined, undefined]);
  // What was not persisted binds nobody.
  expect(check(`${ELECTION}\nn3 follow 1 n1\nn3 start 0\nn3 follow 0 n1`)).toEqual([undefined, undefined]);
});
