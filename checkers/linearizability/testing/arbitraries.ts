/** Random small histories for the property tests: well formed, concurrent, valid about as often as not. */
import fc from 'fast-check';
import type { Json, Operation, OperationError } from '../../../harness/history/operation.ts';
import { History } from '../../../harness/history/history.ts';

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
