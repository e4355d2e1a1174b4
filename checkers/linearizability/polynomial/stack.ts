/**
 * Stacks in which every item is put in once, by taking them apart from the bottom.
 *
 *     push 1, push 2, pop → 2, pop → 1     1 lies below 2; without 1, 2 lies at the bottom
 *
 * An item is certainly there from the return of its push to the call of its pop. Where no item is certainly there, the
 * stack can be empty, and what comes before can be judged apart from what comes after. In a stretch that has no such
 * moment one item lies below all others: it was pushed before any of them, and popped after all. Any item whose times
 * allow that will do: it is taken away, and the rest of the stretch is judged in the same way. There is an order if,
 * and only if, all can be taken away. Items that may have been popped at once are taken away before.
 *
 * Of every item that is taken away a logarithmic search finds it (coverage.ts): O(n log n) as long as few operations
 * are open at a time.
 *
 * Sources: Lee and Mathur, Efficient decrease-and-conquer linearizability monitoring, OOPSLA 2025; Abdulla et al.,
 * Efficient linearizability monitoring, PLDI 2025.
 */
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import { describeJson } from '../model.ts';
import type { Model } from '../model.ts';
import { Candidates, Coverage } from './coverage.ts';
import { Answers } from './decision.ts';
import type { Decider } from './decision.ts';
import { coverStretch, findCoveredEmpty, lenient, readItems, UNIQUE_ITEMS } from './items.ts';
import type { Container, Item } from './items.ts';
import { lowerBound } from './zones.ts';

const answers = new Answers('stack decomposition');
/** Items that a sentence names. */
const MAX_TOLD = 4;

export const decideStack: Decider = (model, operations, name) => {
  const read = readItems(model, operations, name, 'push');
  if (typeof read === 'string') return answers.inapplicable(read);
  if ('test' in read) return answers.illegal(UNIQUE_ITEMS, read);
  const violationIn = (container: Container): Refutation | null =>
    findCoveredEmpty(model, name, container) ?? findBottomless(model, name, container.items);
  const strict = violationIn(read.strict);
  if (strict === null) return answers.legal(UNIQUE_ITEMS);
  if (!read.hasUnknownTakes) return answers.illegal(UNIQUE_ITEMS, strict);
  const certain = violationIn(lenient(read.strict));
  if (certain !== null) return answers.illegal(UNIQUE_ITEMS, certain);
  return answers.inapplicable('a pop of unknown outcome may have got an item that is missing');
};

/** A stretch in which there is always an item, and none can have lain at the bottom. */
function findBottomless(model: Model, name: string, all: readonly Item[]): Refutation | null {
  const items = all
    .filter(({ putReturn, takeCall }) => putReturn < takeCall)
    .sort((a, b) => a.putReturn - b.putReturn);
  const times = Int32Array.from(items.flatMap(({ putReturn, takeCall }) => [putReturn, takeCall])).sort();
  const putPlace = Int32Array.from(items, ({ putReturn }) => lowerBound(times, putReturn));
  const takePlace = Int32Array.from(items, ({ takeCall }) => lowerBound(times, takeCall));
  const coverage = new Coverage(times.length);
  items.forEach((_, i) => coverage.add(putPlace[i] as number, takePlace[i] as number, 1));
  const candidates = new Candidates(
    Float64Array.from(items, ({ putCall }) => putCall),
    Float64Array.from(items, ({ taken, takeReturn }) => (taken === null ? Infinity : takeReturn)),
  );
  const isGone = new Uint8Array(items.length + 1);
  const waiting: (readonly [from: number, to: number])[] = [[0, items.length]];
  for (let range = waiting.pop(); range !== undefined; range = waiting.pop()) {
    let [from] = range;
    const [, to] = range;
    while (from < to && isGone[from] === 1) from++;
    if (from === to) continue;
    const begin = items[from] as Item;
    const uncovered = coverage.firstUncovered(putPlace[from] as number);
    const end = times[uncovered] as number;
    const beyond = lowerBound(putPlace, uncovered);
    if (beyond < to) waiting.push([beyond, to]);
    const bottom = candidates.find(from, Math.min(beyond, to), begin.putReturn, end);
    if (bottom < 0) {
      const left = items.slice(from, beyond).filter((_, i) => isGone[from + i] === 0);
      return describeBottomless(model, name, coverStretch(left, begin.putReturn, end));
    }
    isGone[bottom] = 1;
    candidates.remove(bottom);
    coverage.add(putPlace[bottom] as number, takePlace[bottom] as number, -1);
    waiting.push([from, Math.min(beyond, to)]);
  }
  return null;
}

/** @param cover - items that are enough to cover the stretch: they alone contradict each other */
function describeBottomless(model: Model, name: string, cover: readonly Item[]): Refutation {
  const the = (operation: Item['put']): string =>
    `the ${model.describeCall(operation.call, name)} ${place(operation)}`;
  const first = cover[0] as Item;
  const last = cover.at(-1) as Item;
  const values = cover.slice(0, MAX_TOLD).map(({ value }) => describeJson(value));
  const told = `${values.join(', ')}${cover.length > MAX_TOLD ? ', …' : ''}`;
  const until = last.taken === null ? 'to the end' : `until ${the(last.taken)} began`;
  return {
    test: 'lifo-inversion',
    explanation:
      `From the completion of ${the(first.put)} ${until} there was always an item in ${name}: ${told}. One of them lay ` +
      `below the others, put in before them and taken out after them; but each was put in when ` +
      `${describeJson(first.value)} already was in, or taken out when ${describeJson(last.value)} still was.`,
    operations: cover.flatMap(({ put, taken }) => (taken === null ? [put] : [put, taken])),
  };
}
