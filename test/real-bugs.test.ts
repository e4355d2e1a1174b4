/**
 * The harness proves itself in real time, too: bugs are found on real processes and in containers by the stated commands, and the
 * correct node passes a portion of the hour that `npm run bugs:real -- process docker --correct 60` runs it for.
 */
import { describe, expect, test } from 'vitest';
import { sweep } from '../bench/bugs.ts';
import { correctCommandOf, findReal, REAL_BUGS } from '../bench/real-bugs.ts';
import { dockerRequirement } from '../harness/cluster/docker/testing/require-docker.ts';

const TIMEOUT_MS = 600_000;
const docker = await dockerRequirement();

describe.each([
  { kind: 'process', skip: false, note: '' },
  { kind: 'docker', ...docker },
] as const)('$kind', ({ kind, skip, note }) => {
  // Each takes half a minute of real time: containers prove what child processes cannot, and no more.
  const bugs = kind === 'process' ? REAL_BUGS : REAL_BUGS.filter(({ name }) => name === 'ack-before-fsync');
  test.skipIf(skip).each(bugs.map((bug) => [bug.name, bug] as const))(
    `finds %s${note}`,
    { timeout: TIMEOUT_MS },
    async (_, bug) => {
      const { run } = await findReal(kind, bug);
      expect(run?.valid).toBe(false);
    },
  );

  test.skipIf(skip)(`the correct node passes${note}`, { timeout: TIMEOUT_MS }, async () => {
    const { runs } = await sweep(correctCommandOf(kind), 1);
    // In half a minute some nemesis may meet only nodes that are down: then the run proves less, and says so.
    const judged = runs.flatMap(({ verdicts }) => verdicts.filter(({ checker }) => checker !== 'vacuous'));
    expect(judged.filter(({ valid }) => valid !== true)).toEqual([]);
    expect(judged.length).toBeGreaterThan(3);
  });
});
