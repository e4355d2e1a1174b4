import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { call, historyOf, type Row } from '../findings/testing/history-of.ts';
import { type Guarantee, sessions, type SessionsOptions } from './index.ts';

const judge = (rows: readonly Row[], options: SessionsOptions = {}) =>
  sessions(options).check({ history: historyOf(rows) });
const names = (anomalies: readonly { readonly name: string }[]) => anomalies.map(({ name }) => name);
const statusOf = (rows: readonly Row[], options: SessionsOptions = {}) => {
  const { guarantees } = judge(rows, options).statistics as {
    guarantees: Record<Guarantee, { valid: boolean | 'unknown' }>;
  };
  return Object.fromEntries(Object.entries(guarantees).map(([name, { valid }]) => [name, valid]));
};

/** At a position of the system, where it is given. */
const write = (process: number, value: Json, position?: number): Row[] =>
  call(process, 'write', value, 'ok', position === undefined ? {} : { position });
const read = (process: number, value: Json): Row[] => call(process, 'read', value);
const append = (process: number, value: Json): Row[] => call(process, 'append', value);

describe('registers whose versions have positions', () => {
  it('keep all four guarantees, behind the newest as they may be', () => {
    const rows = [
      ...write(0, 'a', 1),
      ...write(1, 'b', 2),
      ...read(2, 'a'),
      ...read(2, 'b'),
      ...write(2, 'c', 3),
      ...write(2, 'd', 4),
      ...read(2, 'd'),
      ...read(1, 'b'),
      ...read(0, 'a'),
    ];
    expect(judge(rows)).toMatchObject({ valid: true, statistics: { keys: 1, ordered: 1 } });
  });

  it.each<[Guarantee, Row[], string]>([
    [
      'read-your-writes',
      [...write(0, 'a', 1), ...write(1, 'b', 2), ...read(1, 'a')],
      'it wrote "b" of the register in operation 2, then read "a" in operation 4, which is the older version.',
    ],
    [
      'monotonic-reads',
      [...write(0, 'a', 1), ...write(0, 'b', 2), ...read(1, 'b'), ...read(1, 'a')],
      'it read "b" of the register in operation 4, then read "a" in operation 6, which is the older version.',
    ],
    [
      'monotonic-writes',
      [...write(1, 'a', 2), ...write(1, 'b', 1)],
      'it wrote "a" of the register in operation 0, then wrote "b" in operation 2, which is the older version.',
    ],
    [
      'writes-follow-reads',
      [...write(0, 'a', 2), ...read(1, 'a'), ...write(1, 'b', 1)],
      'it read "a" of the register in operation 2, then wrote "b" in operation 4, which is the older version.',
    ],
  ])('%s', (name, rows, explanation) => {
    const verdict = judge(rows);
    expect(verdict.valid).toBe(false);
    expect(names(verdict.anomalies)).toEqual([name]);
    expect(verdict.anomalies[0]?.explanation).toBe(
      `Session 1 lost ${name.replaceAll('-', ' ')}: ${explanation}`,
    );
    expect(verdict.anomalies[0]?.evidence).toEqual({ key: 'the register', sessions: [1] });
  });

  it('do not trust positions that are given twice', () => {
    const rows = [...write(0, 'a', 1), ...write(0, 'b', 1), ...read(1, 'b'), ...read(1, 'a')];
    expect(names(judge(rows).anomalies)).toEqual(['incoherent-order']);
  });
});

