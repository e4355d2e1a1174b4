/** Settings that the user typed as `--option NAME=VALUE`. */
import { HarnessError } from '../errors.ts';
import { unknownName } from './names.ts';
import { parseNumber } from './numbers.ts';

/** Of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export type Scalar = number | boolean | string;

interface Settable {
  readonly options: readonly { readonly name: string; readonly default: Scalar }[];
}

export function defaultsOf({ options }: Settable): Record<string, Scalar> {
  return Object.fromEntries(options.map((option) => [option.name, option.default]));
}

/**
 * Each setting goes to every target that has an option of this name, in the type of its default: what clients are told to do
 * (`acks=1`) the workload has to know, too, since it says what may then be expected.
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
    const takers = targets.filter((options) => Object.hasOwn(options, name));
    if (takers.length === 0) throw unknownName('option', targets.flatMap(Object.keys), name);
    for (const target of takers) {
      target[name] = parseAs(target[name] as Scalar, name, setting.slice(equals + 1));
    }
  }
}

function parseAs(like: Scalar, name: string, text: string): Scalar {
  if (typeof like === 'string') return text;
  if (typeof like === 'number') return parseNumber(`--option ${name}=`, text, { min: -Infinity });
  if (text === 'true' || text === 'false') return text === 'true';
  throw new HarnessError('usage', `--option ${name}=${text}: wants true or false`);
}
