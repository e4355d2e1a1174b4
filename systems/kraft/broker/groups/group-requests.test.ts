/** What transcripts do not show: groups of several partitions, limits, and answers of old versions. */
import { describe, expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import type { GroupCall, GroupEffect } from './group-calls.ts';
import { GroupCoordinator } from './group-coordinator.ts';
import { DEFAULT_GROUP_OPTIONS } from './group-options.ts';
import { correctRules } from './rules.ts';

const NOW = { monotonicMs: 0, wallMs: 1_700_000_000_000 };
const caller = { replyTo: 1, version: 3, clientId: 'c', clientHost: '/h' };

function coordinatorOf(partitions: readonly number[], options = {}): GroupCoordinator {
  let ids = 0;
  const newUuid = (): string => String(++ids);
  const config = { options: { ...DEFAULT_GROUP_OPTIONS, ...options }, rules: correctRules, newUuid };
  const coordinator = new GroupCoordinator(config);
  for (const partition of partitions) {
    coordinator.startLoading(partition);
    coordinator.finishLoading(NOW, partition);
  }
  return coordinator;
}

const joinOf = (groupId: string, changes = {}): GroupCall => ({
  ...caller,
  api: 'JoinGroup',
  request: {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
    ...changes,
  },
});

const errorOf = (effects: readonly GroupEffect[]): number | undefined => {
  const reply = effects.find((effect) => effect.type === 'reply');
  if (reply === undefined || !('errorCode' in reply.response)) return undefined;
  return reply.response.errorCode;
};

describe('requests of groups', () => {
  test('a group of a partition that this broker does not lead', () => {
    const coordinator = coordinatorOf([coordinatorOf([]).partitionOf('group')]);
    expect(coordinator.partitionOf('group')).toBe(47);
    expect(errorOf(coordinator.handle(NOW, joinOf('my-group')))).toBe(ERROR.NOT_COORDINATOR);
    expect(coordinator.handle(NOW, joinOf('group'))).toEqual([]);
    expect(coordinator.group('group')?.state).toBe('PreparingRebalance');
  });

  test.each([
    ['', {}, 'INVALID_GROUP_ID'],
    ['group', { sessionTimeoutMs: 5_999 }, 'INVALID_SESSION_TIMEOUT'],
    ['group', { sessionTimeoutMs: 1_800_001 }, 'INVALID_SESSION_TIMEOUT'],
    ['group', { memberId: 'nobody' }, 'UNKNOWN_MEMBER_ID'],
    ['group', { protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['group', { protocolType: '' }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ] as const)('joining %j with %j: %s', (groupId, changes, error) => {
    const coordinator = coordinatorOf([coordinatorOf([]).partitionOf(groupId)]);
    expect(errorOf(coordinator.handle(NOW, joinOf(groupId, changes)))).toBe(ERROR[error]);
    expect(coordinator.group(groupId)).toBeUndefined();
  });

  test('a full group takes nobody', () => {
    const coordinator = coordinatorOf([47], { maxSize: 1 });
    expect(coordinator.handle(NOW, joinOf('group'))).toEqual([]);
    expect(errorOf(coordinator.handle(NOW, joinOf('group')))).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
    const newer = { ...joinOf('group'), version: 5 };
    expect(errorOf(coordinator.handle(NOW, newer))).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
  });

  test('several groups are deleted in one request, and answered when all are', () => {
    const coordinator = coordinatorOf([47]);
    coordinator.handle(NOW, joinOf('group'));
    const request = { groupsNames: ['group', 'my-group', 'group'] };
    const effects = coordinator.handle(NOW, { ...caller, api: 'DeleteGroups', request });
    expect(effects).toMatchObject([
      {
        response: {
          results: [
            { groupId: 'group', errorCode: ERROR.NON_EMPTY_GROUP },
            { groupId: 'my-group', errorCode: ERROR.NOT_COORDINATOR },
          ],
        },
      },
    ]);
  });

  test('version 1 of OffsetFetch says an error with each partition', () => {
    const topics = [{ name: 't', partitionIndexes: [4] }];
    const request = { groupId: 'group', topics, requireStable: false };
    const [old] = coordinatorOf([]).handle(NOW, { ...caller, version: 1, api: 'OffsetFetch', request });
    expect(old).toMatchObject({
      response: {
        topics: [{ name: 't', partitions: [{ partitionIndex: 4, errorCode: ERROR.NOT_COORDINATOR }] }],
      },
    });
    const [newer] = coordinatorOf([]).handle(NOW, { ...caller, api: 'OffsetFetch', request });
    expect(newer).toMatchObject({ response: { topics: [], errorCode: ERROR.NOT_COORDINATOR } });
  });

  test('who waits when the partition is given up is sent elsewhere', () => {
    const coordinator = coordinatorOf([47]);
    coordinator.handle(NOW, joinOf('group'));
    expect(errorOf(coordinator.resign(47))).toBe(ERROR.NOT_COORDINATOR);
    expect(coordinator.resign(47)).toEqual([]);
    expect(coordinator.deadlineMs).toBe(Infinity);
  });
});
