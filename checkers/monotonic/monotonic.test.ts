import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { randomStream } from '../../harness/random.ts';
import { call, historyOf, interleave, type Row } from '../findings/testing/history-of.ts';
import { type MonotonicOptions, type MonotonicTableOptions, monotonic, monotonicTable } from './index.ts';
import { compareOrdered } from './observations.ts';

const read = (process: number, value: Json, key?: string): Row[] =>
  call(process, 'read', value, 'ok', key === undefined ? {} : { key });
const judge = (rows: readonly Row[], options: MonotonicOptions = {}) =>
  monotonic(options).check({ history: historyOf(rows) });
const names = (anomalies: readonly { readonly name: string }[] = []) => anomalies.map(({ name }) => name);

describe('values that grow', () => {
  it.each<[string, Row[]]>([
    ['along a process', [...read(0, null), ...read(0, 1), ...read(0, 1), ...read(0, 10)]],
    ['of keys apart', [...read(0, 5, 'x'), ...read(0, 1, 'y'), ...read(0, 1, 'y')]],
    ['in maps', [...read(0, { x: 5, y: null }), ...read(0, { y: 1 }), ...read(0, { x: 5, y: 2 })]],
    ['with timestamps', [...read(0, ['10', 1]), [0, 'invoke', 'inc', null], [0, 'ok', 'inc', ['11', 2]]]],
    ['whatever an increment was asked to add', [...read(0, 5), ...call(0, 'inc', 1), ...read(0, 6)]],
    ['but in the past', [...read(0, ['10', 5]), ...call(0, 'read-at', ['3', 1]), ...read(0, ['11', 5])]],
  ])('%s', (_, rows) => {
    expect(judge(rows, { scope: 'global' })).toMatchObject({ valid: true, anomalies: [] });
  });

  it('non-monotonic-read, with the process and both operations', () => {
    const verdict = judge([...read(3, 5), ...read(3, 4)]);
    expect(verdict).toMatchObject({ valid: false });
    expect(verdict.anomalies).toEqual([
      {
        name: 'non-monotonic-read',
        explanation: 'Process 3 saw the value go back: 5 in operation 1, then 4 in operation 3.',
        operations: [0, 1, 2, 3],
        picture: { kind: 'timeline', operations: [0, 2] },
      },
    ]);
  });

  it.each<[string, Row[]]>([
    ['non-monotonic-read', [...read(0, { x: 5, y: 1 }), ...read(0, { x: 6, y: 0 })]],
    ['non-monotonic-read', [...read(0, 5), ...read(0, null)]],
    ['non-monotonic-timestamp', [...read(0, ['10', 1]), ...read(0, ['9', 2])]],
    ['timestamp-reorder', [...call(0, 'read-at', ['10', 5]), ...call(1, 'read-at', ['11', 4])]],
    ['malformed-read', [...read(0, true), ...read(0, 1)]],
  ])('%s', (name, rows) => {
    expect(names(judge(rows).anomalies)).toEqual([name]);
  });

  it('stale-read of another process: a note, or an anomaly', () => {
    const rows = [...read(0, 5), ...read(1, 4), ...read(0, 5)];
    expect(judge(rows)).toMatchObject({ valid: true, allowed: [{ name: 'stale-read' }] });
    expect(judge(rows, { scope: 'global' })).toMatchObject({
      valid: false,
      anomalies: [{ name: 'stale-read' }],
    });
    const overlapping: Row[] = [
      ...read(0, 1),
      [1, 'invoke', 'read', null],
      ...read(0, 5),
      [1, 'ok', 'read', 4],
    ];
    expect(judge(overlapping, { scope: 'global' })).toMatchObject({ valid: true, anomalies: [] });
  });

  it('equal timestamps say nothing of the order', () => {
    expect(judge([...call(0, 'read-at', ['10', 5]), ...call(1, 'read-at', ['10', 4])]).valid).toBe(true);
  });

  it('what was seen once proves nothing', () => {
    expect(judge([...read(0, 1), ...read(1, 2)]).valid).toBe('unknown');
    expect(judge([...read(0, 1), ...read(1, 2)], { scope: 'global' }).valid).toBe(true);
    expect(judge([...read(0, 1, 'x'), ...read(0, 2, 'y')], { scope: 'global' }).valid).toBe('unknown');
  });

  it('texts of digits below zero compare as numbers, too', () => {
    expect(compareOrdered('-10', '-9')).toBeLessThan(0);
    expect(compareOrdered('-9007199254740993', -5)).toBeLessThan(0);
    expect(compareOrdered('-1', '1')).toBeLessThan(0);
    expect(compareOrdered('-1.5', '-1.25')).toBeLessThan(0);
    expect(compareOrdered('-0', '0')).toBe(0);
  });

  it('nothing read is unknown; a register is no such thing', () => {
    expect(judge([...read(0, null), ...call(0, 'inc', 1)]).valid).toBe('unknown');
    expect(() => judge(call(0, 'write', 1))).toThrow(
      'what only grows has read, read-at, inc and add, no write',
    );
  });

  it('is what comparing all pairs finds', () => {
    const seen = { process: { right: 0, wrong: 0 }, global: { right: 0, wrong: 0 } };
    for (const scope of ['process', 'global'] as const) {
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const random = randomStream(seed, 'monotonic', scope);
          let value = 0;
          const history = historyOf(
            interleave(
              random,
              { threads: 2, calls: 8 },
              () => ({ f: 'read', value: null }),
              () => Math.max(0, value++ - (random.chance(0.2) ? random.integer(1, 4) : 0)),
            ),
          );
          const reads = history.pairs().filter(({ completion }) => completion?.type === 'ok');
          const expected = reads.every((a) =>
            reads.every((b) => {
              if ((a.completion?.index ?? 0) > b.invocation.index) return true;
              if (scope === 'process' && a.invocation.process !== b.invocation.process) return true;
              return Number(a.completion?.value) <= Number(b.completion?.value);
            }),
          );
          seen[scope][expected ? 'right' : 'wrong']++;
          expect(monotonic({ scope }).check({ history }).valid !== false).toBe(expected);
        }),
        { numRuns: 1_000 },
      );
      expect(Math.min(seen[scope].right, seen[scope].wrong)).toBeGreaterThan(100);
    }
  });
});

