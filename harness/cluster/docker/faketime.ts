/**
 * Clocks of servers that others wrote, through libfaketime in their image: a library that is loaded before all others and answers
 * for the clock, by a file that it reads at each question.
 *
 *     faketimeText({ offsetMs: 1500, rate: 1 }, 0)       // +1.500000000 x1
 *
 * It reaches programs that ask libc. It does not reach those that ask the kernel themselves (Go), nor the monotonic clock, which
 * is left alone: waits of threads hang when it jumps. A program of several processes drifts exactly only in the first.
 */
import type { Observed } from '../cluster.ts';
import type { BackendClocks } from '../real/backend.ts';
import type { Sandbox } from './sandbox.ts';

/** Beside the data: the sandbox writes it, the node's container reads it. */
export const CLOCK_DIRECTORY = '/shaketable-clock';
const CLOCK_FILE = `${CLOCK_DIRECTORY}/offset`;

/** Of who has not read a file since: the kernel sets the time of access at the first read after a change. */
const UNREAD = '0';

interface ClockFault {
  /** In force at `sinceMs` of the harness's monotonic clock. */
  readonly offsetMs: number;
  readonly rate: number;
  readonly sinceMs: number;
}

export function faketimeEnvironment(library: string): Record<string, string> {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: CLOCK_FILE,
    FAKETIME_NO_CACHE: '1',
    // Its name until version 0.9.6, and since.
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/**
 * What libfaketime is to read. It lets a rate count from when the program started, not from now: what it adds for that time is
 * taken off.
 *
 * @param ageMs - since the program started
 */
export function faketimeText({ offsetMs, rate }: { offsetMs: number; rate: number }, ageMs: number): string {
  const seconds = (offsetMs - ageMs * (rate - 1)) / 1000;
  const offset = `${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(9)}`;
  // A rate of one is written, too: libfaketime keeps the last one that it read.
  return `${offset} x${rate}`;
}

export interface FaketimeNodes {
  sandboxOf(node: string): Sandbox;
  /** When its program started, by the harness's monotonic clock; null while it is down. */
  startMsOf(node: string): number | null;
}

export class FaketimeClocks implements BackendClocks {
  readonly #nodes: FaketimeNodes;
  readonly #faults = new Map<string, ClockFault>();
  /** Of settings before the one in force, by node. */
  readonly #reads = new Map<string, number>();

  constructor(nodes: FaketimeNodes) {
    this.#nodes = nodes;
  }

  async set(node: string, { offsetMs, rate }: { offsetMs: number; rate: number }): Promise<void> {
    const reads = this.#reads.get(node) ?? 0;
    const wasFaulty = this.#faults.has(node);
    this.#faults.set(node, { offsetMs, rate, sinceMs: performance.now() });
    const wasRead = await this.write(node);
    this.#reads.set(node, reads + (wasFaulty && wasRead ? 1 : 0));
  }

  /** `clockReads`: how many of the settings the program looked at, at least once each. 0: libfaketime does not reach it. */
  async reset(node: string): Promise<Observed> {
    if (!this.#faults.has(node)) return { clockReads: 0 };
    const reads = this.#reads.get(node) ?? 0;
    const clockSkewMs = Math.round(Math.abs(this.#offsetMs(node)));
    this.#faults.delete(node);
    this.#reads.delete(node);
    const wasRead = await this.write(node);
    return { clockReads: reads + (wasRead ? 1 : 0), clockSkewMs };
  }

  /**
   * Before each start, too: a rate counts from then.
   *
   * @returns whether anybody had read what stood there before
   */
  async write(node: string): Promise<boolean> {
    const rate = this.#faults.get(node)?.rate ?? 1;
    const startMs = this.#nodes.startMsOf(node);
    const ageMs = startMs === null ? 0 : performance.now() - startMs;
    const text = faketimeText({ offsetMs: this.#offsetMs(node), rate }, ageMs);
    const shell = await this.#nodes.sandboxOf(node).fileShell();
    const output = await shell.run(
      [
        `if [ -e ${CLOCK_FILE} ]; then stat -c %X ${CLOCK_FILE}; else echo ${UNREAD}; fi`,
        `printf '%s\\n' '${text}' > ${CLOCK_FILE}.new`,
        `touch -a -d @${UNREAD} ${CLOCK_FILE}.new`,
        // Moved into place: who reads finds the old text or the new one.
        `mv ${CLOCK_FILE}.new ${CLOCK_FILE}`,
      ].join('\n'),
    );
    return output !== UNREAD;
  }

  #offsetMs(node: string): number {
    const fault = this.#faults.get(node);
    if (fault === undefined) return 0;
    return fault.offsetMs + (performance.now() - fault.sinceMs) * (fault.rate - 1);
  }
}
