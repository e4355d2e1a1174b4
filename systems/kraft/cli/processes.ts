/**
 * Other processes of this machine, known by more than their number, which the system gives to others again.
 *
 *     const self = identify(process.pid);   // { pid: 4711, start: '183920' }
 *     isRunning(self);                      // true, and false for a later process 4711
 */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in the system's own count; null where the system does not say. */
  readonly start: string | null;
}

interface Stat {
  /** `Z`: dead, and nobody has asked how it ended. */
  readonly state: string;
  readonly start: string;
}

/** proc(5): the fields behind the name, which is in parentheses and may have any in it. */
const STATE = 0;
const START_TIME = 19;

function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, start] = [fields[STATE], fields[START_TIME]];
    return state === undefined || start === undefined ? null : { state, start };
  } catch {
    return null;
  }
}

export function identify(pid: number): ProcessIdentity {
  return { pid, start: statOf(pid)?.start ?? null };
}

export function isRunning({ pid, start }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's is there, too.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = statOf(pid);
  if (stat === null) return true;
  return stat.state !== 'Z' && (start === null || stat.start === start);
}
