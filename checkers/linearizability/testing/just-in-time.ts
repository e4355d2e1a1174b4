/**
 * Linearizability by following the history event by event: the set of all worlds that explain what came so far, a world
 * being the object's value and which open operations have taken effect. An operation takes effect, in some worlds, before
 * another returns; worlds in which it has not when it returns itself are given up (Lowe's just-in-time linearization).
 *
 *     isLinearizable(history, 'cas-register')
 *     follow(history, 'cas-register', 'x') // { linearizable: false, stuckAt: 11, values: Set { '2', '4' } }
 *
 * It knows the three models by heart: it shares no code with the search, its models, or its reading of the history. Slow
 * where many operations are open at once.
 */
import type { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';

/** The values that an operation can leave where it finds one: none when it cannot have happened there. */
type Act = (value: Json) => readonly Json[];

interface World {
  readonly value: Json;
  /** Open operations that have taken effect: indexes of invocations, ascending. */
  readonly done: readonly number[];
}

export interface Ending {
  readonly linearizable: boolean;
  /** The completion that leaves no world, and the values that the object can have had when it must take effect. */
  readonly stuckAt: number | null;
  readonly values: ReadonlySet<string>;
}

/** Objects with their fields in order, so that equal values have equal texts. */
export function textOf(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => textOf(item)).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`).join()}}`;
}

export function isLinearizable(history: History, model: string): boolean {
  return keysOf(history).every((key) => follow(history, model, key).linearizable);
}

export function keysOf(history: History): readonly Operation['key'][] {
  return [...new Set(history.pairs().map(({ invocation }) => invocation.key))];
}

/** One key's object from beginning to end, or to where nothing explains it. */
export function follow(history: History, model: string, key: Operation['key']): Ending {
  const open = new Map<number, Act>();
  let worlds: readonly World[] = [{ value: model === 'kv' ? '' : null, done: [] }];
  for (const event of history.operations) {
    const invocation = event.type === 'invoke' ? event : history.invocationOf(event.index);
    if (event.process === 'nemesis' || invocation === undefined || invocation.key !== key) continue;
    const index = invocation.index;
    if (event.type === 'invoke') {
      const act = actOf(event, history.completionOf(index), model);
      if (act !== null) open.set(index, act);
      continue;
    }
    if (event.type === 'info' || !open.has(index)) continue;
    const after = closure(worlds, open);
    const survivors = after.filter(({ done }) => done.includes(index));
    if (survivors.length === 0) {
      return {
        linearizable: false,
        stuckAt: event.index,
        values: new Set(after.map(({ value }) => textOf(value))),
      };
    }
    open.delete(index);
    worlds = survivors.map(({ value, done }) => ({ value, done: done.filter((other) => other !== index) }));
  }
  return { linearizable: true, stuckAt: null, values: new Set() };
}

/** All that can become of the worlds while nothing new is invoked. */
function closure(worlds: readonly World[], open: ReadonlyMap<number, Act>): readonly World[] {
  const reached = new Map<string, World>();
  const waiting = [...worlds];
  for (let world = waiting.pop(); world !== undefined; world = waiting.pop()) {
    const text = `${world.done.join()}|${textOf(world.value)}`;
    if (reached.has(text)) continue;
    reached.set(text, world);
    for (const [index, act] of open) {
      if (world.done.includes(index)) continue;
      const done = [...world.done, index].sort((a, b) => a - b);
      for (const value of act(world.value)) waiting.push({ value, done });
    }
  }
  return [...reached.values()];
}

/** Null when the operation says nothing: it failed, or it is a read that nobody answered. */
function actOf({ f, value }: Operation, completion: Operation | undefined, model: string): Act | null {
  const isRefused =
    f === 'cas' && completion?.type === 'fail' && completion.error?.code === 'precondition-failed';
  if (completion?.type === 'fail' && !isRefused) return null;
  switch (f) {
    case 'read': {
      if (completion?.type !== 'ok') return null;
      const seen = model === 'kv' && completion.value === null ? '' : completion.value;
      return (now) => (textOf(now) === textOf(seen) ? [now] : []);
    }
    case 'write':
      return () => [value];
    case 'delete':
      return () => [model === 'kv' ? '' : null];
    case 'append':
      return (now) => [(now as string) + (value as string)];
    default: {
      const [expected, next] = value as readonly [Json, Json];
      const holds = (now: Json): boolean => textOf(now) === textOf(expected);
      return isRefused ? (now) => (holds(now) ? [] : [now]) : (now) => (holds(now) ? [next] : []);
    }
  }
}
