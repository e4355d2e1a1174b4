/** `shaketable init`: what it writes runs at once, and nothing of the user's is lost by it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandIn, onlyRunIn, temporaryFolder } from './testing/command.ts';

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

describe('the server', () => {
  it('is written once, and the first run finds its bug', async () => {
    const folder = temporaryFolder();
    const shaketable = commandIn(folder);
    const ended = await shaketable('init');
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toBe(
      [
        'wrote',
        '  shake/kv-server.mjs   a replicated key-value server, and a naive one',
        '  shake/kv-system.ts    what to start, and how a client talks to it',
        '  shake/my-workload.ts  what clients do, and who judges it',
        '  shaketable.config.ts  the names of it all',
        '',
        'next',
        '  npx shaketable run kv register --cluster process',
        '',
      ].join('\n'),
    );
    expect(filesIn(folder)).toEqual([
      ...['.gitignore', 'shake', 'shake/kv-server.mjs', 'shake/kv-system.ts', 'shake/my-workload.ts'],
      'shaketable.config.ts',
    ]);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('results/runs/\nresults/sweeps/\n');
    const lines = ['--cluster', 'process', '--time-limit', '5', '--quiet', '1'];
    const run = await shaketable('run', 'kv', 'register', ...lines);
    expect(run).toMatchObject({ exitCode: 1, stderr: '' });
    expect(run.stdout).toContain('nonlinearizable');
  });

  it('writes over nothing, unless it is told to', async () => {
    const folder = temporaryFolder();
    const shaketable = commandIn(folder);
    await shaketable('init', 'deep/er');
    const mine = join(folder, 'deep', 'er', 'shake', 'kv-server.mjs');
    writeFileSync(mine, 'mine');
    writeFileSync(join(folder, 'deep', 'er', '.gitignore'), 'node_modules\nresults/runs/');
    const refused = await shaketable('init', '--program', 'deep/er');
    expect(refused).toEqual({
      exitCode: 64,
      stdout: '',
      stderr:
        'shaketable: deep/er/shake/kv-system.ts, deep/er/shake/my-workload.ts, deep/er/shaketable.config.ts are there already: --force writes over\n',
    });
    expect(filesIn(join(folder, 'deep', 'er', 'shake'))).not.toContain('kv-node.ts');
    expect(await shaketable('init', '--force', 'deep/er')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(mine, 'utf8')).not.toBe('mine');
    expect(readFileSync(join(folder, 'deep', 'er', '.gitignore'), 'utf8')).toBe(
      'node_modules\nresults/runs/\nresults/sweeps/\n',
    );
  });

  it('a place where nothing can be written', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const ended = await commandIn(folder)('init', 'file');
    expect(ended).toMatchObject({ exitCode: 70, stdout: '' });
    expect(ended.stderr).toMatch(/^shaketable: cannot write the example to file: [^\n]+\n$/);
  });
});

it('the program: the first run finds its bug in the simulator, and does it again exactly', async () => {
  const folder = temporaryFolder();
  const shaketable = commandIn(folder);
  expect((await shaketable('init', '--program')).stdout).toContain('\n  npx shaketable run kv register\n');
  const run = await shaketable('run', 'kv', 'register', '--seed', '1', '--verify-determinism');
  expect(run).toMatchObject({ exitCode: 1, stderr: '' });
  const directory = onlyRunIn(join(folder, 'results', 'runs'));
  const replayed = await shaketable('replay', directory);
  expect(replayed).toMatchObject({ exitCode: 1, stderr: '' });
  expect(replayed.stdout).toContain('each the same as before');
  const faults = 'partition,kill,power-loss,pause,clock,links';
  const shaken = await shaketable('run', 'kv', 'one-register', '--seed', '2', '--nemesis', faults);
  expect(shaken).toMatchObject({ exitCode: 1, stderr: '' });
});
