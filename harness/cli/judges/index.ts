/**
 * The checkers that judge a history by its workload, by name. Their order is the order of guessing: who recognises the
 * more particular histories comes first.
 */
import { appendList } from '../../../checkers/append/index.ts';
import { counterBounds } from '../../../checkers/counter/index.ts';
import type { CheckerEntry } from './entry.ts';
import { isArray, isNumber } from './shape.ts';

/** In the order of guessing. */
export const judges: readonly CheckerEntry[] = [
  {
    name: 'append',
    summary:
      'lists of unique elements, appended to and read whole: nothing lost, doubled, reordered or made up',
    options: [],
    recognises: (shape) => shape.uses(['append', 'read']) && shape.everyResult('read', isArray),
    create: () => appendList(),
  },
  {
    name: 'counter',
    summary: 'additions and reads of a number: every read lies within what the additions allow',
    options: [],
    recognises: (shape) => shape.uses(['add', 'read']) && shape.everyResult('read', isNumber),
    create: () => counterBounds(),
  },
];

/** Aliases included. */
export const judgesByName: ReadonlyMap<string, CheckerEntry> = new Map(
  judges.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])].map((name) => [name, entry] as const)),
);
