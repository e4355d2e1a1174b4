/** Registers of one value: `register` and, with compare-and-set, `cas-register`. A history with keys holds one a key. */
import type { Json } from '../../../harness/history/operation.ts';
import { configurableInit, describeJson, sameJson } from '../model.ts';
import type { Call, Effect, Model } from '../model.ts';
import { attempt, ending } from './attempt.ts';

function isPair(value: Json): value is readonly [Json, Json] {
  return Array.isArray(value) && value.length === 2;
}

/** `read`, `write`, and `delete`, which leaves null: what the register holds before the first write. */
export const register: Model = configurableInit({
  name: 'register',
  summary: 'reads, writes and deletes of one value, null at first',
  noun: 'register',
  init: null,
  functions: { read: { reads: true }, write: {}, delete: {} },
  check: () => null,
  step: stepRegister,
  lineage: { effect: effectOnRegister, observed: observedInRegister },
  describeCall: describeRegisterCall,
  describeState: describeJson,
});

/** A register with compare-and-set: `cas` [expected, new]. */
export const casRegister: Model = configurableInit({
  ...register,
  name: 'cas-register',
  summary: 'a register with compare-and-set; a refused one saw another value than it expected',
  functions: { ...register.functions, cas: { refusable: true } },
  check: (call) => (call.f === 'cas' && !isPair(call.argument) ? '[expected, new]' : null),
  onlyObserves: ({ f, argument }) => f === 'cas' && isPair(argument) && sameJson(argument[0], argument[1]),
});

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
      return attempt(call, sameJson(state, expected), state, () => next);
    }
    default:
      return undefined;
  }
}

export function effectOnRegister(call: Call): Effect | undefined {
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

export function describeRegisterCall(call: Call, name: string): string {
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
      return `${change}${ending(call)}`;
    }
  }
}
