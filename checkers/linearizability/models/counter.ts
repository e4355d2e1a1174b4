/** `counter`: additions to one number, and reads of it; `counter=5` begins with 5. */
import { configurableInit, describeJson, sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';

export const counter: Model = configurableInit({
  name: 'counter',
  summary: 'additions to one number and reads of it, 0 at first',
  init: 0,
  functions: { read: { reads: true }, add: {}, increment: {}, decrement: {} },
  check: (call) =>
    call.f !== 'read' && !Number.isSafeInteger(amountOf(call)) ? 'a whole number, or null for 1' : null,
  step: (state, call) => {
    if (call.f === 'read') return sameJson(state, call.result) ? state : undefined;
    return (state as number) + amountOf(call);
  },
  onlyObserves: (call) => call.f !== 'read' && amountOf(call) === 0,
  stateSeen: (call) => (call.f === 'read' ? call.result : undefined),
  describeCall: (call, name) =>
    call.f === 'read'
      ? `read of ${name} returned ${describeJson(call.result)}`
      : `addition of ${amountOf(call)} to ${name}`,
  describeState: describeJson,
});

export function amountOf({ f, argument }: Call): number {
  const amount = argument ?? (f === 'add' ? NaN : 1);
  if (typeof amount !== 'number') return NaN;
  return f === 'decrement' ? -amount : amount;
}
