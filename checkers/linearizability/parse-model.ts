/**
 * A model that a user wrote, from what a module exports. Five fields are enough; the rest has defaults:
 *
 *     export default {
 *       name: 'max-register',
 *       init: 0,
 *       functions: { raise: {}, read: { reads: true } },
 *       step: (state, call) => call.f === 'raise' ? Math.max(state, call.argument)
 *         : state === call.result ? state : undefined,
 *     };
 *
 * With `isNondeterministic: true`, `step` returns all next states as an array.
 */
import { HarnessError, messageOf } from '../../harness/errors.ts';
import type { Json } from '../../harness/history/operation.ts';
import { canonicalJson, configurableInit, describeJson } from './model.ts';
import type { Call, FunctionRule, Model } from './model.ts';
import { deterministic } from './nondeterministic.ts';

interface Fields {
  readonly [name: string]: unknown;
}

type Function = (...parameters: readonly unknown[]) => unknown;

const FLAGS = ['acrossKeys', 'heedsProcess', 'isNondeterministic'];
const OPTIONAL_FUNCTIONS = ['check', 'onlyObserves', 'describeCall', 'describeState'];
const KNOWN = new Set([
  'name',
  'summary',
  'noun',
  'init',
  'functions',
  'step',
  ...FLAGS,
  ...OPTIONAL_FUNCTIONS,
]);
const RULES = new Set(['reads', 'refusable']);

/** Those that were parsed once are right, and have fields that a user's own has not. */
const parsed = new WeakSet<object>();

/**
 * @param exported - the module's `default` or `model`
 * @param source - the module's path, for messages
 * @throws HarnessError `usage` with the field that is missing or wrong, here; and, when `step` throws, from `step`
 */
export function parseModel(exported: unknown, source: string): Model {
  const refuse = (what: string): never => {
    throw new HarnessError('usage', `${source} is no model: ${what} (docs/models.md has an example)`);
  };
  if (!isFields(exported)) {
    return refuse(`it must export one, as default or as \`model\``);
  }
  if (parsed.has(exported)) return exported as unknown as Model;
  const unknown = Object.keys(exported).find((field) => !KNOWN.has(field));
  if (unknown !== undefined)
    refuse(`\`${unknown}\` is none of its fields, which are ${[...KNOWN].join(', ')}`);
  const { name, summary, noun, init, functions, step } = exported;
  if (typeof name !== 'string' || name === '') return refuse('`name` must be a text');
  if (!isJson(init)) return refuse('`init` must be the initial state, as a JSON value');
  if (typeof step !== 'function') return refuse('`step` must be a function of a state and a call');
  for (const flag of FLAGS) {
    const value = exported[flag];
    if (value !== undefined && value !== true) refuse(`\`${flag}\` must be true, or be left out`);
  }
  for (const optional of OPTIONAL_FUNCTIONS) {
    const value = exported[optional];
    if (value !== undefined && typeof value !== 'function') refuse(`\`${optional}\` must be a function`);
  }
  const { isNondeterministic, ...given } = exported;
  const model: Model = {
    check: () => null,
    describeCall,
    describeState: describeJson,
    ...(given as Partial<Model>),
    ...guardedOptional(exported, source),
    name,
    init,
    summary: typeof summary === 'string' ? summary : `the model of ${source}`,
    ...(typeof noun === 'string' ? { noun } : {}),
    functions: parseFunctions(functions, refuse),
    step: guarded(step as Function, source, isNondeterministic === true) as Model['step'],
  };
  const whole =
    isNondeterministic === true
      ? deterministic({ ...model, step: model.step as (state: Json, call: Call) => readonly Json[] })
      : configurableInit(model);
  parsed.add(whole);
  return whole;
}

function parseFunctions(functions: unknown, refuse: (what: string) => never): Model['functions'] {
  if (!isFields(functions) || Object.keys(functions).length === 0) {
    return refuse('`functions` must say which functions it has: { read: { reads: true }, write: {} }');
  }
  for (const [f, rule] of Object.entries(functions)) {
    const isRule =
      isFields(rule) && Object.entries(rule).every(([name, value]) => RULES.has(name) && value === true);
    if (!isRule) {
      refuse(`the rule of \`${f}\` must be {}, { reads: true } or { refusable: true }`);
    }
  }
  return functions as { readonly [f: string]: FunctionRule };
}

/** `step` as the search calls it: what it throws or returns that is no state is the user's to mend. */
function guarded(step: Function, source: string, isNondeterministic: boolean): Function {
  return (state, call) => {
    let next: unknown;
    let isState: boolean;
    try {
      next = step(state, call);
      isState = isNondeterministic
        ? Array.isArray(next) && next.every(isJson)
        : next === undefined || isJson(next);
    } catch (cause) {
      throw failed(source, state, call, messageOf(cause), cause);
    }
    if (isState) return next;
    const expected = isNondeterministic ? 'an array of states' : 'a state or undefined';
    throw failed(
      source,
      state,
      call,
      `it returned ${describeReturned(next)}, which is not ${expected} as JSON`,
    );
  };
}

/** The model's other functions: what they throw, or return that is no such thing, is told in the same way. */
function guardedOptional(exported: Fields, source: string): Fields {
  return Object.fromEntries(
    Object.entries(RESULTS).flatMap(([name, { what, isResult }]) => {
      const given = exported[name];
      if (typeof given !== 'function') return [];
      const guardedFunction: Function = (...parameters) => {
        const fail = (problem: string, cause?: unknown): HarnessError =>
          new HarnessError('usage', `the model of ${source} failed in ${name}: ${problem}`, { cause });
        let result: unknown;
        try {
          result = (given as Function)(...parameters);
        } catch (cause) {
          throw fail(messageOf(cause), cause);
        }
        if (isResult(result)) return result;
        throw fail(`it returned ${describeReturned(result)}, which is not ${what}`);
      };
      return [[name, guardedFunction]];
    }),
  );
}

const isText = (result: unknown): boolean => typeof result === 'string';
const RESULTS: { readonly [f: string]: { readonly what: string; isResult(result: unknown): boolean } } = {
  check: { what: 'a text or null', isResult: (result) => result === null || isText(result) },
  onlyObserves: { what: 'true or false', isResult: () => true },
  describeCall: { what: 'a text', isResult: isText },
  describeState: { what: 'a text', isResult: isText },
};

/** Not String(…), which some objects refuse. */
const describeReturned = (value: unknown): string =>
  typeof value === 'object' && value !== null ? 'an object' : String(value);

function failed(source: string, state: unknown, call: unknown, what: string, cause?: unknown): HarnessError {
  const where = `step(${canonicalJson(state as Json)}, ${canonicalJson(call as Json)})`;
  return new HarnessError('usage', `the model of ${source} failed in ${where}: ${what}`, { cause });
}

function describeCall({ f, argument, outcome, result }: Call, name: string): string {
  const asked = argument === null ? `${f} of ${name}` : `${f} of ${describeJson(argument)} to ${name}`;
  if (outcome === 'refused') return `${asked} was refused`;
  return outcome === 'ok' && result !== null ? `${asked} returned ${describeJson(result)}` : asked;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws where it is nested too deep, or for ever. */
function isJson(value: unknown): value is Json {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (Array.isArray(value)) return value.every(isJson);
  return (
    isFields(value) && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson)
  );
}
