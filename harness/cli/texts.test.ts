/** What people read, as it stands in `testdata/`: a change of wording shows in the diff of these files. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { commandIn, endOf, ROOT, runsIn, startCommand, temporaryFolder } from './testing/command.ts';

const bin = join(ROOT, 'bin', 'shaketable.js');
const shaketable = commandIn(temporaryFolder());

describe('help', () => {
  it.each([
    '',
    'run',
    'sweep',
    'merge',
    'fleet',
    'fleet submit',
    'fleet worker',
    'fleet status',
    'fleet collect',
    'fleet forget',
    'triage',
    'bisect',
    'serve',
    'index',
    'check',
    'replay',
    'shrink',
    'promote',
    'compare',
    'report',
    'list',
    'init',
  ])('%s --help', async (command) => {
    const ended = await shaketable(...command.split(' ').filter((word) => word !== ''), '--help');
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toMatch(/\nExamples:\n {2}shaketable /);
    expect(ended.stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    const name = command === '' ? 'help.txt' : `help-${command.replaceAll(' ', '-')}.txt`;
    await expect(ended.stdout).toMatchFileSnapshot(join('testdata', name));
    // The other ways to ask.
    if (command === 'run') expect((await shaketable('help', 'run')).stdout).toBe(ended.stdout);
    if (command === '')
      expect(await shaketable()).toEqual({ exitCode: 64, stdout: '', stderr: ended.stdout });
  });
});

describe('list', () => {
  it.each(['systems', 'workloads', 'checkers', 'variants', 'models', 'consistency-models', 'nemeses'])(
    '%s',
    async (what) => {
      const ended = await shaketable('list', what);
      expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
      await expect(ended.stdout).toMatchFileSnapshot(join('testdata', `list-${what}.txt`));
    },
  );

  it('bugs --json gives name, system, summary, source and what finds it', async () => {
    const ended = await shaketable('list', 'bugs', '--json');
    const bugs = JSON.parse(ended.stdout) as Record<string, string>[];
    expect(bugs.length).toBeGreaterThanOrEqual(10);
    for (const bug of bugs) {
      expect(Object.keys(bug)).toEqual(['name', 'system', 'summary', 'source', 'foundBy']);
      expect(bug['foundBy']).toMatch(new RegExp(`^shaketable run .*--bug ${bug['name']}\\b`));
    }
  });

  it('everything, for people and for machines', async () => {
    const words = await shaketable('list');
    const json = JSON.parse((await shaketable('list', '--json')).stdout) as Record<string, unknown[]>;
    expect(Object.keys(json)).toEqual([
      ...[
        'systems',
        'workloads',
        'nemeses',
        'checkers',
        'variants',
        'models',
        'consistency-models',
        'bugs',
        'options',
      ],
    ]);
    for (const name of Object.keys(json)) expect(words.stdout).toMatch(new RegExp(`^${name}$`, 'm'));
  });
});

describe('the package’s command', () => {
  /** The machine's own Node.js, if it is too old to run the sources, else ours: the wrapper takes both. */
  const nodes = [process.execPath, '/usr/bin/node', '/usr/local/bin/node'].filter(
    (path) => spawnSync(path, ['--version']).status === 0,
  );

  it.each(nodes)('starts with %s', (node) => {
    expect(execFileSync(node, [bin, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
    const wrong = spawnSync(node, [bin, 'run', 'raft', 'registre'], { encoding: 'utf8' });
    expect(wrong).toMatchObject({ status: 64, stdout: '' });
    expect(wrong.stderr).toBe('shaketable: unknown workload "registre": did you mean "register"?\n');
  });
});

/** The run has recorded what a client did. */
async function untilItRuns(folder: string): Promise<void> {
  const records = (): number => {
    try {
      return runsIn(join(folder, 'results', 'runs')).reduce(
        (sum, run) => sum + statSync(join(run, 'history.jsonl')).size,
        0,
      );
    } catch {
      return 0;
    }
  };
  while (records() < ENOUGH_BYTES) await delay(20);
}

/** Of a history: more than its header. */
const ENOUGH_BYTES = 10_000;

describe('signals to the package’s command', () => {
  const old = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    const { stdout } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    return typeof stdout === 'string' && Number.parseInt(stdout, 10) < 24;
  });

  it.skipIf(old === undefined)('reach the Node.js that it starts', async () => {
    const folder = temporaryFolder();
    const args = [bin, 'run', 'raft', 'register', '--time-limit', '100000', '--seed', '1'];
    const child = spawn(old ?? '', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = endOf(child);
    await untilItRuns(folder);
    child.kill('SIGINT');
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The run was interrupted after');
  });
});

describe('a reader that goes away', () => {
  it('is no error', async () => {
    const { child } = startCommand(['list', '--json'], temporaryFolder());
    child.stdout?.destroy();
    const { exitCode, stderr } = await endOf(child);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});
