/**
 * A process of a sweep: it runs one seed after the other, as the pool tells it, and answers each with its line of the ledger. It ends with
 * the process that made it.
 */
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { RunDirectory } from '../../results/run-directory.ts';
import type { SeedRecord } from '../sweep/ledger.ts';
import type { Job } from '../sweep/schedule.ts';
import { HarnessError } from '../errors.ts';
import { type ExecutedRun, executeRun } from './execute-run.ts';
import type { SignalInterrupt } from './interrupt.ts';
import { DEFAULT_CHECK_BUDGET_S } from './numbers.ts';
import type { Output } from './output.ts';
import { loadConfig } from './own/config-file.ts';
import { againCommand } from './replay-command.ts';
import { testOfCell } from './sweep-tests.ts';

export interface WorkerJob extends Job {
  /** Of the sweep: runs go into `runs/` in it. */
  readonly folder: string;
  readonly keepsAll: boolean;
}

const SILENT: Output = {
  isTerminal: false,
  print: () => undefined,
  note: () => undefined,
  live: () => undefined,
};

/** Ctrl-C reaches every process of the terminal: the sweep decides what becomes of this one. */
const NEVER: SignalInterrupt = {
  requested: false,
  onRequest: () => () => false,
  settle: () => Promise.resolve(),
  letSignalsEnd: () => undefined,
  listen: () => undefined,
};

async function perform(job: WorkerJob): Promise<SeedRecord> {
  const { cell, seed } = job;
  const startedMs = performance.now();
  const record = (given: Partial<SeedRecord> & Pick<SeedRecord, 'outcome'>): SeedRecord => ({
    cell: cell.key,
    seed,
    why: null,
    anomaly: null,
    directory: null,
    again: null,
    operations: 0,
    tookMs: Math.round(performance.now() - startedMs),
    ...given,
  });
  try {
    return await runSeed(job, record);
  } catch (thrown) {
    const { message } = HarnessError.from(thrown);
    return record({ outcome: 'error', why: message, again: `npx shaketable run ${cell.key} --seed ${seed}` });
  }
}

async function runSeed(
  { cell, seed, folder, keepsAll }: WorkerJob,
  record: (given: Partial<SeedRecord> & Pick<SeedRecord, 'outcome'>) => SeedRecord,
): Promise<SeedRecord> {
  const test = await testOfCell(cell, seed);
  const directory = RunDirectory.create(join(folder, 'runs'), {
    ...test,
    startedAt: new Date(test.startedAt),
  });
  const run = await executeRun({
    test,
    directory,
    interrupt: NEVER,
    output: SILENT,
    checkBudgetMs: 1000 * (cell.checkBudgetS ?? DEFAULT_CHECK_BUDGET_S),
  });
  const outcome = run.valid === true ? 'valid' : run.valid === false ? 'invalid' : 'unknown';
  const isNews = cell.expect === 'invalid' ? outcome === 'invalid' : outcome !== 'valid';
  if (!keepsAll && !isNews) rmSync(directory.path, { recursive: true, force: true });
  const isKept = keepsAll || isNews;
  return record({
    outcome,
    ...findingOf(run),
    operations: run.history.length,
    directory: isKept ? relative(folder, directory.path) : null,
    again: isKept
      ? againCommand(run.test, directory.path).replayCommand
      : `npx shaketable run ${cell.key} --seed ${seed}`,
  });
}

function findingOf({ verdicts }: ExecutedRun): Pick<SeedRecord, 'why' | 'anomaly'> {
  for (const { checker, anomalies } of verdicts) {
    const [anomaly] = anomalies;
    if (anomaly !== undefined)
      return { why: `${anomaly.name}: ${anomaly.explanation}`, anomaly: `${checker}/${anomaly.name}` };
  }
  return { why: verdicts.find(({ valid }) => valid === 'unknown')?.reason ?? null, anomaly: null };
}

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(1));
await loadConfig();
process.on('message', (job: WorkerJob) => {
  void perform(job).then((record) => process.send?.(record));
});
process.send?.('ready');
