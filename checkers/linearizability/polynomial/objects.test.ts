import { describe, expect, it } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import { counter } from '../models/counter.ts';
import { fencedMutex, mutex, ownerMutex } from '../models/locks.ts';
import { log } from '../models/log.ts';
import { set, uniqueIds } from '../models/sets.ts';
import { decideCounter, refuteCounter } from './counter.ts';
import type { Decider } from './decision.ts';
import { decideFencedMutex, decideMutex, decideOwnerMutex } from './locks.ts';
import { decideLog } from './log.ts';
import { decideSet } from './set.ts';
import { compareWithDefinition } from './testing/compare.ts';
import type { Subject } from './testing/compare.ts';
import { decideUniqueIds } from './unique-ids.ts';

/** @param elements - so few that the elements of a history are added and removed about once */
function setOf(functions: readonly string[], elements: number, init: readonly Json[] = []): Subject {
  const holds = (state: Json, element: Json): boolean => (state as readonly Json[]).includes(element);
  return {
    model: { ...set, init },
    ask: (random) => {
      const f = random.pick(functions);
      return { f, argument: f === 'read' ? null : random.integer(1, elements) };
    },
    answer: (state, f, argument) => {
      if (f === 'read') return state;
      if (f === 'contains') return holds(state, argument);
      const isRefused = holds(state, argument) !== (f === 'remove') && Number(argument) % 2 === 1;
      return isRefused && !functions.includes('read') ? undefined : argument;
    },
  };
}

const uniqueLog = (
  tells: number,
  from: boolean,
  functions = ['append', 'append', 'read', 'poll'],
): Subject => ({
  model: log,
  ask: (random, turn, state) => {
    const f = random.pick(functions);
    if (f === 'append') return { f, argument: random.chance(0.1) ? turn - 1 : turn };
    const offset = from && random.chance(0.5) ? random.integer(0, (state as readonly Json[]).length) : null;
    return { f, argument: f === 'poll' ? null : offset };
  },
  answer: (state, f, argument) => {
    const elements = state as readonly Json[];
    if (f === 'append') return Number(argument) % 10 < tells ? [elements.length, argument] : argument;
    if (f === 'read') return elements.slice(Number(argument ?? 0));
    return elements.flatMap((element, offset) =>
      offset % 3 === elements.length % 3 ? [] : [[offset, element]],
    );
  },
});

const counterOf = (amounts: readonly number[], init = 0): Subject => ({
  model: { ...counter, init },
  ask: (random) => {
    const f = random.pick(['read', 'add', 'add']);
    return { f, argument: f === 'read' ? null : random.pick(amounts) };
  },
  answer: (state, f, argument) => (f === 'read' ? state : argument),
});

const lockOf = (model: Subject['model'], clients: number): Subject => ({
  model,
  ask: (random, _, state) => {
    const holder = model === fencedMutex ? (state as readonly Json[])[0] : state;
    const isFree = holder === null || holder === false;
    const f = random.chance(0.1) === isFree ? 'release' : 'acquire';
    const client = typeof holder === 'string' && f === 'release' ? holder : `c${random.integer(1, clients)}`;
    return { f, argument: clients === 0 ? null : { client } };
  },
  answer: (state, f, argument) => {
    const client = (argument as { client: string } | null)?.client ?? null;
    if (model === mutex) return state === (f === 'release') ? 'done' : undefined;
    const [holder, fence] = (model === fencedMutex ? state : [state, null]) as readonly [
      string | null,
      number | null,
    ];
    if (f === 'acquire') return holder === null ? { client, fence: (fence ?? 0) + 1 } : undefined;
    return holder === client ? 'done' : undefined;
  },
});

const ids: Subject = {
  model: uniqueIds,
  ask: () => ({ f: 'generate', argument: null }),
  answer: (state) => (state as readonly Json[]).length,
};

const cases: readonly [name: string, Subject, Decider, floor: number][] = [
  ['set, element by element', setOf(['add', 'remove', 'contains', 'contains'], 4), decideSet, 120],
  [
    'set, two elements that are there',
    setOf(['add', 'remove', 'contains', 'contains', 'contains'], 2, [1, 2]),
    decideSet,
    120,
  ],
  [
    'set of one element',
    setOf(['add', 'remove', 'contains', 'contains', 'contains', 'contains'], 1),
    decideSet,
    150,
  ],
  ['set, whole reads', setOf(['add', 'read'], 6), decideSet, 300],
  ['set, whole reads, elements there', setOf(['add', 'add', 'read'], 3, [2, 3]), decideSet, 100],
  ['log with offsets, without polls', uniqueLog(10, true, ['append', 'append', 'read']), decideLog, 300],
  ['log with offsets, polls alone', uniqueLog(3, true, ['append', 'append', 'poll']), decideLog, 300],
  ['log with offsets', uniqueLog(10, true), decideLog, 300],
  ['log, some offsets told', uniqueLog(5, true), decideLog, 300],
  ['log, no offsets told', uniqueLog(0, false), decideLog, 300],
  ['counter of ones', counterOf([1]), decideCounter, 300],
  ['counter of minus twos, and nothing', counterOf([-2, -2, 0], 5), decideCounter, 300],
  ['mutex', lockOf(mutex, 0), decideMutex, 300],
  ['owner-mutex', lockOf(ownerMutex, 7), decideOwnerMutex, 150],
  ['fenced-mutex', lockOf(fencedMutex, 7), decideFencedMutex, 150],
  ['unique-ids', ids, decideUniqueIds, 300],
];

describe('compared with the definition', () => {
  it.each(cases)('%s', (_, subject, decide, floor) => {
    const tally = compareWithDefinition(subject, decide, 4000);
    expect(Math.min(tally.legal, tally.illegal)).toBeGreaterThan(floor);
  });

  it('bounds of a counter refute and never accept', () => {
    const tally = compareWithDefinition(counterOf([1, 2, -1]), refuteCounter, 4000);
    expect(tally.legal).toBe(0);
    expect(tally.illegal).toBeGreaterThan(300);
  });
});
