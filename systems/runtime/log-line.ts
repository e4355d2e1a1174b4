/**
 * A line of a node's log, the same in every cluster: seconds of the node's time, level, message, fields.
 *
 *     3.250000000 info  became leader {"term":4}
 */
import { nsToS } from '../../harness/units.ts';
import type { LogLevel } from './runtime.ts';

/** From the least to the most important. */
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

export function formatLogLine(
  timeNs: number,
  level: LogLevel,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
): string {
  const rest = fields === undefined ? '' : ` ${JSON.stringify(fields, bigintAsText)}`;
  return `${nsToS(timeNs).toFixed(9)} ${level.padEnd(5)} ${message}${rest}`;
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
