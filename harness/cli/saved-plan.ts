/** What a saved run needs to be performed again from its plan: by `replay`, `shrink` and `promote`. */
import type { RunDirectory } from '../../results/run-directory.ts';
import { HarnessError } from '../errors.ts';
import { parsePlan, type Plan } from '../run/plan.ts';
import { requireNames } from './registries.ts';
import { about, type SavedRun } from './saved-run.ts';

/**
 * Refuses runs that cannot be performed again here.
 *
 * @param does - what is asked of it: `replay`
 * @throws HarnessError `usage` or `unknown-name`
 */
export function requireReplayable({ test, goneModules, directory }: SavedRun, does: string): void {
  const { path } = directory;
  if (test.cluster !== 'sim') {
    throw new HarnessError('usage', `${path} ran on cluster ${test.cluster}: only simulated runs ${does}`);
  }
  if (goneModules.length > 0) {
    throw new HarnessError(
      'usage',
      `${path} was run with ${goneModules.join(', ')}, which ${goneModules.length === 1 ? 'is' : 'are'} gone: ${does} it where they are`,
    );
  }
  about(directory.file('test.json'), () => requireNames(test));
}

/** @throws HarnessError `usage` when the run was cut off before it had one */
export function readPlan(directory: RunDirectory, advice: string): Plan {
  if (!directory.has('plan.json')) {
    throw new HarnessError(
      'usage',
      `${directory.path} has no plan.json: the run was cut off before it was written; ${advice}`,
    );
  }
  return parsePlan(directory.read('plan.json').toString('utf8'), directory.file('plan.json'));
}
