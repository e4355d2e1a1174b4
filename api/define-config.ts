/**
 * A project's own systems, workloads, nemeses and checkers, named once in its `shaketable.config.ts`:
 *
 *     import { defineConfig } from 'shaketable';
 *     import kv from './shake/kv-system.ts';
 *
 *     export default defineConfig({ systems: [kv], workloads: ['./shake/my-workload.ts'] });
 *
 * An entry is a definition or the path of a module that exports one, relative to the configuration. Names are then
 * known wherever the command takes names; checkers judge every run.
 */
import { z } from 'zod';
import type { Checker } from '../checkers/checker.ts';
import type { NemesisDefinition } from '../nemeses/nemesis.ts';
import type { System } from '../systems/system.ts';
import type { Workload } from '../workloads/workload.ts';
import { requireValid } from './definition-error.ts';

export interface Config {
  readonly systems?: readonly (System | string)[];
  readonly workloads?: readonly (Workload | string)[];
  readonly nemeses?: readonly (NemesisDefinition | string)[];
  /** Added to those of the workload in every run. */
  readonly checkers?: readonly (Checker | string)[];
}

const entrySchema = z.union(
  [z.string().min(1), z.custom<object>((value) => typeof value === 'object' && value !== null)],
  'must be a definition, or the path of a module that exports one',
);
const entriesSchema = z.array(entrySchema, 'must be a list of definitions or paths of modules').optional();

const configSchema = z.strictObject({
  systems: entriesSchema,
  workloads: entriesSchema,
  nemeses: entriesSchema,
  checkers: entriesSchema,
});

/** @throws HarnessError `usage` in one line that names the field */
export function defineConfig(config: Config): Config {
  requireValid('config', configSchema, config);
  return Object.freeze({ ...config });
}
