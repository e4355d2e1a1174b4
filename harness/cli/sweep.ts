/** `shaketable sweep`: runs a matrix of tests and seeds on all cores, and sums it up for people and for CI. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { timeInName } from '../../results/run-directory.ts';
import { EXIT, HarnessError } from '../errors.ts';
import type { SweepHeader } from '../sweep/ledger.ts';
import { outcomeOf, type SweepOutcome } from '../sweep/outcome.ts';
import { planJsonSchema } from '../sweep/plan-schema.ts';
import { Schedule, type Shard } from '../sweep/schedule.ts';
import { counted } from '../sweep/summaries.ts';
import type { CommandContext } from './command-context.ts';
import { interruptOnSignal } from './interrupt.ts';
import { parseNumber } from './numbers.ts';
import type { ScreenOutput } from './output.ts';
import { SweepFolder } from './sweep-folder.ts';
import { headerOfPlan, requireCells } from './sweep-header.ts';
import { SweepLive } from './sweep-live.ts';
import { SweepPool } from './sweep-pool.ts';
import { sumUp } from './sweep-summary.ts';
import { noteChanges, recordedCode } from './version.ts';

/** Of a table in which only the clock goes on. */
const REDRAW_INTERVAL_MS = 1000;

interface Options {
  readonly resume?: string;
  readonly results: string;
  readonly workers: string;
  readonly shard?: string;
  readonly dryRun?: boolean;
  readonly schema?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  shaketable sweep nightly.yaml
  shaketable sweep nightly.yaml --dry-run       the cells, and nothing else
  shaketable sweep nightly.yaml --shard 2/4     a fourth of the seeds, for one of four machines
  shaketable sweep --schema                     the JSON Schema of plans, for editors
  shaketable sweep --resume results/sweeps/nightly-20261128T031500Z

A plan, whole (lists multiply; keys are the long options of \`shaketable run\`):
  name: nightly
  defaults: { seeds: 20, time-limit: 20 }
  matrix:
    - system: raft
      workload: [register, append]
      nemesis: [none, 'partition,kill,pause']
    - system: raft
      workload: register
      nemesis: 'partition,kill'
      nemesis-interval: 1
      bug: ack-before-commit
      expect: invalid

Ctrl-C lets the runs that have begun end. --resume runs what is left, and of what is done only
that again at which the harness or the machine failed.
docs/sweep.md has all keys of a plan.
Exit codes: 0 all as expected, 1 a failure, 2 unknown or unfinished, 64 usage error, 70 the
harness itself failed.`;

export function addSweepCommand(program: Command, context: CommandContext): void {
  program
    .command('sweep')
    .description('run a matrix of tests and seeds on all cores: nightly CI')
    .argument('[plan]', 'a YAML file; see below')
    .option('--resume <folder>', 'go on with a sweep that was interrupted or killed')
    .addOption(
      new Option('--results <folder>', 'where the folder of the sweep goes').default(
        'results/sweeps',
        'results/sweeps',
      ),
    )
    .addOption(
      new Option('--workers <count>', 'processes for simulated runs').default(
        String(availableParallelism()),
        'the cores of the machine',
      ),
    )
    .option('--shard <i/n>', 'only part i of n, from 1/n on; `shaketable merge` joins them')
    .option('--dry-run', 'print the cells and run nothing')
    .option('--schema', 'print the JSON Schema of plans, for editors')
    .option('--json', 'the summary for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (plan: string | undefined, options: Options) => {
      if (options.schema === true) context.output.print(planJsonSchema().trimEnd());
      else context.finish(await sweep(plan, options, context.output));
    });
}

async function sweep(planFile: string | undefined, options: Options, output: ScreenOutput): Promise<number> {
  const workers = parseNumber('--workers', options.workers, { integer: true, min: 1, max: 256 });
  if ((planFile === undefined) === (options.resume === undefined))
    throw new HarnessError('usage', 'name a plan, or a folder with --resume');
  if (options.resume !== undefined && options.shard !== undefined)
    throw new HarnessError('usage', '--shard: a sweep that is resumed keeps its own');
  if (options.resume !== undefined && options.dryRun === true)
    throw new HarnessError(
      'usage',
      '--dry-run: prints the cells of a plan, and not of a sweep that is resumed',
    );
  let folder: SweepFolder;
  if (planFile === undefined) {
    folder = SweepFolder.resume(options.resume as string);
    noteOtherCode(folder.ledger.header, output);
    await requireCells(folder.ledger.header.cells);
  } else {
    const shard = options.shard === undefined ? null : shardOf(options.shard);
    const header = await headerOfPlan(planFile, shard);
    if (options.dryRun === true) {
      for (const { key, seeds } of header.cells)
        output.print(`${key}  seeds ${seeds.first}-${seeds.last ?? '…'}`);
      return EXIT.valid;
    }
    folder = SweepFolder.create(
      join(options.results, `${header.name}-${timeInName(new Date(header.startedAt))}`),
      header,
    );
  }
  const outcome = await runAll(folder, workers, output);
  folder.close();
  const exitCode = sumUp(folder, outcome, output, options.json === true);
  if (outcome.state === 'unfinished' || outcome.state === 'error')
    output.note(`go on: npx shaketable sweep --resume ${folder.path}`);
  return exitCode;
}

/** Its records are then not all of one code. */
function noteOtherCode(header: SweepHeader, output: ScreenOutput): void {
  const [before, now] = [header, recordedCode()].map(
    ({ shaketableVersion: version, gitRevision: revision }) =>
      revision === null ? version : `${version} at ${revision}`,
  ) as [string, string];
  if (before !== now) output.note(`begun by Shaketable ${before}, and gone on with by ${now}`);
  else noteChanges(header.gitRevision, output);
}

/** @throws HarnessError `usage` */
function shardOf(text: string): Shard {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (!(shard.index >= 1 && shard.index <= shard.count))
    throw new HarnessError('usage', `--shard ${text}: wants I/N, from 1/N to N/N`);
  return shard;
}

async function runAll(folder: SweepFolder, workers: number, output: ScreenOutput): Promise<SweepOutcome> {
  const { header, records } = folder.ledger;
  const { shard, cells, name, keep } = header;
  const schedule = new Schedule(cells, { shard, records });
  const pool = new SweepPool(workers);
  const interrupt = interruptOnSignal(output, 'runs that have begun are let end');
  output.note(`${name}: ${counted(cells.length, 'cell')}, ${counted(workers, 'worker')}, ${folder.path}`);
  const live = new SweepLive(output, header);
  const show = (isDue: boolean): void => live.show(folder.records, (cell) => schedule.stateOf(cell), isDue);
  const clock = setInterval(() => show(true), REDRAW_INTERVAL_MS);
  let running = 0;
  await new Promise<void>((resolve, reject) => {
    const fill = (): void => {
      while (running < workers && !interrupt.requested) {
        const job = schedule.next();
        if (job === null) break;
        running++;
        pool
          .run({ ...job, folder: folder.path, keep })
          .then((record) => {
            running--;
            folder.record(record);
            schedule.finished(record);
            show(false);
            fill();
          })
          .catch(reject);
      }
      if (running === 0) resolve();
    };
    fill();
    show(true);
  }).finally(() => {
    clearInterval(clock);
    pool.end();
  });
  interrupt.letSignalsEnd();
  const outcome = outcomeOf(header, folder.records, schedule.isFinished());
  live.end(outcome);
  return outcome;
}
