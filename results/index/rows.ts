/** Run records as rows of the table `runs`, and back. Lists are JSON, so that a name with a comma stays one name. */
import type { SQLInputValue } from 'node:sqlite';
import type { Failure, Outcome, RunRecord } from './run-record.ts';

/** Each column beside the stamp, and the field that it holds. */
const FIELDS = {
  path: 'path',
  outcome: 'outcome',
  system: 'system',
  workload: 'workload',
  cluster: 'cluster',
  nemeses: 'nemeses',
  bugs: 'bugs',
  seed: 'seed',
  started_at: 'startedAt',
  revision: 'revision',
  command: 'command',
  operations: 'operations',
  ok: 'ok',
  fail: 'fail',
  info: 'info',
  sentence: 'sentence',
  answered_share: 'answeredShare',
  fault_answered_share: 'faultAnsweredShare',
  p50_ms: 'p50Ms',
  p99_ms: 'p99Ms',
  max_ms: 'maxMs',
  gap_ms: 'gapMs',
  duration_s: 'durationS',
} as const satisfies Record<string, Exclude<keyof RunRecord, 'failures'>>;

export type Row = Readonly<
  Record<Exclude<keyof typeof FIELDS, 'path' | 'outcome'>, string | number | null> & {
    path: string;
    outcome: Outcome;
    nemeses: string;
    bugs: string;
  }
>;

export const COLUMNS = Object.keys(FIELDS) as readonly (keyof typeof FIELDS)[];

/** In the order of {@link COLUMNS}. */
export function valuesOf(record: RunRecord): readonly SQLInputValue[] {
  return COLUMNS.map((column) => {
    const value = record[FIELDS[column]];
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  });
}

export function recordOf(row: Row, failures: readonly Failure[]): RunRecord {
  const fields = COLUMNS.map((column) => [
    FIELDS[column],
    column === 'nemeses' || column === 'bugs' ? (JSON.parse(row[column]) as string[]) : row[column],
  ]);
  return { ...(Object.fromEntries(fields) as Omit<RunRecord, 'failures'>), failures };
}
