import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../harness/history/operation.ts';
import { adyaG2 } from './index.ts';

type Row = readonly [process: number, type: OperationType, value: Json, key?: number];

function judge(rows: readonly Row[]) {
  const history = new History(
    rows.map(([process, type, value, key], index): Operation => {
      return { index, time: index, process, type, f: 'insert', value, ...(key === undefined ? {} : { key }) };
    }),
  );
  return adyaG2().check({ history });
}

const two = (first: OperationType, second: OperationType): Row[] => [
  [0, 'invoke', [null, 1], 7],
  [1, 'invoke', [2, null], 7],
  [0, first, [null, 1], 7],
  [1, second, [2, null], 7],
];

describe('two inserts of one key', () => {
  it('G2 when both commit', () => {
    const { valid, anomalies } = judge(two('ok', 'ok'));
    expect(valid).toBe(false);
    expect(anomalies).toMatchObject([
      {
        name: 'G2',
        explanation:
          'The inserts of operations 0 and 1 both committed a row with key 7, though each commits only if it finds no row ' +
          "with this key: neither saw the other's.",
        operations: [0, 1, 2, 3],
        picture: { kind: 'graph' },
      },
    ]);
  });

  it('fine when one fails, or nobody knows', () => {
    expect(judge(two('ok', 'fail')).valid).toBe(true);
    expect(judge(two('ok', 'info')).valid).toBe(true);
  });

  it('the key may stand in the value, as jepsen.independent writes it', () => {
    const rows = two('ok', 'ok').map(([process, type, value]): Row => [process, type, [7, value]]);
    expect(judge(rows).anomalies[0]).toMatchObject({ name: 'G2', evidence: { key: 7 } });
    expect(() => judge([[0, 'invoke', [null, 1]]])).toThrow('operation 0: an insert wants a key');
  });

  it('nothing is proven when none commits, or none competes', () => {
    expect(judge(two('fail', 'info')).valid).toBe('unknown');
    expect(judge(two('ok', 'ok').filter(([process]) => process === 0)).valid).toBe('unknown');
  });

  it('of a key with many rows ten are told', () => {
    const rows = Array.from({ length: 40 }, (_, i): Row[] => [
      [i, 'invoke', [null, i], 7],
      [i, 'ok', [null, i], 7],
    ]);
    const [anomaly] = judge(rows.flat()).anomalies;
    expect(anomaly?.operations).toHaveLength(20);
    expect(anomaly?.explanation).toMatch('38 more inserts of this key committed as well.');
  });

  it('asks whether time is up, and knows no other functions', () => {
    const operation = { index: 0, time: 0, process: 0, type: 'invoke', value: null } as const;
    const history = new History([{ ...operation, f: 'read' }]);
    expect(() => adyaG2().check({ history })).toThrow('operation 0: adya-g2 has insert, no read');
    expect(adyaG2().check({ history, isOverdue: () => true }).reason).toMatch('time budget');
  });

  it('tells ten keys and counts the others', () => {
    const rows = Array.from({ length: 30 }, (_, key) =>
      two('ok', 'ok').map(([process, type, value]): Row => [process, type, value, key]),
    );
    const { anomalies, statistics } = judge(rows.flat());
    expect(anomalies).toHaveLength(10);
    expect(statistics).toMatchObject({ illegal: 30 });
  });
});
