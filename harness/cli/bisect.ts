/** `shaketable bisect`: the commit at which a run began to fail. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { savedRuns } from '../../results/saved-runs.ts';
import type { FailureSignature } from '../../results/signatures.ts';
import { isSignature } from '../../results/triage/baseline.ts';
import { printable, wrap } from '../../results/report/printable.ts';
import { EXIT, HarnessError } from '../errors.ts';
import { type Bisected, bisection, type Commit, type StepVerdict } from './bisection.ts';
import type { CommandContext } from './command-context.ts';
import { git } from './git.ts';
import { interruptOnSignal, type SignalInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';
import { quote } from './replay-command.ts';

interface Options {
  readonly setup?: string;
  readonly signature?: string;
  readonly json?: boolean;
}

/** One commit, tested. */
interface Tested {
  readonly commit: Commit;
  readonly verdict: StepVerdict;
  /** What was seen, in words. */
  readonly because: string;
  readonly failures: readonly FailureSignature[];
}

const EXAMPLES = `
Examples:
  shaketable bisect v1.2 HEAD -- run ./my-system.ts register --nemesis kill --seed 7
  shaketable bisect main~50 main --setup 'npm ci' -- run ./my-system.ts register --seed 7
  shaketable bisect GOOD BAD --signature SIGNATURE -- run ./my-system.ts register --seed 7

Each commit is tested in a worktree in the folder for temporary files: yours stays as it is. It has
your node_modules unless --setup makes others. A commit whose run proves nothing, or that cannot
run it, is skipped. Name the seed: without --seed it is another one each time.
Exit codes: 0 found, 2 only skipped commits are left (or it was interrupted), 64 GOOD does not
pass, BAD does not fail, or one is no commit.`;

export function addBisectCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('bisect')
    .description('find the commit at which a run began to fail')
    .argument('<good>', 'a commit at which it passes')
    .argument('<bad>', 'a later one at which it fails')
    .argument('<run...>', 'behind --: the command, from run on')
    .option('--setup <command>', 'what makes a commit ready, by the shell, in its folder')
    .option('--signature <signature>', 'the failure that is meant: a run with another one is skipped')
    .option('--json', 'the result for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (good: string, bad: string, run: readonly string[], options: Options) => {
      finish(await bisect(good, bad, run, options, output));
    });
}

async function bisect(
  good: string,
  bad: string,
  run: readonly string[],
  options: Options,
  output: Output,
): Promise<number> {
  requireRun(run);
  const { signature, setup } = options;
  if (signature !== undefined && !isSignature(signature)) {
    throw new HarnessError('usage', `--signature ${signature}: wants one as triage prints it`);
  }
  const interrupt = interruptOnSignal(output, 'removing the worktree');
  const tested: Tested[] = [];
  try {
    const found = await bisection({
      folder: '.',
      good,
      bad,
      linksModules: setup === undefined,
      onStep: ({ commit, stepsLeft }) => {
        if (interrupt.requested) throw new HarnessError('interrupted', 'interrupted: nothing was found');
        const left = stepsLeft === null ? '' : `, about ${stepsLeft} more`;
        output.live(`testing ${shortLine(commit)}${left}`);
      },
      test: async (folder, commit) => {
        const one = await testCommit({ folder, commit, run, options, interrupt });
        tested.push(one);
        output.note(`${one.verdict.padEnd(4)} ${shortLine(commit)}: ${printable(one.because)}`);
        return one.verdict;
      },
    });
    output.print(
      options.json === true
        ? JSON.stringify(toJson(found, tested, run), null, 2)
        : toText(found, tested, run),
    );
    return found.kind === 'found' ? EXIT.valid : EXIT.unknown;
  } finally {
    interrupt.letSignalsEnd();
  }
}

/** @throws HarnessError `usage` */
function requireRun(run: readonly string[]): void {
  if (run[0] !== 'run') {
    throw new HarnessError('usage', `behind -- comes a command from run on, not ${run[0] ?? 'nothing'}`);
  }
  if (!run.some((word) => /^--seed(=|$)/.test(word))) {
    throw new HarnessError('usage', 'bisect needs --seed: else each commit would be tested with another one');
  }
  const own = run.find((word) => /^--(results|json)(=|$)/.test(word));
  if (own !== undefined) throw new HarnessError('usage', `leave ${own} out: bisect reads the results itself`);
}

interface TestCommitOptions {
  readonly folder: string;
  readonly commit: Commit;
  readonly run: readonly string[];
  readonly options: Options;
  readonly interrupt: SignalInterrupt;
}

