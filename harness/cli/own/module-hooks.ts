/**
 * How Node.js finds and reads a user's modules, where it would not by itself:
 *
 *     import { defineSystem } from 'shaketable'    // the shaketable that runs, wherever it is installed: never a second copy
 *     import { Raft } from './raft.js'             // raft.ts, as TypeScript's own resolution has it; './raft', too
 *     export enum Role { leader, follower }        // what cannot be stripped is translated (esbuild)
 *
 * A `.ts` file is a module also where package.json says nothing of it, or `"type": "commonjs"`, as long as it reads like one.
 * Our own files and those of packages are left to Node.js. The hooks are synchronous, and there once the first of a
 * user's modules is imported.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as Esbuild from 'esbuild';
import { API_PATH } from '../registries.ts';
import { packageRoot } from '../version.ts';

/** What a specifier may stand for, by its end. */
const ENDINGS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\.js$/, ['.ts', '.tsx']],
  [/\.mjs$/, ['.mts']],
  [/$/, ['.ts', '/index.ts', '.js', '/index.js']],
];

const TYPESCRIPT = /\.m?ts$/;
/** An import or export at the beginning of a line. */
const MODULE_SYNTAX = /^(import|export)[\s{*]/m;

/**
 * Types that are code as well, which cannot be stripped: enumerations, namespaces, parameter properties. What is taken for one
 * wrongly is translated for nothing; what is missed is told by Node.js.
 */
const CODE_IN_TYPES =
  /\b(enum|namespace)\s+\w+\s*\{|\bconstructor\s*\([^)]*\b(public|private|protected|readonly)\s|\bimport\s+\w+\s*=/;

/** Files that were imported since the hooks are there, in order: those of the user's, among others. */
const imported = new Set<string>();

export const importedFiles = (): readonly string[] => [...imported];

let hasHooks = false;

/** Idempotent. */
export function addModuleHooks(): void {
  if (hasHooks) return;
  hasHooks = true;
  const api = pathToFileURL(API_PATH).href;
  const ours = [`${pathToFileURL(packageRoot()).href}/node_modules/`];
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      if (specifier === 'shaketable') return { url: api, shortCircuit: true };
      let resolved;
      try {
        resolved = nextResolve(specifier, context);
      } catch (error) {
        const found = alternativeOf(specifier, context.parentURL);
        if (found === undefined) throw error;
        resolved = nextResolve(found, context);
      }
      if (!isOfUser(resolved.url, ours)) return resolved;
      const path = fileURLToPath(resolved.url);
      imported.add(path);
      if (!TYPESCRIPT.test(path)) return resolved;
      return { ...resolved, format: formatOf(path, resolved.format) };
    },
    load: (url, context, nextLoad) => {
      if (context.format !== 'module-typescript' || !isOfUser(url, ours)) return nextLoad(url, context);
      const path = fileURLToPath(url);
      const text = readFileSync(path, 'utf8');
      if (!CODE_IN_TYPES.test(text)) return nextLoad(url, context);
      const source = translate(text, path);
      return source === null ? nextLoad(url, context) : { format: 'module', source, shortCircuit: true };
    },
  });
}

const isOfUser = (url: string, ours: readonly string[]): boolean =>
  url.startsWith('file:') && !url.includes('/node_modules/') && !ours.some((start) => url.startsWith(start));

function alternativeOf(specifier: string, parentUrl: string | undefined): string | undefined {
  if (!/^\.{1,2}\//.test(specifier) || parentUrl === undefined) return undefined;
  for (const [ending, replacements] of ENDINGS) {
    if (!ending.test(specifier)) continue;
    for (const replacement of replacements) {
      const url = new URL(specifier.replace(ending, replacement), parentUrl);
      if (statSync(url, { throwIfNoEntry: false })?.isFile() === true) return url.href;
    }
  }
  return undefined;
}

function formatOf(path: string, format: string | null | undefined): string {
  if (format === null || format === undefined) return 'module-typescript';
  if (format === 'commonjs-typescript' && MODULE_SYNTAX.test(readFileSync(path, 'utf8'))) {
    return 'module-typescript';
  }
  return format;
}

/** Null where it has mistakes: Node.js says them better. */
function translate(text: string, path: string): string | null {
  const { transformSync } = createRequire(import.meta.url)('esbuild') as typeof Esbuild;
  // So that an error's stack has the lines of what the user wrote.
  process.setSourceMapsEnabled(true);
  try {
    return transformSync(text, {
      loader: 'ts',
      format: 'esm',
      target: 'node24',
      sourcefile: path,
      sourcemap: 'inline',
      logLevel: 'silent',
    }).code;
  } catch {
    return null;
  }
}
