/**
 * Linearizability of any model by following the history event by event, for histories too long for brute-force.ts: the
 * set of all worlds that explain what came so far, a world being the state and which open operations have taken effect.
 * It shares the model with the search, and nothing else. Slow where many operations are open at once.
 */
import type { History } from '../../../harness/history/history.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { canonicalJson } from '../model.ts';
import type { Model } from '../model.ts';
import { NEVER, partitionHistory } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';

interface World {
  readonly state: Json;
  readonly done: readonly number[];
}

export function hasWorld(history: History, model: Model): boolean {
  return partitionHistory(history, model).every(({ operations }) => follow(operations, model));
}

function follow(operations: readonly JudgedOperation[], model: Model): boolean {
  const events = operations
    .flatMap(({ calledAt, returnedAt }, operation) => [
      { at: calledAt, operation, isCall: true },
      ...(returnedAt === NEVER ? [] : [{ at: returnedAt, operation, isCall: false }]),
    ])
    .sort((a, b) => a.at - b.at);
  const open = new Set<number>();
  let worlds: World[] = [{ state: model.init, done: [] }];
  for (const { operation, isCall } of events) {
    if (isCall) {
      open.add(operation);
      continue;
    }
    worlds = closure(worlds, open, operations, model)
      .filter(({ done }) => done.includes(operation))
      .map(({ state, done }) => ({ state, done: done.filter((other) => other !== operation) }));
    open.delete(operation);
    if (worlds.length === 0) return false;
  }
  return true;
}

/** All that can become of the worlds while nothing new is called. */
function closure(
  worlds: readonly World[],
  open: ReadonlySet<number>,
  operations: readonly JudgedOperation[],
  model: Model,
): World[] {
  const reached = new Map<string, World>();
  const waiting = [...worlds];
  for (let world = waiting.pop(); world !== undefined; world = waiting.pop()) {
    const text = `${world.done.join()}|${canonicalJson(world.state)}`;
    if (reached.has(text)) continue;
    reached.set(text, world);
    for (const operation of open) {
      if (world.done.includes(operation)) continue;
      const after = model.step(world.state, (operations[operation] as JudgedOperation).call);
      if (after === undefined) continue;
      const done = [...world.done, operation].sort((a, b) => a - b);
      waiting.push({ state: after, done });
    }
  }
  return [...reached.values()];
}
