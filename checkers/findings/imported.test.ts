/** Histories as Jepsen writes them, imported and judged: of each workload one that is fine, and one that is not. */
import { describe, expect, it } from 'vitest';
import { readHistory } from '../../harness/history/import/index.ts';
import { adyaG2 } from '../adya/index.ts';
import { appendList } from '../append/index.ts';
import { bank } from '../bank/index.ts';
import { causalRegister } from '../causal/index.ts';
import { causalReverse } from '../causal-reverse/index.ts';
import type { Checker } from '../checker.ts';
import { counterBounds } from '../counter/index.ts';
import { longFork } from '../long-fork/index.ts';
import { monotonic, monotonicTable } from '../monotonic/index.ts';
import { queue, totalQueue } from '../queue/index.ts';
import { sequentialKeys, sequentialRegisters } from '../sequential/index.ts';
import { sessions } from '../sessions/index.ts';
import { finalSet, setFull } from '../set/index.ts';
import { uniqueIds } from '../unique-ids/index.ts';

type Call = readonly [f: string, asked: string, type: string, answered: string];

/** `f: value → answer`, one after the other, as lines of EDN. */
function edn(...calls: readonly Call[]): string {
  return calls
    .flatMap(([f, asked, type, answered], i) => [
      `{:type :invoke, :f :${f}, :value ${asked}, :process 0, :time ${i * 10}, :index ${2 * i}}`,
      `{:type :${type}, :f :${f}, :value ${answered}, :process 0, :time ${i * 10 + 5}, :index ${2 * i + 1}}`,
    ])
    .join('\n');
}

/** The answer repeats what was asked. */
const ok = (f: string, value: string): Call => [f, value, 'ok', value];
const read = (answered: string): Call => ['read', 'nil', 'ok', answered];
const inc = (answered: string): Call => ['inc', 'nil', 'ok', answered];
const group = (answered: string): Call => ['read', '5', 'ok', answered];
const row = (val: number, sts: number): string =>
  `{:val ${val}, :sts "${sts}.0", :node 1, :process 0, :tb 0}`;
const both = (a: string, b: string): Call => [
  'read',
  '[[:r 0 nil] [:r 1 nil]]',
  'ok',
  `[[:r 0 ${a}] [:r 1 ${b}]]`,
];
const keyed = (f: string, asked: string, answered = asked): Call => [
  f,
  `[9 ${asked}]`,
  'ok',
  `[9 ${answered}]`,
];

const transfer = ok('transfer', '{:from 0, :to 1, :amount 5}');
const ids = (...given: readonly string[]): string =>
  edn(...given.map((id): Call => ['generate', 'nil', 'ok', id]));
const forking = [ok('write', '[[:w 0 1]]'), ok('write', '[[:w 1 1]]'), both('1', 'nil')];

