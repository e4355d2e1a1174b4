/**
 * What a user's own model is, for the linearizability checker: one object without concurrency (docs/models.md).
 *
 *     const maxRegister = defineModel({
 *       name: 'max-register',
 *       init: 0,
 *       functions: { raise: {}, read: { reads: true } },
 *       step: (state, { f, argument, result }) =>
 *         f === 'raise' ? Math.max(state, Number(argument)) : result === state ? state : undefined,
 *     });
 *     linearizability({ model: maxRegister })
 */
import { type Call, type FunctionRule, type Model, parseModel } from '../checkers/linearizability/index.ts';
import type { Json } from '../harness/history/operation.ts';

interface CommonFields<S extends Json> {
  readonly name: string;
  readonly summary?: string;
  /** What the object is called in a sentence where it has no key: `the queue`. */
  readonly noun?: string;
  readonly init: S;
  readonly functions: { readonly [f: string]: FunctionRule };
  readonly acrossKeys?: true;
  readonly heedsProcess?: true;
  /** What a call's argument should have been, when it is none; else null. */
  check?(call: Call): string | null;
  onlyObserves?(call: Call): boolean;
  describeCall?(call: Call, name: string): string;
  describeState?(state: S): string;
}

/** A model of which every call has one next state, or none; or, where it is nondeterministic, all next states. */
export type ModelDefinition<S extends Json = Json> = CommonFields<S> &
  (
    | { readonly isNondeterministic?: never; step(state: S, call: Call): S | undefined }
    | { readonly isNondeterministic: true; step(state: S, call: Call): readonly S[] }
  );

/** The type of a literal such as `0` or `null` that stands for a state, widened. */
type Widened<S extends Json> = S extends number
  ? number
  : S extends string
    ? string
    : S extends boolean
      ? boolean
      : S;

/** @throws HarnessError `usage` in one line that names the field; from its functions, too */
export function defineModel<S extends Json>(
  definition: ModelDefinition<Widened<S>> & { readonly init: S },
): Model {
  const { name } = definition as { readonly name?: unknown };
  return Object.freeze(parseModel(definition, typeof name === 'string' ? `model "${name}"` : 'the model'));
}
