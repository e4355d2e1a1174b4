/**
 * The variants that the user typed: names that the system knows, and ones made on the spot.
 *
 *     variantsOf(kraft, ['isr', 'eager=acks=1,idempotence=false'])
 */
import type { System, Variant } from '../../systems/system.ts';
import { HarnessError } from '../errors.ts';
import { lookUp } from './names.ts';

/** @throws HarnessError `usage` or `unknown-name` */
export function variantsOf(system: System, typed: readonly string[]): readonly Variant[] {
  const known = new Map((system.variants ?? []).map((variant) => [variant.name, variant]));
  const variants = typed.map((text) =>
    text.includes('=') ? adHoc(text) : lookUp(`variant of ${system.name}`, known, text),
  );
  const twice = variants.find(({ name }, i) => variants.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined)
    throw new HarnessError('usage', `${twice.name} is named twice: compare it with another`);
  if (variants.length < 2) {
    throw new HarnessError('usage', `${typed.join()} alone: name at least two variants to compare`);
  }
  return variants;
}

/** Values are texts: what takes them knows their type. */
function adHoc(text: string): Variant {
  const equals = text.indexOf('=');
  const name = text.slice(0, equals);
  const settings = text.slice(equals + 1).split(',');
  if (!/^[a-z0-9][a-z0-9.-]*$/i.test(name) || settings.some((setting) => setting.indexOf('=') < 1)) {
    throw new HarnessError(
      'usage',
      `variant ${text}: wants NAME=OPTION=VALUE, or NAME=OPTION=VALUE,OPTION=VALUE`,
    );
  }
  const options = Object.fromEntries(
    settings.map((setting) => {
      const at = setting.indexOf('=');
      return [setting.slice(0, at), setting.slice(at + 1)];
    }),
  );
  return { name, description: settings.join(', '), options };
}
