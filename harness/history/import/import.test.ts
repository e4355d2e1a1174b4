import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../errors.ts';
import type { Operation } from '../operation.ts';
import { detectFormat, readHistory } from './index.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): ReturnType<typeof readHistory> => readHistory(bytesOf(text), { fileName: 'h' });
const brief = ({ process, type, f, value }: Operation): unknown[] => [process, type, f, value];

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(HarnessError);
    return `${(error as HarnessError).code}: ${(error as HarnessError).message}`;
  }
  return 'accepted';
}

describe('the format', () => {
  it.each([
    ['{"format":"shaketable-history","version":1}\n', 'shaketable'],
    ['[{:type :invoke}]', 'jepsen-edn'],
    ['; comment\n({:type :invoke})', 'jepsen-edn'],
    ['{:type :invoke}\n{:type :ok}', 'jepsen-edn'],
    ['#jepsen.history.Op{:type :invoke}', 'jepsen-edn'],
    ['INFO  jepsen.util - 0\t:invoke\t:read\tnil\n', 'jepsen-log'],
    ['2014 INFO jepsen.core - Run started\nINFO  jepsen.util - 0   :invoke :read   nil\n', 'jepsen-log'],
  ])('of %j is %s', (text, format) => {
    expect(detectFormat(bytesOf(text))).toBe(format);
  });

  it.each(['', 'index,time\n0,1\n', '<html>'])('of %j is none that is known', (text) => {
    expect(refusal(text)).toContain('bad-format: h: this is no history that Shaketable knows');
  });
});

