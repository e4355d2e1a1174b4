/** What the nodes of a run logged, as far as it is short enough to be read. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { RunDirectory } from './run-directory.ts';

/** Of a longer log the end is read. */
const MAX_LOG_BYTES = 16 << 20;

/** By node; nodes without a log are left out. */
export function nodeLogs(directory: RunDirectory, nodes: readonly string[]): ReadonlyMap<string, string> {
  const logs = new Map<string, string>();
  for (const node of nodes) {
    const text = readEnd(directory.file(join('nodes', node, 'node.log')));
    if (text !== null && text !== '') logs.set(node, text);
  }
  return logs;
}

function readEnd(path: string): string | null {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, MAX_LOG_BYTES));
    const length = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString('utf8', 0, length);
    return length < size ? text.slice(text.indexOf('\n') + 1) : text;
  } catch {
    // A report without its logs says the same of the run.
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
