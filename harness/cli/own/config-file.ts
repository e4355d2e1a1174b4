/**
 * The configuration of the user's project: `shaketable.config.ts`, in the working directory or above it, as far as
 * the project goes (up to a folder with package.json or .git).
 *
 *     await loadConfig()     // 'shaketable.config.ts'; its names are known from now on. null: there is none
 *
 * To look costs a few system calls; what loads it is imported only when there is something to load.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../../api/define-config.ts';
import { HarnessError } from '../../errors.ts';
import type { Kind } from '../registries.ts';
import { shortPath } from './short-path.ts';

const FILES = ['shaketable.config.ts', 'shaketable.config.js', 'shaketable.config.mjs'];
/** What only the top of a project has. */
const TOPS = ['package.json', '.git'];

/** The fields, and what is in them. */
const FIELDS: readonly (readonly [keyof Config, Kind])[] = [
  ['systems', 'system'],
  ['workloads', 'workload'],
  ['nemeses', 'nemesis'],
  ['checkers', 'checker'],
];

/** Absolute; null where there is none. */
export function findConfig(from: string = resolve('.')): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = FILES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
    if (TOPS.some((name) => existsSync(join(folder, name))) || dirname(folder) === folder) return null;
  }
}

/** Files whose names are known. */
const loaded = new Set<string>();

/** The configuration of the working directory, as a path from there; null where none was loaded. */
export function loadedConfig(): string | null {
  const path = findConfig();
  return path !== null && loaded.has(path) ? shortPath(path) : null;
}

/**
 * Makes the names of a configuration known, once.
 *
 * @param path - absolute; that of the working directory where absent
 * @throws HarnessError `usage` in one line that names the file
 */
export async function loadConfig(path: string | null = findConfig()): Promise<void> {
  if (path === null || loaded.has(path)) return;
  const { addDefinition, kindOf, loadDefinition } = await import('./definitions.ts');
  const { exporterOf, importModule } = await import('./import-module.ts');
  const { defineConfig } = await import('../../../api/define-config.ts');
  const shown = shortPath(path);
  const exported = (await importModule(path))['default'];
  const actual = kindOf(exported);
  if (typeof exported !== 'object' || exported === null || (actual !== null && actual !== 'config')) {
    throw new HarnessError(
      'usage',
      `${shown} must have a configuration as its default export: export default defineConfig({ systems: […] })`,
    );
  }
  try {
    const config = Object.isFrozen(exported) ? (exported as Config) : defineConfig(exported);
    for (const [field, kind] of FIELDS) {
      for (const entry of config[field] ?? []) {
        if (typeof entry === 'string') {
          await loadDefinition(kind, resolve(dirname(path), entry));
        } else {
          const source = await exporterOf(entry, path);
          addDefinition(kind, entry, source ?? { modulePath: path, exportName: 'default' });
        }
      }
    }
  } catch (error) {
    const { code, message } = HarnessError.from(error);
    throw new HarnessError(code, message.startsWith(shown) ? message : `${shown}: ${message}`, {
      cause: error,
    });
  }
  loaded.add(path);
}
