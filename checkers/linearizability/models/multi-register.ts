/**
 * `multi-register`: registers that transactions read and write together, as Knossos has it.
 *
 *     {"type":"invoke","f":"txn","value":[["r","x",null],["w","y",2]]}
 *     {"type":"ok","f":"txn","value":[["r","x",1],["w","y",2]]}
 *
 * Functions of the steps: `r` or `read`, `w` or `write`. `read` and `write` are transactions too, or concern the
 * operation's own key. A register that was never written is null; `multi-register={"x":0}` says otherwise.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { configurableInit, describeJson, isArray, sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';

type Step = readonly [f: string, key: string | number, value: Json];
interface Registers {
  readonly [key: string]: Json;
}

export const multiRegister: Model = configurableInit({
  name: 'multi-register',
  summary: 'transactions of reads and writes on several registers, null at first',
  noun: 'registers',
  acrossKeys: true,
  init: {},
  functions: { txn: {}, read: { reads: true }, write: {} },
  check: (call) => {
    if (call.key !== undefined && call.f !== 'txn') return null;
    const isAnswered = call.outcome !== 'ok' || areSteps(call.result);
    if (!areSteps(call.argument) || !isAnswered) return 'a list of ["r", key, value] and ["w", key, value]';
    return null;
  },
  step: (state, call) => {
    let registers = state as Registers;
    for (const [f, key, value] of stepsOf(call)) {
      if (isRead(f)) {
        if (call.outcome === 'ok' && !sameJson(registers[key] ?? null, value)) return undefined;
      } else if (!sameJson(registers[key] ?? null, value)) {
        registers = { ...registers, [key]: value };
      }
    }
    return registers;
  },
  onlyObserves: (call) => stepsOf(call).every(([f]) => isRead(f)),
  describeCall: (call) => {
    const told = stepsOf(call).map(([f, key, value]) => {
      if (!isRead(f)) return `write of ${describeJson(value)} to ${key}`;
      return call.outcome === 'ok' ? `read of ${key} returned ${describeJson(value)}` : `read of ${key}`;
    });
    return told.length === 1 ? String(told[0]) : `transaction (${told.join(', ')})`;
  },
  describeState: describeJson,
});

function stepsOf(call: Call): readonly Step[] {
  const value = call.outcome === 'ok' && call.result !== null ? call.result : call.argument;
  if (areSteps(value)) return value;
  if (call.key === undefined) return [];
  return [[call.f, call.key, call.f === 'read' ? call.result : call.argument]];
}

const isRead = (f: string): boolean => f === 'r' || f === 'read';
const STEP_FUNCTIONS: readonly Json[] = ['r', 'read', 'w', 'write'];

function areSteps(value: Json): value is readonly Step[] {
  return (
    isArray(value) &&
    value.every(
      (step) =>
        isArray(step) &&
        step.length === 3 &&
        STEP_FUNCTIONS.includes(step[0] as Json) &&
        (typeof step[1] === 'string' || typeof step[1] === 'number'),
    )
  );
}
