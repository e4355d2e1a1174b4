/**
 * Anchors: an operation whose answer tells the state in which it found the object. Whatever came before, what comes after
 * has to begin there:
 *
 *     (1) read of x by process 2 (1500–1508) returned 750; (2) …
 *
 * so that a failure late in a history is shown from a moment shortly before it, and no search has to come that far. An
 * operation that was open then may have taken effect before, so it is taken for one of unknown outcome: more seems
 * possible than is, and an illegal remainder is illegal all the same.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { Model } from '../model.ts';
import { NEVER } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import { observes } from './cuts.ts';

type Operations = readonly JudgedOperation[];

export interface Anchor {
  readonly operation: JudgedOperation;
  /** As it found the object. */
  readonly state: Json;
  /** What may come after it, in the order of their calls. */
  readonly rest: Operations;
}

/** With more operations of unknown outcome before it, nothing is gained by an anchor. */
const MAX_UNKNOWN = 64;

/** Anchors before an operation: the last one, then those twice as far away, up to a number of operations. */
export function* anchorsBefore(
  model: Model,
  operations: Operations,
  stuck: JudgedOperation,
  most: number,
): Generator<Anchor> {
  let distance = 1;
  let seen = 0;
  const end = operations.indexOf(stuck);
  for (let position = end - 1; position >= 0 && end - position <= most; position--) {
    const operation = operations[position] as JudgedOperation;
    const state = stateSeen(model, operation);
    if (state === undefined || operation.returnedAt >= stuck.calledAt || ++seen < distance) continue;
    distance *= 2;
    const rest = restAfter(model, operations, operation);
    if (rest !== null) yield { operation, state, rest };
  }
}

function stateSeen(model: Model, { call, returnedAt }: JudgedOperation): Json | undefined {
  if (returnedAt === NEVER || model.functions[call.f]?.reads !== true) return undefined;
  return model.stateSeen?.(call) ?? model.lineage?.observed(call);
}

/** Null when there are too many of unknown outcome. */
function restAfter(model: Model, operations: Operations, anchor: JudgedOperation): Operations | null {
  const rest: JudgedOperation[] = [];
  let unknown = 0;
  for (const operation of operations) {
    if (operation.calledAt > anchor.returnedAt) rest.push(operation);
    else if (operation !== anchor && operation.returnedAt > anchor.calledAt && !observes(model, operation)) {
      if (operation.returnedAt === NEVER && ++unknown > MAX_UNKNOWN) return null;
      rest.push(asOptional(operation));
    }
  }
  return rest;
}

function asOptional(operation: JudgedOperation): JudgedOperation {
  if (operation.returnedAt === NEVER) return operation;
  return {
    ...operation,
    call: { ...operation.call, outcome: 'unknown', result: null },
    returnedAt: NEVER,
  };
}