describe('registers whose versions nobody orders', () => {
  it('leave unknown what depends on the order', () => {
    const rows = [...write(0, 'a'), ...write(0, 'b'), ...read(0, 'b'), ...read(0, 'b'), ...write(0, 'c')];
    expect(statusOf(rows)).toEqual({
      'read-your-writes': true,
      'monotonic-reads': true,
      'monotonic-writes': 'unknown',
      'writes-follow-reads': 'unknown',
    });
    const verdict = judge(rows);
    expect(verdict).toMatchObject({ valid: 'unknown' });
    expect(verdict.reason).toMatch(/^monotonic-writes \(nothing tells which version is the newer one\)/);
    expect(judge(rows, { guarantees: ['read-your-writes', 'monotonic-reads'] }).valid).toBe(true);
  });

  it.each<[string, Row[], readonly number[]]>([
    ['read-your-writes', [...write(3, 'a'), ...read(3, null)], [3]],
    ['monotonic-reads', [...write(0, 'a'), ...read(3, 'a'), ...read(3, null)], [3]],
    [
      'monotonic-reads',
      [...write(0, 'a'), ...write(1, 'b'), ...read(3, 'a'), ...read(3, 'b'), ...read(3, 'a')],
      [3],
    ],
    [
      'monotonic-reads',
      [
        ...write(0, 'a'),
        ...write(1, 'b'),
        ...read(3, 'a'),
        ...read(4, 'b'),
        ...read(3, 'b'),
        ...read(4, 'a'),
      ],
      [3, 4],
    ],
    ['read-your-writes', [...write(3, 'a'), ...write(4, 'b'), ...read(3, 'b'), ...read(4, 'a')], [3, 4]],
  ])('%s of sessions %#', (name, rows, lost) => {
    const { anomalies } = judge(rows);
    expect(names(anomalies)).toEqual([name]);
    expect(anomalies[0]?.evidence).toMatchObject({ sessions: lost });
  });

  it('incoherent-order: one of several was lost, and nobody can say which', () => {
    const rows = [...write(0, 'a'), ...write(0, 'b'), ...read(1, 'b'), ...read(1, 'a')];
    const verdict = judge(rows);
    expect(names(verdict.anomalies)).toEqual(['incoherent-order']);
    expect(verdict.anomalies[0]?.explanation).toMatch(
      /lost one of monotonic reads, monotonic writes: of the register, /,
    );
    expect(verdict.anomalies[0]?.explanation).toContain(
      'session 1 read "b" (operation 4), then read "a" (operation 6)',
    );
    expect(verdict.anomalies[0]?.explanation).toContain(
      'session 0 wrote "a" (operation 0), then wrote "b" (operation 2)',
    );
    expect(statusOf(rows)).toMatchObject({ 'monotonic-reads': 'unknown', 'monotonic-writes': 'unknown' });
    expect(judge([...rows.slice(0, -2), ...read(2, 'a')]).valid).toBe('unknown');
  });

  it('know what a compare-and-set replaced', () => {
    const rows = [...write(0, 'a'), ...call(1, 'cas', ['a', 'b']), ...read(2, 'b'), ...read(2, 'a')];
    expect(names(judge(rows).anomalies)).toEqual(['monotonic-reads']);
    const around = [
      ...write(0, 'a'),
      ...write(3, 'b'),
      ...call(1, 'cas', ['a', 'c']),
      ...read(2, 'a'),
      ...read(2, 'c'),
    ];
    expect(judge(around).anomalies).toEqual([]);
  });

  it('cyclic-versions: positions that contradict a compare-and-set', () => {
    const rows = [
      ...write(0, 'a', 2),
      ...call(1, 'cas', ['a', 'b'], 'ok', { position: 1 }),
      ...write(3, 'c'),
      ...read(4, 'c'),
    ];
    expect(names(judge(rows).anomalies)).toEqual(['cyclic-versions']);
  });

  it('are ordered by their values on demand, where that can be verified', () => {
    const rows = [...write(0, 1), ...write(1, 2), ...read(2, 2), ...read(2, 1)];
    expect(judge(rows).valid).not.toBe(false);
    expect(names(judge(rows, { versionOrder: 'values' }).anomalies)).toEqual(['monotonic-reads']);
    const overlapping: Row[] = [
      [5, 'invoke', 'write', 1],
      ...write(1, 2),
      [5, 'ok', 'write', 1],
      ...rows.slice(4),
    ];
    expect(judge(overlapping, { versionOrder: 'values' }).anomalies).toEqual([]);
  });

  it.each<[string, Row[]]>([
    ['garbage-read', [...write(0, 'a'), ...read(0, 'x')]],
    ['aborted-read', [...call(0, 'write', 'a', 'fail'), ...read(0, 'a')]],
    ['future-read', [...read(0, 'a'), ...write(0, 'a')]],
  ])('%s', (name, rows) => {
    expect(names(judge(rows).anomalies)).toEqual([name]);
  });

  it('begin with what the option says', () => {
    expect(names(judge(read(0, 0)).anomalies)).toEqual(['garbage-read']);
    expect(judge([...read(0, 0), ...write(0, 1), ...read(0, 0)], { initial: 0 }).anomalies).toMatchObject([
      { name: 'read-your-writes' },
    ]);
  });

  it('are not judged when a value is written twice', () => {
    const rows = [...write(0, 'a'), ...write(1, 'a'), ...read(0, null)];
    expect(judge(rows)).toMatchObject({ valid: 'unknown', statistics: { ambiguous: 1 } });
    expect(
      names(judge([...call(1, 'write', 'a', 'fail'), ...write(0, 'a'), ...read(0, null)]).anomalies),
    ).toEqual(['read-your-writes']);
  });

  it('end with a process, or go on with its thread', () => {
    const rows = [...write(0, 'a'), ...call(0, 'write', 'b', 'info'), ...read(3, null)];
    expect(judge(rows).anomalies).toEqual([]);
    expect(names(judge(rows, { sessions: 'thread', threads: 3 }).anomalies)).toEqual(['read-your-writes']);
    expect(() => sessions({ sessions: 'thread' })).toThrow('set the option threads');
  });

  it('ask whether time is up', () => {
    const history = historyOf([...write(0, 'a'), ...read(0, 'x')]);
    const verdict = sessions().check({ history, isOverdue: () => true });
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(verdict.reason).toMatch('time budget');
  });

  it('are not of one thread when both go on', () => {
    const options = { sessions: 'thread', threads: 1 } as const;
    const goesOn = [...write(0, 'a'), ...read(1, null)];
    expect(() => judge(goesOn, options)).toThrow(
      'operation 2: with 1 threads, process 1 would follow process 0',
    );
    const ended = [...call(0, 'write', 'a', 'info'), ...read(1, null)];
    expect(judge(ended, options).anomalies).toEqual([]);
    expect(() => judge([...ended, ...read(0, null)], options)).toThrow('operation 4');
    expect(judge([[0, 'invoke', 'write', 'a'], ...read(1, null)], options).anomalies).toEqual([]);
  });

  it('owe nothing to a write of unknown outcome', () => {
    const rows = [...call(0, 'write', 'a', 'info'), ...read(3, null)];
    expect(judge(rows, { sessions: 'thread', threads: 3 }).anomalies).toEqual([]);
  });

  it('are no counters, and nothing proves nothing', () => {
    expect(() => judge(call(0, 'add', 1))).toThrow(
      'sessions have read, write and cas, or read and append: no add',
    );
    expect(() => judge(call(0, 'cas', 1))).toThrow('a cas wants [expected, new], not 1');
    expect(judge([]).valid).toBe('unknown');
  });
});

