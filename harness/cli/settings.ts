/** Settings that the user typed as `--option NAME=VALUE`. */
import { HarnessError } from '../errors.ts';
import { unknownName } from './names.ts';
import { parseNumber } from './numbers.ts';

export type Scalar = number | boolean | string;

interface Settable {
  readonly options: readonly { readonly name: string; readonly default: Scalar }[];
}

export function defaultsOf({ options }: Settable): Record<string, Scalar> {
  return Object.fromEntries(options.map((option) => [option.name, option.default]));
}

/**
 * Each setting goes to the first target that has an option of this name, in the type of its default.
 *
 * @throws HarnessError `unknown-name` or `usage`
 */
export function assignSettings(
  settings: readonly string[],
  targets: readonly Record<string, Scalar>[],
): void {
  for (const setting of settings) {
    const equals = setting.indexOf('=');
    if (equals < 1) throw new HarnessError('usage', `--option ${setting}: wants NAME=VALUE`);
    const name = setting.slice(0, equals);
    const target = targets.find((options) => Object.hasOwn(options, name));
    if (target === undefined) throw unknownName('option', targets.flatMap(Object.keys), name);
    target[name] = parseAs(target[name] as Scalar, name, setting.slice(equals + 1));
  }
}

function parseAs(like: Scalar, name: string, text: string): Scalar {
  if (typeof like === 'string') return text;
  if (typeof like === 'number') return parseNumber(`--option ${name}=`, text, { min: -Infinity });
  if (text === 'true' || text === 'false') return text === 'true';
  throw new HarnessError('usage', `--option ${name}=${text}: wants true or false`);
}