async function testCommit({ folder, commit, run, options, interrupt }: TestCommitOptions): Promise<Tested> {
  const { setup, signature } = options;
  const tell = (
    verdict: StepVerdict,
    because: string,
    failures: readonly FailureSignature[] = [],
  ): Tested => ({
    commit,
    verdict,
    because,
    failures,
  });
  const results = mkdtempSync(join(tmpdir(), 'shaketable-bisect-runs-'));
  try {
    if (setup !== undefined) {
      const ready = await execute('/bin/sh', ['-c', setup], folder, interrupt);
      if (ready.exitCode !== 0)
        return tell('skip', `--setup ended with ${ready.exitCode}: ${ready.lastLine}`);
    }
    const main = mainAt(folder, setup !== undefined);
    const { exitCode, lastLine } = await execute(
      process.execPath,
      [main, ...run, '--results', results],
      folder,
      interrupt,
    );
    const failures = [...savedRuns(results)].flatMap((each) =>
      each.kind === 'run' ? each.run.signatures : [],
    );
    if (exitCode === EXIT.valid) return tell('good', 'valid');
    if (exitCode !== EXIT.invalid) {
      return tell('skip', exitCode === EXIT.unknown ? 'unknown' : `ended with ${exitCode}: ${lastLine}`);
    }
    // Whatever crashes in Node.js ends so, too.
    if (failures.length === 0)
      return tell('skip', `ended with ${exitCode}, and left no failure: ${lastLine}`);
    const names = failures.map((each) => each.signature).join(', ');
    const isMeant = signature === undefined || failures.some((each) => each.signature === signature);
    return tell(
      isMeant ? 'bad' : 'skip',
      isMeant ? `invalid: ${names}` : `invalid otherwise: ${names}`,
      failures,
    );
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

/**
 * A checkout of Shaketable is tested by its own command, one that was set up by the release that it has installed, any other by
 * this one.
 */
function mainAt(folder: string, isSetUp: boolean): string {
  const root = git(['rev-parse', '--show-toplevel'], folder);
  const source = join(root, 'harness', 'cli', 'main.ts');
  if (existsSync(source) && packageName(root) === 'shaketable') return source;
  const installed = isSetUp ? installedAt(folder, root) : undefined;
  if (installed !== undefined) return installed;
  return fileURLToPath(new URL(`./main${extname(import.meta.filename)}`, import.meta.url));
}

/** As Node.js looks for it: in the folder, and up to the root of the worktree, of which git says the real path. */
function installedAt(folder: string, root: string): string | undefined {
  for (let place = realpathSync(folder); ; place = dirname(place)) {
    const path = join(place, 'node_modules', 'shaketable', 'bin', 'shaketable.js');
    if (existsSync(path)) return path;
    if (place === realpathSync(root) || place === dirname(place)) return undefined;
  }
}

function packageName(root: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name?: unknown }).name;
  } catch {
    return null;
  }
}

interface Ended {
  readonly exitCode: number;
  /** Of standard error. */
  readonly lastLine: string;
}

const WIDTH = 100;
const LABEL_WIDTH = 14;
/** A last line is looked for in this much. */
const MAX_KEPT_CHARACTERS = 8192;

function execute(
  program: string,
  args: readonly string[],
  folder: string,
  interrupt: SignalInterrupt,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const release = interrupt.onRequest(() => child.kill('SIGKILL'));
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MAX_KEPT_CHARACTERS);
    });
    child.on('error', (error) => {
      release();
      reject(HarnessError.from(error, 'io', `cannot run ${program}`));
    });
    child.on('close', (code) => {
      release();
      if (interrupt.requested) reject(new HarnessError('interrupted', 'interrupted: nothing was found'));
      else resolve({ exitCode: code ?? EXIT.harness, lastLine: said.trim().split('\n').at(-1) ?? '' });
    });
  });
}

const shortLine = ({ hash, subject }: Commit): string => `${hash.slice(0, 12)} ${printable(subject)}`;
const again = (run: readonly string[]): string => `npx shaketable ${run.map(quote).join(' ')}`;

function toText(found: Bisected, tested: readonly Tested[], run: readonly string[]): string {
  if (found.kind === 'skipped') {
    return [
      `It began at one of ${found.candidates.length} commits, most of which could not be tested:`,
      ...found.candidates.map((commit) => `  ${shortLine(commit)}`),
      `  ${'tested'.padEnd(LABEL_WIDTH - 2)}${found.tested} commits`,
    ].join('\n');
  }
  const { commit } = found;
  const failures = failuresAt(commit, tested);
  const rows: readonly (readonly [string, string])[] = [
    ['author', `${commit.author}, ${commit.date}`],
    ...failures.map(({ signature }) => ['failure', signature] as const),
    ...failures
      .slice(0, 1)
      .flatMap(({ explanation }) =>
        wrap(explanation, WIDTH - LABEL_WIDTH, '').map((line) => ['', line] as const),
      ),
    ['tested', `${found.tested} commits`],
    ['again', `git checkout ${commit.hash.slice(0, 12)} && ${again(run)}`],
  ];
  return [
    `It began at ${shortLine(commit)}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(LABEL_WIDTH - 2)}${printable(text)}`),
  ].join('\n');
}

const failuresAt = ({ hash }: Commit, tested: readonly Tested[]): readonly FailureSignature[] =>
  tested.find(({ commit }) => commit.hash === hash)?.failures ?? [];

function toJson(found: Bisected, tested: readonly Tested[], run: readonly string[]): unknown {
  return {
    ...(found.kind === 'found'
      ? { commit: found.commit, failures: failuresAt(found.commit, tested), candidates: [found.commit] }
      : { commit: null, failures: [], candidates: found.candidates }),
    command: again(run),
    tested: tested.map(({ commit, verdict, because }) => ({ ...commit, verdict, because })),
  };
}
