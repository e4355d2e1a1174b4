/** JSON, `history.txt`, keys in values, files in pieces. The other formats are in import.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../errors.ts';
import type { Operation } from '../operation.ts';
import { detectFormat, readHistory, readResults } from './index.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): ReturnType<typeof readHistory> => readHistory(bytesOf(text), { fileName: 'h' });
const brief = ({ process, type, f, key, value }: Operation): unknown[] => [process, type, f, key, value];

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(HarnessError);
    return `${(error as HarnessError).code}: ${(error as HarnessError).message}`;
  }
  return 'accepted';
}

const OBJECTS = [
  '{"type": "invoke", "process": 0, "f": "write", "key": "x", "value": 12345678901234567890}',
  '{"type": ":info", "process": 0, "f": ":write", "value": 12345678901234567890, "error": ["net", "gone"]}',
  '{"type": "invoke", "process": "nemesis", "f": "cut", "value": null}',
  '{"type": "invoke", "process": 1, "f": "read", "key": "x", "value": null}',
  '{"type": "ok", "process": 1, "f": "read", "value": "}{][\\"", "position": {"index": 3}, "error": {"code": "odd"}}',
];

describe('JSON', () => {
  it.each([
    ['an array', `[${OBJECTS.join(',\n ')}]`],
    ['one object a line', `${OBJECTS.join('\n')}\n`],
    ['pretty', JSON.stringify(OBJECTS.map((text) => JSON.parse(text) as unknown)).replaceAll('12345678901234567000', '12345678901234567890')], // prettier-ignore
  ])('as %s', (_, text) => {
    const { history, format, torn } = read(text);
    expect([format, torn]).toEqual(['json', undefined]);
    expect(history.operations.map(brief)).toEqual([
      [0, 'invoke', 'write', 'x', '12345678901234567890'],
      [0, 'info', 'write', undefined, '12345678901234567890'],
      ['nemesis', 'invoke', 'cut', undefined, null],
      [1, 'invoke', 'read', 'x', null],
      [1, 'ok', 'read', undefined, '}{]["'],
    ]);
    expect(history.operations[1]?.error).toEqual({ code: 'net', message: 'gone' });
    expect(history.operations[4]).toMatchObject({ position: { index: 3 }, error: { code: 'odd' } });
  });

  it('may be torn at the end, and says where it is wrong before', () => {
    expect(read(`${OBJECTS[0]}\n${OBJECTS[1]?.slice(0, 30)}`)).toMatchObject({
      history: { length: 1 },
      torn: { line: 2 },
    });
    expect(read(`[${OBJECTS[0]},\n${OBJECTS[2]}`).torn).toMatchObject({ line: 2 });
    expect(refusal(`${OBJECTS[0]}\n{"type": invoke}\n${OBJECTS[2]}`)).toContain(
      'bad-format: h: line 2: not JSON: ',
    );
    expect(refusal(`[${OBJECTS[0]},\n 7]`)).toBe(
      'bad-format: h: line 2: an operation is a map such as {"type": "invoke", …}, not "7"',
    );
    expect(refusal(`[${OBJECTS[0]}]\n{}`)).toContain('line 2: something follows the end of the history');
    expect(refusal(`{"type": "invoke", "value": ${'['.repeat(2000)}`)).toContain('nested deeper than 500');
    expect(refusal('{"type": "invoke", "process": 0}')).toContain(
      'line 1: it has no f (the function: read, write, …)',
    );
  });

  it('counts times that no number can hold from the first', () => {
    const { history, notes } = read(
      ['1700000000000000001', '1700000000000000003', '1700000000000000002']
        .map((time, i) => `{"type":"invoke","process":${i},"f":"read","value":null,"time":${time}}`)
        .join('\n'),
    );
    expect(history.operations.map(({ time }) => time)).toEqual([0, 2, 2]);
    expect(notes).toContain('times are beyond 2⁵³ nanoseconds: counted from the first');
  });
});

describe('what a text is', () => {
  it.each([
    ['[{"type": "invoke"}]', 'json'],
    ['\n {"process" : 1}', 'json'],
    ['{"format":"shaketable-history","version":1}', 'shaketable'],
    ['[{:type :invoke}]', 'jepsen-edn'],
    ['0\t:invoke\t:read\tnil\n', 'jepsen-log'],
    [
      '2024-01-01 00:00:00,000{GMT}\tINFO\t[jepsen worker 1] jepsen.util: 1\t:invoke\t:read\tnil\n',
      'jepsen-log',
    ],
  ])('%j is %s', (text, format) => {
    expect(detectFormat(bytesOf(text))).toBe(format);
  });
});

describe('history.txt', () => {
  it('has the error behind the value', () => {
    const { history, notes } = read(
      [
        '0\t:invoke\t:cas\t[1 2]',
        ':nemesis\t:info\t:start\tnil',
        '0\t:fail\t:cas\t[1 2]\t[:precondition-failed "expected 1"]',
        '1\t:invoke\t:txn\t[[:append 3 1] [:r 3 nil]]',
        '1\t:info\t:txn\t[[:append 3 1] [:r 3 nil]]\tjava.net.SocketTimeoutException: Read timed out',
        '2\t:invoke\t:read\tnil',
        '2\t:fail\t:read\tnil\t:not-found',
        '3\t:invoke\t:cas\t[1 2]',
        '3\t:fail\t:cas\t[1 2]',
        '',
      ].join('\n'),
    );
    expect(history.operations.map(({ error }) => error).filter((error) => error !== undefined)).toEqual([
      { code: 'precondition-failed', message: 'expected 1' },
      { code: 'error', message: 'java.net.SocketTimeoutException: Read timed out' },
      { code: 'not-found' },
    ]);
    expect(history.operations[4]?.value).toEqual([
      ['append', 3, 1],
      ['r', 3, null],
    ]);
    expect(notes).toEqual(['no time given: one nanosecond after the operation before (9 operations)']);
  });
});

describe('keys in values', () => {
  it('are split where a tag says so, whatever the function', () => {
    const { history, notes } = read(`
      {:process 1, :type :invoke, :f :add, :value #jepsen.independent.Tuple{:key 7, :value 1}}
      {:process 1, :type :ok, :f :add, :value #clojure.lang.MapEntry [7 1]}
      {:process 1, :type :invoke, :f :add, :value [7 1]}`);
    expect(history.operations.map(brief)).toEqual([
      [1, 'invoke', 'add', 7, 1],
      [1, 'ok', 'add', 7, 1],
      [1, 'invoke', 'add', undefined, [7, 1]],
    ]);
    expect(notes).toContain('a tuple of jepsen.independent: split into key and value (2 operations)');
  });

  it.each([
    ['additions and reads', ':add [3 1]', ':read [3 nil]', [3, null]],
    ['queues', ':enqueue ["q" 1]', ':dequeue ["q" nil]', ['q', null]],
    ['transactions', ':txn [3 [[:append 1 2]]]', ':txn [4 [[:r 1 nil]]]', [4, [['r', 1, null]]]],
  ])('are split where all values show them: %s', (_, one, other, [key, value]) => {
    const operation = (text: string, process: number): string => {
      const [f = '', ...rest] = text.split(' ');
      return `{:process ${process}, :type :invoke, :f ${f}, :value ${rest.join(' ')}}`;
    };
    const { operations } = read(`${operation(one, 0)}\n${operation(other, 1)}`).history;
    expect(operations[1]).toMatchObject({ key, value });
  });

  it('are not seen in transactions of two, nor where nobody asks', () => {
    for (const value of ['[[:r 1 nil] [:append 2 3]]', '[1 2]']) {
      const { operations } = read(`{:process 0, :type :invoke, :f :txn, :value ${value}}`).history;
      expect(operations[0]).not.toHaveProperty('key');
    }
  });
});

describe('values that JSON lacks', () => {
  it('keys of maps become texts, and two of them never one', () => {
    const poll = '{:process 0, :type :invoke, :f :poll, :value [[:poll {1 [[0 5]], [2 3] #{2 1 10}}]]}';
    expect(read(poll).history.operations[0]?.value).toEqual([['poll', { 1: [[0, 5]], '[2,3]': [1, 2, 10] }]]);
    expect(refusal('{:process 0, :type :invoke, :f :poll, :value {1 2, "1" 3}}')).toContain(
      'line 1: two values for the key "1" of a map',
    );
  });

  it('objects and tags that nobody knows are passed over', () => {
    const text =
      '{:process 0, :type :info, :f :x, :value #my.app/Thing {:a #object[java.lang.Object 0x1 "o"]}, ' +
      ':at #inst "2020-01-01", :id #uuid "0-0"}';
    const { history } = read(`{:process 0, :type :invoke, :f :x}\n${text}`);
    expect(history.operations[1]?.value).toEqual({ a: ['java.lang.Object', '0x1', 'o'] });
  });
});

describe('results.edn', () => {
  it.each([
    ['{:valid? false, :stats {:valid? true, :count 3}, :workload {:valid? :unknown}}', 'invalid (stats valid, workload unknown)'], // prettier-ignore
    ['#jepsen.Results{:valid? true}', 'valid'],
    ['{:count 3}', null],
    ['{:valid? ', null],
  ])('%s', (text, said) => {
    expect(readResults(bytesOf(text))).toBe(said);
  });
});

describe('files in pieces', () => {
  const texts = [
    `; who wrote this\n[{:process 1, :type :invoke, :f :cas, :value [1 2], :text "é\\n; no \\" comment"} ; one
      #_ {:gone #{1 2}} #jepsen.history.Op{:process 1, :type :ok, :f :cas, :value [-12 3.5e3], :time 1234567}
      {:process 2, :type :invoke, :f :read, :value \\newline}] ; the end`,
    `{:process 1, :type :invoke, :f :cas, :value [1 2]}\n{:process 1, :type :ok, :f :cas, :val`,
    `[${OBJECTS.join(',\n')}]`,
    `${OBJECTS.join('\n')}\n{"type": "inv`,
    '0\t:invoke\t:read\tnil\n0\t:ok\t:read\t"é"\n1\t:invoke\t:write\t12',
    '{"format":"shaketable-history","version":1}\n{"index":0,"time":5,"process":0,"type":"invoke","f":"read","value":null}\n',
  ];

  it('are what they are as a whole', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom(...texts), lengths, (text, pieces) => {
        const bytes = bytesOf(text);
        function* chunks(): Generator<Uint8Array> {
          let at = 0;
          for (const length of pieces) {
            yield bytes.subarray(at, at + length);
            at += length;
          }
          yield bytes.subarray(at);
        }
        const whole = readHistory(bytes);
        const inPieces = readHistory(chunks());
        expect(inPieces.history.operations).toEqual(whole.history.operations);
        expect([inPieces.notes, inPieces.torn, inPieces.format]).toEqual([
          whole.notes,
          whole.torn,
          whole.format,
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it('the beginning may take long to come to the point', () => {
    const padding = `; ${'nothing '.repeat(20)}\n`.repeat(10_000);
    expect(read(`${padding}{:process 0, :type :invoke, :f :read}`).history.length).toBe(1);
  });
});
