import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  commandIn,
  type Ended,
  onlyRunIn,
  readJson,
  readRecords,
  runsIn,
  temporaryFolder,
} from './testing/command.ts';

const SHORT = ['run', 'raft', 'register', '--time-limit', '2', '--quiet', '1'];

function fresh() {
  const folder = temporaryFolder();
  return { results: join(folder, 'results', 'runs'), shaketable: commandIn(folder) };
}

describe('run', () => {
  it('leaves a whole run directory, says what came of it, and exits with 0', async () => {
    const { results, shaketable } = fresh();
    const ended = await shaketable(
      ...SHORT,
      '--seed',
      '1',
      '--nemesis',
      'partition',
      '--nemesis-interval',
      '0.5',
    );
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^VALID {2}No anomaly in \d+ operations under \d+ faults?\n/);
    const run = onlyRunIn(results);
    expect(run).toMatch(/raft-register\/\d{8}T\d{6}Z-1$/);
    expect(ended.stdout).toContain(`replay      npx shaketable replay results/runs/raft-register/`);
    expect(ended.stdout).toMatch(/report {6}results\/runs\/raft-register\/\S+\/report\.html\n$/);

    expect(readdirSync(run).sort()).toEqual(
      [
        'history.jsonl',
        'nodes',
        'plan.json',
        'report.html',
        'test.json',
        'trace.jsonl',
        'verdict.json',
      ].sort(),
    );
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'];
    expect(readdirSync(join(run, 'nodes')).sort()).toEqual(nodes);
    for (const node of nodes) {
      expect(readdirSync(join(run, 'nodes', node)).sort()).toEqual(['config.json', 'node.log']);
      expect(readJson(run, 'nodes', node, 'config.json')).toMatchObject({
        name: node,
        peers: nodes,
        bugs: [],
      });
    }
    const logs = nodes.map((node) => readFileSync(join(run, 'nodes', node, 'node.log'), 'utf8')).join('');
    expect(logs).toMatch(/^\d+\.\d+ info {2}killed$/m);
    expect(readJson(run, 'test.json')).toMatchObject({
      format: 'shaketable-test',
      version: 1,
      system: 'raft',
      workload: 'register',
      cluster: 'sim',
      nemeses: ['partition'],
      nodes,
      seed: 1,
      timeLimitS: 2,
      quietS: 1,
      bugs: [],
      workloadOptions: { values: 'unique' },
      systemOptions: { electionTimeoutMs: 150 },
      commandLine:
        'shaketable run raft register --time-limit 2 --quiet 1 --seed 1 --nemesis partition --nemesis-interval 0.5',
    });
    const history = readRecords<{ process: unknown }>(run, 'history.jsonl');
    expect(history.some(({ process }) => process === 'nemesis')).toBe(true);
    expect(readRecords(run, 'trace.jsonl').length).toBeGreaterThan(100);
    expect(readJson(run, 'plan.json')).toMatchObject({
      format: 'shaketable-plan',
      version: 1,
      interruptTime: null,
    });
    expect(readJson(run, 'verdict.json')).toMatchObject({
      format: 'shaketable-verdict',
      version: 1,
      valid: true,
      interruptTime: null,
      operations: history.length,
      eventHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(readFileSync(join(run, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(readdirSync(run, { recursive: true }).filter((name) => String(name).endsWith('.partial'))).toEqual(
      [],
    );
  });

  it('exits with 1 when a verdict is false', async () => {
    const { shaketable } = fresh();
    const ended = await shaketable(...SHORT, '--seed', '1', '--bug', 'ack-before-commit');
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/^INVALID {2}Consistency violated/);
  });

  it('exits with 2 when the run proves nothing', async () => {
    const { shaketable } = fresh();
    // No answer can come so fast.
    const ended = await shaketable(...SHORT, '--seed', '1', '--operation-timeout', '0.1');
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toMatch(/^UNKNOWN {2}Proves nothing: no operation of a client was ok/);
  });

  it('chooses a seed and prints it, so that the run can be repeated', async () => {
    const { results, shaketable } = fresh();
    const first = await shaketable(...SHORT, '--rate', '50');
    const seed = /· seed (\d+) ·/.exec(first.stdout.replace(/\s+/g, ' '))?.[1] as string;
    const run = onlyRunIn(results);
    expect(readJson(run, 'test.json')).toMatchObject({ seed: Number(seed) });
    await shaketable(...SHORT, '--rate', '50', '--seed', seed, '--results', 'again');
    const again = onlyRunIn(join(results, '..', '..', 'again'));
    expect(readFileSync(join(again, 'history.jsonl'), 'utf8')).toBe(
      readFileSync(join(run, 'history.jsonl'), 'utf8'),
    );
  });

  it('prints JSON alone on standard output', async () => {
    const { results, shaketable } = fresh();
    const ended = await shaketable(...SHORT, '--seed', '4', '--json', '--verify-determinism');
    expect(ended.stderr).toBe('');
    const json = JSON.parse(ended.stdout) as { runs: { directory: string; report: string }[] };
    expect(json).toMatchObject({
      valid: true,
      runs: [
        {
          seed: 4,
          valid: true,
          interrupted: false,
          deterministic: true,
          eventHash: expect.stringMatching(/^[0-9a-f]{16}$/),
          verdicts: expect.arrayContaining([
            expect.objectContaining({ checker: 'linearizability', valid: true }),
          ]),
        },
      ],
    });
    const folder = join(results, '..', '..');
    expect(existsSync(join(folder, json.runs[0]?.report ?? ''))).toBe(true);
    // The second run leaves nothing behind.
    expect(runsIn(results)).toEqual([join(folder, json.runs[0]?.directory ?? '')]);
  });

  it('says that a run was the same twice', async () => {
    const { shaketable } = fresh();
    const ended = await shaketable(
      ...SHORT,
      '--seed',
      '2',
      '--nemesis',
      'kill,links',
      '--verify-determinism',
    );
    expect(ended.stdout).toMatch(/\n {2}determinism run twice: \d+ events, each the same\n$/);
  });
});

describe('run --count', () => {
  const seedsOf = ({ stdout }: Ended): string[] =>
    [...stdout.matchAll(/^seed (\d+) {2}(\w+)/gm)].map(([, seed, word]) => `${seed} ${word}`);

  it('runs seeds in turn', async () => {
    const { results, shaketable } = fresh();
    const ended = await shaketable(...SHORT, '--seed', '7', '--count', '3', '--rate', '50');
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(seedsOf(ended)).toEqual(['7 valid', '8 valid', '9 valid']);
    expect(ended.stdout).toMatch(/\n3 of 3 seeds run: 3 valid, 0 invalid, 0 unknown\n$/);
    expect(runsIn(results).map((run) => run.slice(-2))).toEqual(['-7', '-8', '-9']);
  });

  const buggy = [...SHORT, '--seed', '1', '--bug', 'ack-before-commit', '--rate', '50'];

  it('stops at the first failure, and says where it is and how to replay it', async () => {
    const { results, shaketable } = fresh();
    const ended = await shaketable(...buggy, '--count', '3');
    expect(ended.exitCode).toBe(1);
    expect(seedsOf(ended)).toEqual(['1 INVALID']);
    expect(ended.stdout).toMatch(
      /\n1 of 3 seeds run: 0 valid, 1 invalid, 0 unknown\n {2}report {2}results\S+-1\/report\.html\n {2}replay {2}npx shaketable replay results\S+-1\n$/,
    );
    expect(runsIn(results)).toHaveLength(1);
  });

  it('goes on with --keep-going; with --json the seeds go by on standard error', async () => {
    const { shaketable } = fresh();
    const ended = await shaketable(...buggy, '--count', '2', '--keep-going', '--json');
    expect(ended.exitCode).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ valid: false, runs: [{ seed: 1 }, { seed: 2 }] });
    expect(ended.stderr).toMatch(/^seed 1 {2}INVALID {2}.*\nseed 2 {2}INVALID {2}.*\n$/);
  });
});

describe('a name that is taken', () => {
  it('gets a suffix', async () => {
    const { results, shaketable } = fresh();
    // Whatever second it will be.
    const now = Date.now();
    for (let s = 0; s < 60; s++) {
      const time = new Date(now + s * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
      mkdirSync(join(results, 'raft-register', `${time}-1`), { recursive: true });
    }
    const ended = await shaketable(...SHORT, '--seed', '1', '--rate', '20');
    expect(ended.stdout).toMatch(/-1-2\/report\.html\n$/);
  });
});
