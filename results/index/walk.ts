/**
 * The run directories and sweeps below a folder, by their files alone: what changed since the last look is told by size and time of
 * modification, and nothing is read.
 *
 *     for (const found of walk('results')) found   // { kind: 'run', path: 'runs/raft-register/20261121T205103Z-7', stamp: '…' }
 *
 * Links are not followed, folders whose names begin with a dot are not looked into, nor is what a run holds.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Deeper than any run of a sweep or a comparison. */
const DEPTH_MAX = 8;
const FOREIGN = new Set(['node_modules']);

export interface Found {
  readonly kind: 'run' | 'sweep';
  /** From the folder, with `/`. */
  readonly path: string;
  /** A run without a verdict, whose history grew a moment ago. */
  readonly isRunning: boolean;
  /** Another one where the files are others, or it runs no more. */
  readonly stamp: string;
}

/** A run without a verdict whose history has not grown for so long has ended. Its check may take longer: then it is back with its verdict. */
export const SILENT_MS = 60_000;

/** The files that say what a run or a sweep is. */
const FILES = { run: ['test.json', 'verdict.json'], sweep: ['sweep.jsonl', 'summary.json'] } as const;

/** In the order of their paths. Folders that cannot be read, or vanish meanwhile, are passed over. */
export function* walk(folder: string, path = '', depth = 0): Generator<Found, void, undefined> {
  let entries;
  try {
    entries = readdirSync(join(folder, path), { withFileTypes: true });
  } catch {
    return;
  }
  const names = new Set(entries.map(({ name }) => name));
  if (names.has('test.json')) {
    const run = join(folder, path);
    const isRunning = !names.has('verdict.json') && isGrowing(run);
    yield { kind: 'run', path, isRunning, stamp: `${stampOf(run, FILES.run)}${isRunning ? ' running' : ''}` };
    return;
  }
  if (names.has('sweep.jsonl')) {
    yield { kind: 'sweep', path, isRunning: false, stamp: stampOf(join(folder, path), FILES.sweep) };
  }
  if (depth === DEPTH_MAX) return;
  const inside = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !FOREIGN.has(entry.name))
    .map(({ name }) => name)
    .sort();
  for (const name of inside) yield* walk(folder, path === '' ? name : `${path}/${name}`, depth + 1);
}

function isGrowing(run: string): boolean {
  const history = statSync(join(run, 'history.jsonl'), { throwIfNoEntry: false });
  return history !== undefined && Date.now() - history.mtimeMs < SILENT_MS;
}

function stampOf(folder: string, files: readonly string[]): string {
  return files
    .map((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return found === undefined ? '-' : `${found.size}@${found.mtimeMs}`;
    })
    .join(' ');
}
