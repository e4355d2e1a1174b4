/**
 * What a user's own workload is: what clients do, and who judges it.
 *
 *     export default defineWorkload({
 *       name: 'one-register',
 *       functions: ['read', 'write'],
 *       prepare: ({ rate }) => ({
 *         generator: stagger(1 / rate, mix({ f: 'read', key: 'x' }, (_, count) => ({ f: 'write', key: 'x', value: count }))),
 *         checkers: [linearizability({ model: register })],
 *       }),
 *     });
 */
import { z } from 'zod';
import type { Checker } from '../checkers/checker.ts';
import { type GeneratorLike, generatorOf } from '../harness/generator/index.ts';
import type { PreparedWorkload, Workload, WorkloadContext, WorkloadOption } from '../workloads/workload.ts';
import {
  functionSchema,
  nameSchema,
  namesSchema,
  optionsSchema,
  refuse,
  repeatedName,
  requireValid,
  textSchema,
  withDefaults,
} from './definition-error.ts';

/** What a workload is for one run, as a user writes it. */
export interface Preparation {
  /** The clients' operations, `rate` of them a second: `stagger(1 / rate, …)`. The time limit ends it. */
  readonly generator: GeneratorLike;
  /** Final reads, when all faults are healed and the cluster is quiet. None where absent. */
  readonly finalGenerator?: GeneratorLike;
  readonly checkers: readonly Checker[];
  /** Functions that must succeed at least once, or else the run proves nothing. All where absent. */
  readonly mustSucceed?: readonly string[];
}

export interface WorkloadDefinition {
  readonly name: string;
  /** For `shaketable list`. */
  readonly summary?: string;
  /** Those that its operations call: a system must serve them all. */
  readonly functions: readonly string[];
  readonly options?: readonly WorkloadOption[];
  prepare(context: WorkloadContext): Preparation;
}

const workloadSchema = z.strictObject({
  name: nameSchema,
  summary: textSchema,
  functions: namesSchema,
  options: optionsSchema,
  prepare: functionSchema,
});

/** @throws HarnessError `usage` in one line that names the field; from `prepare`, too */
export function defineWorkload(definition: WorkloadDefinition): Workload {
  const whole = withDefaults(definition, { summary: '', options: [] });
  requireValid('workload', workloadSchema, whole);
  const workload = whole as WorkloadDefinition & Workload;
  const twice = repeatedName(workload.options);
  if (twice !== undefined) refuse('workload', workload, `options has "${twice}" twice`);
  return Object.freeze<Workload>({
    ...workload,
    prepare: (context) => prepared(workload, definition.prepare(context)),
  });
}

function prepared(workload: Workload, preparation: Preparation): PreparedWorkload {
  const given: unknown = preparation;
  const wrong = (mistake: string): never => refuse('workload', workload, `prepare must return ${mistake}`);
  if (typeof given !== 'object' || given === null) return wrong('an object of generator and checkers');
  const { generator, finalGenerator, checkers, mustSucceed = workload.functions, ...others } = preparation;
  const [other] = Object.keys(others);
  if (other !== undefined) wrong(`generator, finalGenerator, checkers and mustSucceed, and no "${other}"`);
  if ((generator as unknown) === undefined) wrong('a generator');
  if (!isCheckers(checkers))
    wrong('checkers: a non-empty list, such as [linearizability({ model: register })]');
  const unknown = mustSucceed.find((f) => !workload.functions.includes(f));
  if (unknown !== undefined) wrong(`mustSucceed of its functions, and "${unknown}" is none`);
  return {
    generator: generatorOf(generator),
    finalGenerator:
      finalGenerator === undefined || finalGenerator === null ? null : generatorOf(finalGenerator),
    checkers,
    mustSucceed,
  };
}

function isCheckers(given: unknown): boolean {
  return (
    Array.isArray(given) &&
    given.length > 0 &&
    given.every((checker) => typeof (checker as Checker | null)?.check === 'function')
  );
}
