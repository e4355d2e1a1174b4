import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatJavaProperties, parseJavaProperties } from './java-properties.ts';

const pairs = (text: string): [string, string][] =>
  parseJavaProperties(text).map(({ key, value }) => [key, value]);

describe('the syntax of properties files', () => {
  test.each<[string, [string, string][]]>([
    ['a=b', [['a', 'b']]],
    ['a:b', [['a', 'b']]],
    ['a b', [['a', 'b']]],
    ['  a  =  b  ', [['a', 'b  ']]],
    ['a = = b', [['a', '= b']]],
    ['a', [['a', '']]],
    ['=b', [['', 'b']]],
    ['# no\n ! no\n\na=1', [['a', '1']]],
    ['a=1\\\n   ,2\\\n\t,3', [['a', '1,2,3']]],
    ['a=1\\\\\nb=2', [['a', '1\\'], ['b', '2']]], // prettier-ignore
    ['a=1\\\n# still the value', [['a', '1# still the value']]],
    ['a=1\\', [['a', '1']]],
    ['a\\ b\\=c=d', [['a b=c', 'd']]],
    ['a=\\t\\n\\r\\f\\x', [['a', '\t\n\r\fx']]],
    ['a=\\u00e9\\u00E9', [['a', 'éé']]],
    ['a=1\r\nb=2\rc=3', [['a', '1'], ['b', '2'], ['c', '3']]], // prettier-ignore
    ['log.dirs=C:\\\\kraft', [['log.dirs', 'C:\\kraft']]],
  ])('%j', (text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  test('entries know the line on which they begin', () => {
    const text = '# one\n\na=1\\\n2\nb=3\n';
    expect(parseJavaProperties(text).map(({ key, line }) => [key, line])).toEqual([['a', 3], ['b', 5]]); // prettier-ignore
  });

  test('a \\u without four digits is refused', () => {
    expect(() => parseJavaProperties('a=1\nb=\\u12')).toThrow(
      'line 2: \\u needs four hexadecimal digits after it',
    );
  });

  test('whatever is written is read again', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (entries) => {
        expect(pairs(formatJavaProperties(entries))).toEqual(entries);
      }),
    );
  });

  test('any text is read, or refused with its line', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '=', ' ', '\\', '\n', '#', 'u', '0', ':') }),
        (text) => {
          try {
            parseJavaProperties(text);
          } catch (error) {
            expect((error as Error).message).toMatch(/^line \d+: /);
          }
        },
      ),
    );
  });
});
