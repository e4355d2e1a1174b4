/** Reads the options of a checker, which come from the command line. */
import { HarnessError } from '../../errors.ts';
import type { CheckerSettings } from './entry.ts';

/** @throws HarnessError `usage` when it is none of the choices */
export function choice<T extends string>(
  options: CheckerSettings['options'],
  name: string,
  choices: readonly T[],
): T {
  const chosen = choices.find((known) => known === options[name]);
  if (chosen !== undefined) return chosen;
  throw new HarnessError('usage', `--option ${name}=${String(options[name])}: wants ${choices.join(' or ')}`);
}

/** Names separated by commas. */
export function names(options: CheckerSettings['options'], name: string): readonly string[] {
  return String(options[name])
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
