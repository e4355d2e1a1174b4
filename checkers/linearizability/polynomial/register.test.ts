import { describe, expect, it } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import type { Random } from '../../../harness/random.ts';
import type { Model } from '../model.ts';
import { casRegister, register } from '../models/index.ts';
import { decideRegister } from './register.ts';
import { acceptVersions } from './versions.ts';
import { compareWithDefinition } from './testing/compare.ts';
import type { Subject } from './testing/compare.ts';

/** @param written - what is written in a turn */
function subject(
  model: Model,
  functions: readonly string[],
  written: (random: Random, turn: number) => Json,
): Subject {
  return {
    model,
    ask: (random, turn, state) => {
      const f = random.pick(functions);
      if (f === 'read' || f === 'delete') return { f, argument: null };
      if (f === 'write') return { f, argument: written(random, turn) };
      const expected = random.chance(0.7) ? state : written(random, random.integer(1, turn));
      return { f, argument: [expected, written(random, turn)] };
    },
    answer: (state, f, argument) => {
      if (f === 'read') return state;
      if (f === 'delete') return 'done';
      if (f === 'write') return argument;
      return JSON.stringify((argument as Json[])[0]) === JSON.stringify(state) ? argument : undefined;
    },
  };
}
const unique = (_: Random, turn: number): Json => turn;
const nearlyUnique = (random: Random, turn: number): Json => (random.chance(0.2) ? turn - 1 : turn);

describe('compared with the definition', () => {
  it.each([
    ['register', subject(register, ['read', 'read', 'write'], unique)],
    [
      'register with deletes',
      subject(register, ['read', 'read', 'write', 'write', 'write', 'write', 'delete'], unique),
    ],
    ['register, nearly unique', subject(register, ['read', 'read', 'write'], nearlyUnique)],
    ['cas-register', subject(casRegister, ['read', 'write', 'cas', 'cas'], unique)],
    ['cas-register, nearly unique', subject(casRegister, ['read', 'write', 'cas', 'cas'], nearlyUnique)],
  ])('%s', (name, subject) => {
    const tally = compareWithDefinition(subject, decideRegister, 4000);
    expect(Math.min(tally.legal, tally.illegal)).toBeGreaterThan(200);
    if (name.endsWith('unique'))
      expect(tally.inapplicableTrue + tally.inapplicableFalse).toBeGreaterThan(100);
  });

  it('positions accept, whatever the values, and never refute', () => {
    const few = subject(casRegister, ['read', 'read', 'write', 'cas'], (random) => random.integer(1, 2));
    const tally = compareWithDefinition({ ...few, tellsPositions: true }, acceptVersions, 4000);
    expect(tally.illegal).toBe(0);
    expect(tally.legal).toBeGreaterThan(1000);
    expect(tally.inapplicableFalse).toBeGreaterThan(200);
  });
});
