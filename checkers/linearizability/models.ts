/**
 * The models that the command line knows: `register`, `cas-register`, `kv`. Each is the specification of one
 * object; a history with keys holds one object a key.
 */
import type { Json } from '../../harness/history/operation.ts';
import { describeJson, sameJson } from './model.ts';
import type { Call, Effect, Model } from './model.ts';

function isPair(value: Json): value is readonly [Json, Json] {
  return Array.isArray(value) && value.length === 2;
}

/** `read`, `write`, and `delete`, which leaves null: what the register holds before the first write. */
export const register: Model = {
  name: 'register',
  summary: 'reads, writes and deletes of one value, null at first',
  init: null,
  functions: { read: { reads: true }, write: {}, delete: {} },
  check: () => null,
  step: stepRegister,
  lineage: { effect: effectOnRegister, observed: observedInRegister },
  describeCall: describeRegisterCall,
  describeState: describeJson,
};

/** A register with compare-and-set: `cas` [expected, new]. */
export const casRegister: Model = {
  ...register,
  name: 'cas-register',
  summary: 'a register with compare-and-set; a refused one saw another value than it expected',
  functions: { ...register.functions, cas: { refusable: true } },
  check: (call) => (call.f === 'cas' && !isPair(call.argument) ? '[expected, new]' : null),
  onlyObserves: ({ f, argument }) => f === 'cas' && isPair(argument) && sameJson(argument[0], argument[1]),
};

function stepRegister(state: Json, call: Call): Json | undefined {
  switch (call.f) {
    case 'read':
      return sameJson(state, call.result) ? state : undefined;
    case 'write':
      return call.argument;
    case 'delete':
      return null;
    case 'cas': {
      const [expected, next] = call.argument as readonly [Json, Json];
      const holds = sameJson(state, expected);
      if (call.outcome === 'refused') return holds ? undefined : state;
      if (call.outcome === 'unknown') return holds ? next : state;
      return holds ? next : undefined;
    }
    default:
      return undefined;
  }
}

function effectOnRegister(call: Call): Effect | undefined {
  if (call.outcome === 'refused') return undefined;
  if (call.f === 'write') return { sets: call.argument };
  if (call.f === 'delete') return { sets: null };
  if (call.f !== 'cas') return undefined;
  const [from, sets] = call.argument as readonly [Json, Json];
  return sameJson(from, sets) ? undefined : { sets, from };
}

function observedInRegister(call: Call): Json | undefined {
  if (call.outcome !== 'ok') return undefined;
  if (call.f === 'read') return call.result;
  return call.f === 'cas' ? (call.argument as readonly [Json, Json])[0] : undefined;
}

function describeRegisterCall(call: Call, name: string): string {
  switch (call.f) {
    case 'read':
      return `read of ${name} returned ${describeJson(call.result)}`;
    case 'write':
      return `write of ${describeJson(call.argument)} to ${name}`;
    case 'delete':
      return `delete of ${name}`;
    default: {
      const [expected, next] = call.argument as readonly [Json, Json];
      const change = `cas of ${name} from ${describeJson(expected)} to ${describeJson(next)}`;
      return call.outcome === 'refused' ? `${change} was refused` : `${change} succeeded`;
    }
  }
}

/** A store of strings: what `append` adds goes to the end. A key that was never written reads as `""` or null. */
export const kv: Model = {
  name: 'kv',
  summary: 'reads, writes, appends and deletes of strings, empty at first',
  init: '',
  functions: { read: { reads: true }, write: {}, append: {}, delete: {} },
  check: (call) =>
    (call.f === 'append' || call.f === 'write') && typeof call.argument !== 'string' ? 'a string' : null,
  step: (state, call) => {
    switch (call.f) {
      case 'read':
        return (call.result ?? '') === state ? state : undefined;
      case 'write':
        return call.argument;
      case 'append':
        return (state as string) + (call.argument as string);
      case 'delete':
        return '';
      default:
        return undefined;
    }
  },
  onlyObserves: (call) => call.f === 'append' && call.argument === '',
  lineage: {
    effect: (call) => {
      if (call.f === 'append') return call.argument === '' ? undefined : { extends: call.argument as string };
      return call.f === 'delete' ? { sets: '' } : effectOnRegister(call);
    },
    observed: (call) => (call.f === 'read' ? (call.result ?? '') : undefined),
  },
  describeCall: (call, name) =>
    call.f === 'append'
      ? `append of ${describeJson(call.argument)} to ${name}`
      : describeRegisterCall(call, name),
  describeState: describeJson,
};

/** By name: the argument of `--model`. */
export const models: ReadonlyMap<string, Model> = new Map(
  [register, casRegister, kv].map((model) => [model.name, model]),
);