describe('lists', () => {
  const whole = [
    ...append(0, 1),
    ...read(0, [1]),
    ...append(0, 2),
    ...append(1, 3),
    ...read(1, [1, 2, 3]),
    ...read(0, [1, 2]),
  ];

  it('decide everything', () => {
    expect(judge([...whole, ...append(1, 4), ...read(1, [1, 2, 3, 4])])).toMatchObject({ valid: true });
  });

  it.each<[Guarantee, Row[], string]>([
    [
      'read-your-writes',
      [...append(1, 1), ...read(1, [])],
      'it appended 1 in operation 0, and operation 3 lacks it.',
    ],
    [
      'monotonic-reads',
      [...append(0, 1), ...read(1, [1]), ...read(1, [])],
      'it read 1 in operation 2, and operation 5 lacks it.',
    ],
    [
      'monotonic-writes',
      [...append(1, 1), ...append(1, 2), ...read(0, [2, 1])],
      'it appended 1 in operation 0, then appended 2 in operation 2, but operation 5 has 2 without 1 before it.',
    ],
    [
      'writes-follow-reads',
      [...append(0, 1), ...read(1, [1]), ...append(1, 2), ...read(0, [2, 1])],
      'it read 1 in operation 2, then appended 2 in operation 4, but operation 7 has 2 without 1 before it.',
    ],
  ])('%s', (name, rows, explanation) => {
    const verdict = judge(rows);
    expect(verdict.valid).toBe(false);
    expect(names(verdict.anomalies)).toEqual([name]);
    expect(verdict.anomalies[0]?.explanation).toBe(
      `Session 1 of the list lost ${name.replaceAll('-', ' ')}: ${explanation}`,
    );
  });

  it('owe nothing to an append of unknown outcome', () => {
    const rows = [...append(1, 0), ...call(1, 'append', 1, 'info'), ...append(4, 2), ...read(4, [0, 2])];
    expect(judge(rows, { sessions: 'thread', threads: 3 }).anomalies).toEqual([]);
  });

  it.each<[string, Row[]]>([
    ['garbage-read', read(0, [1])],
    ['aborted-read', [...call(0, 'append', 1, 'fail'), ...read(0, [1])]],
    ['future-read', [...read(0, [1]), ...append(0, 1)]],
    ['malformed-read', [...append(0, 1), ...read(1, 'all')]],
  ])('%s', (name, rows) => {
    expect(names(judge(rows).anomalies)).toEqual([name]);
  });

  it('have unique elements', () => {
    expect(() => judge([...append(0, 1), ...append(1, 1)])).toThrow('elements must be unique');
    expect(() => judge([...append(0, 1), ...write(0, 1)])).toThrow(
      'sessions of lists have read and append, no write',
    );
  });
});
