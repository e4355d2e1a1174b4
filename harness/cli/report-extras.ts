/** What a report shows of a run directory beside its record: the logs of its nodes, and the run before it. */
import { nodeLogs } from '../../results/node-logs.ts';
import { previousRun } from '../../results/previous-run.ts';
import type { ReportInput } from '../../results/report/collect-data.ts';
import type { RunDirectory } from '../../results/run-directory.ts';
import type { TestDefinition } from '../run/test-definition.ts';

export function reportExtras(
  directory: RunDirectory,
  test: TestDefinition,
): Required<Pick<ReportInput, 'logs' | 'previous'>> {
  return { logs: nodeLogs(directory, test.nodes), previous: previousRun(directory, test) };
}
