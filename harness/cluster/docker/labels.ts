/**
 * How what a run makes in Docker says whose it is: containers, networks and volumes carry the same labels, so that a run finds
 * its own, and `shaketable clean` finds what a dead run left.
 *
 *     shaketable.run=20261121T205103Z-7-3f9a1c   shaketable.node=n1   shaketable.pid=4711
 *     shaketable.host=laptop                     shaketable.pid-start=81273
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';

export const LABEL = {
  run: 'shaketable.run',
  node: 'shaketable.node',
  pid: 'shaketable.pid',
  host: 'shaketable.host',
  /** When the process of that id began, in the kernel's ticks: ids are used again. Empty where the kernel does not say. */
  pidStart: 'shaketable.pid-start',
} as const;

export type Labels = Readonly<Record<string, string>>;

export function runLabels(runName: string): Labels {
  return {
    [LABEL.run]: runName,
    [LABEL.pid]: String(process.pid),
    [LABEL.host]: hostname(),
    [LABEL.pidStart]: processStart(process.pid),
  };
}

export type Harness = 'running' | 'gone' | 'elsewhere';

/** Whether the harness that made what carries these labels is still there. */
export function harnessOf(labels: Labels): Harness {
  if (labels[LABEL.host] !== hostname()) return 'elsewhere';
  const pid = Number(labels[LABEL.pid]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return 'gone';
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // Somebody else's process, which may not be signalled, lives.
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return 'gone';
  }
  const start = labels[LABEL.pidStart] ?? '';
  return start === '' || start === processStart(pid) ? 'running' : 'gone';
}

/** Field 22 of proc(5)'s stat, counted behind the name, which may contain anything. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Docker's names take letters, digits, dots, dashes and underscores. */
export function nameOf(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(/[^a-zA-Z0-9_.-]/g, '-')).join('-');
}
