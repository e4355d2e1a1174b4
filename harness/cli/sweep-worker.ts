/**
 * A process of a sweep: it runs one seed after the other, as the pool tells it, and answers each with its line of the ledger. It ends with
 * the process that made it.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { RunDirectory } from '../../results/run-directory.ts';
import type { SeedRecord, SweepHeader } from '../sweep/ledger.ts';
import type { Job } from '../sweep/schedule.ts';
import { HarnessError } from '../errors.ts';
import { type ExecutedRun, executeRun } from './execute-run.ts';
import { DEFAULT_CHECK_BUDGET_S } from './numbers.ts';
import { againCommand } from './replay-command.ts';
import { testOfCell } from './sweep-tests.ts';
import { NEVER, SILENT } from './unattended.ts';
import { answerJobs } from './worker-processes.ts';

export interface WorkerJob extends Job {
  /** Of the sweep: runs go into `runs/` in it. */
  readonly folder: string;
  /** Which runs stay, and how much of those that are as expected. */
  readonly keep: SweepHeader['keep'];
}

/** What a run was, and what came of it: enough for statistics, and to do it again. */
const THIN_FILES = ['test.json', 'verdict.json'];

async function perform(job: WorkerJob): Promise<SeedRecord> {
  const { cell, seed } = job;
  const startedMs = performance.now();
  const record = (given: Partial<SeedRecord> & Pick<SeedRecord, 'outcome'>): SeedRecord => ({
    cell: cell.key,
    seed,
    why: null,
    anomaly: null,
    signatures: [],
    directory: null,
    isThin: false,
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
  { cell, seed, folder, keep }: WorkerJob,
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
  const isWhole = isNews || keep === 'all';
  if (!isWhole) thin(directory.path, keep === 'thin' ? THIN_FILES : []);
  return record({
    outcome,
    ...findingOf(run),
    signatures: run.signatures.map(({ signature }) => signature),
    operations: run.history.length,
    directory: isWhole || keep === 'thin' ? relative(folder, directory.path) : null,
    isThin: !isWhole && keep === 'thin',
    again: isWhole
      ? againCommand(run.test, directory.path).replayCommand
      : `npx shaketable run ${cell.key} --seed ${seed}`,
  });
}

/** Leaves these files of a run; nothing of it where there are none. */
function thin(path: string, files: readonly string[]): void {
  if (files.length === 0) {
    // First of all what makes it a run: who reads runs meanwhile sees none, and not the half of one.
    rmSync(join(path, 'test.json'), { force: true });
    rmSync(path, { recursive: true, force: true });
    return;
  }
  for (const name of readdirSync(path))
    if (!files.includes(name)) rmSync(join(path, name), { recursive: true, force: true });
}

function findingOf({ verdicts }: ExecutedRun): Pick<SeedRecord, 'why' | 'anomaly'> {
  for (const { checker, anomalies } of verdicts) {
    const [anomaly] = anomalies;
    if (anomaly !== undefined)
      return { why: `${anomaly.name}: ${anomaly.explanation}`, anomaly: `${checker}/${anomaly.name}` };
  }
  return { why: verdicts.find(({ valid }) => valid === 'unknown')?.reason ?? null, anomaly: null };
}

await answerJobs(perform);
