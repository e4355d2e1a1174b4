/** A point in time, as the user typed it: a date, a time, or how long ago. */
import { HarnessError } from '../errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { m: 60e3, h: 3600e3, d: 86_400e3, w: 7 * 86_400e3 };
/** A day, or a time of it; without a zone it is UTC, as the names of run directories are. */
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Milliseconds since 1970 of `2026-11-27`, `2026-11-27T03:00`, `90m`, `24h`, `7d` or `2w` ago.
 *
 * @throws HarnessError `usage`
 */
export function parseSince(text: string, nowMs: number): number {
  const ago = /^(\d+(?:\.\d+)?)([mhdw])$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (UNIT_MS[ago[2] as string] as number);
  const hasZone = !text.includes('T') || /(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = DATE.test(text) ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new HarnessError(
    'usage',
    `--since ${text}: wants a date (2026-11-27), a time (2026-11-27T03:00, UTC), or how long ago (24h, 7d)`,
  );
}