describe('Jepsen EDN', () => {
  const lines = [
    '{:index 0, :time 100, :type :invoke, :process 0, :f :cas, :value [1 2]}',
    '{:index 1, :time 90, :type :invoke, :process :nemesis, :f :start, :value :majority}',
    '#jepsen.history.Op{:index 2, :time 200, :type :info, :process 0, :f :cas, :value [1 2], :error [:net "gone"]}',
  ];
  const expected = [
    { index: 0, time: 100, process: 0, type: 'invoke', f: 'cas', value: [1, 2] },
    { index: 1, time: 100, process: 'nemesis', type: 'invoke', f: 'start', value: 'majority' },
    {
      index: 2,
      time: 200,
      process: 0,
      type: 'info',
      f: 'cas',
      value: [1, 2],
      error: { code: 'net', message: 'gone' },
    },
  ];

  it.each([
    ['a vector', `[${lines.join('\n ')}]`],
    ['a list', `(${lines.join('\n ; said by nobody\n ')})`],
    ['one map after another', `; a comment\n${lines.join('\n')}\n`],
  ])('as %s', (_, text) => {
    const { history, format, notes, torn } = read(text);
    expect(format).toBe('jepsen-edn');
    expect(history.operations).toEqual(expected);
    expect(notes).toEqual(['time before that of the operation before: raised to it (1 operations)']);
    expect(torn).toBeUndefined();
  });

  it('fills in missing times, reads get and put, and says so', () => {
    const { history, notes } = read(`{:process 1, :type :invoke, :f :put, :key "3", :value "a"}
      {:process 1, :type :ok, :f :put, :key "3", :value "a"}
      {:process 1, :type :invoke, :f :get, :key "3", :value nil}
      {:process 1, :type :ok, :f :get, :key "3", :value "a"}`);
    expect(history.operations.map(brief)).toEqual([
      [1, 'invoke', 'write', 'a'],
      [1, 'ok', 'write', 'a'],
      [1, 'invoke', 'read', null],
      [1, 'ok', 'read', 'a'],
    ]);
    expect(history.operations.map(({ key, time }) => [key, time])).toEqual(
      [0, 1, 2, 3].map((time) => ['3', time]),
    );
    expect(notes).toEqual([
      'put was read as write (2 operations)',
      'no time given: one nanosecond after the operation before (4 operations)',
      'get was read as read (2 operations)',
    ]);
  });

  it('keeps the rebalances of a log’s consumers as micro-operations', () => {
    const { history, notes } = read(`{:process 1, :type :invoke, :f :txn, :value [[:poll]]}
      {:process 1, :type :ok, :f :txn, :value [[:poll {4 [[0 1]]}]],
       :rebalance-log [{:type :revoked, :keys [55 4]} {:type :assigned, :keys [53]}]}
      {:process 1, :type :invoke, :f :poll, :value [[:poll]]}
      {:process 1, :type :info, :f :poll, :rebalance-log ({:keys [4]}), :error :timeout}`);
    expect(history.operations.map(({ value }) => value)).toEqual([
      [['poll']],
      [
        ['poll', { 4: [[0, 1]] }],
        ['rebalance', [55, 4, 53]],
      ],
      [['poll']],
      [['poll'], ['rebalance', [4]]],
    ]);
    expect(notes).toContain('the rebalance log was added to the micro-operations (2 operations)');
  });

  it('pairs what Jepsen says twice of the nemesis', () => {
    const nemesis = (f: string, value: string): string =>
      `{:process :nemesis, :type :info, :f :${f}, :value ${value}}`;
    const { history } = read(
      [
        nemesis('start', 'nil'),
        nemesis('start', '"cut"'),
        nemesis('stop', 'nil'),
        nemesis('start', 'nil'),
      ].join('\n'),
    );
    expect(history.operations.map(brief)).toEqual([
      ['nemesis', 'invoke', 'start', null],
      ['nemesis', 'info', 'start', 'cut'],
      ['nemesis', 'invoke', 'stop', null],
      ['nemesis', 'info', 'stop', null],
      ['nemesis', 'invoke', 'start', null],
    ]);
  });

  it('lets a process go on after info, as some Jepsen tests do', () => {
    const { history } = read(`[{:process 1, :type :invoke, :f :write, :value 1}
      {:process 1, :type :info, :f :write, :value nil, :error :timeout}
      {:process 1, :type :invoke, :f :read, :value nil}]`);
    expect(history.operations[1]).toMatchObject({ value: 1, error: { code: 'timeout' } });
    expect(history.completionOf(0)?.type).toBe('info');
  });

  it('splits the keys of jepsen.independent, where every value shows one', () => {
    const independent = `[{:process 1, :type :invoke, :f :write, :value [7 1]}
      {:process 1, :type :ok, :f :write, :value [7 1]}
      {:process 2, :type :invoke, :f :read, :value [7 nil]}
      {:process 2, :type :ok, :f :read, :value [7 1]}
      {:process 1, :type :invoke, :f :cas, :value [7 [1 2]]}]`;
    const { history, notes } = read(independent);
    expect(history.operations.map(({ key, value }) => [key, value])).toEqual([
      [7, 1],
      [7, 1],
      [7, null],
      [7, 1],
      [7, [1, 2]],
    ]);
    expect(notes[0]).toContain('jepsen.independent');
    const plain = read(independent.replace('[7 nil]', 'nil'));
    expect(plain.history.operations[0]).toMatchObject({ value: [7, 1] });
    expect(plain.history.operations[0]).not.toHaveProperty('key');
  });

  it('keeps what stands before a torn end', () => {
    for (const text of [
      `[${lines[0]}\n ${lines[2]?.slice(0, 40)}`,
      `${lines[0]}\n ${lines[2]?.slice(0, 40)}`,
    ]) {
      const { history, torn } = read(text);
      expect(history.length).toBe(1);
      expect(torn).toEqual({ line: 2, text: lines[2]?.slice(0, 40) });
    }
    expect(read(`[${lines[0]}\n`)).toMatchObject({ torn: { line: 2 } });
  });

  it('names the line of what is wrong', () => {
    expect(refusal(`[${lines[0]}\n }`)).toBe('bad-format: h: line 2: unexpected }');
    expect(refusal(`[${lines[0]}\n 42]`)).toContain('bad-format: h: line 2: an operation is a map');
    expect(refusal(`[${lines[0]}]\n\n[1]`)).toContain('bad-format: h: line 3: something follows');
    expect(refusal(`[{:type :done, :process 1, :f :read}]`)).toContain('line 1: unknown type "done"');
    expect(refusal(`[\n{:type :invoke, :process :client, :f :read}]`)).toContain(
      'line 2: process "client" is neither',
    );
    expect(refusal(`${lines[0]}\n\n${lines[0]}`)).toBe(
      'bad-history: h: line 3: process 0 invokes cas (operation 1) while its cas (operation 0) has not completed',
    );
    expect(refusal('{:type :invoke')).toContain('bad-format: h: line 1: the text ends');
  });
});

