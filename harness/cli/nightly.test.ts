/** The night in CI: the page as a reader follows it, and the jobs of each CI as they would run there, shard by shard. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { commandIn, readJson, ROOT, temporaryFolder } from './testing/command.ts';
import { followPage } from './testing/page.ts';

const TEST_TIMEOUT_MS = 240_000;
const SHARDS = 2;

/** Found by its first seeds, in a second: the bug of the example, which a plan may expect. */
const PLAN = `
name: nightly
defaults: { time-limit: 4, seeds: 2 }
matrix:
  - { system: raft, workload: register, nemesis: kill }
  - { system: ./shake/kv-system.ts, workload: register, nemesis: kill, expect: invalid }
  - { system: ./shake/kv-system.ts, workload: register, nemesis: partition }
`;

/** A project with the job of a CI in it, and commands that its scripts call. */
async function projectWith(ci: string): Promise<{ folder: string; sh: Shell }> {
  const folder = temporaryFolder();
  for (const what of [['--program'], ['--nightly', ci]])
    expect(await commandIn(folder)('init', ...what)).toMatchObject({ exitCode: 0, stderr: '' });
  writeFileSync(join(folder, 'shake', 'nightly.yaml'), PLAN);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const node = join(ROOT, 'node_modules', '.bin', 'node');
  const main = join(ROOT, 'harness', 'cli', 'main.ts');
  // A sweep ends with another code where a test wants it.
  executable(
    join(bin, 'npx'),
    `shift; '${node}' '${main}' "$@"; code=$?; [ "$1" != sweep ] || exit "\${SWEEP_EXIT:-$code}"; exit $code`,
  );
  executable(join(bin, 'node'), `exec '${node}' "$@"`);
  executable(join(bin, 'npm'), 'test "$1" = ci');
  // Keeps what it was told, a line each; knows the issues that the test wants.
  executable(
    join(bin, 'gh'),
    `printf '%s ' "$@" | tr '\\n' ' ' >>gh.log; echo >>gh.log; if [ "$2" = list ]; then cat issues.json; fi`,
  );
  return { folder, sh: shellIn(folder, bin) };
}

function executable(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

type Shell = (script: string, env: Readonly<Record<string, string>>) => Promise<number>;

/** As CI does: ends at the first command that fails. @returns the exit code */
const shellIn =
  (cwd: string, bin: string): Shell =>
  async (script, env) => {
    const path = `${bin}:${process.env['PATH'] ?? ''}`;
    try {
      await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', script], {
        cwd,
        env: { ...process.env, ...env, PATH: path },
      });
      return 0;
    } catch (error) {
      return (error as { code: number }).code;
    }
  };

interface Summary {
  readonly cells: readonly { readonly state: string; readonly records: readonly unknown[] }[];
}

interface Issue {
  readonly number: number;
  readonly title: string;
  readonly state: 'OPEN' | 'CLOSED';
  readonly body: string | null;
}

function expectWhole(summary: Summary): void {
  expect(summary.cells.map(({ state, records }) => [state, records.length])).toEqual([
    ['passed', 2],
    // Found in one shard, or in both.
    ['passed', expect.any(Number)],
    ['failed', 2],
  ]);
}

it(
  'the page says what happens',
  async () => {
    const { done } = await followPage('nightly.md');
    expect(done).toBe(6);
  },
  TEST_TIMEOUT_MS,
);

