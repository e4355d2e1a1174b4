import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../history/operation.ts';
import { commandIn, copyOf, onlyRunIn, readJson, readRecords, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);
const FAULTS = 'partition,kill,pause,clock,power-loss,slow,lossy,duplicate,reorder';
const MANY = ['--nemesis', FAULTS, '--nemesis-interval', '0.4', '--rate', '100', '--quiet', '2'];

/** As the file has it, from the second line on. */
const recordsOf = (run: string): string[] =>
  readFileSync(join(run, 'history.jsonl'), 'utf8').split('\n').slice(1);
/** Without what a plan asks in other words than a generator. */
const withoutRequests = (run: string): string[] =>
  recordsOf(run).filter((line) => !line.includes('"process":"nemesis","type":"invoke"'));

let count = 0;
async function makeRun(...options: readonly string[]): Promise<string> {
  const results = `runs-${++count}`;
  const ended = await shaketable('run', 'raft', 'register', '--results', results, ...options);
  expect(ended.stderr).toBe('');
  return onlyRunIn(join(folder, results));
}

async function replay(run: string, ...options: readonly string[]) {
  const results = `runs-${++count}`;
  const ended = await shaketable('replay', run, '--results', results, ...options);
  return { ...ended, run: onlyRunIn(join(folder, results)) };
}

describe('many faults at once', () => {
  it.each([1, 2, 3])('seed %i is the same again, from the seed and from the plan', async (seed) => {
    const run = await makeRun('--seed', String(seed), '--time-limit', '4', ...MANY);
    const faults = readRecords<Operation>(run, 'history.jsonl').filter(
      ({ process }) => process === 'nemesis',
    );
    expect(faults.length).toBeGreaterThan(20);

    const fromSeed = await replay(run);
    expect(fromSeed.stderr).toBe('');
    expect(fromSeed.stdout).toMatch(/\n {2}replayed {4}\d+ records, each the same as before\n$/);
    expect(recordsOf(fromSeed.run)).toEqual(recordsOf(run));

    const fromPlan = await replay(run, '--plan');
    expect(fromPlan.stderr).toBe('');
    expect(withoutRequests(fromPlan.run)).toEqual(withoutRequests(run));
    expect(readJson<{ planned: unknown }>(fromPlan.run, 'test.json').planned).toBe(true);

    // A run from a plan is a run like any other: its replay needs no option.
    const again = await replay(fromPlan.run);
    expect(again).toMatchObject({ exitCode: fromPlan.exitCode, stderr: '' });
    expect(recordsOf(again.run)).toEqual(recordsOf(fromPlan.run));
  });

  it('a failure fails again, with the same anomalies', async () => {
    const options = ['--seed', '1', '--bug', 'ack-before-commit', '--time-limit', '2', '--quiet', '1'];
    const run = await makeRun(...options, '--nemesis', 'partition,kill');
    const again = await replay(run, '--json');
    expect(again.exitCode).toBe(1);
    const json = JSON.parse(again.stdout) as { verdicts: unknown };
    expect(json).toMatchObject({ valid: false, identical: true, difference: null });
    expect(json.verdicts).toEqual(readJson<{ verdicts: unknown }>(run, 'verdict.json').verdicts);
  });
});

