import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.ts';
import { parseLedger } from '../sweep/ledger.ts';
import { commandIn, runsIn, startCommand, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);

const QUICK = 'defaults: { seeds: 3, time-limit: 3, quiet: 1, nemesis-interval: 0.5 }';
function plan(name: string, matrix: string): string {
  writeFileSync(join(folder, `${name}.yaml`), `name: ${name}\n${QUICK}\nmatrix:\n${matrix}`);
  return `${name}.yaml`;
}
const onlySweepIn = (results: string): string =>
  join(folder, results, readdirSync(join(folder, results))[0] as string);
const recordsOf = (sweep: string) =>
  parseLedger(readFileSync(join(sweep, 'sweep.jsonl'), 'utf8'), 'sweep.jsonl').records;

const GOOD = `
  - system: raft
    workload: [register, append]
    nemesis: [none, kill]
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

describe('a sweep', { timeout: 180_000 }, () => {
  it('runs every seed of every cell, and keeps what is not as expected', async () => {
    const file = plan('good', `${GOOD}${BUG}    expect: invalid\n`);
    const { exitCode, stdout, stderr } = await shaketable('sweep', file, '--results', 'good');
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
    ]);
    expect(stderr).toContain(
      `ok       raft register --time-limit 3 --quiet 1 --nemesis none --nemesis-interval 0.5  3 seeds valid`,
    );
  });

  it('with a failure tells it, with the command that does it again', async () => {
    const file = plan('bad', BUG);
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

  it('that is killed at any moment goes on, and judges each seed once', async () => {
    const file = plan('killed', GOOD);
    const random = randomStream(7, 'kill');
    startCommand(['sweep', file, '--results', 'killed'], folder).child.kill('SIGKILL');
    let started = startCommand(['sweep', file, '--results', 'killed'], folder);
    for (let round = 0; round < 5; round++) {
      await delay(random.integer(800, 2500));
      started.child.kill('SIGKILL');
      await started.ended;
      const sweep = existsSync(join(folder, 'killed')) ? onlySweepIn('killed') : '';
      started = startCommand(
        sweep === '' ? ['sweep', file, '--results', 'killed'] : ['sweep', '--resume', sweep],
        folder,
      );
    }
    expect(await started.ended).toMatchObject({ exitCode: 0 });
    const keys = recordsOf(onlySweepIn('killed')).map(({ cell, seed }) => `${cell} ${seed}`);
    expect(new Set(keys).size).toBe(12);
    expect(keys).toHaveLength(12);
    expect(runsIn(join(onlySweepIn('killed'), 'runs'))).toEqual([]);
  });

  it('in shards is one again when they are merged', async () => {
    const file = plan('shards', GOOD);
    for (const shard of ['1/2', '2/2'])
      expect(
        await shaketable('sweep', file, '--shard', shard, '--results', `shard-${shard[0] ?? ''}`),
      ).toMatchObject({ exitCode: 0 });
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