describe('Jepsen logs', () => {
  const log = [
    'INFO  jepsen.core - Running test',
    'INFO  jepsen.util - 0\t:invoke\t:read\tnil',
    'INFO  jepsen.util - 1   :invoke :cas    [4 2]',
    'INFO  jepsen.util - 0\t:ok\t:read\t3',
    'INFO  jepsen.util - 1\t:fail\t:cas\t[4 2]',
    'INFO  jepsen.util - 1\t:invoke\t:write\t4',
    'INFO  jepsen.util - 1\t:info\t:write\t:timed-out',
    'INFO  jepsen.util - 6\t:invoke\t:read\tnil',
    'INFO  jepsen.util - 6\t:fail\t:read\t:timed-out',
    'INFO  jepsen.util - :nemesis\t:info\t:start\tnil',
  ];

  it('become operations', () => {
    const { history, format, notes, torn } = read(`${log.join('\n')}\n`);
    expect(format).toBe('jepsen-log');
    expect(history.operations.map(brief)).toEqual([
      [0, 'invoke', 'read', null],
      [1, 'invoke', 'cas', [4, 2]],
      [0, 'ok', 'read', 3],
      [1, 'fail', 'cas', [4, 2]],
      [1, 'invoke', 'write', 4],
      [1, 'info', 'write', 4],
      [6, 'invoke', 'read', null],
      [6, 'fail', 'read', null],
      ['nemesis', 'invoke', 'start', null],
    ]);
    expect(history.operations.map(({ error }) => error?.code)).toEqual([
      ...[undefined, undefined, undefined],
      'precondition-failed',
      undefined,
      'timed-out',
      undefined,
      'timed-out',
      undefined,
    ]);
    expect(notes).toContain('1 lines of the log are no operations');
    expect(torn).toBeUndefined();
  });

  it('may be torn at the end, not before', () => {
    const cut = read(`${log.slice(0, 3).join('\n')}\nINFO  jepsen.util - 0\t:o`);
    expect(cut.history.length).toBe(2);
    expect(cut.torn).toEqual({ line: 4, text: 'INFO  jepsen.util - 0\t:o' });
    expect(refusal(`${log[1]}\nINFO  jepsen.util - 0\t:o\n${log[3]}\n`)).toContain(
      'bad-format: h: line 2: an operation is PROCESS :TYPE :F VALUE',
    );
  });
});

describe('damaged files', () => {
  const samples = [
    '{"format":"shaketable-history","version":1}\n{"index":0,"time":5,"process":0,"type":"invoke","f":"read","value":null}\n',
    '[{:process 1, :type :invoke, :f :cas, :value [1 2], :error "x"}\n #_ 3 {:process 1, :type :ok, :f :cas}]',
    'INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t[1 "a"]\n',
  ].map(bytesOf);

  it('are read or refused in one line, and never crash the reader', () => {
    const damage = fc.array(
      fc.tuple(fc.nat(200), fc.oneof(fc.nat(255), fc.constantFrom(...bytesOf('[]{}()"\\#:;\n')))),
      {
        maxLength: 4,
      },
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...samples), damage, fc.nat(200), (sample, changes, length) => {
        const bytes = sample.slice(0, length);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          readHistory(bytes);
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(HarnessError);
          expect((error as HarnessError).exitCode).toBe(64);
          expect((error as HarnessError).message).not.toContain('\n');
        }
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});
