/**
 * A model: the sequential specification against which concurrent operations are judged.
 *
 *     const counter: Model = {
 *       name: 'counter', summary: 'adds and reads of one number', init: 0,
 *       functions: { read: { reads: true }, add: {} },
 *       check: (call) => (call.f === 'add' && typeof call.argument !== 'number' ? 'an amount' : null),
 *       step: (state, call) =>
 *         call.f === 'add' ? Number(state) + Number(call.argument)
 *         : sameJson(state, call.result) ? state : undefined,
 *       describeCall: (call, name) => call.f === 'add' ? `add of ${call.argument} to ${name}` : …,
 *       describeState: describeJson,
 *     };
 *
 * States are JSON values, equal when they are equal as JSON. A model is deterministic: a call leads to one next
 * state, or is illegal. It knows nothing of time, processes or searches.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';

/** What the search knows of one operation. Two operations with equal calls are interchangeable but for time. */
export interface Call {
  readonly f: string;
  /** The invocation's value. */
  readonly argument: Json;
  /**
   * `ok`: it happened and answered `result`. `refused`: its precondition did not hold, it changed nothing.
   * `unknown`: it may have happened, or may yet, or never.
   */
  readonly outcome: 'ok' | 'refused' | 'unknown';
  /** What it answered; null unless `ok`. */
  readonly result: Json;
  /** Of a model across keys, where the operation has a key. */
  readonly key?: string | number;
  /** Of a model that heeds processes. */
  readonly process?: number;
}

export interface FunctionRule {
  /**
   * It never changes the state: without an answer it says nothing, and is left out. Of a model of sets of states
   * (nondeterministic.ts) it may narrow the set.
   */
  readonly reads?: true;
  /** A failure with `precondition-failed` observed the state. Other failures say nothing, and are left out. */
  readonly refusable?: true;
}

/** What a call does to the object when it takes effect: sets it, where known `from` one value only; or extends a text. */
export type Effect = { readonly sets: Json; readonly from?: Json } | { readonly extends: string };

/** How values show who made them; see lineage.ts. */
export interface LineageRules {
  /** The change that the call makes if it takes effect; undefined when it makes none, and then for no other reason. */
  effect(call: Call): Effect | undefined;
  /** The value that the call certainly found; undefined when it shows none. */
  observed(call: Call): Json | undefined;
}

export interface Model {
  /** The argument of `--model`. */
  readonly name: string;
  readonly summary: string;
  readonly init: Json;
  /** What the object is called in a sentence where it has no key: `the queue`. By default the model's name. */
  readonly noun?: string;
  /** One object for the whole history: operations on all keys change one state, and are judged together. */
  readonly acrossKeys?: true;
  /** Of a model across keys that is the same model over again for each key (models/over-keys.ts): that one. */
  readonly part?: Model;
  /** It matters who calls: operations of different processes are not interchangeable. */
  readonly heedsProcess?: true;
  /** What a completion that is `ok` answers: its value by default. For models whose answers tell positions too. */
  readonly answer?: (completion: Operation) => Json;
  /** The model that `--model NAME=JSON` means: another initial state, a number of permits. Throws HarnessError `usage`. */
  readonly configure?: (parameter: Json) => Model;
  readonly functions: { readonly [f: string]: FunctionRule };
  /** What a call's argument should have been, when it is none that the function takes; else null. */
  check(call: Call): string | null;
  /** The state after the call, or undefined when the call cannot have that outcome in this state. Pure. */
  step(state: Json, call: Call): Json | undefined;
  /** True of further calls that leave every state in which they are legal as it is: a cas from 1 to 1. */
  onlyObserves?(call: Call): boolean;
  /** Lets values tell of the order of the operations. */
  readonly lineage?: LineageRules;
  /**
   * The one state in which a call that only reads can have found the object; undefined where there may be several. For
   * explanations, and where the lineage does not tell it.
   */
  stateSeen?(call: Call): Json | undefined;
  /** `read of x returned 1`; `name` is the object's: a key, or `the register`. */
  describeCall(call: Call, name: string): string;
  describeState(state: Json): string;
}

/**
 * The model with `configure`: `--model NAME=JSON` gives another initial state, of the same type as the model's own; of
 * any type where that is null.
 *
 * @param normalise - makes a state of what the user wrote
 */
export function configurableInit(model: Model, normalise: (init: Json) => Json = (init) => init): Model {
  const type = typeOf(model.init);
  return {
    ...model,
    configure: (parameter) => {
      if (model.init !== null && typeOf(parameter) !== type) {
        throw new HarnessError(
          'usage',
          `--model ${model.name}=… takes an initial state of type ${type}, such as ${JSON.stringify(model.init)}`,
        );
      }
      return configurableInit({ ...model, init: normalise(parameter) }, normalise);
    },
  };
}

const typeOf = (value: Json): string => (isArray(value) ? 'array' : value === null ? 'null' : typeof value);

/** Equal as JSON; the order of an object's fields does not matter. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isArray(a) && isArray(b))
    return a.length === b.length && a.every((item, i) => sameJson(item, b[i] as Json));
  return internKey(a) === internKey(b);
}

/** A primitive that is equal for equal JSON values and for no others. */
export function internKey(value: Json): null | boolean | number | string {
  if (typeof value === 'string')
    return value.startsWith(STRUCTURE) ? STRUCTURE + JSON.stringify(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  return STRUCTURE + canonicalJson(value);
}

/** Marks the key of an array or object, so that no plain string equals it. */
const STRUCTURE = '\u0000';

/** Equal texts for equal JSON values: an object's fields are in order. */
export function canonicalJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] as Json)}`).join(',')}}`;
}

/** As Array.isArray, which does not know of arrays that are read only. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Longest text of a state or value in a sentence. */
const MAX_DESCRIPTION = 80;

/** A value in a sentence: JSON, cut in the middle when it is long. */
export function describeJson(value: Json): string {
  const text = JSON.stringify(value);
  if (text.length <= MAX_DESCRIPTION) return text;
  const half = MAX_DESCRIPTION / 2 - 1;
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
