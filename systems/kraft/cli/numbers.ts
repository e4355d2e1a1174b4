/** Numbers that a user typed: whole, in a range, and refused with the option's name. */
import { usageError } from './exit-codes.ts';

const INT_MAX = 2 ** 31 - 1;

/** @throws HarnessError `usage` */
export function wholeNumber(text: string, option: string, min = 0, max = INT_MAX): number {
  const value = Number(text);
  if (!/^-?\d{1,16}$/.test(text) || value < min || value > max) {
    const range = max === INT_MAX ? `from ${min} on` : `from ${min} to ${max}`;
    throw usageError(`${option} is a whole number ${range}, not "${text}"`);
  }
  return value;
}

/** `key=value` each; a value may have = in it. @throws HarnessError `usage` */
export function keyValues(pairs: readonly string[], option: string): Map<string, string> {
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw usageError(`${option} takes key=value; "${pair}" is none`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

/** Of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];
