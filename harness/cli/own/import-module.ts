/**
 * Imports a module of the user's, and says in one line why it could not:
 *
 *     await importModule('shake/kv-system.ts')
 *     // throws  shake/kv-system.ts does not exist
 *     // throws  cannot load shake/kv-system.ts: Expression expected (shake/kv-system.ts:12)
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HarnessError } from '../../errors.ts';
import { explainImport } from './explain-import.ts';
import { addModuleHooks, importedFiles } from './module-hooks.ts';
import { shortPath } from './short-path.ts';

export type Exports = Readonly<Record<string, unknown>>;

/**
 * @param path - relative to the working directory, or absolute
 * @throws HarnessError `usage` in one line that names the file
 */
export async function importModule(path: string): Promise<Exports> {
  const absolute = resolve(path);
  const shown = shortPath(absolute);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats === undefined) throw new HarnessError('usage', `${shown} does not exist`);
  if (!stats.isFile()) throw new HarnessError('usage', `${shown} is no module: it must be a file`);
  addModuleHooks();
  try {
    return (await import(pathToFileURL(absolute).href)) as Exports;
  } catch (error) {
    const why = await explainImport(error, absolute);
    throw new HarnessError('usage', `cannot load ${shown}: ${why}`, { cause: error });
  }
}

/** The module that exports this very object, of those that were imported; the given one if it does. */
export async function exporterOf(
  definition: object,
  first: string,
): Promise<{ readonly modulePath: string; readonly exportName: string } | undefined> {
  const candidates = importedFiles().filter((path) => path !== first);
  for (const modulePath of [first, ...candidates]) {
    // Evaluated already: this only asks for what it exports.
    const exports = (await import(pathToFileURL(modulePath).href)) as Exports;
    const found = Object.entries(exports).find(([, value]) => value === definition);
    if (found !== undefined) return { modulePath, exportName: found[0] };
  }
  return undefined;
}
