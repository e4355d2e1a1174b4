/**
 * From an address to a file of the results folder, and to nothing else: not by `..`, encoded or not, not by a link that leads out, not to
 * what lies beside the runs (a folder named by mistake may hold secrets).
 *
 *     segmentsOf('/files/raft-register/20261121T205103Z-7/test.json')   // ['files', 'raft-register', …]
 *     await resolveInside('/srv/results', ['raft-register', '…', 'test.json'])
 */
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What makes a folder one of ours, and what is in it may be seen: a file, and the format that it says at its beginning. */
const MARKS = Object.entries({
  'test.json': '"shaketable-test"',
  'sweep.jsonl': '"shaketable-sweep"',
  'comparison.json': '"shaketable-comparison"',
});
const BEGINNING_BYTES = 256;
/** Deeper than any run of a sweep or a comparison. */
const SEGMENTS_MAX = 32;

/** The decoded parts of an address's path; null where one of them is no name of a file. */
export function segmentsOf(pathname: string): readonly string[] | null {
  const parts = pathname.split('/').slice(1);
  if (parts.at(-1) === '') parts.pop();
  if (parts.length > SEGMENTS_MAX) return null;
  const names: string[] = [];
  for (const part of parts) {
    let name: string;
    try {
      name = decodeURIComponent(part);
    } catch {
      return null;
    }
    if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)) return null;
    names.push(name);
  }
  return names;
}

/**
 * @param root - the results folder, without links in it (`realpath`)
 * @returns the file's or folder's path without links in it; null where there is none, or none that may be seen
 */
export function resolveInside(root: string, names: readonly string[]): string | null {
  if (names.length === 0 || names.some((name) => name.startsWith('.'))) return null;
  let path: string;
  try {
    path = realpathSync(join(root, ...names));
  } catch {
    return null;
  }
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return null;
  return isOfRun(root, path) ? path : null;
}

function isOfRun(root: string, path: string): boolean {
  const names = path
    .slice(root.length)
    .split(sep)
    .filter((name) => name !== '');
  if (names.some((name) => name.startsWith('.'))) return false;
  return names.some((_, i) => isOurs(join(root, ...names.slice(0, i + 1))));
}

function isOurs(folder: string): boolean {
  return MARKS.some(([name, format]) => beginningOf(join(folder, name)).includes(format));
}

/** Empty where there is no such file. */
function beginningOf(file: string): string {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return '';
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(BEGINNING_BYTES);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}
