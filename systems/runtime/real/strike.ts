/**
 * The moment at which a node dies: when, and what of its disk dies with it.
 *
 *     await momentOfWork(runtime.files, 50, random);     // somewhere in the next write and its fsync
 *     const observed = await strike(runtime, true);      // dead from here on; what was not synced is lost
 *
 * A node that is killed at any moment is mostly killed in an idle one, in which nothing can go wrong.
 */
import type { Random } from '../../../harness/random.ts';
import type { RealFiles } from './real-files.ts';
import type { RealRuntime } from './real-runtime.ts';

/** A write, its fsync and the messages that go with them take about so long. */
const WORK_MS = 2;

/** Resolves a little after the node next begins to write or sync, or when it has not for so long. */
export async function momentOfWork(files: RealFiles, waitMs: number, random: Random): Promise<void> {
  if (!files.isWriting) {
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, waitMs);
      files.onWork = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
    files.onWork = null;
  }
  // More often soon than late: a fast disk is done in a tenth of the time.
  const until = performance.now() + WORK_MS * random.float() * random.float();
  // Not timers, which know whole milliseconds only; and at least one turn, so that it is over what the program does just now.
  do await new Promise((resolve) => setImmediate(resolve));
  while (performance.now() < until);
}

/**
 * The program is dead when this returns its promise.
 *
 * @throws Error when its disk cannot lose what was not synced
 */
export async function strike(
  runtime: RealRuntime,
  loseUnsynced: boolean,
): Promise<Readonly<Record<string, number>>> {
  runtime.freeze();
  return loseUnsynced ? { ...(await runtime.files.losePower()) } : {};
}
