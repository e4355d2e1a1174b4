/** The test of a cell of a sweep, as `shaketable run` would make it. */
import { HarnessError } from '../errors.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import type { Cell } from '../sweep/cells.ts';
import { resolveNames } from './own/test-names.ts';
import { RUN_DEFAULTS, type RunOptions, testFromOptions } from './test-from-options.ts';

/** @throws HarnessError that names the cell, before anything is started */
export async function testOfCell(
  { key, system, workload, options }: Cell,
  seed: number,
): Promise<TestDefinition> {
  try {
    const given: Record<string, string | readonly string[]> = { ...RUN_DEFAULTS, seed: String(seed) };
    for (const [name, value] of options) {
      const field = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const before = given[field];
      given[field] = Array.isArray(before) ? [...(before as readonly string[]), value] : value;
    }
    const typed = given as unknown as RunOptions;
    const { modules, ...names } = await resolveNames({ system, workload, nemesis: typed.nemesis });
    const test = testFromOptions(
      names.system,
      names.workload,
      { ...typed, nemesis: names.nemesis },
      `shaketable run ${key} --seed ${seed}`,
    );
    return { ...test, ...modules };
  } catch (thrown) {
    const { code, message } = HarnessError.from(thrown);
    throw new HarnessError(code, `${key}: ${message}`, { cause: thrown });
  }
}
