/**
 * The bug catalogue, proven: runs each bug's stated command until it is found, and the correct node under the same
 * commands without the bug, which must always pass.
 *
 *     npm run bugs                        find every bug, within 50 seeds each
 *     npm run bugs -- --write             … and write docs/bugs.md
 *     npm run bugs -- --correct 500       500 seeds of the correct node under each command
 *     npm run bugs -- --correct 500 --time-limit 15      … in runs of 15 seconds
 *     npm run bugs -- stale-read          only this one
 *     npm run bugs -- --system kraft …    those of another system
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { kraft } from '../systems/kraft/index.ts';
import { raft } from '../systems/raft/index.ts';
import type { Bug, System } from '../systems/system.ts';

const ROOT = join(import.meta.dirname, '..');
const SEEDS_MAX = 50;

/** Each has a page of its own. */
const PAGES = {
  raft: { system: raft as System, path: 'docs/bugs.md', title: 'The bug catalogue' },
  kraft: { system: kraft as System, path: 'docs/bugs-kraft.md', title: 'The bug catalogue of Kafka' },
} as const;
type Page = (typeof PAGES)[keyof typeof PAGES];

export interface Run {
  readonly seed: number;
  readonly valid: boolean | 'unknown';
  readonly verdicts: readonly {
    readonly checker: string;
    readonly valid: boolean | 'unknown';
    readonly reason?: string;
    readonly anomalies: readonly { readonly name: string; readonly explanation: string }[];
  }[];
}

interface Sweep {
  readonly runs: readonly Run[];
  readonly wallS: number;
}

/** Runs the arguments of a stated command for `count` seeds from 1 on, with nothing kept. */
export async function sweep(command: string, count: number, extra: readonly string[] = []): Promise<Sweep> {
  const results = mkdtempSync(join(tmpdir(), 'shaketable-bugs-'));
  const args = [...command.split(' ').slice(1), '--seed', '1', '--count', String(count), ...extra];
  const startedMs = performance.now();
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const child = spawn(
        process.execPath,
        [join(ROOT, 'harness/cli/main.ts'), ...args, '--json', '--results', results],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      const result: Buffer[] = [];
      const progress: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => result.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => progress.push(chunk));
      child.on('error', reject);
      child.on('close', () => {
        if (result.length > 0) resolve(Buffer.concat(result).toString('utf8'));
        else reject(new Error(Buffer.concat(progress).toString('utf8')));
      });
    });
    const { runs } = JSON.parse(text) as { runs: readonly Run[] };
    return { runs, wallS: (performance.now() - startedMs) / 1000 };
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

interface Found {
  readonly bug: Bug;
  /** The run that was judged false; undefined when none was. */
  readonly run: Run | undefined;
  readonly seeds: number;
  readonly wallS: number;
}

/** Runs the bug's command until a verdict is false, at most {@link SEEDS_MAX} seeds. */
export async function find(bug: Bug): Promise<Found> {
  const { runs, wallS } = await sweep(bug.foundBy.command, SEEDS_MAX);
  return { bug, run: runs.find(({ valid }) => valid === false), seeds: runs.length, wallS };
}

/** What the correct node must pass. */
export const withoutBug = (command: string): string => command.replace(/ --bug \S+/, '');

