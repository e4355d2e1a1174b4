/** Histories as Jepsen writes them, imported and judged. */
import { describe, expect, it } from 'vitest';
import { readHistory } from '../../harness/history/import/index.ts';
import { bank } from '../bank/index.ts';
import { causalRegister } from '../causal/index.ts';
import type { Checker } from '../checker.ts';
import { monotonic } from '../monotonic/index.ts';
import { totalQueue } from '../queue/index.ts';
import { sequentialKeys } from '../sequential/index.ts';
import { finalSet, setFull } from '../set/index.ts';
import { uniqueIds } from '../unique-ids/index.ts';

/** `f: value → answer`, one after the other, as lines of EDN. */
function edn(
  ...calls: readonly (readonly [f: string, asked: string, type: string, answered: string])[]
): string {
  return calls
    .flatMap(([f, asked, type, answered], i) => [
      `{:type :invoke, :f :${f}, :value ${asked}, :process 0, :time ${i * 10}, :index ${2 * i}}`,
      `{:type :${type}, :f :${f}, :value ${answered}, :process 0, :time ${i * 10 + 5}, :index ${2 * i + 1}}`,
    ])
    .join('\n');
}

describe('Jepsen’s histories', () => {
  it.each<[string, Checker, string]>([
    ['set', finalSet(), edn(['add', '1', 'ok', '1'], ['read', 'nil', 'ok', '#{1}'])],
    ['set-full', setFull(), edn(['add', '1', 'ok', '1'], ['read', 'nil', 'ok', '[1]'])],
    [
      'total-queue',
      totalQueue(),
      edn(
        ['enqueue', '1', 'ok', '1'],
        ['enqueue', '2', 'ok', '2'],
        ['dequeue', 'nil', 'ok', '2'],
        ['drain', 'nil', 'ok', '[1]'],
      ),
    ],
    ['unique-ids', uniqueIds(), edn(['generate', 'nil', 'ok', '"a"'], ['generate', 'nil', 'ok', '"b"'])],
    [
      'bank',
      bank({ total: 100, accounts: [0, 1] }),
      edn(
        ['transfer', '{:from 0, :to 1, :amount 5}', 'ok', '{:from 0, :to 1, :amount 5}'],
        ['read', 'nil', 'ok', '{0 45, 1 55}'],
      ),
    ],
    [
      'monotonic',
      monotonic(),
      edn(
        ['inc', 'nil', 'ok', '["2018-12-05T22:15:09" 0]'],
        ['read', 'nil', 'ok', '["2018-12-05T22:15:10" 1]'],
      ),
    ],
    [
      'sequential',
      sequentialKeys(),
      edn(['write', '5', 'ok', '5'], ['read', '5', 'ok', '[5 [nil "5_1" "5_0"]]']),
    ],
  ])('%s', (_, checker, text) => {
    const { history } = readHistory(new TextEncoder().encode(text));
    expect(checker.check({ history })).toMatchObject({ valid: true, anomalies: [] });
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
    const judge = (text: string) =>
      causalRegister().check({ history: readHistory(new TextEncoder().encode(text)).history });
    expect(judge(linked(5))).toMatchObject({ valid: true, anomalies: [] });
    expect(judge(linked(3))).toMatchObject({ valid: false, anomalies: [{ name: 'broken-link' }] });
  });
});
