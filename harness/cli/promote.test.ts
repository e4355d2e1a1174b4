/** `shaketable promote` makes all of a regression test, or nothing. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandIn, copyOf, onlyRunIn, readJson, ROOT, temporaryFolder } from './testing/command.ts';
import { expectPromoted, promotedRuns } from './vitest.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);
const FILES = ['expected.json', 'history.jsonl', 'plan.json', 'test.json', 'trace.jsonl'];
let found = '';

beforeAll(async () => {
  const kept = join(ROOT, 'test', 'regressions', 'stale-read');
  const run = await shaketable('replay', kept, '--plan', '--results', 'runs');
  expect(run.exitCode, run.stderr).toBe(1);
  found = onlyRunIn(join(folder, 'runs'));
}, 60_000);

/** As if it had been recorded in real time. */
function inRealTime(path: string): string {
  writeFileSync(
    join(path, 'test.json'),
    JSON.stringify({ ...readJson<object>(path, 'test.json'), cluster: 'process' }),
  );
  return path;
}

describe('promote', () => {
  it('keeps a run in real time for its history, and refuses what could only pass', async () => {
    const run = inRealTime(copyOf(found, join(folder, 'real')));
    const history = readFileSync(join(run, 'history.jsonl'), 'utf8');
    const [last = ''] = history.trimEnd().split('\n').slice(-1);
    const { index, time } = JSON.parse(last) as { readonly index: number; readonly time: number };
    const more = Array.from({ length: 600 }, (_, i) => ({ index: index + 1 + i, time, process: 1000, type: i % 2 === 0 ? 'invoke' : 'ok', f: 'read', key: 'other', value: null })); // prettier-ignore
    writeFileSync(join(run, 'history.jsonl'), `${history}${more.map((operation) => `${JSON.stringify(operation)}\n`).join('')}`); // prettier-ignore

    const refused = await shaketable('promote', run, '--to', 'real-time', '--expect', 'valid');
    expect(refused).toMatchObject({ exitCode: 64, stdout: '' });
    expect(refused.stderr).toMatch(
      /^shaketable: \S+real ran on cluster process, and is not run again: a test that expects "valid" of it could only pass; .*\n$/,
    );
    expect(existsSync(join(folder, 'real-time'))).toBe(false);

    const kept = await shaketable('promote', run, '--to', 'real-time', '--name', 'mine');
    expect(kept.exitCode).toBe(0);
    expect(kept.stderr).not.toContain('shrink');
    await expectPromoted(join(folder, 'real-time', 'mine'));
  });

  it('refuses a simulated run without its plan, which could not be done again', async () => {
    const run = copyOf(found, join(folder, 'planless'));
    rmSync(join(run, 'plan.json'));
    const ended = await shaketable('promote', run, '--to', 'none');
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toContain('planless has no plan.json');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('leaves nothing where it fails midway', async () => {
    const run = copyOf(found, join(folder, 'unreadable'));
    rmSync(join(run, 'trace.jsonl'));
    mkdirSync(join(run, 'trace.jsonl'));
    const ended = await shaketable('promote', run, '--to', 'failed');
    expect(ended.exitCode).toBe(64);
    expect(ended.stderr).toContain('trace.jsonl is a folder');
    expect(readdirSync(join(folder, 'failed'))).toEqual([]);
  });

  it('begins again where it was killed, and until then no test passes', async () => {
    const to = join(folder, 'killed');
    const partial = join(to, 'mine.partial');
    mkdirSync(partial, { recursive: true });
    for (const file of ['test.json', 'left.txt']) writeFileSync(join(partial, file), '{}');
    expect(() => promotedRuns(to)).toThrow(/mine\.partial was not promoted to the end, and is not tested/);
    const ended = await shaketable('promote', found, '--to', to, '--name', 'mine');
    expect(ended).toMatchObject({ exitCode: 0, stdout: `${join(to, 'mine')}\n` });
    expect(promotedRuns(to).map((path) => basename(path))).toEqual(['mine']);
    expect(readdirSync(to).sort()).toEqual(['mine', 'regressions.test.ts']);
    expect(readdirSync(join(to, 'mine')).sort()).toEqual(FILES);
    for (const file of ['expected.json', 'test.json']) {
      const torn = copyOf(join(to, 'mine'), join(to, 'torn'));
      rmSync(join(torn, file));
      expect(() => promotedRuns(to)).toThrow(/torn was not promoted to the end/);
      rmSync(torn, { recursive: true });
    }
  });

  it('refuses in one line what cannot be a folder', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const [args, exitCode, says] of [
      [['--name', 'a.partial'], 64, /--name a\.partial: wants letters/],
      [['--to', 'file'], 70, /^shaketable: cannot make file\/\S+: file is no folder/],
    ] as const) {
      const ended = await shaketable('promote', found, ...args);
      expect(ended.stderr).toMatch(says);
      expect(ended.stderr.trim().split('\n')).toHaveLength(1);
      expect(ended).toMatchObject({ exitCode, stdout: '' });
    }
  });
});
