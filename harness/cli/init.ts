/**
 * `shaketable init`: writes an example of a system of one's own, which runs at once and has a bug that the first run finds.
 *
 *     shaketable init               a server in plain Node.js: child processes and containers
 *     shaketable init --program     a node on our Runtime: the simulator, too
 *
 * What it writes is in `examples/`, as it stands there. It never overwrites.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { EXIT, HarnessError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import { packageRoot } from './version.ts';

interface Options {
  readonly program?: boolean;
  readonly force?: boolean;
}

/** What runs leave behind. */
const IGNORED = 'results/runs/';

const EXAMPLES = `
Examples:
  shaketable init                     a key-value server in plain Node.js, for process and docker
  shaketable init --program           the same as a program on our Runtime, for sim, too
  shaketable init ../other-project

docs/your-own-system.md goes on from there.`;

export function addInitCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('init')
    .description('write an example of a system of your own, which runs at once')
    .argument('[folder]', 'where to', '.')
    .option('--program', 'a node on our Runtime, which runs in the simulator, too')
    .option('--force', 'write over what is there')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, options: Options) => {
      output.print(init(folder, options));
      finish(EXIT.valid);
    });
}

/** @returns what was written, and what to do next */
function init(folder: string, { program = false, force = false }: Options): string {
  const files = filesOf(join(packageRoot(), 'examples', program ? 'kv-program' : 'kv-server'));
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
    `  ${enter}npx shaketable run kv register${program ? '' : ' --cluster process'}`,
  ].join('\n');
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
};

function filesOf(example: string): readonly ExampleFile[] {
  return readdirSync(example, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => {
      const whole = join(parentPath, name);
      const path = whole.slice(example.length + 1);
      return { path, text: readFileSync(whole, 'utf8'), purpose: PURPOSES[name] ?? '' };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Adds a line to `.gitignore`, once. */
function ignoreRuns(folder: string): void {
  const path = join(folder, '.gitignore');
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (before.split(/\r?\n/).includes(IGNORED)) return;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  writeFileSync(path, `${before}${gap}${IGNORED}\n`);
}
