/** `serve` and `index` as a user runs them, on runs that were run. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { commandIn, onlyRunIn, startCommand, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);
const results = join(folder, 'results', 'runs');
let run = '';

beforeAll(async () => {
  const ended = await shaketable(
    'run',
    'raft',
    'register',
    '--seed',
    '4',
    '--time-limit',
    '2',
    '--bug',
    'stale-read',
  );
  expect(ended.stdout).toContain('report');
  run = onlyRunIn(results);
});

/** Until it is ended by a signal. @returns how it ended */
async function serving<T>(
  args: readonly string[],
  use: (address: string) => Promise<T>,
): Promise<T & { stderr: string }> {
  const { child, ended } = startCommand(['serve', '--port', '0', ...args], folder);
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (text: string) => resolve(text.trim()));
    void ended.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
  try {
    const used = await use(address);
    child.kill('SIGINT');
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(0);
    return { ...used, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

describe('serve', () => {
  test('shows the runs below results/, makes a report that is not there, and ends with 0', async () => {
    rmSync(join(run, 'report.html'));
    const { list, report, stderr } = await serving([], async (address) => {
      const text = async (path: string): Promise<string> => (await fetch(new URL(path, address))).text();
      const list = await text('/');
      const [, path = ''] = /href="\/run\/([^"]+)"/.exec(list) ?? [];
      return { list, report: await text(`/report/${path}?anew=1`) };
    });
    expect(list).toContain('raft-register');
    expect(report).toContain('raft register, seed 4');
    expect(stderr).toContain('1 run and 0 sweeps in results, 1 of them read anew; Ctrl-C ends this');
    expect(stderr).not.toContain('warning');
  });

  test('a run that was downloaded is one that can be checked', async () => {
    const unzipped = mkdtempSync(join(folder, 'unzipped-'));
    await serving(['results'], async (address) => {
      const list = await (await fetch(address)).text();
      const [, path = ''] = /href="\/run\/([^"]+)"/.exec(list) ?? [];
      const zip = await (await fetch(new URL(`/zip/${path}`, address))).arrayBuffer();
      for (const [name, bytes] of Object.entries(unzipSync(new Uint8Array(zip)))) {
        mkdirSync(dirname(join(unzipped, name)), { recursive: true });
        writeFileSync(join(unzipped, name), bytes);
      }
      return {};
    });
    const [before, after] = [
      await shaketable('check', run),
      await shaketable('check', join(unzipped, only(readdirSync(unzipped)))),
    ];
    expect(after.exitCode).toBe(before.exitCode);
  });

  test('for others than this machine with a warning', async () => {
    const { stderr } = await serving(['--host', '0.0.0.0'], async () => ({}));
    expect(stderr).toMatch(
      /^warning: whoever reaches 0\.0\.0\.0 on this network can see all of it: there is no password$/m,
    );
  });

  test('mistakes are one line and 64', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ['--port', String(port)],
        /^shaketable: port \d+ of 127\.0\.0\.1 is in use: choose another with --port/,
      ],
      [['nowhere'], /^shaketable: there is no folder nowhere: name the one with the results of your runs/],
      [[run], /is a run: name a folder above it, or see it alone by shaketable report/],
      [
        ['--port', '70000'],
        /^shaketable: --port 70000: wants a whole number of at least 0 and at most 65535\n$/,
      ],
      [['--host', ''], /wants an address/],
    ];
    for (const [args, line] of mistakes) {
      const ended = await shaketable('serve', ...args);
      expect(ended).toMatchObject({ exitCode: 64, stdout: '', stderr: expect.stringMatching(line) });
      expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    }
    taken.close();
  });
});

describe('index', () => {
  test('reads what changed, and says so', async () => {
    expect(await shaketable('index', '--anew')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('1 read, 0 gone'),
    });
    const { stdout } = await shaketable('index', 'results');
    expect(stdout).toMatch(/^1 run \(1 \w+\) and 0 sweeps in results: 0 read, 0 gone, in [\d.]+ s\n$/);
    const json = JSON.parse((await shaketable('index', '--json')).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ runs: 1, sweeps: 0, read: 0, removed: 0, outcomes: expect.anything() });
  });

  test('no folder: 64; one that cannot be written: 70', async () => {
    expect(await shaketable('index', 'nowhere')).toMatchObject({ exitCode: 64, stdout: '' });
    const blocked = join(folder, 'blocked');
    mkdirSync(join(blocked, 'shaketable-index.sqlite', 'in the way'), { recursive: true });
    expect(await shaketable('index', 'blocked')).toMatchObject({ exitCode: 70, stdout: '' });
    const { stderr } = await serving(['blocked'], async () => ({}));
    expect(stderr).toContain('the index is kept in memory');
  });
});

function only(names: readonly string[]): string {
  expect(names).toHaveLength(1);
  return names[0] ?? '';
}
