/**
 * The run directories and sweeps below a folder, by their files alone: what changed since the last look is told by size and time of
 * modification, and nothing is read.
 *
 *     for (const found of walk('results')) found   // { kind: 'run', path: 'runs/raft-register/20261121T205103Z-7', stamp: '…' }
 *
 * Links are not followed, folders whose names begin with a dot are not looked into, nor is what a run holds.
 */
import { readdirSync, type Stats, statSync } from 'node:fs';
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

/** In the order of their paths. Folders that cannot be read, or vanish meanwhile, are passed over. */
export function* walk(folder: string, path = '', depth = 0): Generator<Found, void, undefined> {
  const directory = join(folder, path);
  // Most folders are runs, and of them the names of their files need not be known.
  const [test, verdict] = ['test.json', 'verdict.json'].map((name) => stampOf(join(directory, name)));
  if (test !== ABSENT) {
    const isRunning = verdict === ABSENT && isGrowing(directory);
    yield { kind: 'run', path, isRunning, stamp: [test, verdict, isRunning && 'running'].join(' ') };
    return;
  }
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return;
  }
  if (entries.some(({ name }) => name === 'sweep.jsonl')) {
    const stamps = ['sweep.jsonl', 'summary.json'].map((name) => stampOf(join(directory, name)));
    yield { kind: 'sweep', path, isRunning: false, stamp: stamps.join(' ') };
  }
  if (depth === DEPTH_MAX) return;
  const inside = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !FOREIGN.has(entry.name))
    .map(({ name }) => name)
    .sort();
  for (const name of inside) yield* walk(folder, path === '' ? name : `${path}/${name}`, depth + 1);
}

function isGrowing(run: string): boolean {
  const history = statsOf(join(run, 'history.jsonl'));
  return history !== undefined && Date.now() - history.mtimeMs < SILENT_MS;
}

/** Of a file that is not there, or may not be looked at. */
const ABSENT = '-';

function stampOf(file: string): string {
  const found = statsOf(file);
  return found?.isFile() === true ? `${found.size}@${found.mtimeMs}` : ABSENT;
}

/** Not there, too: in a folder that may not be entered, or a link that leads round in a circle. */
function statsOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
