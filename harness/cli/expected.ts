/**
 * What `expectConsistent` takes: a run to do, or a history to judge. Test runners do not check types, and a field that nobody knows
 * is perhaps the fault, or the bug, that the test is about: it is refused.
 *
 *     requireExpected({ system: 'raft', workload: 'register', nemeses: 'partition' });
 *     // throws  run of expectConsistent: it has no field "nemeses": did you mean "nemesis"?
 */
import { z } from 'zod';
import { requireValid, scalarSchema, textSchema as text } from '../../api/definition-error.ts';
import type { NemesisDefinition } from '../../nemeses/nemesis.ts';
import type { System } from '../../systems/system.ts';
import type { Workload } from '../../workloads/workload.ts';
import { CLUSTER_KINDS } from '../cluster/capabilities.ts';
import type { Operation } from '../history/operation.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import type { Scalar } from './settings.ts';

interface Common {
  /** Of a system, a workload, or whoever judges a history: as `--option name=value`. */
  readonly options?: Readonly<Record<string, Scalar>>;
  /** Seconds for the checkers of one run; 600 where absent. */
  readonly checkBudgetS?: number;
  /** `unknown` passes, too: a run that proves nothing, or a checker without time. */
  readonly allowUnknown?: boolean;
}

/** A run to do, as `shaketable run` would. */
export interface ExpectedRun extends Common {
  /** A name, the path of a module (from the working directory), or in `sim` what `defineSystem` made. */
  readonly system: string | System;
  readonly workload: string | Workload;
  /** One or several. */
  readonly nemesis?: string | NemesisDefinition | readonly (string | NemesisDefinition)[];
  /** `sim` where the system runs in it. */
  readonly cluster?: TestDefinition['cluster'];
  readonly nodes?: number;
  readonly concurrency?: number;
  /** Operations a second, of all clients together. */
  readonly rate?: number;
  readonly timeLimitS?: number;
  readonly quietS?: number;
  readonly nemesisIntervalS?: number;
  readonly operationTimeoutMs?: number;
  readonly bugs?: readonly string[];
  /** The first; 1 where absent, so that a test does the same each time. */
  readonly seed?: number;
  /** How many, one after the other; 1 where absent. */
  readonly seeds?: number;
  /** Where the run directory of a failure goes, and every one in real time; `results/runs` where absent. */
  readonly results?: string;
}

/** An operation as a test writes it down: places and times are counted where they are left out, a millisecond each. */
export type ToldOperation = Omit<Operation, 'index' | 'time'> & Partial<Pick<Operation, 'index' | 'time'>>;

/** A history to judge, as `shaketable check` would. */
export interface ExpectedHistory extends Common {
  /** A file, a folder of a store, or the operations themselves. */
  readonly history: string | readonly ToldOperation[];
  /** Who judges it: of `shaketable list checkers`. Where neither this nor `model` is given: whoever recognises it. */
  readonly workload?: string;
  /** Linearizability, of a model by name or path. */
  readonly model?: string;
  readonly consistencyModel?: string;
}

/** A schema for each field, and for no other. */
type Fields<T> = Readonly<Record<keyof T, z.ZodType>>;

const number = z.number('must be a number');
const name = text.min(1, 'must not be empty');
const isNamed = z.union([name, z.looseObject({ name })]);
const definition = (kind: string) =>
  z.custom(
    (given) => isNamed.safeParse(given).success,
    `must be a name, the path of a module, or what ${kind} made`,
  );

const isNemesis = (given: unknown): boolean =>
  z.union([isNamed, z.array(isNamed).min(1)]).safeParse(given).success;

const common = {
  options: z.record(text, scalarSchema, 'must be an object of names and values').optional(),
  checkBudgetS: number.positive('must be more than 0').optional(),
  allowUnknown: z.boolean('must be true or false').optional(),
} satisfies Fields<Common>;

const runSchema = z.strictObject({
  ...common,
  system: definition('defineSystem'),
  workload: definition('defineWorkload'),
  nemesis: z
    .custom(isNemesis, 'must be a name, the path of a module, or what defineNemesis made, or a list of them')
    .optional(),
  cluster: z.enum(CLUSTER_KINDS, `must be one of ${CLUSTER_KINDS.join(', ')}`).optional(),
  nodes: number.optional(),
  concurrency: number.optional(),
  rate: number.optional(),
  timeLimitS: number.optional(),
  quietS: number.optional(),
  nemesisIntervalS: number.optional(),
  operationTimeoutMs: number.optional(),
  bugs: z.array(name, 'must be a list of names').optional(),
  seed: number.optional(),
  seeds: z.int('must be a whole number from 1 on').min(1, 'must be a whole number from 1 on').optional(),
  results: name.optional(),
} satisfies Fields<ExpectedRun>);

const isJson = (value: unknown): boolean => z.json().safeParse(value).success;

const operationSchema = z.strictObject(
  {
    index: number.optional(),
    time: number.optional(),
    process: z.union([z.int(), z.literal('nemesis')], 'must be a whole number, or "nemesis"'),
    type: z.enum(['invoke', 'ok', 'fail', 'info'], 'must be invoke, ok, fail or info'),
    f: name,
    key: z.union([z.string(), z.number()], 'must be a text or a number').optional(),
    value: z.custom(isJson, 'must be JSON: null where there is none'),
    error: z.strictObject({ code: text, message: text.optional() }, 'must be {code, message}').optional(),
    node: text.optional(),
    position: z.strictObject({ index: number, term: number.optional() }, 'must be {index, term}').optional(),
    isFinal: z.literal(true, 'must be true, or left out').optional(),
  } satisfies Fields<Operation>,
  'must be an operation: {process, type, f, key, value}',
);

const historySchema = {
  ...common,
  history: z.string('must be a path, or a list of operations').min(1, 'must not be empty'),
  workload: name.optional(),
  model: name.optional(),
  consistencyModel: name.optional(),
} satisfies Fields<ExpectedHistory>;
const savedSchema = z.strictObject(historySchema);
const toldSchema = z.strictObject({ ...historySchema, history: z.array(operationSchema) });

/** @throws HarnessError `usage` in one line that names the field */
export function requireExpected(given: unknown): asserts given is ExpectedRun | ExpectedHistory {
  if (typeof given !== 'object' || given === null || !('history' in given))
    requireValid('run of expectConsistent', runSchema, given);
  else {
    const schema = Array.isArray(given.history) ? toldSchema : savedSchema;
    requireValid('history of expectConsistent', schema, given);
  }
}
