/**
 * The user's own modules of a saved run, loaded again: to judge it, to replay it, to report on it.
 *
 *     await loadModulesOf(test, 'results/runs/kv-register/20261121T205103Z-7')
 *     // ['shake/kv-system.ts'] is gone; the others are known
 *
 * Their paths are relative to where the run was started. That is looked for here, and above the run directory.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { TestDefinition } from '../../run/test-definition.ts';
import { loadConfig } from './config-file.ts';

/** @returns the files that are gone */
export async function loadModulesOf(test: TestDefinition, runPath: string): Promise<readonly string[]> {
  const { configFile, systemModule, workloadModule, nemesisModules = [] } = test;
  const gone: string[] = [];
  const find = async (path: string | undefined, load: (found: string) => Promise<unknown>): Promise<void> => {
    if (path === undefined) return;
    const found = locate(path, runPath);
    if (found === null) gone.push(path);
    else await load(found);
  };
  await find(configFile, loadConfig);
  for (const [kind, path] of [
    ['system', systemModule],
    ['workload', workloadModule],
    ...nemesisModules.map((nemesis) => ['nemesis', nemesis] as const),
  ] as const) {
    await find(path, async (found) => {
      const { loadDefinition } = await import('./definitions.ts');
      await loadDefinition(kind, found);
    });
  }
  return gone;
}

function locate(path: string, runPath: string): string | null {
  const here = resolve(path);
  if (existsSync(here)) return here;
  for (let folder = dirname(resolve(runPath)); folder !== dirname(folder); folder = dirname(folder)) {
    const there = join(folder, path);
    if (existsSync(there)) return there;
  }
  return null;
}
