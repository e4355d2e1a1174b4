import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import type { History } from '../../harness/history/history.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { call, historyOf, interleave, type Row } from '../findings/testing/history-of.ts';
import { queue, totalQueue } from './index.ts';

const judge = (rows: readonly Row[]) => queue().check({ history: historyOf(rows) });
const judgeTotal = (rows: readonly Row[], options = {}) =>
  totalQueue(options).check({ history: historyOf(rows) });
const names = (anomalies: readonly { readonly name: string }[] = []) => anomalies.map(({ name }) => name);
const enqueue = (value: Json) => call(0, 'enqueue', value);
const dequeue = (value: Json) => call(0, 'dequeue', value);
const drain = (value: Json) => call(0, 'drain', value);

describe('queue: every dequeue comes from somewhere', () => {
  it.each<[string, Row[]]>([
    ['in another order', [...enqueue(1), ...enqueue(2), ...dequeue(2), ...dequeue(1)]],
    ['while the enqueue is in flight', [[1, 'invoke', 'enqueue', 1], ...dequeue(1)]],
    ['of unknown outcome', [...call(1, 'enqueue', 1, 'info'), ...drain([1])]],
    ['twice what went in twice', [...enqueue(1), ...enqueue(1), ...drain([1, 1])]],
    ['empty', [...dequeue(null), ...enqueue(1), ...dequeue(1)]],
  ])('%s', (_, rows) => {
    expect(judge(rows)).toMatchObject({ valid: true });
  });

  it.each<[string, Row[]]>([
    ['unexpected-dequeue', dequeue(1)],
    ['unexpected-dequeue', [...dequeue(1), ...enqueue(1)]],
    ['unexpected-dequeue', [...call(0, 'enqueue', 1, 'fail'), ...dequeue(1)]],
    ['duplicate-dequeue', [...enqueue(1), ...dequeue(1), ...drain([1])]],
    ['malformed-drain', drain('all')],
  ])('%s', (name, rows) => {
    const verdict = judge(rows);
    expect(verdict.valid).toBe(false);
    expect(names(verdict.anomalies)).toEqual([name]);
  });

  it('says how often, and holds an anomaly against nobody else', () => {
    const twice = judge([...enqueue(1), ...dequeue(1), ...dequeue(1), ...enqueue(1), ...dequeue(1)]);
    expect(twice.anomalies).toMatchObject([
      {
        name: 'duplicate-dequeue',
        explanation:
          'Operation 5 took 1 out of the queue, but it can have gone in once only by then, and had come out as often; ' +
          'operation 3 took it before.',
        operations: [3, 4, 5],
      },
    ]);
    const early = judge([...dequeue(1), ...enqueue(1), ...dequeue(1)]);
    expect(names(early.anomalies)).toEqual(['unexpected-dequeue']);
  });

  it.each([queue(), totalQueue()])('$name asks whether time is up', (checker) => {
    const history = historyOf([...enqueue(1), ...drain([])]);
    const verdict = checker.check({ history, isOverdue: () => true });
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(verdict.reason).toMatch('time budget');
  });

  it('is unknown when nothing comes out, and no register', () => {
    expect(judge(enqueue(1)).valid).toBe('unknown');
    expect(() => judge(call(0, 'read', 1))).toThrow('a queue has enqueue, dequeue and drain, no read');
  });
});

