/** `shaketable shrink` as its users run it: a failing run becomes a small one, which replays and tells its story. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  commandIn,
  copyOf,
  startCommand,
  onlyRunIn,
  readJson,
  readRecords,
  runsIn,
  temporaryFolder,
} from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);
const SETUP_TIMEOUT_MS = 180_000;

let failing = '';
let shrunk = '';
let told = '';

beforeAll(async () => {
  const args = ['--bug', 'stale-read', '--nemesis', 'partition-leader', '--option', 'checkQuorum=false'];
  const run = await shaketable('run', 'raft', 'register', ...args, '--seed', '1', '--time-limit', '12');
  expect(run.exitCode).toBe(1);
  failing = onlyRunIn(join(folder, 'results', 'runs'));
  const ended = await shaketable('shrink', failing, '--attempts', '80', '--results', 'shrunk');
  expect(ended.exitCode, ended.stderr).toBe(0);
  told = ended.stdout;
  shrunk = onlyRunIn(join(folder, 'shrunk'));
}, SETUP_TIMEOUT_MS);

describe('shrink', () => {
  it('leaves few operations and faults, and the same anomaly', () => {
    expect(told).toMatch(/ {2}shrunk {6}[\d,]+ → \d+ operations, \d+ → 1 faults/);
    expect(told).toContain('linearizability/nonlinearizable remains');
    const { main, final } = readJson<{ main: { process: unknown }[]; final: unknown[] }>(shrunk, 'plan.json');
    expect(main.filter(({ process }) => process !== 'nemesis').length).toBeLessThan(20);
    expect(final).toEqual([]);
    const { verdicts } = readJson<{ verdicts: { checker: string; anomalies: { name: string }[] }[] }>(
      shrunk,
      'verdict.json',
    );
    expect(
      verdicts.find(({ checker }) => checker === 'linearizability')?.anomalies.map(({ name }) => name),
    ).toEqual(['nonlinearizable']);
    expect(readJson<{ planned: boolean; shrunk: object }>(shrunk, 'test.json')).toMatchObject({
      planned: true,
      shrunk: { from: failing, anomaly: 'linearizability/nonlinearizable', nodes: 5 },
    });
  });

  it('tells the story: clients, faults, beliefs, and where the promise broke', () => {
    for (const part of [
      /story \d+\.\d{3} ms /,
      /client \d+: asks n\d: /,
      /the nemesis: isolated /,
      /believed: .*leader of term 1, log to \d+, committed to \d+/,
      /leads term 2/,
      /here the promise broke: nonlinearizable\. /,
    ])
      expect(told.replace(/\s+/g, ' ')).toMatch(part);
    const messages = readRecords<{ fate: string; text: string }>(shrunk, 'messages.jsonl');
    expect(new Set(messages.map(({ fate }) => fate))).toContain('dropped');
    expect(messages.map(({ text }) => text).join('\n')).toMatch(/^vote\? term 2, log to \d+ \(term 1\)$/m);
    const report = readFileSync(join(shrunk, 'report.html'), 'utf8');
    expect(report).toContain('"story":{');
  });

  it('replays exactly, with its messages', async () => {
    const ended = await shaketable('replay', shrunk, '--results', 'again');
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/replayed {4}\d+ records, each the same as before/);
    const again = onlyRunIn(join(folder, 'again'));
    for (const file of ['plan.json', 'history.jsonl', 'trace.jsonl', 'messages.jsonl'])
      expect(readFileSync(join(again, file), 'utf8')).toBe(readFileSync(join(shrunk, file), 'utf8'));
  });

  it('stands in triage under the failure of the run that it was made of, shrunk once more, too', async () => {
    interface Signed {
      readonly signatures: readonly [{ readonly signature: string; readonly shape: string }];
    }
    const { signature, shape } = readJson<Signed>(failing, 'verdict.json').signatures[0];
    // As if its witness had another shape now.
    const other = join(folder, 'other', 'run');
    copyOf(shrunk, other);
    const verdict = readJson<Signed>(other, 'verdict.json');
    const signatures = [{ ...verdict.signatures[0], signature: `${signature.slice(0, -6)}abcdef` }];
    writeFileSync(join(other, 'verdict.json'), JSON.stringify({ ...verdict, signatures }));
    const args = ['--attempts', '1', '--results', 'other', '--json'];
    const { directory } = JSON.parse((await shaketable('shrink', other, ...args)).stdout) as {
      directory: string;
    };
    const twice = readJson<{ shrunk: object }>(join(folder, directory), 'test.json');
    expect(twice.shrunk).toMatchObject({ from: other, failure: { signature, shape } });
    const sorted = await shaketable('triage', 'results', other, '--with-bugs', '--json');
    expect(sorted.exitCode, sorted.stderr).toBe(1);
    expect(JSON.parse(sorted.stdout)).toMatchObject({
      counts: { runs: 1, fromPlans: 1 },
      new: [{ signature, shape, failures: 1, example: { path: other } }],
    });
  });

  it('tells the story again in a report that is made anew', async () => {
    const before = readFileSync(join(shrunk, 'report.html'), 'utf8');
    expect((await shaketable('report', shrunk)).exitCode).toBe(0);
    const storyIn = (html: string): string => /"story":\{.*?\},"roles"/.exec(html)?.[0] ?? 'none';
    expect(storyIn(readFileSync(join(shrunk, 'report.html'), 'utf8'))).toBe(storyIn(before));
  });

  it('is the same with one worker and with three, and as JSON', async () => {
    const plans: string[] = [];
    for (const workers of ['1', '3']) {
      const results = `by-${workers}`;
      const args = ['--workers', workers, '--attempts', '8', '--results', results, '--json'];
      const ended = await shaketable('shrink', failing, ...args);
      expect(JSON.parse(ended.stdout)).toMatchObject({
        anomaly: 'linearizability/nonlinearizable',
        attempts: 8,
        end: 'attempts',
      });
      plans.push(readFileSync(join(onlyRunIn(join(folder, results)), 'plan.json'), 'utf8'));
    }
    expect(plans[1]).toBe(plans[0]);
  }, 120_000);

  it('says what is wrong where the checker has no time for the run as it is', async () => {
    const ended = await shaketable('shrink', failing, '--check-budget', '0.0001', '--workers', '1');
    expect(ended).toMatchObject({ exitCode: 70, stdout: '' });
    expect(ended.stderr).toMatch(
      /cannot be shrunk: linearizability cannot tell: the time budget was used up .* \(a larger --check-budget gives it more time\)\n$/,
    );
  }, 120_000);
});

describe('Ctrl-C', () => {
  it('takes the smallest so far', async () => {
    const { child, ended } = startCommand(['shrink', failing, '--results', 'interrupted'], folder);
    await new Promise<void>((resolve) => {
      let heard = '';
      child.stderr?.on('data', (text: string) => {
        heard += text;
        if (heard.includes('; shrinking ')) resolve();
      });
    });
    child.kill('SIGINT');
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('nonlinearizable');
    expect(stdout).toContain('interrupted: shrink it again to go on');
    expect(readJson(onlyRunIn(join(folder, 'interrupted')), 'test.json')).toHaveProperty('shrunk');
  });
});

describe('shrink refuses', () => {
  it('what it cannot shrink, in one line', async () => {
    const valid = await shaketable('run', 'raft', 'register', '--time-limit', '1', '--results', 'valid');
    expect(valid.exitCode).toBe(0);
    const [run = ''] = runsIn(join(folder, 'valid'));
    const cases: [readonly string[], string][] = [
      [[run], 'shows no anomaly: this is for runs that are invalid'],
      [[join(folder, 'nowhere')], 'is no run directory: it has no test.json'],
      [
        [failing, '--anomaly', 'linearizability/nonlinear'],
        'did you mean "linearizability/nonlinearizable"?',
      ],
      [[failing, '--attempts', '0'], '--attempts 0: wants a whole number of at least 1'],
      [[failing, '--workers', 'many'], '--workers many: wants a whole number'],
    ];
    for (const [args, message] of cases) {
      const ended = await shaketable('shrink', ...args);
      expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
      expect(ended.stderr).toContain(message);
      expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    }
  }, 120_000);
});
