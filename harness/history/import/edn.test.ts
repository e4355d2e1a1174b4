import { describe, expect, it } from 'vitest';
import { EdnReader } from './edn.ts';
import { FormError } from './form.ts';

const read = (text: string): unknown => {
  const reader = new EdnReader(text);
  const value = reader.read();
  expect(reader.atEnd()).toBe(true);
  return value;
};

describe('EDN', () => {
  it.each<[string, unknown]>([
    ['nil', null],
    ['true', true],
    ['-3', -3],
    ['+7', 7],
    ['1.5e3', 1500],
    ['1.5M', 1.5],
    ['12N', 12],
    ['12345678901234567890', '12345678901234567890'],
    ['1/3', '1/3'],
    ['##Inf', 'Inf'],
    [':f', 'f'],
    [':a/b', 'a/b'],
    ['foo.bar/baz', 'foo.bar/baz'],
    ['"a\\nb\\u0041\\"\\\\"', 'a\nbA"\\'],
    ['"é ; no comment"', 'é ; no comment'],
    ['\\c', 'c'],
    ['\\newline', '\n'],
    ['\\u0041', 'A'],
    ['[1, 2 (3 [])]', [1, 2, [3, []]]],
    ['#{3 1 2}', [1, 2, 3]],
    ['{:a 1 "b" 2 3 4 [5] 6 nil 7}', { a: 1, b: 2, 3: 4, '[5]': 6, null: 7 }],
    ['#jepsen.history.Op{:index 0, :f :read}', { index: 0, f: 'read' }],
    ['#inst "2020-01-01"', '2020-01-01'],
    ['#"a.b"', 'a.b'],
    ['[#"\\d+\\"[a-z]" 1]', ['\\d+\\"[a-z]', 1]],
    ['#object[clojure.lang.Delay 0x1 {:status :ready}]', ['clojure.lang.Delay', '0x1', { status: 'ready' }]],
    ['#:ns{:a 1}', { a: 1 }],
    ['^{:doc "x"} [1]', [1]],
    ['; first\n[1 #_ {:gone 1} #_ #_ 2 3 4] ; last', [1, 4]],
    ['[#_ 1]', []],
  ])('%s', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it('does not let a key reach the prototype', () => {
    const value = read('{:__proto__ {:polluted true}}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value['polluted']).toBeUndefined();
  });

  it.each(['{:a 1', '[1 2', '"abc', '"ab\\', '"a\\u00', '#"\\d', '#tag', '#{1', '{:a', '^{:a 1}', ''])(
    'says that %s is cut off',
    (text) => {
      expect(() => read(text)).toThrow(FormError);
      try {
        read(text);
      } catch (error) {
        expect(error).toMatchObject({ truncated: true });
      }
    },
  );

  it.each<[string, string, number]>([
    ['[1 2}', 'unexpected }', 4],
    [']', 'unexpected ]', 0],
    ['{:a}', 'a map needs a value for every key', 3],
    ['"\\q"', 'bad escape \\q', 2],
    [': a', '" " where a keyword was expected', 1],
  ])('says where %s is wrong', (text, message, offset) => {
    try {
      read(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ message, offset, truncated: false });
    }
  });

  it('bounds the nesting', () => {
    expect(() => read('['.repeat(100_000))).toThrow('nested deeper than 500');
  });
});
