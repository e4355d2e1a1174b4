/** Every name that the command line knows. */
import { models } from '../../checkers/linearizability/index.ts';
import { nemeses } from '../../nemeses/index.ts';
import { raft } from '../../systems/raft/index.ts';
import type { System } from '../../systems/system.ts';
import { workloads } from '../../workloads/index.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { lookUp } from './names.ts';

export const systems: ReadonlyMap<string, System> = new Map([[raft.name, raft]]);

/** Throws HarnessError `unknown-name` for the first name of a test that nothing is called by. */
export function requireNames(test: Pick<TestDefinition, 'system' | 'workload' | 'nemeses' | 'bugs'>): void {
  const system = lookUp('system', systems, test.system);
  lookUp('workload', workloads, test.workload);
  for (const name of test.nemeses) lookUp('nemesis', nemeses, name);
  const bugs = new Map(system.bugs.map((bug) => [bug.name, bug]));
  for (const name of test.bugs) lookUp(`bug of ${system.name}`, bugs, name);
}

export { models, nemeses, workloads };
