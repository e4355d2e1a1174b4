/** What the operating system says of a process: whether it stands still after a SIGSTOP. Linux and macOS. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `R`, `S`, `T` (stopped), `Z` (ended, not yet waited for), …; null when there is none. */
export async function processState(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // The name in parentheses may hold anything.
      return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    }
    const { stdout } = await run('ps', ['-o', 'state=', '-p', String(pid)]);
    return stdout.trim().slice(0, 1);
  } catch {
    return null;
  }
}
