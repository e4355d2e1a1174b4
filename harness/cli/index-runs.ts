/** `shaketable index`: brings the index of a results folder up to date, or makes it anew. */
import type { Command } from 'commander';
import { EXIT, HarnessError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { RESULTS_FOLDER } from './serve.ts';

interface Options {
  readonly anew?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  shaketable index                  of results/
  shaketable index ../nightly       before many look at it
  shaketable index --anew           forget what was known, and read every run

The index is shaketable-index.sqlite in the folder, and holds nothing that is not in the run
directories: it may be removed at any time. \`shaketable serve\` keeps it up to date by itself.
Exit codes: 0 it is up to date, 64 usage error, 70 the harness itself failed.`;

export function addIndexCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('index')
    .description('read what changed in a results folder, for `shaketable serve`')
    .argument('[folder]', 'with results, at any depth', RESULTS_FOLDER)
    .option('--anew', 'make it from nothing')
    .option('--json', 'for machines')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, options: Options) => {
      await indexRuns(folder, options, output);
      finish(EXIT.valid);
    });
}

async function indexRuns(folder: string, { anew, json }: Options, output: Output): Promise<void> {
  const { resultsFolder } = await import('../../results/index/results-folder.ts');
  const { RunIndex } = await import('../../results/index/run-index.ts');
  const { counted } = await import('../../results/serve/index.ts');
  const startedMs = performance.now();
  const index = RunIndex.open(resultsFolder(folder), { isFresh: anew === true });
  try {
    if (index.file === null) throw new HarnessError('io', index.note ?? 'the index cannot be written');
    if (index.note !== null) output.note(index.note);
    const indexed = await index.refresh((looked) => output.live(`  ${looked} runs`));
    const tookMs = Math.round(performance.now() - startedMs);
    const outcomes = index.outcomes();
    if (json === true) {
      output.print(JSON.stringify({ file: index.file, ...indexed, outcomes, tookMs }, null, 2));
      return;
    }
    const { runs, sweeps, read, removed } = indexed;
    const told = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
    output.print(
      `${counted(runs, 'run')}${told.length > 0 ? ` (${told.join(', ')})` : ''} and ${counted(sweeps, 'sweep')} in ${folder}: ` +
        `${read} read, ${removed} gone, in ${(tookMs / 1000).toFixed(1)} s`,
    );
  } finally {
    index.close();
  }
}
