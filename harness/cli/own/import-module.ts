/**
 * Imports a module of the user's, and says in one line why it could not:
 *
 *     await importModule('shake/kv-system.ts')
 *     // throws  shake/kv-system.ts does not exist
 *     // throws  cannot load shake/kv-system.ts: Expression expected (shake/kv-system.ts:12)
 *
 * `import … from 'shaketable'` in such a module means the shaketable that runs, from wherever it was started: a checkout,
 * a global installation, npx. So there are never two copies of it.
 */
import { statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HarnessError } from '../../errors.ts';
import { API_PATH } from '../registries.ts';
import { explainImport } from './explain-import.ts';
import { shortPath } from './short-path.ts';

export type Exports = Readonly<Record<string, unknown>>;

/** Files that were imported since the hooks were there, in order: those of the user's, among others. */
const imported = new Set<string>();

let hasHooks = false;

function addHooks(): void {
  if (hasHooks) return;
  hasHooks = true;
  const api = pathToFileURL(API_PATH).href;
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      if (specifier === 'shaketable') return { url: api, shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      if (!resolved.url.startsWith('file:')) return resolved;
      imported.add(fileURLToPath(resolved.url));
      // A folder without package.json, or without "type" in it, is no reason for a warning.
      const isTypeless = (resolved.format ?? null) === null && /\.ts$/.test(resolved.url);
      return isTypeless ? { ...resolved, format: 'module-typescript' } : resolved;
    },
  });
}

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
  addHooks();
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
  const candidates = [...imported].filter((path) => path !== first && !path.includes('node_modules'));
  for (const modulePath of [first, ...candidates.reverse()]) {
    // Evaluated already: this only asks for what it exports.
    const exports = (await import(pathToFileURL(modulePath).href)) as Exports;
    const found = Object.entries(exports).find(([, value]) => value === definition);
    if (found !== undefined) return { modulePath, exportName: found[0] };
  }
  return undefined;
}
