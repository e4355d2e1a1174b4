/**
 * `shaketable init`: writes an example of a system of one's own, which runs at once and has a bug that the first run finds.
 *
 *     shaketable init                    a server in plain Node.js: child processes and containers
 *     shaketable init --program          a node on our Runtime: the simulator, too
 *     shaketable init --nightly github   a plan of what is shaken every night, and the CI job that does it
 *
 * What it writes is in `examples/`, as it stands there. It never overwrites.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { EXIT, HarnessError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import { packageRoot } from './version.ts';

interface Options {
  readonly program?: boolean;
  readonly nightly?: (typeof NIGHTLIES)[number];
  readonly force?: boolean;
}

const NIGHTLIES = ['github', 'gitlab', 'kubernetes'] as const;

/** What runs leave behind. */
const IGNORED = ['results/runs/', 'results/sweeps/'];

const EXAMPLES = `
Examples:
  shaketable init                     a key-value server in plain Node.js, for process and docker
  shaketable init --program           the same as a program on our Runtime, for sim, too
  shaketable init --nightly github    the job that shakes it every night
  shaketable init ../other-project

docs/your-own-system.md and docs/nightly.md go on from there.`;

export function addInitCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('init')
    .description('write an example of a system of your own, which runs at once')
    .argument('[folder]', 'where to', '.')
    .option('--program', 'a node on our Runtime, which runs in the simulator, too')
    .addOption(
      new Option('--nightly <ci>', 'a plan for every night, and the job that runs it').choices(NIGHTLIES),
    )
    .option('--force', 'write over what is there')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, options: Options) => {
      output.print(init(folder, options));
      finish(EXIT.valid);
    });
}

/** @returns what was written, and what to do next */
function init(folder: string, { program = false, nightly, force = false }: Options): string {
  if (program && nightly !== undefined)
    throw new HarnessError('usage', '--nightly writes no system: leave --program to an init of its own');
  const files =
    nightly === undefined
      ? filesOf(program ? 'kv-program' : 'kv-server')
      : [...filesOf('nightly/plan'), ...filesOf(`nightly/${nightly}`)];
  const inTheWay = files.map(({ path }) => path).filter((path) => existsSync(join(folder, path)));
  if (inTheWay.length > 0 && !force) {
    throw new HarnessError(
      'usage',
      `${inTheWay.map((path) => join(folder, path)).join(', ')} ${inTheWay.length === 1 ? 'is' : 'are'} there already: --force writes over`,
    );
  }
  try {
    for (const { path, text } of files) {
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    ignoreRuns(folder);
  } catch (error) {
    throw HarnessError.from(error, 'io', `cannot write the example to ${folder}`);
  }
  const enter = folder === '.' ? '' : `cd ${folder} && `;
  const width = Math.max(...files.map(({ path }) => join(folder, path).length));
  const written = files.map(({ path, purpose }) => `  ${join(folder, path).padEnd(width)}  ${purpose}`);
  return [
    'wrote',
    ...written,
    '',
    'next',
    `  ${enter}npx shaketable ${nextCommand(program, nightly !== undefined)}`,
  ].join('\n');
}

function nextCommand(isProgram: boolean, isNightly: boolean): string {
  if (isNightly) return 'sweep shake/nightly.yaml --dry-run';
  return `run kv register${isProgram ? '' : ' --cluster process'}`;
}

interface ExampleFile {
  /** Below the folder. */
  readonly path: string;
  readonly text: string;
  readonly purpose: string;
}

const PURPOSES: Readonly<Record<string, string>> = {
  'kv-server.mjs': 'a replicated key-value server, and a naive one',
  'kv-node.ts': 'a replicated key-value node, and a naive one',
  'kv-system.ts': 'what to start, and how a client talks to it',
  'my-workload.ts': 'what clients do, and who judges it',
  'shaketable.config.ts': 'the names of it all',
  'nightly.yaml': 'what is shaken every night',
  'nightly.yml': 'the job that does it',
  'open-issues.mjs': 'an issue for each failure, once',
  '.gitlab-ci.yml': 'the job that does it',
  'nightly-job.yaml': 'the Indexed Job that does it',
};

/** @param name - below `examples/` */
function filesOf(name: string): readonly ExampleFile[] {
  const example = join(packageRoot(), 'examples', name);
  return readdirSync(example, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const whole = join(entry.parentPath, entry.name);
      const path = whole.slice(example.length + 1);
      return { path, text: readFileSync(whole, 'utf8'), purpose: PURPOSES[entry.name] ?? '' };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Adds lines to `.gitignore`, once. */
function ignoreRuns(folder: string): void {
  const path = join(folder, '.gitignore');
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const there = before.split(/\r?\n/);
  const missing = IGNORED.filter((line) => !there.includes(line));
  if (missing.length === 0) return;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  writeFileSync(path, `${before}${gap}${missing.join('\n')}\n`);
}