/** Each task in turn on every core. */
async function onAllCores<T, R>(tasks: readonly T[], perform: (task: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < tasks.length) {
      const i = next++;
      results[i] = await perform(tasks[i] as T);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

export const checkersThat = (run: Run): string =>
  run.verdicts
    .filter(({ valid }) => valid === false)
    .map(
      ({ checker, anomalies }) =>
        `${checker} (${[...new Set(anomalies.map(({ name }) => name))].join(', ')})`,
    )
    .join(', ');

function pageOf({ title, system }: Page, found: readonly Found[]): string {
  const option = system === raft ? '' : ` --system ${system.name}`;
  const rows = found.map(({ bug, run, seeds, wallS }) => {
    const explanation = run?.verdicts.flatMap(({ anomalies }) => anomalies)[0]?.explanation ?? '';
    return [
      `## \`${bug.name}\``,
      `${bug.summary} _Source: ${bug.source}._`,
      `    ${bug.foundBy.command}`,
      run === undefined
        ? `Not found within ${seeds} seeds.`
        : `Found at seed ${run.seed}, the ${ordinal(seeds)} tried, after ${wallS.toFixed(1)} s, by ${checkersThat(run)}:`,
      `> ${explanation.replaceAll('\n', ' ')}`,
    ].join('\n\n');
  });
  return `# ${title}

Each bug replaces one rule of a correct node (\`--bug NAME\`). It is how the harness proves itself: every bug is found by the
command stated here within ${SEEDS_MAX} seeds, counted from seed 1, and the correct node passes the same commands. This page is
written by \`npm run bugs -- --write${option}\`; seconds are of the machine that wrote it, for all seeds up to the one that failed.
\`npm run bugs -- --correct 500${option}\` runs the correct node.

${rows.join('\n\n')}
`;
}

function ordinal(n: number): string {
  const suffix =
    n % 10 === 1 && n % 100 !== 11
      ? 'st'
      : n % 10 === 2 && n % 100 !== 12
        ? 'nd'
        : n % 10 === 3 && n % 100 !== 13
          ? 'rd'
          : 'th';
  return `${n}${suffix}`;
}

async function findAll(bugs: readonly Bug[], page: Page | null): Promise<boolean> {
  const found = await onAllCores(bugs, async (bug) => {
    const one = await find(bug);
    const what = one.run === undefined ? 'NOT FOUND' : `seed ${one.run.seed}  ${checkersThat(one.run)}`;
    console.log(
      `${bug.name.padEnd(28)} ${String(one.seeds).padStart(2)} seeds ${one.wallS.toFixed(1).padStart(6)} s  ${what}`,
    );
    return one;
  });
  if (page !== null) writeFileSync(join(ROOT, page.path), pageOf(page, found));
  return found.every(({ run }) => run !== undefined);
}

async function passAll(bugs: readonly Bug[], count: number, extra: readonly string[]): Promise<boolean> {
  const commands = [...new Set(bugs.map((bug) => withoutBug(bug.foundBy.command)))];
  const passed = await onAllCores(commands, async (command) => {
    const { runs, wallS } = await sweep(command, count, ['--keep-going', ...extra]);
    const of = (valid: Run['valid']): readonly Run[] => runs.filter((run) => run.valid === valid);
    console.log(
      `${command}\n    ${runs.length} seeds, ${of(true).length} valid, ${of(false).length} invalid, ${of('unknown').length} unknown, ${wallS.toFixed(0)} s`,
    );
    for (const run of [...of(false), ...of('unknown')]) {
      const reason = run.verdicts.find(({ valid }) => valid === 'unknown')?.reason;
      console.log(`    seed ${run.seed}: ${run.valid === false ? checkersThat(run) : (reason ?? '')}`);
    }
    return of(false).length === 0 && runs.length === count;
  });
  return passed.every(Boolean);
}

/** Finds every bug; throws when one is not found. */
export async function run(args: readonly string[] = []): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      system: { type: 'string', default: 'raft' },
      write: { type: 'boolean', default: false },
      correct: { type: 'string' },
      'time-limit': { type: 'string' },
    },
    allowPositionals: true,
  });
  if (!Object.hasOwn(PAGES, values.system))
    throw new Error(`--system is one of ${Object.keys(PAGES).join(', ')}, not ${values.system}`);
  const page = PAGES[values.system as keyof typeof PAGES];
  const bugs = page.system.bugs.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const timeLimit = values['time-limit'];
  const succeeded =
    values.correct === undefined
      ? await findAll(bugs, values.write ? page : null)
      : await passAll(
          bugs,
          Number(values.correct),
          timeLimit === undefined ? [] : ['--time-limit', timeLimit],
        );
  if (!succeeded)
    throw new Error(values.correct === undefined ? 'a bug was not found' : 'the correct node failed');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await run(process.argv.slice(2)).catch((error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}
