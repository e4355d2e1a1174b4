/**
 * Lines of a server's log, as Kafka's: time, level, message.
 *
 *     logLine(new Date(), 'info', 'became leader')     // '[2026-11-28 08:10:00,123] INFO became leader'
 *     fromRuntime('3.250000000 info  became leader')    // { level: 'info', message: 'became leader' }
 */
import type { LogLevel } from '../../runtime/runtime.ts';

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** Local time, as operators read it beside other logs. */
export function logLine(time: Date, level: LogLevel, message: string): string {
  const date = `${time.getFullYear()}-${pad(time.getMonth() + 1, 2)}-${pad(time.getDate(), 2)}`;
  const clock = `${pad(time.getHours(), 2)}:${pad(time.getMinutes(), 2)}:${pad(time.getSeconds(), 2)}`;
  return `[${date} ${clock},${pad(time.getMilliseconds(), 3)}] ${level.toUpperCase()} ${message}`;
}

/** What a runtime's line (`log-line.ts`) says; its time is that of the node's own clock. */
export function fromRuntime(line: string): { readonly level: LogLevel; readonly message: string } {
  const match = /^\d+\.\d+ (debug|info|warn|error) +([^]*)$/.exec(line);
  if (match === null) return { level: 'info', message: line };
  return { level: match[1] as LogLevel, message: match[2] as string };
}