describe('total-queue: what goes in comes out', () => {
  it('all of it', () => {
    expect(judgeTotal([...enqueue(1), ...enqueue(2), ...dequeue(2), ...drain([1])])).toMatchObject({
      valid: true,
      statistics: { attempts: 2, acknowledged: 2, ok: 2, lost: { count: 0 } },
    });
  });

  it('lost-element, where the queue was found empty', () => {
    const verdict = judgeTotal([...enqueue(1), ...enqueue(2), ...drain([2])]);
    expect(verdict).toMatchObject({ valid: false, statistics: { lost: { count: 1, elements: '1' } } });
    expect(verdict.anomalies).toMatchObject([{ name: 'lost-element', operations: [0, 1, 4, 5] }]);
    const failing: Row[] = [
      [0, 'invoke', 'dequeue', null],
      [0, 'fail', 'dequeue', null],
    ];
    expect(judgeTotal([...enqueue(1), ...failing])).toMatchObject({ valid: 'unknown' });
  });

  it('unknown, where it may still be in it', () => {
    expect(judgeTotal([...enqueue(1), ...enqueue(2), ...dequeue(2)])).toMatchObject({
      valid: 'unknown',
      statistics: { remaining: 1 },
    });
    expect(judgeTotal([[1, 'invoke', 'drain', null], ...enqueue(1), [1, 'ok', 'drain', []]]).valid).toBe(
      'unknown',
    );
  });

  it('unknown, where dequeues of unknown outcome may have taken it', () => {
    const doubt = call(1, 'dequeue', null, 'info');
    expect(judgeTotal([...enqueue(1), ...doubt, ...drain([])])).toMatchObject({ valid: 'unknown' });
    expect(judgeTotal([...enqueue(1), ...enqueue(2), ...doubt, ...drain([])])).toMatchObject({
      valid: false,
      statistics: { lost: { count: 2 } },
    });
    expect(
      judgeTotal([...enqueue(1), ...enqueue(2), ...call(1, 'drain', null, 'info'), ...drain([])]).valid,
    ).toBe('unknown');
  });

  it.each<[string, Row[]]>([
    ['unexpected-element', [...enqueue(1), ...drain([1, 2])]],
    ['revived-element', [...enqueue(1), ...call(0, 'enqueue', 2, 'fail'), ...drain([1, 2])]],
  ])('%s', (name, rows) => {
    expect(names(judgeTotal(rows).anomalies)).toEqual([name]);
  });

  it('duplicate-element: told, or judged', () => {
    const rows = [...enqueue(1), ...dequeue(1), ...drain([1])];
    expect(judgeTotal(rows)).toMatchObject({ valid: true, allowed: [{ name: 'duplicate-element' }] });
    expect(judgeTotal(rows, { duplicates: 'judged' })).toMatchObject({
      valid: false,
      anomalies: [{ name: 'duplicate-element' }],
    });
    expect(names(judgeTotal([...enqueue(1), ...rows.slice(0, 4), ...drain([1])]).allowed)).toEqual([]);
  });

  it('as Jepsen’s own tests have it', () => {
    const sane = [...call(1, 'enqueue', 1, 'info'), ...enqueue(2), ...dequeue(1), ...dequeue(2)];
    expect(judgeTotal(sane)).toMatchObject({
      valid: true,
      statistics: { attempts: 2, acknowledged: 1, ok: 2, recovered: { elements: '1' }, lost: { count: 0 } },
    });
    const pathological = [
      ...call(1, 'enqueue', 'hung', 'info'),
      ...[...enqueue('enqueued'), ...enqueue('dup'), ...call(4, 'dequeue', null, 'info')],
      ...[...dequeue('wtf'), ...dequeue('dup'), ...dequeue('dup')],
    ];
    // Where Jepsen calls `enqueued` lost: it may still be in the queue, or the fourth process took it.
    expect(judgeTotal(pathological)).toMatchObject({
      valid: false,
      anomalies: [{ name: 'unexpected-element' }],
      allowed: [{ name: 'duplicate-element' }],
      statistics: { attempts: 3, acknowledged: 2, ok: 1, remaining: 1 },
    });
  });

  it('recovered: of unknown outcome, and out', () => {
    const rows = [...enqueue(1), ...call(1, 'enqueue', 2, 'info'), ...drain([2, 1])];
    expect(judgeTotal(rows)).toMatchObject({ valid: true, statistics: { recovered: { elements: '2' } } });
  });
});

/** A correct queue that is drained at the end, of which some elements vanish, come twice or from nowhere. */
function randomRows(random: Random): Row[] {
  const contents: Json[] = [];
  const spoilt = random.chance(0.4) ? 0 : 0.1;
  const rows = interleave(
    random,
    { threads: 3, calls: 8, unknownShare: 0.2 },
    () =>
      random.chance(0.6) ? { f: 'enqueue', value: random.integer(0, 3) } : { f: 'dequeue', value: null },
    ({ f, value }) => {
      if (f === 'enqueue' && !random.chance(spoilt)) contents.push(value);
      if (f === 'enqueue') return value;
      return random.chance(spoilt) ? random.integer(0, 4) : (contents.shift() ?? null);
    },
  );
  return [...rows, ...call(99, 'drain', contents)];
}

/** Is there a choice of what unknown operations did, with which the accounts balance? Order does not count. */
function canBalance(history: History): boolean {
  const tally = new Map<Json, number>();
  const add = (value: Json, count: number) => tally.set(value, (tally.get(value) ?? 0) + count);
  const optional: Json[] = [];
  let unknownDequeues = 0;
  for (const { invocation, completion } of history.pairs()) {
    const isOk = completion?.type === 'ok';
    if (completion?.type === 'fail') continue;
    if (invocation.f === 'enqueue' && isOk) add(invocation.value, 1);
    else if (invocation.f === 'enqueue') optional.push(invocation.value);
    else if (!isOk) unknownDequeues++;
    else if (invocation.f === 'drain') for (const value of completion.value as Json[]) add(value, -1);
    else if (completion.value !== null) add(completion.value, -1);
  }
  for (let choice = 0; choice < 1 << optional.length; choice++) {
    const balance = new Map(tally);
    optional.forEach((value, i) => {
      if ((choice >> i) % 2 === 1) balance.set(value, (balance.get(value) ?? 0) + 1);
    });
    const left = [...balance.values()];
    if (left.every((count) => count >= 0) && left.reduce((sum, count) => sum + count, 0) <= unknownDequeues)
      return true;
  }
  return false;
}

describe('against brute force', () => {
  it('total-queue is false exactly when no choice of unknown outcomes balances', () => {
    const seen = { balances: 0, not: 0 };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(randomRows(randomStream(seed, 'total-queue')));
        const expected = canBalance(history);
        seen[expected ? 'balances' : 'not']++;
        const { valid } = totalQueue({ duplicates: 'judged' }).check({ history });
        expect(valid !== false).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
    expect(seen.balances).toBeGreaterThan(500);
    expect(seen.not).toBeGreaterThan(300);
  });
});
