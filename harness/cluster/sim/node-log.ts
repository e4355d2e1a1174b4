/**
 * A node's log as lines, the way `nodes/<node>/log` has them:
 *
 *     3.250000000 info  became leader {"term":4}
 *
 * Holds the last lines only, so that a long run does not fill the memory; says how many are missing.
 */
import type { LogLevel } from '../../../systems/runtime/runtime.ts';
import { nsToS } from '../../units.ts';

const LINES_MAX = 20_000;

export class NodeLog {
  #lines: string[] = [];
  #dropped = 0;

  add(timeNs: number, level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): string {
    const rest = fields === undefined ? '' : ` ${JSON.stringify(fields, bigintAsText)}`;
    const line = `${nsToS(timeNs).toFixed(9)} ${level.padEnd(5)} ${message}${rest}`;
    this.#lines.push(line);
    if (this.#lines.length >= 2 * LINES_MAX) {
      this.#dropped += this.#lines.length - LINES_MAX;
      this.#lines = this.#lines.slice(-LINES_MAX);
    }
    return line;
  }

  get lines(): string[] {
    const dropped = this.#dropped + Math.max(0, this.#lines.length - LINES_MAX);
    const lines = this.#lines.slice(-LINES_MAX);
    return dropped === 0 ? lines : [`(${dropped} earlier lines were dropped)`, ...lines];
  }
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
