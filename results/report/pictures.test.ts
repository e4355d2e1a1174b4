/** From a checker's picture to rows of the report, and to lines of a terminal. */
import { describe, expect, test } from 'vitest';
import type { Picture } from '../../checkers/checker.ts';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { unpackOperations } from './browser/operations.ts';
import { describe as inWords } from './browser/words.ts';
import { collectReportData } from './collect-data.ts';
import { samplePictures } from './sample-pictures.ts';
import { drawAsText } from './text-picture.ts';

describe('pictures in the data', () => {
  const data = collectReportData(samplePictures());
  const pictures = data.anomalies.map(({ picture }) => picture);

  test('refer to rows, whatever operation of a pair the checker named', () => {
    expect(pictures[0]).toEqual({
      kind: 'timeline',
      operations: [0, 1, 2, 3, 4, 5],
      order: [0, 1, 2],
      arrows: [
        { from: 1, to: 2, label: 'read 2 of' },
        { from: 0, to: 4, label: 'read 1 of' },
      ],
      cut: 0,
    });
    expect(pictures[3]).toMatchObject({
      kind: 'sequence',
      rows: [{ operation: 0 }, { operation: 4 }, { operation: -1 }],
    });
  });

  test('are cut to what can be looked at', () => {
    const nodes = Array.from({ length: 1000 }, (_, i) => ({ label: `T${i}`.padEnd(500, '…') }));
    const edges = nodes.map((_, i) => ({ from: i, to: (i + 1) % nodes.length, label: 'ww' }));
    const [row] = collectWith({ kind: 'graph', nodes, edges });
    expect(row).toMatchObject({ kind: 'graph', cut: 960 });
    expect(JSON.stringify(row).length).toBeLessThan(20_000);
    const cells = Array.from({ length: 100_000 }, (_, i) => String(i));
    const rows = Array.from({ length: 100 }, () => ({ label: 'r', cells, wrong: [99_999] }));
    const [wide] = collectWith({ kind: 'sequence', columns: cells, rows });
    expect(wide).toMatchObject({ kind: 'sequence', cut: 99_840 });
    expect(JSON.stringify(wide)).toContain('"99999"],"wrong":[199]');
  });

  test('what the options allow is told, and no failure', () => {
    expect(data.allowed.map(({ name }) => name)).toEqual(['duplicate']);
    expect(data.notes).toContain('Found, and allowed by the options: 1 anomaly (duplicate).');
    expect(data.headline).not.toContain('duplicate');
  });

  function collectWith(picture: Picture): unknown[] {
    const anomaly = { name: 'G0', explanation: 'a cycle', operations: [0], picture };
    const verdicts = [{ checker: 'c', valid: false as const, anomalies: [anomaly] }];
    return collectReportData({ ...samplePictures(), verdicts }).anomalies.map((row) => row.picture);
  }
});

test('a transaction is told by what it does', () => {
  const micro = (...values: Json[]): Json => values;
  const operations: Operation[] = [
    [micro(['r', 'x', null], ['append', 'y', 2]), micro(['r', 'x', [1]], ['append', 'y', 2])],
    [micro(['append', 'y', 'z'.repeat(300)]), 7],
  ].flatMap(([asked = null, answered = null], i) => [
    { index: 2 * i, time: 2 * i, process: 0, type: 'invoke', f: 'txn', value: asked },
    { index: 2 * i + 1, time: 2 * i + 1, process: 0, type: 'ok', f: 'txn', value: answered },
  ]);
  const data = collectReportData({ ...samplePictures(), history: new History(operations), verdicts: [] });
  const words = [0, 1].map((row) => inWords(data, unpackOperations(data), row).short);
  expect(words[0]).toBe('r x [1], append y 2');
  // Cut, or no transaction: as it was recorded.
  expect(words[1]).toMatch(/^txn \[\["append","y","z+… \(\d+ characters\) → 7$/);
});

describe('pictures on a terminal', () => {
  const drawn = (checker: number, anomaly: number): readonly string[] => {
    const picture = samplePictures('\u001b[31m').verdicts[checker]?.anomalies[anomaly]?.picture;
    return picture === undefined ? [] : drawAsText(picture, () => null);
  };

  test('a graph is its arrows', () => {
    expect(drawn(1, 1)).toEqual(['T1 --ww k0--> T2', 'T2 --ww k1--> T3', 'T3 --ww k2--> T4', 'T4 --ww k3--> T5', 'T5 --ww k4--> T1']); // prettier-ignore
  });

  test('a sequence is a table with what is wrong in brackets, and no control character', () => {
    expect(drawn(2, 0)).toEqual([
      '                 6   7    8     9  10  11',
      'sent\\u001b[31m  21  22   23    24   ·  25',
      'polled by 1     21  22  [·]    24   ·   ·',
      'polled by 2      ·  22  [·]  [25]   ·   ·',
    ]);
  });

  test('a long one shows the part that is wrong', () => {
    const cells = Array.from({ length: 100 }, (_, i) => `v${i}`);
    const rows = [{ label: 'log', cells, wrong: [70] }];
    const lines = drawAsText({ kind: 'sequence', columns: cells, rows }, () => null);
    expect(lines[1]).toContain('[v70]');
    expect(lines[1]).not.toContain('v0 ');
  });

  test('a few operations as bars, numbered by their beginnings; more are left to the report', () => {
    const bars = new Map([
      [0, { process: 0, start: 0, end: 2 }],
      [1, { process: 1, start: 1, end: null }],
      [3, { process: 0, start: 3, end: 4 }],
    ]);
    const barOf = (index: number) => bars.get(index) ?? null;
    expect(drawAsText({ kind: 'timeline', operations: [0, 1, 3, 9] }, barOf)).toEqual([
      'process 0  ├───(1)───┤    ├(3)─┤',
      'process 1       ├────────(2)─────────…',
    ]);
    const many = Array.from({ length: 9 }, (_, i) => i);
    const bar = (index: number) => ({ process: index, start: 2 * index, end: 2 * index + 1 });
    expect(drawAsText({ kind: 'timeline', operations: many }, bar)).toEqual([]);
  });
});
