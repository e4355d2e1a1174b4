/** What a user typed behind options: whole numbers in a range, key=value, one of several; refused with the option's name. */
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

/** The one option of several that says what a command shall do. @throws HarnessError `usage` for none and for two */
export function chosenAction<A extends string>(
  command: string,
  actions: readonly A[],
  options: Readonly<Partial<Record<A, boolean>>>,
): A {
  const chosen = actions.filter((action) => options[action] === true);
  const [action] = chosen;
  if (action !== undefined && chosen.length === 1) return action;
  const names = actions.map((each) => `--${each.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  throw usageError(`${command} takes exactly one of ${names.join(', ')}`);
}

/** Of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];
