/** Random small histories for the property tests: well formed, concurrent, valid about as often as not. */
import fc from 'fast-check';
import type { Json, Operation, OperationError } from '../../../harness/history/operation.ts';
import { History } from '../../../harness/history/history.ts';
import { sameJson } from '../model.ts';
import type { Model } from '../model.ts';

/** How to draw one operation: what is invoked, and what it answered. */
export interface DrawnOperation {
  readonly f: string;
  readonly key?: string;
  readonly value: Json;
  readonly answer: Json;
  readonly outcome: 'ok' | 'fail' | 'refused' | 'info' | 'none';
}

export interface HistoryShape {
  readonly processes: number;
  readonly maxOperations: number;
  readonly operation: fc.Arbitrary<DrawnOperation>;
}

/**
 * Processes take turns in a random order; each turn invokes, or completes what was invoked. A process whose
 * operation has an unknown outcome is retired, and its thread goes on with a new one.
 */
export function histories(shape: HistoryShape): fc.Arbitrary<History> {
  return fc
    .record({
      operations: fc.array(shape.operation, { minLength: 1, maxLength: shape.maxOperations }),
      turns: fc.array(fc.nat(shape.processes - 1), {
        minLength: shape.maxOperations * 3,
        maxLength: shape.maxOperations * 3,
      }),
    })
    .map(({ operations, turns }) => interleave(operations, turns, shape.processes));
}

function interleave(drawn: readonly DrawnOperation[], turns: readonly number[], processes: number): History {
  const operations: Operation[] = [];
  const open: (DrawnOperation | undefined)[] = Array.from({ length: processes }, () => undefined);
  const processOf = Array.from({ length: processes }, (_, thread) => thread);
  let next = 0;
  const append = (thread: number, operation: Omit<Operation, 'index' | 'time' | 'process'>): void => {
    const index = operations.length;
    operations.push({ index, time: index, process: processOf[thread] as number, ...operation });
  };
  const take = (thread: number): void => {
    const current = open[thread];
    if (current === undefined) {
      const operation = drawn[next];
      if (operation === undefined) return;
      next++;
      append(thread, { type: 'invoke', f: operation.f, value: operation.value, ...keyOf(operation) });
      open[thread] = operation;
      return;
    }
    open[thread] = undefined;
    const { outcome, f } = current;
    const retire = (): void => {
      processOf[thread] = (processOf[thread] as number) + processes;
    };
    if (outcome === 'none') return retire();
    const type = outcome === 'refused' ? 'fail' : outcome;
    const error: OperationError | undefined =
      outcome === 'refused' ? { code: 'precondition-failed' } : undefined;
    append(thread, {
      type,
      f,
      value: current.answer,
      ...keyOf(current),
      ...(error === undefined ? {} : { error }),
    });
    if (outcome === 'info') retire();
  };
  for (const turn of turns) take(turn);
  for (let thread = 0; thread < processes; thread++) if (open[thread] !== undefined) take(thread);
  return new History(operations);
}

const keyOf = ({ key }: DrawnOperation): { key?: string } => (key === undefined ? {} : { key });

/** An operation to be run against the model, and how it goes. */
export interface Intention {
  readonly f: string;
  readonly value: Json;
  readonly fate: 'ok' | 'lost-before' | 'lost-after';
}

/**
 * Longer histories, as a correct object would record them: each operation takes effect at one moment between its
 * invocation and its completion, or is lost before or after it. Where there is a `lie`, every
 * fourth read answers what was there some changes ago.
 */
export function runObject(
  model: Model,
  intentions: readonly Intention[],
  turns: readonly number[],
  processes: number,
  lie: { readonly at: number; readonly changesAgo: number } | null,
): History {
  interface Running {
    readonly intention: Intention;
    stage: 'invoked' | 'done';
    answer: Json;
    refused: boolean;
  }
  const operations: Operation[] = [];
  const running: (Running | undefined)[] = Array.from({ length: processes }, () => undefined);
  const processOf = Array.from({ length: processes }, (_, thread) => thread);
  const states: Json[] = [model.init];
  let next = 0;
  let reads = 0;
  const append = (thread: number, fields: Omit<Operation, 'index' | 'time' | 'process'>): void => {
    const index = operations.length;
    operations.push({ index, time: index, process: processOf[thread] as number, ...fields });
  };
  const takeEffect = (current: Running): void => {
    current.stage = 'done';
    const { f, value, fate } = current.intention;
    const state = states.at(-1) as Json;
    if (fate === 'lost-before') return;
    if (f === 'read') {
      const isLie = lie !== null && reads++ % 4 === lie.at;
      current.answer = (isLie ? states.at(-1 - lie.changesAgo) : state) ?? model.init;
      return;
    }
    const after = model.step(state, { f, argument: value, outcome: 'ok', result: value });
    if (after === undefined) current.refused = true;
    else if (!sameJson(after, state)) states.push(after);
  };
  for (const thread of turns) {
    const current = running[thread];
    if (current === undefined) {
      const intention = intentions[next++];
      if (intention === undefined) continue;
      append(thread, { type: 'invoke', f: intention.f, value: intention.value });
      running[thread] = { intention, stage: 'invoked', answer: intention.value, refused: false };
    } else if (current.stage === 'invoked') {
      takeEffect(current);
    } else {
      running[thread] = undefined;
      const { f, fate } = current.intention;
      if (fate !== 'ok') {
        append(thread, { type: 'info', f, value: current.intention.value });
        processOf[thread] = (processOf[thread] as number) + processes;
      } else if (current.refused) {
        append(thread, { type: 'fail', f, value: current.answer, error: { code: 'precondition-failed' } });
      } else {
        append(thread, { type: 'ok', f, value: current.answer });
      }
    }
  }
  return new History(operations);
}
