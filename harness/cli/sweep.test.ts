import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FolderLock } from '../../results/folder-lock.ts';
import { randomStream } from '../random.ts';
import { errorRecord, parseLedger, type SeedRecord } from '../sweep/ledger.ts';
import { runsIn, type Shaketable, startCommand, type Started, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
/** On a machine that has other things to do. */
const PATIENCE_MS = 250_000;
const start = (...args: readonly string[]): Started => startCommand(args, folder, {}, PATIENCE_MS);
const shaketable: Shaketable = (...args) => start(...args).ended;

const QUICK = 'defaults: { seeds: 3, time-limit: 3, quiet: 1, nemesis-interval: 0.5 }';
function plan(name: string, matrix: string): string {
  writeFileSync(join(folder, `${name}.yaml`), `name: ${name}\n${QUICK}\nmatrix:\n${matrix}`);
  return `${name}.yaml`;
}
const onlySweepIn = (results: string): string =>
  join(folder, results, readdirSync(join(folder, results))[0] as string);
const recordsOf = (sweep: string) =>
  parseLedger(readFileSync(join(sweep, 'sweep.jsonl'), 'utf8'), 'sweep.jsonl').records;

const nameOf = ({ cell, seed }: SeedRecord): string => `${cell} ${seed}`;

const GOOD = `
  - system: raft
    workload: [register, append]
    nemesis: [none, kill]
`;
const SEEDS_OF_MANY = 32;
const MANY = `
  - system: raft
    workload: [register, append]
    nemesis: [none, kill]
    time-limit: 1
    quiet: 0.5
    seeds: 8
`;
const BUG = `
  - system: raft
    workload: register
    nemesis: 'partition,kill'
    bug: ack-before-commit
    nemesis-interval: 1
    time-limit: 8
    seeds: 10
`;

describe('a sweep', { timeout: 600_000 }, () => {
  it('runs every seed of every cell, and keeps what is not as expected', async () => {
    const file = plan('good', `${GOOD}${BUG}    expect: invalid\n`);
    const { exitCode, stdout, stderr } = await shaketable(
      'sweep',
      file,
      '--results',
      'good',
      '--workers',
      '2',
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(
      /5 cells: 5 passed · \d+ seeds: \d+ valid, [12] invalid\n {2}summary {2}good\/good-\S+\/summary\.md\n {2}index {4}good\/good-\S+\/index\.html\n$/,
    );
    const sweep = onlySweepIn('good');
    const records = recordsOf(sweep);
    const found = records.filter(({ outcome }) => outcome === 'invalid');
    expect(records.filter(({ cell }) => !cell.includes('ack-before-commit'))).toHaveLength(12);
    // Two workers may find it at once.
    expect(found.length).toBeGreaterThan(0);
    expect(runsIn(join(sweep, 'runs'))).toEqual(
      found.map(({ directory }) => join(sweep, directory ?? '')).sort(),
    );
    expect(readdirSync(sweep).sort()).toEqual([
      'index.html',
      'junit.xml',
      'runs',
      'summary.json',
      'summary.md',
      'sweep.jsonl',
      'sweep.lock',
    ]);
    expect(stderr).toContain(
      `ok       raft register --time-limit 3 --quiet 1 --nemesis none --nemesis-interval 0.5  3 seeds valid`,
    );
  });

  it('with a failure tells it, with the command that does it again', async () => {
    const file = plan('bad', BUG.replace('seeds: 10', 'seeds: 3'));
    const { exitCode, stderr } = await shaketable('sweep', file, '--results', 'bad');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /FAILED {3}raft register .*--bug ack-before-commit {2}nonlinearizable: .*\n +again: npx shaketable replay \S+\n/,
    );
    const junit = readFileSync(join(onlySweepIn('bad'), 'junit.xml'), 'utf8');
    expect(junit).toMatch(
      /failures="1".*<failure message="nonlinearizable: .*type="linearizability\/nonlinearizable"/s,
    );
  });

  it('that is killed at ten moments goes on, and judges each seed once', async () => {
    const file = plan('killed', MANY);
    const random = randomStream(7, 'kill');
    const results = join(folder, 'killed');
    /** Grows with what the sweep does: its ledger, and the runs that it has begun. */
    const progress = (): number => {
      if (!existsSync(results) || readdirSync(results).length === 0) return 0;
      const sweep = onlySweepIn('killed');
      const ledger = join(sweep, 'sweep.jsonl');
      const lines = existsSync(ledger) ? readFileSync(ledger, 'utf8').split('\n').length : 0;
      return lines + (existsSync(join(sweep, 'runs')) ? runsIn(join(sweep, 'runs')).length : 0);
    };
    const goOn = (): Started =>
      progress() === 0
        ? start('sweep', file, '--results', 'killed')
        : start('sweep', '--resume', onlySweepIn('killed'), '--workers', '2');
    const kept: string[][] = [];
    for (let round = 0; round < 10; round++) {
      const before = progress();
      const { child, ended } = goOn();
      // At some moment after it has done something: while it starts, while it runs a seed, or while it writes a record.
      const enough = before + random.integer(0, 3);
      while (progress() <= enough && child.exitCode === null) await delay(10);
      await delay(random.integer(0, 250));
      child.kill('SIGKILL');
      await ended;
      kept.push(recordsOf(onlySweepIn('killed')).map(nameOf));
    }
    expect(await goOn().ended).toMatchObject({ exitCode: 0 });
    const names = recordsOf(onlySweepIn('killed')).map(nameOf);
    expect([names.length, new Set(names).size]).toEqual([SEEDS_OF_MANY, SEEDS_OF_MANY]);
    // What was recorded before a kill is what stands there still.
    for (const before of kept) expect(names.slice(0, before.length)).toEqual(before);
    expect(runsIn(join(onlySweepIn('killed'), 'runs'))).toEqual([]);
  });

  it('that is interrupted lets what has begun end, and goes on with the rest', async () => {
    const file = plan('stopped', MANY);
    const { child, ended } = start('sweep', file, '--results', 'stopped');
    let told = '';
    child.stderr?.on('data', (text: string) => (told += text));
    // The first cell is done.
    while (!told.includes('ok  ')) await delay(20);
    child.kill('SIGINT');
    const first = await ended;
    expect(first).toMatchObject({ exitCode: 2 });
    const sweep = onlySweepIn('stopped');
    expect(first.stderr).toContain('interrupted: runs that have begun are let end');
    expect(first.stderr).toContain(
      `go on: npx shaketable sweep --resume ${join('stopped', basename(sweep))}\n`,
    );
    expect(first.stdout).toMatch(/ unfinished · /);
    const before = recordsOf(sweep).map(nameOf);
    expect(before.length).toBeLessThan(SEEDS_OF_MANY);
    expect(await shaketable('sweep', '--resume', sweep)).toMatchObject({ exitCode: 0 });
    const names = recordsOf(sweep).map(nameOf);
    // Cells and seeds that were done are not run again.
    expect(names.slice(0, before.length)).toEqual(before);
    expect([names.length, new Set(names).size]).toEqual([SEEDS_OF_MANY, SEEDS_OF_MANY]);
    expect(await shaketable('sweep', '--resume', sweep)).toMatchObject({ exitCode: 0 });
    expect(recordsOf(sweep).map(nameOf)).toEqual(names);
  });

  it('runs again what the machine failed at, and says that other code goes on', async () => {
    const file = plan('again', '  - { system: raft, workload: register, time-limit: 1, seeds: 2 }\n');
    expect(await shaketable('sweep', file, '--results', 'again')).toMatchObject({ exitCode: 0 });
    const sweep = onlySweepIn('again');
    const ledger = join(sweep, 'sweep.jsonl');
    const { header, records } = parseLedger(readFileSync(ledger, 'utf8'), ledger);
    const lines = [
      { ...header, shaketableVersion: '0.0.1', gitRevision: null },
      ...records.map((each) =>
        each.seed === 1 ? errorRecord({ key: each.cell }, 1, 'no space left') : each,
      ),
    ];
    writeFileSync(ledger, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const lock = FolderLock.take(join(sweep, 'sweep.lock'));
    expect(await shaketable('sweep', '--resume', sweep)).toMatchObject({
      exitCode: 64,
      stderr: `shaketable: ${sweep}: another process is at this sweep; wait for it, or stop it\n`,
    });
    lock?.release();
    const { exitCode, stderr } = await shaketable('sweep', '--resume', sweep);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toMatch(/^begun by Shaketable 0\.0\.1, and gone on with by /);
    expect(recordsOf(sweep).map(({ seed, outcome }) => [seed, outcome])).toEqual([
      [2, 'valid'],
      [1, 'valid'],
    ]);
  });

  it('thins what passes as its plan says, and keeps what fails whole', async () => {
    writeFileSync(
      join(folder, 'thin.yaml'),
      `keep: thin\n${QUICK}\nmatrix:\n  - { system: raft, workload: register, time-limit: 1, seeds: 2 }\n${BUG.replace('seeds: 10', 'seeds: 1')}`,
    );
    expect(await shaketable('sweep', 'thin.yaml', '--results', 'thin')).toMatchObject({ exitCode: 1 });
    const sweep = onlySweepIn('thin');
    for (const { outcome, directory, isThin, again } of recordsOf(sweep)) {
      expect(isThin).toBe(outcome === 'valid');
      const files = readdirSync(join(sweep, directory ?? '')).sort();
      if (isThin) expect(files).toEqual(['test.json', 'verdict.json']);
      else expect(files).toContain('report.html');
      expect(again).toMatch(isThin ? /^npx shaketable run / : /^npx shaketable replay /);
    }
  });

  it('in shards is one again when they are merged', async () => {
    const file = plan('shards', GOOD);
    for (const shard of ['1/2', '2/2'])
      expect(
        await shaketable('sweep', file, '--shard', shard, '--results', `shard-${shard[0] ?? ''}`),
      ).toMatchObject({ exitCode: 0 });
    expect(await shaketable('sweep', file, '--shard', '1/9', '--results', 'no-seed')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('\n0 seeds: this shard has none\n') as string,
    });
    const shards = [onlySweepIn('shard-1'), onlySweepIn('shard-2')];
    expect(await shaketable('merge', shards[0] as string, '--output', 'half')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('missing: 2/2') as string,
    });
    expect(await shaketable('merge', ...shards, '--output', 'whole')).toMatchObject({ exitCode: 0 });
    expect(recordsOf(join(folder, 'whole'))).toHaveLength(12);
    expect(
      await shaketable('merge', shards[0] as string, shards[0] as string, '--output', 'twice'),
    ).toMatchObject({ exitCode: 64 });
  });

  it.each([
    [['sweep', 'none.yaml'], /^shaketable: none\.yaml does not exist\n$/],
    [['sweep'], /^shaketable: name a plan, or a folder with --resume\n$/],
    [
      ['sweep', '--resume', 'nowhere'],
      /^shaketable: there is no sweep: nowhere\/sweep\.jsonl cannot be read\n$/,
    ],
    [['sweep', '--resume', 'nowhere', '--dry-run'], /^shaketable: --dry-run: prints .*\n$/],
    [['sweep', 'PLAN', '--shard', '3/2'], /^shaketable: --shard 3\/2: wants I\/N, from 1\/N to N\/N\n$/],
    [
      ['sweep', 'UNKNOWN'],
      /^shaketable: rafft register .*: unknown system "rafft": did you mean "raft"\?\n$/,
    ],
    [['merge', 'nowhere', '--output', 'x'], /^shaketable: there is no sweep: /],
  ])('%s is refused in one line', async (args, sentence) => {
    const files: Readonly<Record<string, string>> = {
      PLAN: plan('plan', GOOD),
      UNKNOWN: plan('unknown', '  - { system: rafft, workload: register }\n'),
    };
    const ended = await shaketable(...args.map((arg) => files[arg] ?? arg));
    expect(ended.exitCode).toBe(64);
    expect(ended.stderr).toMatch(sentence);
  });

  it('where nothing can be written is refused in one line', async () => {
    const ended = await shaketable('sweep', plan('nowhere', GOOD), '--results', '/proc/x');
    expect(ended.exitCode).toBe(70);
    expect(ended.stderr).toMatch(
      /^shaketable: cannot make \/proc\/x\/\S+; choose another with --results: .*\n$/,
    );
  });
});
