import { describe, expect, it } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import type { Random } from '../../../harness/random.ts';
import { fifoQueue, stack } from '../models/queues.ts';
import { decideQueue } from './queue.ts';
import { decideStack } from './stack.ts';
import { compareWithDefinition } from './testing/compare.ts';
import type { Subject } from './testing/compare.ts';

const unique = (_: Random, turn: number): Json => turn;
const nearlyUnique = (random: Random, turn: number): Json => (random.chance(0.2) ? turn - 1 || 1 : turn);

function subject(isQueue: boolean, item: (random: Random, turn: number) => Json, takes = 1): Subject {
  const [put, take] = isQueue ? ['enqueue', 'dequeue'] : ['push', 'pop'];
  return {
    model: isQueue ? fifoQueue : stack,
    ask: (random, turn) => {
      const f = random.chance(takes / (takes + 1)) ? take : put;
      return { f, argument: f === put ? item(random, turn) : null };
    },
    answer: (state, f, argument) => {
      if (f === put) return argument;
      const items = state as readonly Json[];
      return (isQueue ? items[0] : items.at(-1)) ?? (items.length % 2 === 0 ? null : undefined);
    },
  };
}

describe('queues and stacks, compared with the definition', () => {
  it.each([
    ['fifo-queue', subject(true, unique)],
    ['fifo-queue, many takes', subject(true, unique, 1.5)],
    ['fifo-queue, nearly unique', subject(true, nearlyUnique)],
    ['stack', subject(false, unique)],
    ['stack, many takes', subject(false, unique, 1.5)],
    ['stack, nearly unique', subject(false, nearlyUnique)],
  ])('%s', (name, subject) => {
    const decide = name.startsWith('stack') ? decideStack : decideQueue;
    const tally = compareWithDefinition(subject, decide, 4000, 8);
    expect(Math.min(tally.legal, tally.illegal)).toBeGreaterThan(300);
    if (name.endsWith('unique'))
      expect(tally.inapplicableTrue + tally.inapplicableFalse).toBeGreaterThan(100);
  });
});
