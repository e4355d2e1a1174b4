/** A coordinator that takes over what is in `__consumer_offsets`, whatever that is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import { anyRecord, damaged } from '../testing/damaged-records.ts';
import type { GroupRecord } from './group-records.ts';
import { encodeGroupRecord } from './group-records.ts';
import { GroupMember } from './testing/group-member.ts';
import type { LogEntry } from './testing/group-rig.ts';
import { GroupRig } from './testing/group-rig.ts';

const OPTIONS = {
  initialRebalanceDelayMs: 0,
  offsetsRetentionMs: 60_000,
  retentionCheckIntervalMs: 20_000,
  maxSize: 2,
};
const GROUPS = ['g', 'h', '', '__proto__', 'fresh'];

/** A coordinator that finds these. */
function loaded(log: readonly LogEntry[]): GroupRig {
  const rig = new GroupRig(OPTIONS);
  rig.log = [...log];
  rig.committed = log.length;
  rig.failover();
  return rig;
}

/** A commit, and what is fetched then. */
function commit(rig: GroupRig, offset: number): void {
  const answers: unknown[] = [];
  const simple = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null, retentionTimeMs: -1 };
  const committed = { committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: null };
  const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, ...committed }] }];
  rig.call('OffsetCommit', { groupId: 'fresh', ...simple, topics }, (response) => {
    answers.push(response.topics[0]?.partitions[0]?.errorCode);
  });
  const asked = [{ name: 'orders', partitionIndexes: [0] }];
  rig.call('OffsetFetch', { groupId: 'fresh', topics: asked, requireStable: true }, (response) => {
    answers.push(response.topics[0]?.partitions[0]?.committedOffset);
  });
  expect(answers).toEqual([ERROR.NONE, offset]);
}

function look(rig: GroupRig): void {
  const asked = { groups: GROUPS, includeAuthorizedOperations: false };
  rig.call('DescribeGroups', asked, ({ groups }) => expect(groups).toHaveLength(GROUPS.length));
  rig.call('ListGroups', {}, ({ errorCode }) => expect(errorCode).toBe(ERROR.NONE));
  for (const groupId of GROUPS) {
    rig.call('OffsetFetch', { groupId, topics: null, requireStable: true }, () => undefined);
  }
}

const names = fc.constantFrom('g', 'h', '', '__proto__');
const int = fc.constantFrom(-(2 ** 31), -1, 0, 1, 20_000, 2 ** 31 - 1);
const long = fc.constantFrom(-(2 ** 50), -1, 0, 1, 2 ** 50);
const bytes = fc.uint8Array({ maxLength: 4 });
const offset = fc.record({
  ...{ type: fc.constant('offset' as const), groupId: names, topic: names, partition: int },
  value: fc.option(
    fc.record({ offset: long, leaderEpoch: int, metadata: names, commitMs: long, expireMs: long }),
    { freq: 4 },
  ),
});
const member = fc.record({
  ...{ memberId: names, groupInstanceId: fc.option(names, { freq: 1 }), clientId: names, clientHost: names },
  ...{ rebalanceTimeoutMs: int, sessionTimeoutMs: int, subscription: bytes, assignment: bytes },
});
const group = fc.record({
  ...{ type: fc.constant('group' as const), groupId: names },
  value: fc.option(
    fc.record({
      protocolType: fc.constantFrom('consumer', 'consumer', ''),
      generation: fc.constantFrom(-1, 0, 1, 2 ** 31 - 1),
      protocol: fc.constantFrom('range', 'range', null),
      ...{ leader: fc.option(names, { freq: 4 }), currentStateMs: long },
      members: fc.array(member, { maxLength: 3 }),
    }),
    { freq: 4 },
  ),
});
const plausible = fc.oneof<fc.Arbitrary<GroupRecord>[]>(offset, group).map(encodeGroupRecord);
const producerId = fc.constantFrom(null, null, 9);
const entry: fc.Arbitrary<LogEntry> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      record: fc.oneof(plausible, damaged(plausible), anyRecord),
      producerId,
      marker: fc.constant(null),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      record: fc.constant(null),
      producerId: fc.constant(9),
      marker: fc.constantFrom('commit' as const, 'abort' as const),
    }),
  },
);

test('goes on, with any bytes as keys and values', () => {
  let [skipped, taken] = [0, 0];
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (log) => {
      const rig = loaded(log);
      const ofOthers = rig.skipped;
      skipped += ofOthers;
      taken += log.filter(({ record }) => record !== null).length - ofOthers;
      look(rig);
      for (const each of [new GroupMember(rig, 'a'), new GroupMember(rig, 'b', 'h')]) {
        each.join();
        each.join();
        each.sync();
        each.commit(0, 7);
      }
      commit(rig, 1);
      rig.elapse(30_000);
      rig.perform(rig.coordinator.topicDeleted(rig.now, 'g'));
      look(rig);
      rig.marker(9, 'commit');
      // What it wrote itself its successor takes.
      rig.failover();
      expect(rig.skipped).toBe(2 * ofOthers);
      rig.elapse(200_000);
      rig.call('DeleteGroups', { groupsNames: GROUPS }, () => undefined);
      commit(rig, 2);
    }),
    { numRuns: 300 },
  );
  expect([skipped > 100, taken > 100]).toEqual([true, true]);
});

test('after the last generation comes the first again', () => {
  const value = {
    ...{ protocolType: 'consumer', generation: 2 ** 31 - 1, protocol: null, leader: 'x', currentStateMs: 1 },
    members: [],
  };
  const record = encodeGroupRecord({ type: 'group', groupId: 'g', value });
  const rig = loaded([{ record, producerId: null, marker: null }]);
  const member = new GroupMember(rig, 'a', 'instance');
  member.join();
  rig.elapse(1);
  expect(member.generation).toBe(1);
  member.sync();
  expect(member.owned).toHaveLength(4);
});
