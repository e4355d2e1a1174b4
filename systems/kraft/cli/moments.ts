/**
 * Moments as users write them: a date with a time, or how long ago.
 *
 *     momentOf('2026-01-31T12:00:00.000', '--to-datetime')   // milliseconds since 1970; without a zone it is UTC
 *     durationOf('P1DT2H', '--by-duration')                  // 93_600_000
 */
import { usageError } from './exit-codes.ts';

const DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?)(Z|[+-]\d\d(?::?\d\d)?)?$/;
const DURATION =
  /^([+-]?)P(?=[+-]?\d|T)(?:([+-]?\d+)D)?(?:T(?=[+-]?\d)(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:[.,]\d{0,9})?)S)?)?$/i;
const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000];

/** @throws HarnessError `usage` */
export function momentOf(text: string, option: string): number {
  const [, local = '', zone = 'Z'] = DATE.exec(text) ?? [];
  const asUtc = Date.parse(`${local}Z`);
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const aheadMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  // A day that a month does not have would be one of the next month.
  if (Number.isNaN(asUtc) || !new Date(asUtc).toISOString().startsWith(local.slice(0, 10)))
    throw usageError(
      `${option} is a date like 2026-01-31T12:00:00.000, with or without a zone, not "${text}"`,
    );
  return asUtc - aheadMs;
}

/** In milliseconds. @throws HarnessError `usage` */
export function durationOf(text: string, option: string): number {
  const match = DURATION.exec(text);
  if (match === null)
    throw usageError(
      `${option} is a duration like P1DT2H30M (days, hours, minutes, S seconds), not "${text}"`,
    );
  const [, sign, ...parts] = match;
  const ms = parts.reduce(
    (sum, part = '0', i) => sum + Number(part.replace(',', '.')) * (UNITS_MS[i] as number),
    0,
  );
  return Math.round(sign === '-' ? -ms : ms);
}
