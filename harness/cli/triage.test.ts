import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandIn, copyOf, type Ended, readJson, runsIn, temporaryFolder } from './testing/command.ts';
import { gitIn } from './testing/git.ts';
import { parseSince } from './since.ts';

const SIGNATURE = 'raft-register/linearizability/nonlinearizable/40cd42';
const BASELINE = 'shaketable-baseline.json';
const folder = temporaryFolder();
const shaketable = commandIn(folder);
const results = join(folder, 'results', 'runs');

interface Told {
  readonly baseline: string | null;
  readonly counts: { readonly runs: number; readonly planted: number };
  readonly new: readonly { readonly signature: string; readonly failures: number }[];
  readonly known: readonly { readonly signature: string }[];
  readonly fixed: readonly { readonly runs: number }[];
  readonly problems: readonly { readonly reason: string }[];
}

const json = ({ stdout }: Ended): Told => JSON.parse(stdout) as Told;

/** Nobody planted anything, as far as its record says; it began when the test wants. */
function disguise(run: string, startedAt?: string): void {
  const path = join(run, 'test.json');
  const test = { ...readJson<Record<string, unknown>>(path), bugs: [] };
  writeFileSync(path, JSON.stringify(startedAt === undefined ? test : { ...test, startedAt }));
}

beforeAll(async () => {
  const test = 'raft register --nemesis partition-leader --option checkQuorum=false --time-limit 10';
  for (const seed of [1, 2]) {
    const ended = await shaketable(...`run ${test} --bug stale-read --seed ${seed}`.split(' '));
    expect(ended.exitCode).toBe(1);
    // Its signature is told where it is seen first.
    expect(ended.stdout.replace(/\s+/g, ' ')).toContain(`signature ${SIGNATURE}`);
  }
  expect((await shaketable(...`run ${test} --seed 3`.split(' '))).exitCode).toBe(0);
}, 60_000);

