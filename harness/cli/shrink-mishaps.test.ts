/** `shaketable shrink` when a process of it dies, and when the smallest does not show in the end what it showed before. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Ended, onlyRunIn, startCommand, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const SETUP_TIMEOUT_MS = 120_000;
/** Processes that begin one after the other, on a machine that has other things to do. */
const COMMAND_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 240_000;

/** Finds a read in every run, but for what the environment asks of the processes of `shrink`. */
const CHECKER = `import { existsSync, writeFileSync } from 'node:fs';
import { defineChecker } from 'shaketable';

const mood = process.env.MOOD;
const isWorker = process.send !== undefined;
const isShrink = process.argv.includes('shrink');
const die = () => process.kill(process.pid, 'SIGKILL');

export default defineChecker({
  name: 'fickle',
  check: ({ history, isOverdue }) => {
    const reads = history.operations.filter(({ type, f }) => type === 'ok' && f === 'read');
    const nothing = { anomalies: [] };
    if (isWorker && mood === 'dies once' && !existsSync('died')) {
      writeFileSync('died', '');
      die();
    }
    if (isWorker && reads.length < 3) {
      if (mood === 'dies') die();
      if (mood === 'blind') return nothing;
    }
    if (isShrink && mood === 'gone') return nothing;
    if (isShrink && mood === 'interrupted') {
      process.emit('SIGINT', 'SIGINT');
      return nothing;
    }
    if (isShrink && mood === 'slow') {
      const end = Date.now() + 20_000;
      while (Date.now() < end) if (isOverdue()) return { anomalies: [], reason: 'the time is used up' };
    }
    return {
      anomalies: reads.slice(0, 1).map(({ index }) => ({ name: 'read', explanation: 'A read.', operations: [index] })),
    };
  },
});
`;

const CONFIG = `import { defineConfig } from 'shaketable';

export default defineConfig({ checkers: ['./fickle.ts'] });
`;

let failing = '';

beforeAll(async () => {
  writeFileSync(join(folder, 'fickle.ts'), CHECKER);
  writeFileSync(join(folder, 'shaketable.config.ts'), CONFIG);
  const args = ['run', 'raft', 'register', '--seed', '1', '--time-limit', '1', '--quiet', '0'];
  const run = await startCommand(args, folder).ended;
  expect(run.exitCode, run.stderr).toBe(1);
  failing = onlyRunIn(join(folder, 'results', 'runs'));
}, SETUP_TIMEOUT_MS);

function shrink(mood: string, results: string, ...more: readonly string[]): Promise<Ended> {
  const args = ['shrink', failing, '--results', results, ...more];
  return startCommand(args, folder, { MOOD: mood }, COMMAND_TIMEOUT_MS).ended;
}

async function planOf(mood: string): Promise<string> {
  const results = mood.replace(' ', '-');
  const ended = await shrink(mood, results, '--attempts', '3', '--workers', '2');
  expect(ended.exitCode, ended.stderr).toBe(0);
  return readFileSync(join(onlyRunIn(join(folder, results)), 'plan.json'), 'utf8');
}

describe('a process that dies', () => {
  it(
    'is replaced, and its candidate is run once more',
    async () => {
      const dying = await planOf('dies once');
      expect(existsSync(join(folder, 'died'))).toBe(true);
      expect(dying).toBe(await planOf('well'));
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'twice with one candidate shows nothing, and the search goes on',
    async () => {
      const dying = await planOf('dies');
      expect(dying).toBe(await planOf('blind'));
      expect(dying.length).toBeLessThan(readFileSync(join(failing, 'plan.json')).length);
    },
    TEST_TIMEOUT_MS,
  );
});

describe('the smallest that does not show it in the end', () => {
  it.each([
    {
      mood: 'gone',
      exitCode: 70,
      says: /the smallest showed fickle\/read .* when it was performed in gone\/\S+: is it deterministic\?$/,
    },
    {
      mood: 'interrupted',
      exitCode: 2,
      says: /interrupted while the smallest was performed: interrupted\/\S+ does not show fickle\/read/,
    },
    {
      mood: 'slow',
      exitCode: 70,
      says: /performed in slow\/\S+: fickle cannot tell: the time is used up \(a larger/,
    },
  ])(
    'is no result: $mood',
    async ({ mood, exitCode, says }) => {
      const ended = await shrink(mood, mood, '--attempts', '1', '--workers', '1', '--check-budget', '5');
      expect(ended.stderr.trim()).toMatch(says);
      expect(ended).toMatchObject({ exitCode, stdout: '' });
      expect(existsSync(join(onlyRunIn(join(folder, mood)), 'verdict.json'))).toBe(true);
    },
    TEST_TIMEOUT_MS,
  );
});
