/**
 * Queues and the stack. What is taken out comes back as the value of the `ok`; null says that there was nothing, and
 * so does `fail` with the code `precondition-failed`. Any other failure says nothing. Null cannot be put in.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { canonicalJson, configurableInit, describeJson, sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { ending } from './attempt.ts';

type Items = readonly Json[];

/** Of a container that gives out its items in an order of its own. */
interface Discipline {
  readonly name: string;
  readonly summary: string;
  readonly noun: string;
  /** Names of the two functions. */
  readonly put: string;
  readonly take: string;
  insert(items: Items, item: Json): Items;
  /** Where the next item is, in one that is not empty. */
  nextOf(items: Items): number;
  /** What an item must be. */
  readonly demand?: { readonly what: string; isMet(item: Json): boolean };
}

function container({ name, summary, noun, put, take, insert, nextOf, demand }: Discipline): Model {
  return configurableInit(
    {
      name,
      summary,
      noun,
      init: [],
      functions: { [put]: {}, [take]: { refusable: true }, peek: { reads: true } },
      check: ({ f, argument }) => {
        if (f !== put) return null;
        if (argument === null) return 'an item, which null is not';
        return demand === undefined || demand.isMet(argument) ? null : demand.what;
      },
      step: (state, call) => {
        const items = state as Items;
        if (call.f === put) return insert(items, call.argument);
        const isEmpty = items.length === 0;
        if (isEmpty) return foundNothing(call) || call.outcome === 'unknown' ? state : undefined;
        const place = nextOf(items);
        const fits =
          call.outcome === 'unknown' ||
          (call.outcome === 'ok' && sameJson(items[place] as Json, call.result));
        if (!fits) return undefined;
        return call.f === 'peek' ? state : items.toSpliced(place, 1);
      },
      onlyObserves: (call) => call.f === take && foundNothing(call),
      describeCall: (call, object) => describeItemCall(call, object, put),
      describeState: describeJson,
    },
    (items) => (items as Items).reduce(insert, []),
  );
}

/** It says that there was no item. */
function foundNothing({ outcome, result }: Call): boolean {
  return outcome === 'refused' || (outcome === 'ok' && result === null);
}

function describeItemCall(call: Call, object: string, put: string): string {
  if (call.f === put) return `${put} of ${describeJson(call.argument)} to ${object}`;
  if (call.outcome === 'unknown') return `${call.f} from ${object}`;
  if (call.outcome === 'refused') return `${call.f} from ${object}${ending(call)}`;
  return call.result === null
    ? `${call.f} from ${object} found nothing`
    : `${call.f} from ${object} returned ${describeJson(call.result)}`;
}

export const fifoQueue: Model = container({
  name: 'fifo-queue',
  summary: 'first in, first out',
  noun: 'queue',
  put: 'enqueue',
  take: 'dequeue',
  insert: (items, item) => [...items, item],
  nextOf: () => 0,
});

export const stack: Model = container({
  name: 'stack',
  summary: 'last in, first out',
  noun: 'stack',
  put: 'push',
  take: 'pop',
  insert: (items, item) => [...items, item],
  nextOf: (items) => items.length - 1,
});

export const priorityQueue: Model = container({
  name: 'priority-queue',
  summary: 'a queue of numbers that gives out the smallest',
  noun: 'queue',
  put: 'enqueue',
  take: 'dequeue',
  insert: insertSorted,
  nextOf: () => 0,
  demand: { what: 'a number', isMet: (item) => typeof item === 'number' },
});

/** What comes before in the order of numbers, or of JSON. */
function insertSorted(items: Items, item: Json): Items {
  const isAfter = (other: Json): boolean =>
    typeof other === 'number' && typeof item === 'number'
      ? other > item
      : canonicalJson(other) > canonicalJson(item);
  const place = items.findIndex(isAfter);
  return items.toSpliced(place === -1 ? items.length : place, 0, item);
}

/** Items that are there or were taken out by nobody knows whom, and how many of them were. */
interface Bag {
  readonly items: Items;
  readonly taken: number;
}

/**
 * Any item may be next. A dequeue of unknown outcome took one, no matter which: it is decided when an item is given
 * out or the queue is found empty, so that one state stands for all choices.
 */
export const unorderedQueue: Model = {
  name: 'unordered-queue',
  summary: 'a queue that gives out its items in any order',
  noun: 'queue',
  init: { items: [], taken: 0 },
  functions: { enqueue: {}, dequeue: { refusable: true } },
  check: ({ f, argument }) => (f === 'enqueue' && argument === null ? 'an item, which null is not' : null),
  step: (state, call) => {
    const { items, taken } = state as unknown as Bag;
    const bag = (next: Bag): Json => ({ items: next.items, taken: next.taken });
    if (call.f === 'enqueue') return bag({ items: insertSorted(items, call.argument), taken });
    const isEmpty = items.length === taken;
    if (foundNothing(call)) return isEmpty ? bag({ items: [], taken: 0 }) : undefined;
    if (call.outcome === 'unknown') return isEmpty ? state : bag({ items, taken: taken + 1 });
    const place = items.findIndex((item) => sameJson(item, call.result));
    return isEmpty || place === -1 ? undefined : bag({ items: items.toSpliced(place, 1), taken });
  },
  describeCall: (call, object) => describeItemCall(call, object, 'enqueue'),
  describeState: (state) => {
    const { items, taken } = state as unknown as Bag;
    return taken === 0 ? describeJson(items) : `${describeJson(items)} less ${taken}`;
  },
};
