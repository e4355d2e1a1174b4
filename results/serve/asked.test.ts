import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SORTS } from '../index/queries.ts';
import { askedAddress, askedOf } from './asked.ts';

test('an address and what it asks for are the same thing', () => {
  const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).map((text) => `x${text}x`);
  const filters = fc.record(
    { system: word, nemesis: word, signature: word, from: word, revision: word, text: word },
    { requiredKeys: [] },
  );
  const orders = fc.record({ by: fc.constantFrom(...Object.keys(SORTS)), isDescending: fc.boolean() });
  fc.assert(
    fc.property(filters, orders, fc.integer({ min: 1, max: 1000 }), (filter, order, page) => {
      const asked = { filter, order, page } as ReturnType<typeof askedOf>;
      const address = new URL(askedAddress('/', asked), 'http://localhost');
      expect(askedOf(address.searchParams)).toEqual(JSON.parse(JSON.stringify(asked).toWellFormed()));
    }),
  );
});

test('what is usual is not said', () => {
  expect(askedAddress('/', askedOf(new URLSearchParams()))).toBe('/');
});

test.each([
  'page=0',
  'page=-3',
  'page=1.5',
  'page=x',
  'page=1e9',
  'sort=price',
  'sort=--latency',
  'sort=__proto__',
  'colour=red',
  'system=++',
])('%s makes no sense and is left out', (query) => {
  expect(askedAddress('/', askedOf(new URLSearchParams(query)))).toBe('/');
});
