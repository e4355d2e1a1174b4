/** The group coordinator shaken: the correct one never fails, and each bug is found. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GROUP_BUGS, groupRulesWith } from './bugs.ts';
import { correctRules } from './rules.ts';
import { fetchCommitted, GroupMember } from './testing/group-member.ts';
import { GroupRig } from './testing/group-rig.ts';
import { shakeGroup } from './testing/shaken-group.ts';

const SEEDS = 400;
/** It takes days: a scenario of its own, below. */
const SLOW_BUG = 'active-offsets-expire';

describe('a shaken group', () => {
  test('the correct coordinator', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      expect({ seed, problem: shakeGroup(correctRules, seed) }).toEqual({ seed, problem: null });
    }
  });

  test('the correct coordinator, whatever the seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(shakeGroup(correctRules, seed)).toBeNull();
      }),
      { numRuns: 100 },
    );
  });

  const names = GROUP_BUGS.map(({ name }) => name).filter((name) => name !== SLOW_BUG);
  test.each(names)('finds %s', (name) => {
    const rules = groupRulesWith([name]);
    const found = Array.from({ length: SEEDS }, (_, seed) => seed).find(
      (seed) => shakeGroup(rules, seed) !== null,
    );
    if (process.env['SHOW_SEEDS'] === '1' && found !== undefined)
      console.log(name, found, shakeGroup(rules, found));
    expect(found).toBeDefined();
  });

  test.each([
    [[], new Map([[0, 5]])],
    [[SLOW_BUG], new Map()],
  ])('a member that stays for longer than offsets are kept, with bugs %j', (bugs, expected) => {
    const rig = new GroupRig(
      { offsetsRetentionMs: 60_000, retentionCheckIntervalMs: 5_000 },
      groupRulesWith(bugs),
    );
    const member = new GroupMember(rig, 'a');
    member.join(3);
    rig.elapse(3_000);
    member.sync();
    member.commit(0, 5);
    for (let i = 0; i < 20; i++) {
      rig.elapse(5_000);
      member.beat();
    }
    expect(fetchCommitted(rig)).toEqual(expected);
  });

  test('a bug that there is not', () => {
    expect(() => groupRulesWith(['none'])).toThrow('the group coordinator has no bug none');
  });
});
