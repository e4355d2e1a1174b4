/**
 * The node's end of the control channel (`control.ts` has the words): whole lines, written at once, whatever else goes on.
 *
 *     const write = openControlPipe(() => process.exit(70));
 *     write({ kind: 'log', line: 'hello' });      // it has left this process when this returns
 *
 * Standard output belongs to the channel from here on: what the program prints goes to standard error, and cannot break a line.
 */
import { writeSync } from 'node:fs';
import { RECORD_SEPARATOR, type NodeEvent } from './control.ts';

const STANDARD_OUTPUT = 1;
/** Whoever reads nothing for so long does not read any more. */
const FULL_PIPE_TIMEOUT_MS = 10_000;
const FULL_PIPE_RETRY_MS = 1;

/** @param onBroken - nobody reads any more */
export function openControlPipe(onBroken: () => never): (event: NodeEvent) => void {
  Object.defineProperty(process, 'stdout', { configurable: true, get: () => process.stderr });
  return (event) => {
    const line = Buffer.from(`${RECORD_SEPARATOR}${JSON.stringify(event)}\n`);
    const deadline = performance.now() + FULL_PIPE_TIMEOUT_MS;
    for (let done = 0; done < line.length;) {
      try {
        done += writeSync(STANDARD_OUTPUT, line, done);
      } catch (error) {
        // The pipe is full: the harness is busy.
        const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
        if (!isFull || performance.now() > deadline) onBroken();
        standStill(FULL_PIPE_RETRY_MS);
      }
    }
  };
}

/** Blocks this thread. */
export function standStill(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
