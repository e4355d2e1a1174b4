/**
 * What a history looks like: the functions of its clients, and samples of what they asked and got. From this the
 * command guesses who can judge it.
 *
 *     const shape = shapeOf(history);
 *     shape.uses(['add', 'read'])                   // these functions, and no others
 *     shape.everyResult('read', Array.isArray)      // and reads return lists: a set
 */
import type { History } from '../../history/history.ts';
import type { Json } from '../../history/operation.ts';

/** Values of a function that are looked at: what they are shows early. */
const SAMPLES_MAX = 256;

export interface HistoryShape {
  /** Functions of the clients, in the order of their first use. */
  readonly functions: readonly string[];
  /** Of transactions (`txn`): what their micro-operations `[f, key, value]` do; empty when there are none. */
  readonly microFunctions: readonly string[];
  /** Reads that are marked as those of the end. */
  readonly hasFinalReads: boolean;
  /** All of the required functions are used, and none but these and the optional ones. */
  uses(required: readonly string[], optional?: readonly string[]): boolean;
  /** Of what was asked, where it was not null; true when there is none. */
  everyArgument(f: string, test: (value: Json) => boolean): boolean;
  /** Of what was answered with `ok`, where it was not null; false when there is none. */
  everyResult(f: string, test: (value: Json) => boolean): boolean;
}

export function shapeOf(history: History): HistoryShape {
  const asked = new Map<string, Json[]>();
  const answered = new Map<string, Json[]>();
  const microFunctions = new Set<string>();
  let hasFinalReads = false;
  for (const { process, type, f, value, isFinal } of history.operations) {
    if (process === 'nemesis') continue;
    if (isFinal === true && f === 'read') hasFinalReads = true;
    if (type === 'invoke') sample(asked, f, value);
    else if (type === 'ok') sample(answered, f, value);
    if (isArray(value) && (f === 'txn' || type === 'invoke')) {
      for (const micro of value) if (isMicroOperation(micro)) microFunctions.add(micro[0]);
    }
  }
  const functions = [...asked.keys()];
  return {
    functions,
    microFunctions: [...microFunctions],
    hasFinalReads,
    uses: (required, optional = []) =>
      required.every((f) => asked.has(f)) &&
      functions.every((f) => required.includes(f) || optional.includes(f)),
    everyArgument: (f, test) => (asked.get(f) ?? []).every(test),
    everyResult: (f, test) => {
      const results = answered.get(f) ?? [];
      return results.length > 0 && results.every(test);
    },
  };
}

function sample(samples: Map<string, Json[]>, f: string, value: Json): void {
  let known = samples.get(f);
  if (known === undefined) samples.set(f, (known = []));
  if (value !== null && known.length < SAMPLES_MAX) known.push(value);
}

/** `["r", "x", null]`; of a poll or a send with their own numbers of fields, too. */
function isMicroOperation(value: Json): value is readonly [string, ...Json[]] {
  return isArray(value) && value.length >= 2 && typeof value[0] === 'string';
}

export const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);
export const isNumber = (value: Json): boolean => typeof value === 'number';
export const isMap = (value: Json): boolean => typeof value === 'object' && value !== null && !isArray(value);