describe('GitHub', () => {
  interface Step {
    readonly run?: string;
    readonly with?: { readonly path?: string };
  }
  const expression = (name: string): string => `\${{ ${name} }}`;

  interface Workflow {
    readonly env: Readonly<Record<string, string>>;
    readonly jobs: Readonly<Record<'shake' | 'report', { readonly steps: readonly Step[] }>>;
  }

  it(
    'shakes in shards, joins them, and opens an issue for a new failure once',
    async () => {
      const { folder, sh } = await projectWith('github');
      const { env, jobs } = parse(
        readFileSync(join(folder, '.github/workflows/nightly.yml'), 'utf8'),
      ) as Workflow;
      const scripts = (job: 'shake' | 'report'): readonly string[] =>
        jobs[job].steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
      for (let shard = 1; shard <= SHARDS; shard++) {
        const [, shake, ...others] = scripts('shake') as [string, string];
        expect(others).toEqual([]);
        const filled = shake
          .replaceAll(expression('matrix.shard'), String(shard))
          .replaceAll(expression('strategy.job-total'), String(SHARDS));
        expect(filled).not.toContain('{{');
        // Run again it has nothing left to do.
        for (const _ of ['first', 'again']) expect(await sh(filled, env), filled).toBe(0);
        const artifact = join(folder, 'shards', `shard-${shard}`);
        expect(await sh(`mkdir -p shards && mv results/sweeps ${artifact}`, {})).toBe(0);
      }
      const [, joining, triage, issues, end, ...more] = scripts('report') as [
        string,
        string,
        string,
        string,
        string,
      ];
      expect(more).toEqual([]);
      const outputs = {
        ...env,
        GITHUB_OUTPUT: join(folder, 'output'),
        GITHUB_STEP_SUMMARY: join(folder, 'page.md'),
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'me/store',
        GITHUB_RUN_ID: '7',
      };
      expect(await sh(joining, outputs)).toBe(0);
      const summary = readJson<Summary>(folder, 'nightly', 'summary.json');
      expectWhole(summary);
      expect(readFileSync(join(folder, 'output'), 'utf8')).toBe('code=1\n');
      expect(await sh(triage, outputs)).toBe(0);
      const page = readFileSync(join(folder, 'page.md'), 'utf8');
      expect(page).toContain('# nightly: FAILED');
      // What was expected is not new, and what its module calls the system is what the ledger says.
      expect(page).toMatch(
        /^1 new failure, 0 known, .*\n4 runs: 2 valid, 2 invalid \(and [12] with planted/m,
      );
      const [head] = readFileSync(join(folder, 'nightly', 'sweep.jsonl'), 'utf8').split('\n');
      expect((JSON.parse(head ?? '') as { cells: unknown }).cells).toMatchObject([
        { names: { system: 'raft', workload: 'register', nemeses: ['kill'] } },
        { names: { system: 'kv', workload: 'register', nemeses: ['kill'] } },
        { names: { system: 'kv', workload: 'register', nemeses: ['partition'] } },
      ]);
      expect(await sh(end.replace(expression('steps.merge.outputs.code'), '1'), outputs)).toBe(1);

      const file = join(folder, 'nightly', 'triage.json');
      const told = async (known: readonly Issue[]): Promise<readonly string[]> => {
        writeFileSync(join(folder, 'issues.json'), JSON.stringify(known));
        writeFileSync(join(folder, 'gh.log'), '');
        expect(await sh(issues, outputs)).toBe(0);
        return readFileSync(join(folder, 'gh.log'), 'utf8')
          .split('\n')
          .filter((line) => /^issue (create|reopen)/.test(line));
      };
      const report = readJson<{ new: [{ signature: string }] }>(file);
      const [{ signature }] = report.new;
      const issue = (given: Partial<Issue>): Issue => ({
        ...{ number: 7, title: signature, state: 'OPEN', body: null },
        ...given,
      });
      const created = await told([issue({ title: 'another one' })]);
      expect(created).toEqual([expect.stringContaining(`issue create --title ${signature} --label`)]);
      expect(created[0]).toMatch(
        /Came in 2 of 2 runs under partition, seen by https:\S+\/runs\/7\. +npx shake/,
      );
      expect(await told([issue({})])).toEqual([]);
      const reopened = [expect.stringContaining('issue reopen 7 --comment Came in 2 of 2')];
      expect(await told([issue({ state: 'CLOSED' })])).toEqual(reopened);

      // What came with it is told in its issue, and has none; nor does the one of the two that had one first get another.
      const other = `${signature.slice(0, -6)}abcdef`;
      const companion = { ...report.new[0], signature: other, companionOf: signature };
      writeFileSync(file, JSON.stringify({ ...report, new: [...report.new, companion] }));
      const [both, ...rest] = await told([]);
      expect([both, rest]).toEqual([expect.stringContaining(`With it came`), []]);
      expect(both).toContain(`- \`${other}\``);
      expect(await told([issue({ title: other })])).toEqual([]);
      expect(await told([issue({ title: 'x', body: both ?? '' })])).toEqual([]);
      expect(await told([issue({ title: 'x', body: both ?? '', state: 'CLOSED' })])).toHaveLength(1);

      // What was accepted opens no issue, also where one was closed.
      const accept = ['triage', 'accept', signature, '--reason', 'issue 7', '--results', 'nightly'];
      expect((await commandIn(folder)(...accept)).exitCode).toBe(0);
      expect(await sh(triage, outputs)).toBe(0);
      expect(await told([issue({ state: 'CLOSED' })])).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it('is how this project does it, too', async () => {
    const example = join(ROOT, 'examples', 'nightly', 'github', '.github');
    const text = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');
    expect(text(ROOT, '.github', 'workflows', 'nightly.yml')).toBe(
      text(example, 'workflows', 'nightly.yml')
        .replace('PLAN: shake/nightly', 'PLAN: .github/nightly')
        .replace('node .github/open-issues.mjs', 'node examples/nightly/github/.github/open-issues.mjs'),
    );
    const dry = await commandIn(ROOT)('sweep', '.github/nightly.yaml', '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

it(
  'GitLab shakes in shards and joins them',
  async () => {
    const { folder, sh } = await projectWith('gitlab');
    const { variables, shake, report } = parse(readFileSync(join(folder, '.gitlab-ci.yml'), 'utf8')) as {
      variables: Record<string, string>;
      shake: { script: readonly string[] };
      report: { script: readonly string[] };
    };
    for (let shard = 1; shard <= SHARDS; shard++) {
      const env = { ...variables, CI_NODE_INDEX: String(shard), CI_NODE_TOTAL: String(SHARDS) };
      expect(await sh(shake.script.join('\n'), env)).toBe(0);
    }
    expect(await sh(report.script.join('\n'), variables)).toBe(1);
    expectWhole(readJson<Summary>(folder, 'nightly', 'summary.json'));
    expect(existsSync(join(folder, 'nightly', 'junit.xml'))).toBe(true);
  },
  TEST_TIMEOUT_MS,
);

it(
  'Kubernetes shakes a shard in each pod, goes on in one that is started again, and joins them once',
  async () => {
    const { folder, sh } = await projectWith('kubernetes');
    const [document, ...more] = parseAllDocuments(
      readFileSync(join(folder, 'shake', 'nightly-job.yaml'), 'utf8'),
    );
    expect(more).toEqual([]);
    const job = (document as NonNullable<typeof document>).toJS() as {
      spec: {
        jobTemplate: { spec: { completions: number; template: { spec: { containers: Container[] } } } };
      };
    };
    interface Container {
      readonly command: readonly string[];
      readonly args: readonly [string];
      readonly env: readonly { readonly name: string; readonly value?: string }[];
    }
    const { completions, template } = job.spec.jobTemplate.spec;
    const [container] = template.spec.containers as [Container];
    const given = Object.fromEntries(container.env.map(({ name, value = '' }) => [name, value]));
    expect(Number(given['SHARDS'])).toBe(completions);
    expect(container.command).toEqual(['sh', '-ec']);
    const pod = (index: number, env: Readonly<Record<string, string>> = {}): Promise<number> =>
      sh(container.args[0], {
        ...given,
        SHARDS: String(SHARDS),
        RESULTS: join(folder, 'volume'),
        NIGHT: 'nightly-29',
        JOB_COMPLETION_INDEX: String(index),
        ...env,
      });
    const night = join(folder, 'volume', 'nightly-29');
    const harnessFailed = { SWEEP_EXIT: '70' };
    expect(await pod(0, { ...harnessFailed, PLAN: 'none.yaml' })).not.toBe(0);
    expect(existsSync(join(night, 'shards'))).toBe(false);
    expect(await pod(0, harnessFailed)).toBe(0);
    expect(await pod(0)).toBe(0);
    expect(readdirSync(night)).toEqual(['shards']);
    // What a pod leaves that died while it joined.
    const whole = join(night, 'nightly');
    mkdirSync(whole);
    for (const path of [join(night, 'lock'), join(whole, 'sweep.jsonl')]) writeFileSync(path, '');
    expect(await pod(1)).toBe(0);
    expectWhole(readJson<Summary>(whole, 'summary.json'));
    expect(await pod(1)).toBe(0);
  },
  TEST_TIMEOUT_MS,
);
