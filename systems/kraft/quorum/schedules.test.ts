/**
 * The proof: the correct core passes random schedules with all faults, and each bug is found within a stated number of them.
 *
 * SHAKETABLE_SCHEDULES=5000 runs more of each profile.
 */
import { describe, expect, test } from 'vitest';
import { RaftInvariants } from '../../../checkers/invariants/index.ts';
import { QUORUM_BUGS } from './bugs.ts';
import type { Profile } from './testing/profiles.ts';
import { PROFILES } from './testing/profiles.ts';
import { runSchedule } from './testing/schedule.ts';

const SCHEDULES = Number(process.env['SHAKETABLE_SCHEDULES'] ?? 200);
const STEPS = 1000;
/** Virtual: many election timeouts of a profile. */
const HEALED_WITHIN_MS = 20_000;

interface Outcome {
  readonly problem: string | null;
  readonly commitIndex: number;
  readonly elections: number;
}

function run(profile: Profile, seed: number, bugs: readonly string[] = []): Outcome {
  const monitor = new RaftInvariants({ globalOrder: true });
  const judge = (record: Parameters<RaftInvariants['observe']>[0]): string | undefined => {
    const anomaly = monitor.observe(record);
    return anomaly === undefined ? undefined : `${anomaly.name}: ${anomaly.explanation}`;
  };
  const schedule = runSchedule({ seed, steps: STEPS, profile, bugs, judge });
  const problem = schedule.problem ?? schedule.heal(HEALED_WITHIN_MS);
  return { problem, ...monitor.figures() };
}

describe('the correct core', () => {
  test.each(PROFILES)('passes every schedule of $name, and is live after it', (profile) => {
    let commits = 0;
    let elections = 0;
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const outcome = run(profile, seed);
      expect(outcome.problem, `seed ${seed}`).toBeNull();
      commits += outcome.commitIndex;
      elections += outcome.elections;
    }
    // Schedules in which nothing happens prove nothing.
    expect(commits / SCHEDULES).toBeGreaterThan(10);
    expect(elections / SCHEDULES).toBeGreaterThan(1);
  });

  test('the same seed gives the same schedule', () => {
    const [profile] = PROFILES as [Profile];
    expect(run(profile, 7)).toEqual(run(profile, 7));
  });
});

/** Where each bug is looked for, and how many schedules may pass before it is found. */
const FOUND: { readonly [bug: string]: readonly [profile: string, within: number] } = {
  'no-check-quorum': ['voters', 200],
  're-elected-in-same-epoch': ['three', 50],
  'resigned-keeps-epoch': ['turnover', 500],
  'ack-before-flush': ['three', 20],
  'leader-counts-unflushed': ['three', 20],
  'high-watermark-before-own-epoch': ['three', 20],
  'serves-old-high-watermark': ['three', 50],
  'last-fetched-epoch-lost': ['turnover', 100],
  'log-deleted-past-snapshot': ['snapshots', 20],
  'vote-not-persisted': ['three', 20],
  'vote-before-persist': ['three', 20],
  'two-votes-in-an-epoch': ['three', 20],
  'vote-for-stale-log': ['turnover', 500],
  'truncates-below-high-watermark': ['three', 50],
  'divergence-by-offset': ['three', 100],
  'snapshot-keeps-log': ['turnover', 800],
  'voters-changed-two-at-a-time': ['voters', 20],
  'voters-changed-before-own-epoch': ['voters', 200],
  'removed-leader-stays': ['voters', 20],
};

describe('each bug is found', () => {
  test.each(QUORUM_BUGS)('$name', ({ name }) => {
    const [profileName, within] = FOUND[name] ?? ['three', 0];
    const profile = PROFILES.find((candidate) => candidate.name === profileName) as Profile;
    for (let seed = 1; seed <= within; seed++) {
      const { problem } = run(profile, seed, [name]);
      if (problem === null) continue;
      console.log(`${name}: schedule ${seed} of ${profileName} (within ${within}): ${problem.slice(0, 100)}`);
      return;
    }
    expect.fail(`${name} was not found in ${within} schedules of ${profileName}`);
  });
});