const CASES: readonly (readonly [string, Checker, fine: string, wrong: string, anomaly: string])[] = [
  ['set', finalSet(), edn(ok('add', '1'), read('#{1}')), edn(ok('add', '1'), read('#{}')), 'lost-element'],
  [
    'set-full',
    setFull(),
    edn(ok('add', '1'), read('[1]')),
    edn(ok('add', '1'), read('[1]'), read('[]')),
    'lost-element',
  ],
  [
    'queue',
    queue(),
    edn(ok('enqueue', '1'), ['dequeue', 'nil', 'ok', '1']),
    edn(ok('enqueue', '1'), ['dequeue', 'nil', 'ok', '1'], ['dequeue', 'nil', 'ok', '1']),
    'duplicate-dequeue',
  ],
  [
    'total-queue',
    totalQueue(),
    edn(ok('enqueue', '1'), ok('enqueue', '2'), ['dequeue', 'nil', 'ok', '2'], ['drain', 'nil', 'ok', '[1]']),
    edn(ok('enqueue', '1'), ok('enqueue', '2'), ['drain', 'nil', 'ok', '[1]']),
    'lost-element',
  ],
  [
    'total-queue of which a dequeue says that it is empty',
    totalQueue(),
    edn(ok('enqueue', '1'), ['dequeue', 'nil', 'ok', '1'], ['dequeue', 'nil', 'fail', 'nil, :error :empty']),
    edn(ok('enqueue', '1'), ['dequeue', 'nil', 'fail', 'nil, :error :empty']),
    'lost-element',
  ],
  ['unique-ids', uniqueIds(), ids('"a"', '"b"'), ids('"a"', '"a"'), 'duplicate-id'],
  [
    'unique-ids that no number holds',
    uniqueIds(),
    ids('9007199254740992', '9007199254740993'),
    ids('9007199254740993', '9007199254740993'),
    'duplicate-id',
  ],
  [
    'bank',
    bank({ total: 100, accounts: [0, 1] }),
    edn(transfer, read('{0 45, 1 55}')),
    edn(transfer, read('{0 45, 1 50}')),
    'wrong-total',
  ],
  [
    'counter',
    counterBounds(),
    edn(ok('add', '2'), read('2')),
    edn(ok('add', '2'), read('4')),
    'duplicate-add',
  ],
  [
    'counter of a key',
    counterBounds(),
    edn(keyed('add', '2'), keyed('read', 'nil', '2')),
    edn(keyed('add', '2'), keyed('read', 'nil', '1')),
    'lost-add',
  ],
  [
    'append',
    appendList(),
    edn(ok('append', '1'), read('[1]')),
    edn(ok('append', '1'), ok('append', '2'), read('[2 1]')),
    'reordered-append',
  ],
  [
    'monotonic',
    monotonic(),
    edn(inc('["2018-12-05T22:15:09" 0]'), read('["2018-12-05T22:15:10" 1]')),
    edn(inc('["2018-12-05T22:15:09" 1]'), read('["2018-12-05T22:15:10" 0]')),
    'non-monotonic-read',
  ],
  [
    'monotonic-table',
    monotonicTable(),
    edn(
      ['add', 'nil', 'ok', row(1, 10)],
      ['add', 'nil', 'ok', row(2, 11)],
      read(`[${row(1, 10)} ${row(2, 11)}]`),
    ),
    edn(['add', 'nil', 'ok', row(1, 10)], ['add', 'nil', 'ok', row(2, 11)], read(`[${row(2, 11)}]`)),
    'lost-add',
  ],
  [
    'sequential',
    sequentialKeys(),
    edn(ok('write', '5'), group('[5 [nil "5_1" "5_0"]]')),
    edn(ok('write', '5'), group('[5 ["5_2" nil "5_0"]]')),
    'missing-predecessor',
  ],
  [
    'sequential registers',
    sequentialRegisters(),
    edn(ok('write', '1'), read('1'), ok('write', '2'), read('2')),
    edn(ok('write', '1'), read('1'), ok('write', '2'), read('1')),
    'not-sequential',
  ],
  [
    'sessions',
    sessions({ guarantees: ['read-your-writes', 'monotonic-reads'], versionOrder: 'values' }),
    edn(ok('write', '1'), read('1'), ok('write', '2'), read('2')),
    edn(ok('write', '1'), ok('write', '2'), read('1'), read('2')),
    'read-your-writes',
  ],
  [
    'adya',
    adyaG2(),
    edn(['insert', '[7 [nil 1]]', 'ok', '[7 [nil 1]]'], ['insert', '[7 [2 nil]]', 'fail', '[7 [2 nil]]']),
    edn(ok('insert', '[7 [nil 1]]'), ok('insert', '[7 [2 nil]]')),
    'G2',
  ],
  [
    'long-fork',
    longFork(),
    edn(...forking, both('1', 'nil')),
    edn(...forking, both('nil', '1')),
    'long-fork',
  ],
  [
    'causal',
    causalRegister(),
    edn(['read-init', 'nil', 'ok', '0'], ok('write', '1'), read('1'), ok('write', '2'), read('2')),
    edn(['read-init', 'nil', 'ok', '0'], ok('write', '1'), read('1'), ok('write', '2'), read('1')),
    'lost-causal-write',
  ],
  [
    'causal-reverse',
    causalReverse(),
    edn(ok('write', '1'), ok('write', '2'), read('[1 2]')),
    edn(ok('write', '1'), ok('write', '2'), read('[2]')),
    'causal-reverse',
  ],
];

function judge(checker: Checker, text: string) {
  const { history } = readHistory(new TextEncoder().encode(text));
  return checker.check({ history });
}

describe('Jepsen’s histories', () => {
  it.each(CASES)('%s', (_, checker, fine, wrong, anomaly) => {
    expect(judge(checker, fine)).toMatchObject({ valid: true, anomalies: [] });
    const verdict = judge(checker, wrong);
    expect(verdict).toMatchObject({ valid: false, statistics: { found: { [anomaly]: 1 } } });
    expect(verdict.anomalies.map(({ name }) => name)).toEqual([anomaly]);
  });

  it('keep the links of the causal test', () => {
    const linked = (link: number) =>
      [
        '{:type :invoke, :f :read-init, :value nil, :process 0}',
        '{:type :ok, :f :read-init, :value 0, :process 0, :position 3, :link :init}',
        '{:type :invoke, :f :write, :value 1, :process 0}',
        '{:type :ok, :f :write, :value 1, :process 0, :position 5, :link 3}',
        '{:type :invoke, :f :read, :value nil, :process 0}',
        `{:type :ok, :f :read, :value 1, :process 0, :position 6, :link ${link}}`,
      ].join('\n');
    expect(judge(causalRegister(), linked(5))).toMatchObject({ valid: true, anomalies: [] });
    expect(judge(causalRegister(), linked(3))).toMatchObject({
      valid: false,
      anomalies: [{ name: 'broken-link' }],
    });
  });
});
