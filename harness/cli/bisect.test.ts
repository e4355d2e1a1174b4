/** `shaketable bisect` on a repository that the test makes: a system in the simulator that begins to lose writes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandIn, temporaryFolder } from './testing/command.ts';
import { gitIn } from './testing/git.ts';

const CELL = `import { defineSystem, onJson, sendJson, type Json } from 'shaketable';

export const cell = defineSystem({
  name: 'cell',
  functions: ['read', 'write'],
  defaultNodes: 1,
  clientPort: 7000,
  program: (runtime) => {
    const values = new Map<string, Json>();
    let writes = 0;
    runtime.listen(7000, (connection) =>
      onJson(connection, (request) => {
        const { key, value } = request as { key: string; value: Json };
        if (value !== null) values.set(key, value);
        sendJson(connection, values.get(key) ?? null);
      }),
    );
    return { status: () => ({ role: 'cell', term: writes, leader: null }) };
  },
  openClient: async (endpoint, { address }) => {
    const connection = endpoint.connect(address);
    let settle = (_: Json) => {};
    onJson(connection, (value) => settle(value));
    return {
      invoke: async ({ key = '', value }) => {
        const answer = new Promise<Json>((resolve) => (settle = resolve));
        sendJson(connection, { key, value });
        return { type: 'ok', value: value === null ? await answer : (await answer, value) };
      },
      close: () => connection.close(),
    };
  },
});
`;
const LOSSY = CELL.replace('if (value !== null)', 'if (value !== null && ++writes % 5 !== 0)');

const WORKLOAD = `import { defineWorkload, linearizability, mix, register, stagger } from 'shaketable';

export default defineWorkload({
  name: 'mine',
  functions: ['read', 'write'],
  prepare: ({ rate }) => ({
    generator: stagger(1 / rate, mix(() => ({ f: 'read', key: 'x' }), (_, count) => ({ f: 'write', key: 'x', value: count }))),
    checkers: [linearizability({ model: register })],
  }),
});
`;

const RUN = ['--', 'run', './cell.ts', './mine.ts', '--time-limit', '2', '--quiet', '1', '--seed', '1'];

const repository = temporaryFolder();
/** The user works in a folder of the repository. */
const folder = join(repository, 'shake');
const shaketable = commandIn(folder);

const git = gitIn(repository);

function commit(subject: string, cell: string): void {
  writeFileSync(join(folder, 'cell.ts'), cell);
  git('add', '.');
  git('commit', '--quiet', '--message', subject);
}

beforeAll(() => {
  git('init', '--quiet', '--initial-branch', 'main');
  mkdirSync(folder);
  writeFileSync(join(folder, 'mine.ts'), WORKLOAD);
  commit('a cell', CELL);
  commit('every fifth write is enough', LOSSY);
});

describe('bisect', () => {
  it('finds the commit, and says what began there', async () => {
    writeFileSync(join(folder, 'cell.ts'), 'in the middle of something\n');
    const ended = await shaketable('bisect', 'main~1', 'main', ...RUN);
    expect(ended.exitCode).toBe(0);
    const hash = git('rev-parse', '--short=12', 'main');
    expect(ended.stdout).toContain(`It began at ${hash} every fifth write is enough\n  author      Ada, 20`);
    expect(ended.stdout).toMatch(
      /^ {2}failure {5}cell-mine\/linearizability\/nonlinearizable\/[0-9a-f]{6}$/m,
    );
    expect(ended.stdout).toMatch(/^ {14}Read of x .*returned/m);
    expect(ended.stdout).toContain(
      `again       git checkout ${hash} && npx shaketable run ./cell.ts ./mine.ts --time-limit 2 --quiet 1 --seed 1\n`,
    );
    expect(ended.stderr).toMatch(/^bad {2}\S+ every .*: invalid: cell-mine\/\S+\ngood \S+ a cell: valid\n$/);
    expect(readFileSync(join(folder, 'cell.ts'), 'utf8')).toBe('in the middle of something\n');
    expect(git('status', '--porcelain')).toBe('M shake/cell.ts');
  });

  it('takes another failure than the one that is meant for none', async () => {
    const other = 'cell-mine/linearizability/nonlinearizable/000000';
    const ended = await shaketable('bisect', 'main~1', 'main', '--signature', other, ...RUN);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(/^skip \S+ every .*: invalid otherwise: cell-mine\//);
  });

  it('takes a crash for no failure', async () => {
    git('checkout', '--quiet', '--force', '-b', 'crashing', 'main~1');
    commit('a crash', `${CELL}\nprocess.exit(1);\n`);
    const ended = await shaketable('bisect', 'main~1', 'crashing', ...RUN);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(/^skip \S+ a crash: ended with 1, and left no failure/);
    git('checkout', '--quiet', 'main');
  });

  it('makes a commit ready as it is told, and says where that fails', async () => {
    const ended = await shaketable('bisect', 'main~1', 'main', '--setup', 'ls; echo no >&2; false', ...RUN);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(/^skip \S+ every .*: --setup ended with 1: no$/m);
    expect(ended.stderr).toMatch(
      /^shaketable: main \(\S+\) could not be judged: name one that fails as BAD$/m,
    );
  });

  it('runs the release that --setup installs at the root of the repository, too', async () => {
    const setup = `mkdir -p ../node_modules/shaketable/bin && echo 'console.error("the installed one"); process.exit(9)' > ../node_modules/shaketable/bin/shaketable.js`;
    const ended = await shaketable('bisect', 'main~1', 'main', '--setup', setup, ...RUN);
    expect(ended.exitCode).toBe(64);
    expect(ended.stderr).toMatch(/^skip \S+ every .*: ended with 9: the installed one$/m);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no commit', ['nowhere', 'main', ...RUN], /^shaketable: nowhere is no commit of this repository\n$/],
    [
      'another command',
      ['a', 'b', '--', 'check', 'x'],
      /: behind -- comes a command from run on, not check\n$/,
    ],
    ['no seed', ['a', 'b', '--', 'run', 'raft', 'register'], /: bisect needs --seed: /],
    ['a folder of results', ['a', 'b', ...RUN, '--results', 'x'], /: leave --results out: /],
    [
      'a signature that is none',
      ['a', 'b', '--signature', 'x', ...RUN],
      /--signature x: wants one as triage/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const ended = await shaketable('bisect', ...args);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(message);
  });
});
