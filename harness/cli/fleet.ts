/**
 * `shaketable fleet`: a sweep on many machines. Jobs and records are in a Redis (BullMQ); what does the work is in fleet/, and is loaded
 * when it is needed: other commands start without it.
 */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import type { CommandContext } from './command-context.ts';
import type { CollectOptions } from './fleet/collect.ts';
import type { SubmitOptions } from './fleet/submit.ts';
import type { WorkerOptions } from './fleet/worker.ts';

const EXAMPLES = `
Examples:
  shaketable fleet worker --redis redis://build-1:6379     on each machine; as many as there are
  export REDIS_URL=redis://build-1:6379         instead of --redis
  shaketable fleet submit nightly.yaml          on any of them; prints the name of the sweep
  shaketable fleet status                       how far it is, and who works on it
  shaketable fleet collect --wait               its folder, as \`shaketable sweep\` makes it

docs/fleet.md has a walk-through with two machines.
Exit codes: 0 done; collect: as of the sweep, 2 while it is not finished; 64 usage error, 70 no
Redis, or the harness itself failed.`;

const SUBMIT_EXAMPLES = `
Examples:
  shaketable fleet submit nightly.yaml --redis redis://build-1:6379
  shaketable fleet submit nightly.yaml && shaketable fleet collect --wait

Only workers of the same release and git revision take its jobs. Two weeks after its last record
a sweep is forgotten.`;

const WORKER_EXAMPLES = `
Examples:
  shaketable fleet worker
  shaketable fleet worker --concurrency 16 --results /srv/sweeps
  shaketable fleet worker --real-time           also cells of the process and docker clusters

Ctrl-C lets the seeds in hand end; a second one stops at once, and loses nothing but those.
Without --results runs that are kept go through Redis, if they are no larger than --max-run-mib;
larger ones stay in results/sweeps here, and their records tell how to run them again.`;

const STATUS_EXAMPLES = `
Examples:
  shaketable fleet status
  shaketable fleet status nightly-20261128T031500Z --json
  shaketable fleet status --wait                watch it to its end, and collect it`;

const COLLECT_EXAMPLES = `
Examples:
  shaketable fleet collect
  shaketable fleet collect nightly-20261128T031500Z --wait
  shaketable fleet collect --results /srv/sweeps

It may be done again at any time, and brings what is new.
Exit codes: 0 all as expected, 1 a failure, 2 unknown or unfinished, 64 usage error, 70 no Redis, or
the harness itself failed.`;

const FORGET_EXAMPLES = `
Examples:
  shaketable fleet forget nightly-20261128T031500Z

Its jobs and records go; folders that were collected stay.`;

export function addFleetCommand(program: Command, { output, finish }: CommandContext): void {
  const fleet = program
    .command('fleet')
    .description('run a sweep on many machines, by a Redis')
    .addHelpText('after', EXAMPLES);
  const redis = (): Option => new Option('--redis <url>', 'redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]; REDIS_URL where absent'); // prettier-ignore
  const results = (): Option => new Option('--results <folder>', 'where the folder of the sweep goes').default('results/sweeps', 'results/sweeps'); // prettier-ignore

  fleet
    .command('submit')
    .description('make the seeds of a plan jobs for the workers')
    .argument('<plan>', 'a YAML file, as of sweep')
    .addOption(redis())
    .option('--range <seeds>', 'how many seeds one job has', '5')
    .addHelpText('after', SUBMIT_EXAMPLES)
    .action(async (plan: string, options: SubmitOptions) => {
      const { submit } = await import('./fleet/submit.ts');
      finish(await submit(plan, options, output));
    });

  fleet
    .command('worker')
    .description('run jobs until Ctrl-C')
    .addOption(redis())
    .addOption(
      new Option('--concurrency <count>', 'seeds at once').default(
        String(availableParallelism()),
        'the cores of the machine',
      ),
    )
    .option('--real-time', 'run cells in real time, too, one at a time')
    .option('--results <folder>', 'a folder that who collects sees, too: runs go there')
    .option('--max-run-mib <size>', 'the largest run that goes through Redis, as a zip file', '8')
    .option('--lost-after <seconds>', 'a worker that is silent so long is gone: others do its jobs', '30')
    .addHelpText('after', WORKER_EXAMPLES)
    .action(async (options: WorkerOptions) => {
      const { work } = await import('./fleet/worker.ts');
      finish(await work(options, output));
    });

  fleet
    .command('status')
    .description('how far a sweep is, and who works on it')
    .argument('[sweep]', 'the newest where absent')
    .addOption(redis())
    .option('--wait', 'watch it to its end, and collect it')
    .addOption(results())
    .option('--json', 'for machines, on standard output')
    .addHelpText('after', STATUS_EXAMPLES)
    .action(async (sweep: string | undefined, options: CollectOptions) => {
      if (options.wait === true) {
        const { collect } = await import('./fleet/collect.ts');
        finish(await collect(sweep, options, output));
        return;
      }
      const { status } = await import('./fleet/status.ts');
      finish(await status(sweep, options, output));
    });

  fleet
    .command('collect')
    .description('write the folder of a sweep: ledger, summaries, runs')
    .argument('[sweep]', 'the newest where absent')
    .addOption(redis())
    .option('--wait', 'until all of it is done')
    .addOption(results())
    .option('--json', 'the summary for machines, on standard output')
    .addHelpText('after', COLLECT_EXAMPLES)
    .action(async (sweep: string | undefined, options: CollectOptions) => {
      const { collect } = await import('./fleet/collect.ts');
      finish(await collect(sweep, options, output));
    });

  fleet
    .command('forget')
    .description('take a sweep out of the Redis: its jobs and its records')
    .argument('<sweep>')
    .addOption(redis())
    .addHelpText('after', FORGET_EXAMPLES)
    .action(async (sweep: string, options: { readonly redis?: string }) => {
      const { forget } = await import('./fleet/forget.ts');
      finish(await forget(sweep, options, output));
    });
}
