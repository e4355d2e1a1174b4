/** `shaketable clean`: removes the containers, networks and volumes of runs whose harness is gone. */
import type { Command } from 'commander';
import { findRuns, isOld, removeRun, type FoundRun } from '../cluster/docker/clean.ts';
import type { Engine } from '../cluster/docker/engine.ts';
import { EXIT } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';

interface Options {
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Examples:
  shaketable clean --dry-run    what it would remove
  shaketable clean --all        also what runs of other hosts left more than a day ago

A run removes what it made when it ends, also on failure and Ctrl-C; only a harness that was killed
(kill -9, a machine that went down) leaves something. Runs that are still going are left alone.`;

export function addCleanCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('clean')
    .description('remove what dead runs left in Docker: containers, networks, volumes')
    .option('--all', 'also of runs of other hosts that are older than a day')
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      // Docker's libraries take longer to load than all other commands to run.
      const { connectEngine } = await import('../cluster/docker/engine.ts');
      await clean(await connectEngine(), options, output);
      finish(EXIT.valid);
    });
}

async function clean(
  engine: Engine,
  { all = false, dryRun = false }: Options,
  output: Output,
): Promise<void> {
  const runs = await findRuns(engine);
  if (runs.length === 0) output.note('no run has left anything in Docker');
  for (const run of runs) {
    const reason = whyLeft(run, all);
    if (reason !== null) {
      output.note(`left: ${describeRun(run)}: ${reason}`);
      continue;
    }
    if (!dryRun) await removeRun(engine, run.name);
    output.print(`${dryRun ? 'would remove' : 'removed'}: ${describeRun(run)}`);
    for (const name of [...run.containers, ...run.networks, ...run.volumes]) output.print(`  ${name}`);
  }
}

/** Null: it may go. */
function whyLeft(run: FoundRun, all: boolean): string | null {
  const { harness, host, pid } = run;
  if (harness === 'running') return `its harness runs (process ${pid})`;
  if (harness === 'gone') return null;
  if (!isOld(run))
    return `a run of ${host}, less than a day old: whether it still runs is not seen from here`;
  return all ? null : `a run of ${host}, older than a day: --all removes it`;
}

function describeRun({ name, containers, networks, volumes }: FoundRun): string {
  const parts = [
    count(containers.length, 'container'),
    count(networks.length, 'network'),
    count(volumes.length, 'volume'),
  ].filter((part) => part !== '');
  return `run ${name} (${parts.join(', ')})`;
}

function count(number: number, noun: string): string {
  if (number === 0) return '';
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
