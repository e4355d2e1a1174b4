import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { Interner } from './interner.ts';
import { canonicalJson } from './model.ts';

/** Few atoms, so that equal values and values that look alike are drawn often. */
const atoms = fc.constantFrom<Json>(
  null,
  true,
  false,
  0,
  1,
  -1,
  '',
  '0',
  '1',
  'a',
  '[]',
  '{}',
  '\u0000',
  '\u0001',
);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    atoms,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '', '0'), tie('value'), { maxKeys: 3 }),
  ),
}));

describe('the interner', () => {
  it('numbers equal values alike, and no others', () => {
    let equal = 0;
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 12 }), (values) => {
        const interner = new Interner();
        const textOf = new Map<number, string>();
        const numberOf = new Map<string, number>();
        for (const drawn of values) {
          const number = interner.numberOf(drawn);
          const text = canonicalJson(drawn);
          if (numberOf.has(text)) equal++;
          expect(numberOf.get(text) ?? number).toBe(number);
          expect(textOf.get(number) ?? text).toBe(text);
          numberOf.set(text, number);
          textOf.set(number, text);
        }
      }),
    );
    expect(equal).toBeGreaterThan(10);
  });

  it.each<[string, Json, Json]>([
    ['texts longer than a piece', 'x'.repeat(20_000), `${'x'.repeat(19_999)}y`],
    [
      'lists longer than a piece',
      Array.from({ length: 10_000 }, () => 1),
      Array.from({ length: 10_001 }, () => 1),
    ],
    ['a text and the list of its pieces', 'x'.repeat(8193), ['x'.repeat(8192), 'x']],
    [
      'a list and the list of its parts',
      Array.from({ length: 4097 }, () => 1),
      [Array.from({ length: 4096 }, () => 1), [1]],
    ],
    ['an object and a list of its fields', { a: 1 }, ['a', 1]],
  ])('tells %s apart', (_, a, b) => {
    const interner = new Interner();
    const [one, other] = [interner.numberOf(a), interner.numberOf(b)];
    expect(one).not.toBe(other);
    const { bytes } = interner;
    expect(interner.numberOf(structuredClone(a))).toBe(one);
    expect(interner.numberOf(structuredClone(b))).toBe(other);
    expect(interner.bytes).toBe(bytes);
  });

  it('gives back what it was given', () => {
    const long = fc.oneof(
      value,
      fc.array(fc.oneof(atoms, value), { minLength: 10, maxLength: 300 }),
      fc
        .array(fc.constantFrom('ab', 'c\u{1f600}', '\ud800'), { maxLength: 800 })
        .map((texts) => texts.join('')),
      fc.dictionary(fc.string(), value, { minKeys: 5, maxKeys: 60 }),
    );
    fc.assert(
      fc.property(fc.array(long, { maxLength: 5 }), (values) => {
        const interner = new Interner();
        for (const one of values) {
          const number = interner.numberOf(one);
          const again = interner.valueOf(number);
          expect(canonicalJson(again)).toBe(canonicalJson(one));
          expect(interner.numberOf(again)).toBe(number);
        }
      }),
    );
  });

  it.each<[string, (list: readonly number[], i: number) => readonly number[]]>([
    ['grow at the end', (list, i) => [...list, i % 7]],
    ['shrink at the front', (list) => list.slice(1)],
    ['change in the middle', (list, i) => list.toSpliced(500, 0, i)],
  ])('shares the parts of lists that %s', (_, change) => {
    const interner = new Interner();
    let list: readonly number[] = Array.from({ length: 2000 }, (__, i) => (i * 31) % 97);
    interner.numberOf(list);
    const { bytes } = interner;
    for (let i = 0; i < 1000; i++) {
      list = change(list, i);
      interner.numberOf(list);
    }
    expect((interner.bytes - bytes) / 1000).toBeLessThan(2000);
  });

  it('does not mind the order of fields', () => {
    const interner = new Interner();
    expect(interner.numberOf({ b: [1], a: 2 })).toBe(interner.numberOf({ a: 2, b: [1] }));
  });
});