describe('what can be ordered', () => {
  it.each<[string | number, string | number]>([
    [9, 10],
    ['9', '10'],
    ['2018-12-05T22:15:09', '2018-12-05T22:15:09.143'],
    ['1453994838123456789.0000000001', '1453994838123456789.0000000002'],
    ['1453994838123456789.5', '1453994838123456790'],
    ['1.9', 2],
  ])('%s is before %s', (a, b) => {
    expect(compareOrdered(a, b)).toBeLessThan(0);
    expect(compareOrdered(b, a)).toBeGreaterThan(0);
    expect(compareOrdered(a, a)).toBe(0);
  });

  it('zeros at the ends are nothing', () => {
    expect(compareOrdered('007.50', '7.5')).toBe(0);
  });
});

describe('a table', () => {
  const row = (val: number, sts: number, process = 0) => ({ val, sts, process, node: 1, tb: val % 2 });
  const rows = (...of: readonly Json[]) => call(9, 'read', of);
  const add = (value: Json, type: 'ok' | 'fail' | 'info' = 'ok') => call(0, 'add', value, type);
  const judgeTable = (all: readonly Row[], options: MonotonicTableOptions = {}) =>
    monotonicTable(options).check({ history: historyOf(all) });

  it('in order', () => {
    const all = [...add(row(1, 10)), ...add(row(2, 11), 'info'), ...rows(row(1, 10), row(2, 11))];
    expect(judgeTable(all)).toMatchObject({ valid: true, statistics: { adds: 2, rows: 2, recovered: 1 } });
  });

  it.each<[string, Row[]]>([
    ['order-by-error', rows(row(1, 10), row(2, 9))],
    ['value-reorder', rows(row(2, 10, 1), row(1, 11, 2))],
    ['lost-add', [...add(row(1, 10)), ...rows()]],
    ['revived-add', [...add(row(1, 10), 'fail'), ...rows(row(1, 10))]],
    ['malformed-read', rows('first', { sts: 5 })],
  ])('%s', (name, all) => {
    const verdict = judgeTable(all);
    expect(verdict.valid).toBe(false);
    expect(names(verdict.anomalies)).toEqual([name]);
  });

  it('duplicate-value', () => {
    expect(names(judgeTable(rows(row(1, 10), row(1, 11))).anomalies)).toEqual(
      ['value-reorder', 'duplicate-value'].reverse(),
    );
  });

  it('a value that failed may be given again', () => {
    expect(judgeTable([...add(row(1, 10), 'fail'), ...add(row(1, 11)), ...rows(row(1, 11))]).valid).toBe(
      true,
    );
    expect(
      judgeTable([...add(row(1, 10), 'fail'), [5, 'invoke', 'add', null], ...rows(row(1, 11))]).valid,
    ).toBe(true);
  });

  it('process by process', () => {
    const apart = rows(row(2, 10, 1), row(1, 11, 2));
    expect(judgeTable(apart, { scope: 'process' })).toMatchObject({
      valid: true,
      statistics: { reordersByNode: 1 },
    });
    expect(judgeTable(rows(row(2, 10, 1), row(1, 11, 1)), { scope: 'process' }).valid).toBe(false);
  });

  it('without timestamps nobody speaks of them', () => {
    const [anomaly] = judgeTable(rows(2, 1)).anomalies;
    expect(anomaly?.explanation).toBe('Operation 1 read the table with the value 2 in a row before 1.');
  });

  it('empty, and nothing acknowledged: unknown; and so it is when time is up', () => {
    expect(judgeTable(rows())).toMatchObject({ valid: 'unknown', anomalies: [] });
    const history = historyOf([...add(row(1, 10)), ...rows()]);
    expect(monotonicTable().check({ history, isOverdue: () => true })).toMatchObject({
      valid: 'unknown',
      anomalies: [],
    });
  });

  it('never read is unknown', () => {
    expect(judgeTable(add(row(1, 1))).valid).toBe('unknown');
    expect(() => judgeTable(call(0, 'write', 1))).toThrow('has add and read, no write');
  });
});