describe('a record that is not what happens', () => {
  let run = '';
  beforeAll(async () => {
    run = await makeRun('--seed', '5', '--time-limit', '2', '--quiet', '1', '--rate', '50');
  });

  function damaged(name: string, change: (lines: string[]) => string[]): string {
    const copy = copyOf(run, join(folder, name));
    const path = join(copy, 'history.jsonl');
    writeFileSync(path, change(readFileSync(path, 'utf8').split('\n')).join('\n'));
    return copy;
  }

  it('a changed value is found, with exit code 70', async () => {
    const copy = damaged('changed', (lines) =>
      lines.map((line) => line.replace(/("type":"ok","f":"write".*"value":)\d+/, '$1999')),
    );
    const ended = await replay(copy);
    expect(ended.exitCode).toBe(70);
    expect(ended.stderr).toMatch(
      /^shaketable: the replay differs from the record: operation \d+ was \{.*"value":999.*\} and is now \{.*\} \(recorded by version \S+ at \S+; other code may behave differently\)\n$/,
    );
    // What it did is still said and kept.
    expect(ended.stdout).toMatch(/^VALID/);
    expect(recordsOf(ended.run)).toEqual(recordsOf(run));
    const json = await replay(copy, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      identical: false,
      difference: expect.stringContaining('999'),
    });
  });

  it('a changed verdict is found', async () => {
    const copy = copyOf(run, join(folder, 'other-hash'));
    const path = join(copy, 'verdict.json');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/"eventHash": "\w+"/, '"eventHash": "0123456789abcdef"'),
    );
    const ended = await replay(copy);
    expect(ended.exitCode).toBe(70);
    expect(ended.stderr).toMatch(
      /every record is the same, but the event hash is \w+ and was 0123456789abcdef/,
    );
    // A plan has its own timers.
    expect(await replay(copy, '--plan')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('records that are missing, though a verdict was made of them', async () => {
    const copy = damaged('short', (lines) => [...lines.slice(0, 40), '']);
    const path = join(copy, 'verdict.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"operations": \d+/, '"operations": 39'));
    const ended = await replay(copy);
    expect(ended.exitCode).toBe(70);
    expect(ended.stderr).toMatch(/differs from the record: \d+ more records follow those that were recorded/);
  });

  it('another seed', async () => {
    const copy = copyOf(run, join(folder, 'other-seed'));
    const path = join(copy, 'test.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"seed": 5', '"seed": 6'));
    expect((await replay(copy)).exitCode).toBe(70);
    expect((await replay(copy, '--plan')).exitCode).toBe(70);
  });

  it('a record that has lost its end is compared as far as it goes', async () => {
    const copy = damaged('torn', (lines) => [...lines.slice(0, 40), (lines[40] as string).slice(0, 20)]);
    const ended = await replay(copy);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toMatch(
      /history\.jsonl ends in the middle of line 41: .*\n.*holds 39 of the \d+ records that its verdict was made from/,
    );
    expect(ended.stdout).toMatch(/replayed {4}39 records, each the same as before; the record ends there\n$/);
    expect(recordsOf(ended.run).slice(0, 39)).toEqual(recordsOf(run).slice(0, 39));
  });

  it('a verdict or a plan that cannot be read', async () => {
    const copy = copyOf(run, join(folder, 'no-verdict'));
    writeFileSync(join(copy, 'verdict.json'), '{"format":"shaketable-verd');
    const ended = await replay(copy);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toMatch(/^\S+\/verdict\.json is not JSON: is it cut off\? \(it is left aside\)\n$/);

    writeFileSync(join(copy, 'plan.json'), '{"format":"shaketable-plan","version":1,"main":[{}]}');
    const planned = await shaketable('replay', '--plan', copy);
    expect(planned.exitCode).toBe(64);
    expect(planned.stderr.split('\n').at(-2)).toMatch(/^shaketable: \S+\/plan\.json: main\.0\.time: /);
    rmSync(join(copy, 'plan.json'));
    const without = await shaketable('replay', '--plan', copy);
    expect(without.exitCode).toBe(64);
    expect(without.stderr).toMatch(
      /has no plan\.json: the run was cut off before it was written; replay it without --plan\n$/,
    );
  });

  it('a folder that is no run', async () => {
    cpSync(run, join(folder, 'nothing'), { recursive: true });
    rmSync(join(folder, 'nothing', 'test.json'));
    expect(await shaketable('replay', 'nothing')).toEqual({
      exitCode: 64,
      stdout: '',
      stderr: 'shaketable: nothing is no run directory: it has no test.json\n',
    });
  });
});
