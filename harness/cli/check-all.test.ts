import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkAll } from './check-all.ts';
import { commandIn, copyOf, onlyRunIn, readJson, temporaryFolder } from './testing/command.ts';
import { SILENT } from './unattended.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);
let run: string;

interface VerdictJson {
  readonly verdicts: readonly { readonly checker: string }[];
}

/** A copy of the run with another verdict, as an older release might have given it. */
function withVerdict(name: string, change: (verdict: VerdictJson) => object): void {
  const copy = copyOf(run, join(folder, 'all', name));
  const verdict = readJson<VerdictJson>(copy, 'verdict.json');
  writeFileSync(join(copy, 'verdict.json'), JSON.stringify({ ...verdict, ...change(verdict) }));
}

/** As a sweep with `keep: thin` does. */
function makeThin(path: string): void {
  for (const file of readdirSync(path))
    if (!['test.json', 'verdict.json'].includes(file)) rmSync(join(path, file), { recursive: true });
}

beforeAll(async () => {
  const test = 'raft register --nemesis partition-leader --option checkQuorum=false --time-limit 10';
  const ended = await shaketable(...`run ${test} --bug stale-read --seed 1`.split(' '));
  expect(ended.exitCode).toBe(1);
  run = onlyRunIn(join(folder, 'results', 'runs'));
}, 60_000);

describe('check --all', () => {
  it('finds nothing changed where nothing is, and ends as check does', async () => {
    const ended = await shaketable('check', '--all');
    expect(ended).toEqual({
      exitCode: 1,
      stdout: '0 of 1 verdict changed: now 0 valid, 1 invalid, 0 unknown\n',
      stderr: '',
    });
  });

  it('counts what a sweep left of runs as expected, and judges the others', async () => {
    const thin = (name: string): void => makeThin(copyOf(run, join(folder, 'thin', name)));
    thin('one');
    const nothing = { exitCode: 2, stderr: '', stdout: expect.stringMatching(/unknown; 1 thin run has no history\n$/) as string }; // prettier-ignore
    expect(await shaketable('check', '--all', 'thin')).toEqual(nothing);
    thin('two');
    const valid = await shaketable(
      ...'run raft register --time-limit 2 --quiet 1 --seed 1 --results thin'.split(' '),
    );
    expect(valid.exitCode).toBe(0);
    expect(await shaketable('check', '--all', 'thin')).toEqual({
      exitCode: 0,
      stdout: '0 of 1 verdict changed: now 1 valid, 0 invalid, 0 unknown; 2 thin runs have no history\n',
      stderr: '',
    });
    const { stdout } = await shaketable('check', '--all', 'thin', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ withoutHistory: ['thin/one', 'thin/two'], errors: [] });
  });

  it('passes over what a sweep throws away meanwhile', async () => {
    const going = join(folder, 'going');
    const [, gone = '', thin = ''] = ['a', 'b', 'c'].map((name) => copyOf(run, join(going, name)));
    const said: string[] = [];
    const tell = (text: string): void => void said.push(text);
    /** It has begun by then, and knows of all. */
    const live = (): void => {
      rmSync(gone, { recursive: true, force: true });
      makeThin(thin);
    };
    const output = { ...SILENT, print: tell, note: tell, live };
    expect(await checkAll({ folder: going, budgetMs: 60_000, isForMachines: false, output })).toBe(1);
    expect(said).toEqual([
      '0 of 1 verdict changed: now 0 valid, 1 invalid, 0 unknown; 1 thin run has no history',
    ]);
  });

  it('tells each verdict that changed, what it was, and by whom; and what cannot be compared', async () => {
    withVerdict('same', () => ({}));
    withVerdict('passed', ({ verdicts }) => ({
      valid: true,
      signatures: [],
      verdicts: verdicts.map((verdict) =>
        verdict.checker === 'linearizability' ? { ...verdict, valid: true, anomalies: [] } : verdict,
      ),
    }));
    withVerdict('fewer-checkers', ({ verdicts }) => ({
      verdicts: verdicts.filter(({ checker }) => checker !== 'commit-loss'),
    }));
    const cutOff = copyOf(run, join(folder, 'all', 'sweeps', 'deep', 'cut-off'));
    rmSync(join(cutOff, 'verdict.json'));
    const torn = copyOf(run, join(folder, 'all', 'torn'));
    writeFileSync(join(torn, 'test.json'), '{');

    const ended = await shaketable('check', '--all', 'all');
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(/^shaketable: all\/torn\/test\.json is not JSON/);
    const text = ended.stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(
      /CHANGED all\/fewer-checkers: still invalid recorded by \S+( at \S+)?, judged by \S+( at \S+)? commit-loss: not judged → valid/,
    );
    expect(text).toMatch(
      /CHANGED all\/passed: was valid, is invalid .* linearizability: valid → invalid; gained nonlinearizable \(0 → 1\): Read of .* new: raft-register\/linearizability\/nonlinearizable\/\S+/,
    );
    expect(ended.stdout.match(/^CHANGED/gm)).toHaveLength(2);
    expect(ended.stdout).toMatch(
      /^2 of 4 verdicts changed: now 0 valid, 4 invalid, 0 unknown; 1 run had no verdict to compare with; 1 run could not be judged$/m,
    );
  });

  it('tells machines the same', async () => {
    rmSync(join(folder, 'all', 'same'), { recursive: true });
    rmSync(join(folder, 'all', 'fewer-checkers'), { recursive: true });
    const json = JSON.parse((await shaketable('check', '--all', 'all', '--json')).stdout) as unknown;
    expect(json).toMatchObject({
      valid: false,
      judged: 2,
      changed: [
        {
          path: 'all/passed',
          was: true,
          now: false,
          changes: [
            { checker: 'linearizability', was: true, now: false, gained: [{ anomaly: 'nonlinearizable' }] },
          ],
        },
      ],
      withoutVerdict: ['all/sweeps/deep/cut-off'],
      errors: [{ path: 'all/torn' }],
    });
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a folder without runs',
      ['--all', 'nowhere'],
      /^shaketable: no runs below nowhere: name the folder of --results\n$/,
    ],
    ['another path', ['--all', 'all', 'more'], /^shaketable: --all judges runs as they were judged: leave/],
    [
      'another judge',
      ['--all', '--model', 'register'],
      /^shaketable: --all judges runs as they were judged: leave/,
    ],
    ['nothing', [], /^shaketable: name run directories or histories, or all runs with --all; see/],
  ])('is refused in one line: %s', async (_, args, message) => {
    const ended = await shaketable('check', ...args);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(message);
  });
});
