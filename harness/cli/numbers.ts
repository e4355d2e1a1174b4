/** Numbers that the user typed. */
import { HarnessError } from '../errors.ts';

/** What checkers may take for one run, unless told otherwise. */
export const DEFAULT_CHECK_BUDGET_S = 600;
/** For their tables. */
export const DEFAULT_MEMORY_MIB = 1024;
export const MIB_BYTES = 1 << 20;

export interface NumberBounds {
  readonly integer?: boolean;
  readonly min?: number;
  /** The number must be more than this. */
  readonly above?: number;
  readonly max?: number;
}

/**
 * A number in decimal digits, within its bounds.
 *
 * @param name - as it was typed: `--seed`, `--option keys=`
 * @throws HarnessError `usage`: `--seed 1.5: wants a whole number of at least 0`
 */
export function parseNumber(name: string, text: string, bounds: NumberBounds = {}): number {
  const {
    integer = false,
    above,
    min = 0,
    max = integer ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE,
  } = bounds;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
  const isRight = integer ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isRight && value >= min && value <= max && (above === undefined || value > above)) return value;
  const kind = integer ? 'a whole number' : 'a number';
  const low = above !== undefined ? ` of more than ${above}` : min === -Infinity ? '' : ` of at least ${min}`;
  const high = bounds.max === undefined && !(integer && value > max) ? '' : ` and at most ${max}`;
  const typed = text.trim() === '' ? JSON.stringify(text) : text;
  throw new HarnessError(
    'usage',
    `${name}${name.endsWith('=') ? '' : ' '}${typed}: wants ${kind}${low}${high}`,
  );
}
