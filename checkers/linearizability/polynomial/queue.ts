/**
 * FIFO queues in which every item is put in once: there is an order if, and only if, no item is got that was not put
 * in, none twice, no two come out in the wrong order, and no take finds nothing while there certainly is something.
 *
 *     enqueue 1, enqueue 2, dequeue → 2, dequeue → 1     one after the other: the wrong order
 *
 * Sources: Henzinger, Sezgin and Vafeiadis, Aspect-oriented linearizability proofs, CONCUR 2013 (the four
 * violations); Abdulla et al., Efficient linearizability monitoring, PLDI 2025, and Lee and Mathur, OOPSLA 2025.
 */
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import { describeJson } from '../model.ts';
import type { Model } from '../model.ts';
import { NEVER } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider } from './decision.ts';
import { findCoveredEmpty, lenient, readItems, UNIQUE_ITEMS } from './items.ts';
import type { Container, Item } from './items.ts';

const answers = new Answers('queue violations');

export const decideQueue: Decider = (model, operations, name) => {
  const read = readItems(model, operations, name, 'enqueue');
  if (typeof read === 'string') return answers.inapplicable(read);
  if ('test' in read) return answers.illegal(UNIQUE_ITEMS, read);
  const violationIn = (container: Container): Refutation | null =>
    findInversion(model, name, container.items) ?? findCoveredEmpty(model, name, container);
  const strict = violationIn(read.strict);
  if (strict === null) return answers.legal(UNIQUE_ITEMS);
  if (!read.hasUnknownTakes) return answers.illegal(UNIQUE_ITEMS, strict);
  const certain = violationIn(lenient(read.strict));
  if (certain !== null) return answers.illegal(UNIQUE_ITEMS, certain);
  return answers.inapplicable('a dequeue of unknown outcome may have got an item that is missing');
};

/** Of two items the first certainly went in before the second, and the second came out before the first. */
function findInversion(model: Model, name: string, items: readonly Item[]): Refutation | null {
  const byCall = items.toSorted((a, b) => a.putCall - b.putCall);
  const byReturn = items.toSorted((a, b) => a.putReturn - b.putReturn);
  // Of those that had gone in, the one whose take is called last.
  let last: Item | undefined;
  let next = 0;
  for (const item of byCall) {
    for (; next < byReturn.length && (byReturn[next] as Item).putReturn < item.putCall; next++) {
      const earlier = byReturn[next] as Item;
      if (last === undefined || earlier.takeCall > last.takeCall) last = earlier;
    }
    if (last === undefined || item.taken === null || last.takeCall < item.takeReturn) continue;
    const the = (operation: Item['put']): string =>
      `the ${model.describeCall(operation.call, name)} ${place(operation)}`;
    const fate =
      last.taken === null || last.takeCall === NEVER
        ? 'was never taken out'
        : `was not taken out before: ${the(last.taken)} had not even begun`;
    return {
      test: 'fifo-inversion',
      explanation:
        `${model.describeCall(item.taken.call, name)} ${place(item.taken)}, but ${describeJson(last.value)}, which ` +
        `${the(last.put)} had put in before ${the(item.put)} began, ${fate}.`,
      operations: [item.taken, item.put, last.put, ...(last.taken === null ? [] : [last.taken])],
    };
  }
  return null;
}
