/**
 * The harness proves itself: every bug of the catalogue is found by its stated command and by a checker that it names, and the
 * correct node passes the same commands. `npm run bugs -- --correct 500` runs more seeds than a test should.
 */
import { describe, expect, test } from 'vitest';
import { find, sweep, withoutBug } from '../bench/bugs.ts';
import { kraft } from '../systems/kraft/index.ts';
import { raft } from '../systems/raft/index.ts';

const CORRECT_SEEDS = 5;
const BUGS = [...raft.bugs, ...kraft.bugs];
/** A bug of two systems has a name twice. */
const titleOf = ({ name, foundBy }: (typeof BUGS)[number]): string =>
  `${foundBy.command.split(' ')[2] ?? ''} ${name}`;
const TIMEOUT_MS = 300_000;

describe.concurrent('each bug is found', () => {
  test.each(BUGS.map((bug) => [titleOf(bug), bug] as const))(
    '%s',
    { timeout: TIMEOUT_MS },
    async (_, bug) => {
      const { run } = await find(bug);
      const condemning = run?.verdicts.filter(({ valid }) => valid === false).map(({ checker }) => checker);
      expect(condemning).toEqual(expect.arrayContaining([expect.toBeOneOf([...bug.foundBy.checkers])]));
    },
  );
});

describe.concurrent('the correct node passes', () => {
  const commands = [...new Set(BUGS.map((bug) => withoutBug(bug.foundBy.command)))];
  test.each(commands)('%s', { timeout: TIMEOUT_MS }, async (command) => {
    const { runs } = await sweep(command, CORRECT_SEEDS, ['--keep-going']);
    expect(runs.map(({ seed, valid }) => [seed, valid])).toEqual(
      Array.from({ length: CORRECT_SEEDS }, (_, i) => [i + 1, true]),
    );
  });
});
