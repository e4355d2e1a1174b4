/** Reads a workload's options, which come from the command line. */
import { HarnessError } from '../harness/errors.ts';
import type { WorkloadContext, WorkloadOption } from './workload.ts';

type Options = WorkloadContext['options'];

/** What every workload on rotating keys has. */
export function keyOptions(keys: number, operationsPerKey: number): readonly WorkloadOption[] {
  return [
    { name: 'keys', default: keys, meaning: 'keys in use at the same time' },
    {
      name: 'operationsPerKey',
      default: operationsPerKey,
      meaning: 'operations on a key before a fresh key takes its place',
    },
  ];
}

/** @throws HarnessError `usage` when it is no whole number of at least `min` */
export function integerOption(options: Options, name: string, min: number): number {
  const value = options[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
  throw new HarnessError(
    'usage',
    `--option ${name}=${String(value)}: wants a whole number of at least ${min}`,
  );
}

/** @throws HarnessError `usage` when it is no number in 0 … 1 */
export function shareOption(options: Options, name: string): number {
  const value = options[name];
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new HarnessError('usage', `--option ${name}=${String(value)}: wants a share between 0 and 1`);
}

/** @throws HarnessError `usage` when it is none of the choices */
export function choiceOption<T extends string>(options: Options, name: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === options[name]);
  if (choice !== undefined) return choice;
  throw new HarnessError('usage', `--option ${name}=${String(options[name])}: wants ${choices.join(' or ')}`);
}
