/** When the verdict may be true: never where time or steps ended before all was judged. */
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Row } from '../findings/testing/history-of.ts';
import { log } from './index.ts';
import type { LogOptions } from './index.ts';
import { generateLogHistory } from './testing/log-history.ts';
import { plant } from './testing/plants.ts';
import { judge, poll, send, txn } from './testing/rows.ts';

const correct = generateLogHistory({
  seed: 3,
  operations: 40_000,
  clients: 5,
  transactions: true,
  administration: true,
});

/** The verdict when time ends with the nth question whether it has, and whether that was asked. */
function checkUntil(operations: readonly Operation[], question: number) {
  let asked = 0;
  const history = new History(operations);
  const { valid, reason, statistics } = log().check({ history, isOverdue: () => ++asked >= question });
  const { overdueDuring } = statistics as { readonly overdueDuring?: string };
  return { valid, reason, overdueDuring, isOverdue: asked >= question };
}

function checkUntilEach(operations: readonly Operation[]) {
  const verdicts = [];
  for (let question = 1; ; question++) {
    const verdict = checkUntil(operations, question);
    if (!verdict.isOverdue) return { verdicts, last: verdict };
    verdicts.push(verdict);
  }
}

describe('a time budget that ends', () => {
  it('in any pass makes the verdict unknown, and says what to try', () => {
    const { verdicts, last } = checkUntilEach(correct);
    for (const { valid, reason } of verdicts) {
      expect({ valid, reason }).toEqual({
        valid: 'unknown',
        reason: 'the time budget ended before the history did: allow more time',
      });
    }
    expect(last.valid).toBe(true);
    const passes = new Set(verdicts.map(({ overdueDuring }) => overdueDuring));
    expect(passes).toEqual(
      new Set([
        'the history',
        'offsets',
        'values',
        'sends',
        'polls',
        'committed offsets',
        'watermarks',
        'cycles',
      ]),
    );
  }, 60_000);

  it('leaves what was found before', () => {
    const { verdicts, last } = checkUntilEach(plant(correct, 'phantom', 1) as Operation[]);
    const of = (pass: string) =>
      verdicts.filter(({ overdueDuring }) => overdueDuring === pass).map(({ valid }) => valid);
    expect(new Set(of('the history'))).toEqual(new Set(['unknown']));
    expect(new Set(of('cycles'))).toEqual(new Set([false]));
    expect(last.valid).toBe(false);
  }, 60_000);
});

describe('cycles that Kafka allows', () => {
  /** Two sends to x and y at once, in one order here and in the other there, behind many that say nothing. */
  const late = (before: number): Row[] => {
    const rows: Row[] = [];
    for (let i = 0; i < before; i++) rows.push(...poll(7, []));
    const asked = (value: string) => [
      ['send', 'x', value],
      ['send', 'y', value],
    ];
    const answer = (value: string, x: number, y: number) => [
      ['send', 'x', [x, value]],
      ['send', 'y', [y, value]],
    ];
    rows.push(
      [0, 'invoke', 'txn', asked('a')],
      [1, 'invoke', 'txn', asked('b')],
      [0, 'ok', 'txn', answer('a', 0, 1)],
      [1, 'ok', 'txn', answer('b', 1, 0)],
    );
    const read = (x: string, y: string, offset: number) => ({ x: [[offset, x]], y: [[offset, y]] });
    rows.push(...txn(2, [['poll']], [['poll', read('a', 'b', 0)]]));
    rows.push(...txn(2, [['poll']], [['poll', read('b', 'a', 1)]]));
    return rows;
  };

  it('are noted among the first operations only, and the statistics say so', () => {
    const early = judge(late(0));
    expect(early).toMatchObject({ valid: true, statistics: { cycles: { notesCoverOperations: 4 } } });
    expect(early.allowed).toContain('G0');
    const far = judge(late(12_000));
    expect(far).toMatchObject({ valid: true, statistics: { cycles: { notesCoverOperations: 10_000 } } });
    expect(far.allowed).not.toContain('G0');
  });

  it.each<Partial<LogOptions>>([
    { forbid: ['G0'] },
    { forbid: ['G1c'] },
    { forbid: ['G0-realtime'], allow: ['G0'] },
  ])('are searched for everywhere where they are judged: %o', (options) => {
    expect(judge(late(12_000), options)).toMatchObject({ valid: false, names: ['G0'] });
  });

  it('an anomaly that is not forbidden stays allowed', () => {
    expect(judge(late(0), { forbid: ['G-single'] }).names).not.toContain('G0');
  });

  it('a snapshot that is judged is judged without transactions, too', () => {
    const rows = [
      ...send(0, [[0, 'z']], 'ok', 'x'),
      ...send(0, [[1, 'a']], 'ok', 'x'),
      ...send(0, [[0, 'b']], 'ok', 'y'),
      ...txn(2, [['poll']], [['poll', { x: [[0, 'z']], y: [[0, 'b']] }]]),
      ...poll(2, [[1, 'a']], 'ok', 'x'),
    ];
    expect(judge(rows)).toMatchObject({ valid: true, names: [] });
    expect(judge(rows, { snapshotReads: true }).names).toEqual(['G-single-process']);
  });
});