describe('triage', () => {
  it('leaves out what was planted, and says so', async () => {
    const ended = await shaketable('triage');
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toBe(
      '0 new failures, 0 known, 0 fixed in results\n' +
        '1 run: 1 valid, 0 invalid (and 2 with planted bugs, left out: --with-bugs); baseline: none yet\n',
    );
    const failures = json(await shaketable('triage', '--with-bugs', '--json')).new;
    // Two seeds, one failure: what it is known by does not change with them.
    expect(failures).toMatchObject([{ signature: SIGNATURE, failures: 2 }]);
  });

  it('finds a failure new until it is accepted, and then known, and then fixed', async () => {
    for (const run of runsIn(results)) disguise(run);
    const found = await shaketable('triage');
    expect(found.exitCode).toBe(1);
    expect(found.stdout).toMatch(/^1 new failure, 0 known, 0 fixed in results$/m);
    expect(found.stdout).toContain(`NEW    ${SIGNATURE}\n       contradicted answer\n`);
    expect(found.stdout).toMatch(/came in +2 of 3 runs under partition-leader/);
    const [, accept] = /npx shaketable (triage accept .*) --reason/.exec(found.stdout) ?? [];

    const accepted = await shaketable(...(accept ?? '').split(' '), '--reason', 'issue 214');
    expect(accepted).toMatchObject({ exitCode: 0, stdout: `${BASELINE}: accepted ${SIGNATURE}\n` });
    expect(readJson<{ accepted: unknown[] }>(folder, BASELINE).accepted).toMatchObject([
      {
        signature: SIGNATURE,
        reason: 'issue 214',
        shape: 'contradicted answer',
        failures: 2,
        runs: 3,
        nemeses: ['partition-leader'],
      },
    ]);

    const known = await shaketable('triage');
    expect(known.exitCode).toBe(0);
    expect(known.stdout).toContain('0 new failures, 1 known, 0 fixed');
    expect(known.stdout).toMatch(/KNOWN {2}\S+\n +because +issue 214 \(accepted \d{4}-\d\d-\d\d\)/);
    expect((await shaketable('triage', '--strict')).exitCode).toBe(1);

    const later = new Date(Date.now() + 60_000).toISOString();
    const valid = runsIn(results).find(
      (run) => readJson<{ valid: unknown }>(run, 'verdict.json').valid === true,
    );
    disguise(valid as string, later);
    // Under another nemesis it could not have come.
    const test = readJson<Record<string, unknown>>(valid as string, 'test.json');
    const under = (nemesis: string): void =>
      writeFileSync(join(valid as string, 'test.json'), JSON.stringify({ ...test, nemeses: [nemesis] }));
    under('pause');
    expect((await shaketable('triage', '--since', later)).stdout).toMatch(
      /UNRUN {2}\S+\n +its system and workload were not run under partition-leader since it was accepted$/m,
    );
    under('partition-leader');
    const fixed = await shaketable('triage', '--since', later);
    expect(fixed.exitCode).toBe(0);
    expect(fixed.stdout).toMatch(
      /FIXED {2}\S+\n +because .*\n +it did not come in 1 run since it was accepted \(it came in 2 of 3/,
    );
    expect(json(await shaketable('triage', '--since', later, '--json'))).toMatchObject({
      new: [],
      known: [],
      fixed: [{ runs: 1 }],
    });
  });

  it('takes the baseline of a revision of git, and none where it had none', async () => {
    const git = gitIn(folder);
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '--message', 'first');
    git('add', BASELINE);
    git('commit', '--quiet', '--message', 'second');
    const text = readFileSync(join(folder, BASELINE));
    rmSync(join(folder, BASELINE));
    expect((await shaketable('triage')).exitCode).toBe(1);
    const now = await shaketable('triage', '--baseline', 'HEAD', '--json');
    expect(now.exitCode).toBe(0);
    expect(json(now)).toMatchObject({ new: [], known: [{ signature: SIGNATURE }] });
    expect(json(await shaketable('triage', '--baseline', `HEAD:${BASELINE}`, '--json')).known).toHaveLength(
      1,
    );
    const before = await shaketable('triage', '--baseline', 'HEAD~1', '--json');
    expect(before.exitCode).toBe(1);
    expect(json(before).baseline).toMatch(
      /^HEAD~1 \([0-9a-f]{12}\), which has no shaketable-baseline\.json$/,
    );
    writeFileSync(join(folder, BASELINE), text);
  });

  it('writes the file that it is told to', async () => {
    const other = await shaketable(
      ...['triage', 'accept', SIGNATURE, '--reason', 'x', '--baseline', 'other/base.json', '--unseen'],
    );
    expect(other).toMatchObject({ exitCode: 0, stdout: `other/base.json: accepted ${SIGNATURE}\n` });
    expect((await shaketable('triage', '--baseline', 'other/base.json')).exitCode).toBe(0);
  });

  it('forgets', async () => {
    expect((await shaketable('triage', 'forget', SIGNATURE)).stdout).toBe(
      `${BASELINE}: forgot ${SIGNATURE}\n`,
    );
    expect((await shaketable('triage')).exitCode).toBe(1);
    const again = await shaketable('triage', 'forget', SIGNATURE);
    expect(again).toMatchObject({
      exitCode: 64,
      stderr: `shaketable: unknown accepted failure "${SIGNATURE}": there is none\n`,
    });
  });

  it('counts the runs of a sweep that kept no directories, and a run that was copied once', async () => {
    const [first] = runsIn(results) as [string];
    const sweep = join(folder, 'swept');
    copyOf(first, join(sweep, 'runs', 'copied'));
    copyOf(first, join(sweep, 'runs', 'again'));
    const cell = {
      key: './raft.ts register --nemesis partition-leader',
      // A module, and what it is called.
      system: './raft.ts',
      workload: 'register',
      names: { system: 'raft', workload: 'register', nemeses: ['partition-leader'] },
      options: [['nemesis', 'partition-leader']],
      seeds: { first: 1, last: 9 },
      budgetS: null,
      expect: 'valid',
      maxUnknown: 0,
      checkBudgetS: null,
      isRealTime: false,
    };
    const header = {
      ...{ format: 'shaketable-sweep', version: 1, name: 'n', shaketableVersion: '0', gitRevision: null },
      ...{ startedAt: new Date().toISOString(), keep: 'failures', shard: null, cells: [cell] },
    };
    const record = (seed: number, directory: string | null): unknown => ({
      ...{
        cell: cell.key,
        seed,
        outcome: directory === null ? 'valid' : 'invalid',
        why: null,
        anomaly: null,
      },
      ...{ directory, again: null, operations: 1, tookMs: 1 },
    });
    const lines = [header, record(1, 'runs/copied'), ...[2, 3, 4].map((seed) => record(seed, null))];
    writeFileSync(join(sweep, 'sweep.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const ended = await shaketable('triage', 'swept', '--with-bugs');
    expect(ended.stdout).toMatch(/came in +1 of 4 runs under partition-leader/);
  });

  it('tells what it cannot read, and reads the rest', async () => {
    mkdirSync(join(folder, 'mixed', 'torn'), { recursive: true });
    writeFileSync(join(folder, 'mixed', 'torn', 'test.json'), '{"form');
    const torn = await shaketable('triage', 'mixed');
    expect(torn.exitCode).toBe(2);
    expect(torn.stdout).toMatch(/1 folder could not be read:\n {2}mixed\/torn\/test\.json is not JSON/);
    const [first] = runsIn(results) as [string];
    copyOf(first, join(folder, 'mixed', 'whole'));
    expect(json(await shaketable('triage', 'mixed', '--with-bugs', '--json'))).toMatchObject({
      counts: { runs: 1 },
      problems: [{ reason: expect.stringContaining('test.json') as string }],
    });
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a folder that is not there',
      ['triage', 'nowhere'],
      /nowhere does not exist: name the folder of --results/,
    ],
    ['a folder without runs', ['triage', '.git'], /no runs below \.git: name the folder of --results/],
    ['a time of no calendar', ['triage', '--since', 'monday'], /--since monday: wants a date \(2026-11-27\)/],
    [
      'a baseline of nowhere',
      ['triage', '--baseline', 'none'],
      /--baseline none: is no file, and no revision/,
    ],
    [
      'no reason',
      ['triage', 'accept', SIGNATURE],
      /'--reason <text>' not specified.*see shaketable triage accept --help/,
    ],
    ['an empty reason', ['triage', 'accept', SIGNATURE, '--reason', ' '], /--reason is empty/],
    [
      'no signature',
      ['triage', 'accept', 'it', '--reason', 'x'],
      /it is no signature: wants SYSTEM-WORKLOAD\//,
    ],
    [
      'a signature of no run',
      ['triage', 'accept', `${SIGNATURE.slice(0, -1)}0`, '--reason', 'x'],
      /unknown failure .*: did you mean "raft-register\S+40cd42"\? \(--unseen accepts/,
    ],
  ])('refuses in one line: %s', async (_, args, message) => {
    const ended = await shaketable(...args);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(folder)).toContain(BASELINE);
  });
});

describe('--since', () => {
  const now = Date.UTC(2026, 10, 28);
  it.each([
    ['2026-11-27', Date.UTC(2026, 10, 27)],
    ['2026-11-27T03:30', Date.UTC(2026, 10, 27, 3, 30)],
    ['2026-11-27T03:30:00+01:00', Date.UTC(2026, 10, 27, 2, 30)],
    ['90m', now - 90 * 60e3],
    ['1.5h', now - 1.5 * 3600e3],
    ['7d', now - 7 * 86_400e3],
    ['2w', now - 14 * 86_400e3],
  ])('%s', (text, ms) => {
    expect(parseSince(text, now)).toBe(ms);
  });
});
