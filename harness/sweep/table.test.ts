import { describe, expect, it } from 'vitest';
import { labelsOf } from './labels.ts';
import type { SeedRecord } from './ledger.ts';
import { outcomeOf } from './outcome.ts';
import { clockText, sweepTable, type TableRow } from './table.ts';
import { cell, header, record } from './testing/samples.ts';

const options = (nemesis: string) =>
  [
    ['time-limit', '20'],
    ['nemesis', nemesis],
  ] as const;

/** A row of what is done by now, of three seeds. */
function row(
  nemesis: string,
  outcomes: readonly SeedRecord['outcome'][],
  given: Partial<TableRow> & { readonly expect?: 'valid' | 'invalid' } = {},
): TableRow {
  const { expect: expected = 'valid', ...rest } = given;
  const key = `raft register --time-limit 20 --nemesis ${nemesis}`;
  const cells = [cell(key, { options: options(nemesis), expect: expected })];
  const records = outcomes.map((outcome, i) =>
    record(key, i + 1, { outcome, anomaly: outcome === 'invalid' ? 'linearizability/lost-write' : null }),
  );
  const [outcome] = outcomeOf(header(cells), records, true).cells;
  if (outcome === undefined) throw new Error('no cell');
  return { outcome, seeds: 3, running: 0, isDone: outcomes.length === 3, rate: null, leftS: null, ...rest };
}

const ROWS = [
  row('none', ['valid', 'valid', 'valid'], { rate: 2.14 }),
  row('kill', ['valid', 'invalid'], { running: 1, rate: 0.5, leftS: 2 }),
  row('pause', ['valid', 'error'], { running: 0 }),
  row('clock', ['valid'], { running: 1, seeds: null }),
  row('partition', []),
  row('links', [], { expect: 'invalid', running: 2, leftS: 65 }),
];
const WIDE = { columns: 110, rows: 24 };

describe('the table of a sweep', () => {
  it('has a row a cell, named by what differs', () => {
    expect(`\n${sweepTable(ROWS, '8 seeds', WIDE).join('\n')}\n`).toBe(`
         cell                               seeds  valid  invalid  unknown   rate   left  found
ok       raft register --nemesis none         3/3      3        0        0  2.1/s
FAILED   raft register --nemesis kill         2/3      1        1        0  0.5/s   0:02  lost-write
ERROR    raft register --nemesis pause        2/3      1        0      0+1
running  raft register --nemesis clock        1/…      1        0        0
waiting  raft register --nemesis partition    0/3      0        0        0
running  raft register --nemesis links        0/3      0        0        0         ≤1:05
8 seeds
`);
  });

  it.each([
    [40, 24],
    [60, 24],
    [80, 6],
    [90, 5],
    [200, 8],
  ])('fits %i columns and %i rows', (columns, rows) => {
    const lines = sweepTable(ROWS, '8 seeds', { columns, rows });
    expect(lines.length).toBeLessThan(rows);
    expect(lines.at(-1)).toBe('8 seeds');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
  });

  it('leaves out what tells least', () => {
    const lines = sweepTable(ROWS, '8 seeds', { columns: 100, rows: 8 });
    expect(lines.map((line) => line.slice(0, 40).trim())).toEqual([
      'cell',
      'FAILED   raft register --nemesis kill',
      'ERROR    raft register --nemesis pause',
      'running  raft register --nemesis clock',
      'running  raft register --nemesis links',
      '… 2 more cells: 1 ok, 1 waiting',
      '8 seeds',
    ]);
  });

  it('keeps both ends of a name that is too long', () => {
    const lines = sweepTable([row('none', []), row('partition,kill', [])], '', { columns: 70, rows: 24 });
    expect(lines[2]).toMatch(/^waiting {2}raft re.*….*tition,kill {2,}0\/3/);
  });
});

describe('names of cells', () => {
  it('differ as the keys do', () => {
    const cells = ['none', 'kill'].map((nemesis) => cell(nemesis, { options: options(nemesis) }));
    expect([...labelsOf(cells).values()]).toEqual([
      'raft register --nemesis none',
      'raft register --nemesis kill',
    ]);
    expect([...labelsOf(cells.slice(0, 1)).values()]).toEqual(['raft register']);
    expect(labelsOf([]).size).toBe(0);
  });
});

it('tells times as a clock does', () => {
  expect([0, 41.2, 727, 11_100].map(clockText)).toEqual(['0:00', '0:42', '12:07', '3:05:00']);
});
