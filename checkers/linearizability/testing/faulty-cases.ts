/** The objects of which long faulty histories are made, each with the faults that it can have. */
import type { Json } from '../../../harness/history/operation.ts';
import { modelNamed } from '../models/index.ts';
import type { Model } from '../model.ts';
import type { Fault, FaultyObject } from './faulty-objects.ts';

export interface FaultyCase extends Pick<FaultyObject, 'model' | 'draw' | 'answer'> {
  readonly name: string;
  readonly faults: readonly Fault[];
}

const named = (name: string): Model => modelNamed(name) as Model;
const VALUES = 5;
const LETTERS = 'abcdefgh';

export const faultyCases: readonly FaultyCase[] = [
  {
    name: 'register, unique values',
    model: named('register'),
    faults: ['stale-read', 'lost-write'],
    draw: (random, i) => (random.chance(0.5) ? ['read', null] : ['write', i]),
  },
  {
    name: 'register, 5 values',
    model: named('register'),
    faults: ['stale-read', 'lost-write'],
    draw: (random) => (random.chance(0.5) ? ['read', null] : ['write', random.integer(1, VALUES)]),
  },
  {
    name: 'cas-register, 5 values',
    model: named('cas-register'),
    faults: ['stale-read', 'lost-write'],
    draw: (random, _, state) => {
      const drawn = random.integer(1, 3);
      if (drawn === 1) return ['read', null];
      if (drawn === 2) return ['write', random.integer(1, VALUES)];
      const expected = random.chance(0.7) ? state : random.integer(1, VALUES);
      return ['cas', [expected, random.integer(1, VALUES)]];
    },
  },
  {
    name: 'cas-register, a chain of cas',
    model: named('cas-register'),
    faults: ['stale-read', 'lost-write'],
    draw: (random, i, state) => (random.chance(0.5) ? ['read', null] : ['cas', [state, i]]),
  },
  {
    name: 'kv, appends',
    model: named('kv'),
    faults: ['stale-read', 'lost-write', 'twice'],
    draw: (random, i) => {
      if (random.chance(0.02)) return ['write', ''];
      return random.chance(0.5) ? ['read', null] : ['append', `${random.pick([...LETTERS])}${i % 10}`];
    },
  },
  {
    name: 'fifo-queue',
    model: named('fifo-queue'),
    faults: ['lost-write', 'twice'],
    draw: (random, i, state) =>
      random.chance((state as readonly Json[]).length < 5 ? 0.6 : 0.4) ? ['enqueue', i] : ['dequeue', null],
    answer: (f, value, before) => (f === 'enqueue' ? value : ((before as readonly Json[])[0] ?? null)),
  },
  {
    name: 'set',
    model: named('set'),
    faults: ['stale-read', 'lost-write'],
    draw: (random) => {
      if (random.chance(0.4)) return ['read', null];
      return [random.chance(0.5) ? 'add' : 'remove', random.integer(1, 20)];
    },
  },
  {
    name: 'mutex',
    model: named('mutex'),
    faults: ['lost-write'],
    draw: (random) => [random.chance(0.5) ? 'acquire' : 'release', null],
  },
  {
    name: 'counter',
    model: named('counter'),
    faults: ['stale-read', 'lost-write', 'twice'],
    draw: (random) => (random.chance(0.5) ? ['read', null] : ['add', random.integer(1, 9)]),
  },
];
