/**
 * Partial linearizations: the orders that come as far as they can around the point that none passes, as Porcupine shows
 * them. Of each operation nearby, the longest order that contains it.
 *
 *     write 1 ├──┤                       before: x is 0
 *     write 2      ├──┤                  write 1 → 1, write 2 → 2 | read 1 cannot follow
 *     read 1              ├──┤
 *
 * Only a window is looked at, from the last operations of the longest order known on: what was before it is one state. What is
 * told is for people; the verdict does not rest on it.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { LinearizationPicture } from '../checker.ts';
import { canonicalJson } from './model.ts';
import type { Model } from './model.ts';
import { NEVER } from './problem.ts';
import type { JudgedOperation } from './problem.ts';

/** Of the longest order, the last so many are in the window. */
const MAX_BEFORE = 40;
/** Operations in the window. */
const MAX_WINDOW = 80;
/** Of those in the window that no order can have reached. */
const MAX_AFTER = 6;
const MAX_PARTIALS = 12;
/** Placing one operation is a step. */
const MAX_STEPS = 1 << 15;
const MAX_STATE_CHARACTERS = 60;

interface Step {
  /** Place in the window. */
  readonly place: number;
  readonly state: Json;
}

/**
 * @param operations - of the partition, in the order of their calls
 * @param prefix - a longest order that is known; positions in `operations`
 * @returns undefined where the window passes: then what is wrong needs operations that are not in it
 */
export function partialLinearizations(
  model: Model,
  operations: readonly JudgedOperation[],
  prefix: readonly number[],
): LinearizationPicture | undefined {
  const before = prefix.slice(0, Math.max(0, prefix.length - MAX_BEFORE));
  let state: Json | undefined = model.init;
  for (const position of before) {
    state = model.step(state, (operations[position] as JudgedOperation).call);
    if (state === undefined) return undefined;
  }
  const placed = new Set(before);
  const window = operations.filter((_, position) => !placed.has(position)).slice(0, MAX_WINDOW);
  const places = new Map(window.map((operation, place) => [operation, place]));
  const known = prefix
    .slice(before.length)
    .map((position) => places.get(operations[position] as JudgedOperation))
    .filter((place) => place !== undefined);
  const orders = longestOrders(model, window, state, known);
  const longest = orders[0];
  if (longest === undefined) return undefined;
  const stuck = firstMissing(window, longest);
  if (stuck === undefined) return undefined;
  const indexAt = (place: number): number => (window[place] as JudgedOperation).invocation.index;
  // What was called after it returned explains nothing; a few show how it went on.
  const end = window.findLastIndex(({ calledAt }) => calledAt <= stuck.returnedAt) + 1 + MAX_AFTER;
  return {
    kind: 'linearization',
    operations: window.slice(0, end).map(({ invocation }) => invocation.index),
    before: { count: before.length, state: tell(model, state) },
    partials: orders.map((order) =>
      order.map(({ place, state: left }) => ({ operation: indexAt(place), state: tell(model, left) })),
    ),
    stuck: stuck.invocation.index,
  };
}

/**
 * Orders that nothing can follow; for each operation a longest that has it, the longest of all first.
 *
 * @param known - an order, in case that the steps are too few to find one as long
 */
function longestOrders(
  model: Model,
  window: readonly JudgedOperation[],
  init: Json,
  known: readonly number[],
): readonly Step[][] {
  const longestWith = new Map<number, readonly Step[]>();
  const order: Step[] = [];
  const isPlaced = new Uint8Array(window.length);
  const seen = new Set<string>();
  let steps = 0;
  const visit = (state: Json): void => {
    const due = nextReturn(window, isPlaced);
    let followed = false;
    for (let place = 0; place < window.length; place++) {
      const operation = window[place] as JudgedOperation;
      if (operation.calledAt > due) break;
      if (isPlaced[place] === 1 || steps >= MAX_STEPS) continue;
      const next = model.step(state, operation.call);
      if (next === undefined) continue;
      followed = true;
      isPlaced[place] = 1;
      const name = `${isPlaced.join('')}${canonicalJson(next)}`;
      if (!seen.has(name)) {
        seen.add(name);
        steps++;
        order.push({ place, state: next });
        visit(next);
        order.pop();
      }
      isPlaced[place] = 0;
    }
    if (!followed) keep();
  };
  const keep = (): void => {
    let copy: readonly Step[] | undefined;
    for (const { place } of order) {
      if ((longestWith.get(place)?.length ?? 0) < order.length) longestWith.set(place, (copy ??= [...order]));
    }
  };
  let state: Json | undefined = init;
  for (const place of known) {
    state = model.step(state, (window[place] as JudgedOperation).call);
    if (state === undefined) break;
    order.push({ place, state });
  }
  keep();
  order.length = 0;
  visit(init);
  // Without any the object is stuck at once, which is an order, too.
  const orders = [...new Set(longestWith.values())].map((found) => [...found]);
  orders.sort((a, b) => b.length - a.length);
  return orders.length === 0 ? [[]] : orders.slice(0, MAX_PARTIALS);
}

/** Nothing called later can come before an operation that has returned. */
function nextReturn(window: readonly JudgedOperation[], isPlaced: Uint8Array): number {
  let due = NEVER;
  window.forEach(({ returnedAt }, place) => {
    if (isPlaced[place] === 0) due = Math.min(due, returnedAt);
  });
  return due;
}

/** Of those that have to be in an order, the one that returned first. */
function firstMissing(
  window: readonly JudgedOperation[],
  order: readonly Step[],
): JudgedOperation | undefined {
  const placed = new Set(order.map(({ place }) => place));
  let first: JudgedOperation | undefined;
  window.forEach((operation, place) => {
    if (placed.has(place) || operation.returnedAt === NEVER) return;
    if (first === undefined || operation.returnedAt < first.returnedAt) first = operation;
  });
  return first;
}

function tell(model: Model, state: Json): string {
  const text = model.describeState(state);
  return text.length <= MAX_STATE_CHARACTERS ? text : `${text.slice(0, MAX_STATE_CHARACTERS - 1)}…`;
}
