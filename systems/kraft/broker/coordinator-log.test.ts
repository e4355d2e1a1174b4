import { describe, expect, test } from 'vitest';
import type { AppendOutcome } from './coordinator-log.ts';
import { coordinatorError, coordinatorPartition, javaHash, PendingAppends } from './coordinator-log.ts';

describe('where a name lives', () => {
  // As Java computes them.
  test.each([
    ['', 0],
    ['a', 97],
    ['hello', 99162322],
    ['group', 98629247],
    ['my-group', -1906497762],
    ['polygenelubricants', -2147483648],
  ])('the hash of %j', (text, hash) => {
    expect(javaHash(text)).toBe(hash);
  });

  test('the smallest integer has no absolute value: partition 0', () => {
    expect(coordinatorPartition('polygenelubricants', 50)).toBe(0);
    expect(coordinatorPartition('my-group', 50)).toBe(1906497762 % 50);
    expect(coordinatorPartition('group', 50)).toBe(47);
  });
});

describe('appends under way', () => {
  test('each is settled once; those of a partition that is given up without a known outcome', () => {
    const appends = new PendingAppends();
    const seen: string[] = [];
    const note = (name: string) => (outcome: AppendOutcome) => seen.push(`${name} ${outcome.error}`);
    const first = appends.begin(0, [], note('first'));
    appends.begin(1, [], note('second'));
    appends.begin(0, [], note('third'), { producerId: 1, producerEpoch: 2 });
    expect(appends.size).toBe(3);
    appends.settle(first.appendId, { error: 'NONE', baseOffset: 3 });
    appends.settle(first.appendId, { error: 'NONE', baseOffset: 3 });
    appends.abandon(0);
    expect(seen).toEqual(['first NONE', 'third NOT_LEADER_OR_FOLLOWER']);
    expect(appends.size).toBe(1);
  });

  test.each([
    ['NOT_LEADER_OR_FOLLOWER', 'NOT_COORDINATOR'],
    ['KAFKA_STORAGE_ERROR', 'NOT_COORDINATOR'],
    ['NOT_ENOUGH_REPLICAS', 'COORDINATOR_NOT_AVAILABLE'],
    ['REQUEST_TIMED_OUT', 'COORDINATOR_NOT_AVAILABLE'],
    ['MESSAGE_TOO_LARGE', 'UNKNOWN_SERVER_ERROR'],
    ['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_EPOCH'],
  ] as const)('%s is told as %s', (error, told) => {
    expect(coordinatorError(error)).toBe(told);
  });
});
