/** `set`: elements that are added, removed, looked for, and read all at once. And `unique-ids`, the set of those given out. */
import type { Json } from '../../../harness/history/operation.ts';
import { canonicalJson, configurableInit, describeJson, isArray, sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { attempt, ending } from './attempt.ts';

/**
 * The state is the elements in the order of their JSON. An `add` that was refused found its element there, a `remove`
 * did not; `contains` is answered with a boolean, or [element, boolean].
 */
export const set: Model = configurableInit(
  {
    name: 'set',
    summary: 'adds, removes and reads of elements; a read returns them all, in any order',
    init: [],
    functions: {
      read: { reads: true },
      contains: { reads: true },
      add: { refusable: true },
      remove: { refusable: true },
    },
    check: () => null,
    step: (state, call) => {
      const elements = state as readonly Json[];
      if (call.f === 'read') return isReadOf(call.result, elements) ? state : undefined;
      const place = placeOf(call.argument, elements);
      const isThere = place < elements.length && sameJson(elements[place] as Json, call.argument);
      if (call.f === 'contains') return answerOf(call) === isThere ? state : undefined;
      const changes = isThere === (call.f === 'remove');
      if (call.outcome === 'ok' && !changes) return state; // to add what is there is no failure, unless the system says so
      return attempt(call, changes, state, () =>
        isThere ? elements.toSpliced(place, 1) : elements.toSpliced(place, 0, call.argument),
      );
    },
    stateSeen: ({ f, result }) =>
      f === 'read' && isArray(result ?? []) ? sorted((result ?? []) as readonly Json[]) : undefined,
    describeCall: (call, name) => {
      if (call.f === 'read') return `read of ${name} returned ${describeJson(call.result)}`;
      const element = describeJson(call.argument);
      if (call.f === 'contains') return `look into ${name} for ${element} returned ${answerOf(call)}`;
      return call.f === 'add'
        ? `addition of ${element} to ${name}${ending(call)}`
        : `removal of ${element} from ${name}${ending(call)}`;
    },
    describeState: describeJson,
  },
  (elements) => sorted(elements as readonly Json[]),
);

const sorted = (elements: readonly Json[]): readonly Json[] =>
  elements.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));

export function answerOf({ result }: Call): boolean {
  return (isArray(result) ? result.at(-1) : result) === true;
}

/** Where the element is, or would be. */
function placeOf(element: Json, elements: readonly Json[]): number {
  const text = canonicalJson(element);
  let from = 0;
  let to = elements.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (canonicalJson(elements[middle] as Json) < text) from = middle + 1;
    else to = middle;
  }
  return from;
}

function isReadOf(result: Json, elements: readonly Json[]): boolean {
  const seen = result ?? [];
  if (!isArray(seen) || seen.length !== elements.length) return false;
  const texts = seen.map(canonicalJson).sort();
  return elements.every((element, i) => canonicalJson(element) === texts[i]);
}

/** Whether an order exists is no question: an identifier is new in every order, or in none. */
export const uniqueIds: Model = {
  name: 'unique-ids',
  summary: 'generates identifiers, none twice',
  noun: 'generator',
  init: [],
  functions: { generate: {} },
  check: () => null,
  step: (state, call) => {
    if (call.outcome !== 'ok') return state;
    const given = state as readonly Json[];
    const place = placeOf(call.result, given);
    if (place < given.length && sameJson(given[place] as Json, call.result)) return undefined;
    return [...given.slice(0, place), call.result, ...given.slice(place)];
  },
  onlyObserves: ({ outcome }) => outcome === 'unknown',
  describeCall: (call, name) => `${name} gave out ${describeJson(call.result)}`,
  describeState: describeJson,
};
