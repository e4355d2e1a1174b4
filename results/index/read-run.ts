/** One run directory as a record of the index. */
import { join } from 'node:path';
import { HarnessError } from '../../harness/errors.ts';
import { summarizeRun } from '../saved-runs.ts';
import { figuresOf, NO_FIGURES } from './figures.ts';
import type { Outcome, RunRecord } from './run-record.ts';
import { statisticsOf } from '../run-statistics.ts';

/** Never throws: what cannot be read is told. @param isRunning - its history grew a moment ago */
export function readRunRecord(folder: string, path: string, isRunning: boolean): RunRecord {
  try {
    const { test, valid, signatures, counts, sentence, statistics } = summarizeRun(join(folder, path));
    const figures = statisticsOf(statistics);
    return {
      path,
      outcome: outcomeOf(valid, isRunning),
      system: test.system,
      workload: test.workload,
      cluster: test.cluster,
      nemeses: test.nemeses,
      bugs: test.bugs,
      seed: test.seed,
      startedAt: test.startedAt,
      revision: test.gitRevision,
      command: test.commandLine,
      operations: counts === null ? null : counts.ok + counts.fail + counts.info,
      ok: counts?.ok ?? null,
      fail: counts?.fail ?? null,
      info: counts?.info ?? null,
      sentence,
      failures: signatures,
      ...(figures === null ? NO_FIGURES : figuresOf(figures)),
    };
  } catch (error) {
    return unreadableRecord(path, error);
  }
}

/** @param error - why it cannot be read, or kept */
export function unreadableRecord(path: string, error: unknown): RunRecord {
  return { ...UNREADABLE, path, sentence: HarnessError.from(error).message };
}

function outcomeOf(valid: boolean | 'unknown' | null, isRunning: boolean): Outcome {
  if (valid === null) return isRunning ? 'running' : 'cut off';
  return valid === 'unknown' ? 'unknown' : valid ? 'valid' : 'invalid';
}

const UNREADABLE: Omit<RunRecord, 'path' | 'sentence'> = {
  outcome: 'unreadable',
  system: '',
  workload: '',
  cluster: '',
  nemeses: [],
  bugs: [],
  seed: null,
  startedAt: '',
  revision: null,
  command: '',
  operations: null,
  ok: null,
  fail: null,
  info: null,
  failures: [],
  ...NO_FIGURES,
};
