import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../harness/history/operation.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { counterBounds } from './counter-bounds.ts';

type Row = readonly [process: number, type: OperationType, f: string, value: Json, key?: string];

function historyOf(rows: readonly Row[]): History {
  return new History(
    rows.map(([process, type, f, value, key], index): Operation => {
      return { index, time: index, process, type, f, value, ...(key === undefined ? undefined : { key }) };
    }),
  );
}

/** One after the other, all ok. */
function sequential(...calls: readonly (readonly [f: 'add' | 'read', value: Json])[]): Row[] {
  return calls.flatMap(([f, value]): Row[] => [
    [0, 'invoke', f, f === 'read' ? null : value],
    [0, 'ok', f, value],
  ]);
}

const inDoubt = (amount: number): Row[] => [
  [1, 'invoke', 'add', amount],
  [1, 'info', 'add', amount],
];

const failed = (amount: number): Row[] => [
  [1, 'invoke', 'add', amount],
  [1, 'fail', 'add', amount],
];

function judge(rows: readonly Row[]) {
  const { valid, anomalies } = counterBounds().check({ history: historyOf(rows) });
  return { valid, names: anomalies.map(({ name }) => name), anomalies };
}

describe('counts within bounds', () => {
  it.each<[string, Row[]]>([
    ['null is zero', [...failed(3), ...sequential(['read', null], ['add', 1], ['read', 1])]],
    ['all acknowledged', sequential(['add', 3], ['add', 5], ['read', 8])],
    ['without an addition in doubt', [...inDoubt(5), ...sequential(['add', 3], ['read', 3])]],
    ['with an addition in doubt', [...inDoubt(5), ...sequential(['add', 3], ['read', 8])]],
    ['without a failed addition', [...failed(5), ...sequential(['add', 3], ['read', 3])]],
    ['with an addition in flight', [[1, 'invoke', 'add', 5], ...sequential(['read', 0], ['read', 5])]],
    [
      'with a subtraction in flight',
      [...sequential(['add', 3]), [1, 'invoke', 'add', -2], ...sequential(['read', 1])],
    ],
    [
      'an addition that was acknowledged while the read was in flight',
      [
        ...sequential(['add', 0]),
        [1, 'invoke', 'read', null],
        ...sequential(['add', 3]),
        [1, 'ok', 'read', 0],
      ],
    ],
    [
      'one counter that knows nothing of another',
      [
        [0, 'invoke', 'add', 1, 'a'],
        [0, 'ok', 'add', 1, 'a'],
        [0, 'invoke', 'read', null, 'b'],
        [0, 'ok', 'read', 0, 'b'],
        [0, 'invoke', 'read', null, 'a'],
        [0, 'ok', 'read', 1, 'a'],
      ],
    ],
  ])('%s', (_name, rows) => {
    expect(judge(rows)).toMatchObject({ valid: true, names: [] });
  });

  it('count what no read was there to see', () => {
    const unseenIn = (rows: readonly Row[]): unknown =>
      counterBounds().check({ history: historyOf(rows) }).statistics;
    expect(unseenIn(sequential(['add', 1], ['read', 1], ['add', 2], ['add', 3]))).toMatchObject({
      unseen: 2,
    });
    // Invoked before the acknowledgement, twice at a time.
    const overlapping: Row[] = [
      ...sequential(['add', 1]),
      [1, 'invoke', 'read', null],
      [2, 'invoke', 'read', null],
      ...sequential(['add', 2]),
      [1, 'ok', 'read', 3],
      [2, 'ok', 'read', 3],
    ];
    expect(unseenIn(overlapping)).toMatchObject({ unseen: 1 });
  });

  it('may go back where that is allowed, within the bounds', () => {
    const rows = [...inDoubt(5), ...sequential(['read', 5], ['read', 0])];
    const verdict = counterBounds({ decreases: 'allowed' }).check({ history: historyOf(rows) });
    expect(verdict).toMatchObject({ valid: true, allowed: [{ name: 'stale-read' }] });
    const tooLow = [...sequential(['add', 3], ['read', 0], ['read', 3])];
    expect(counterBounds({ decreases: 'allowed' }).check({ history: historyOf(tooLow) }).valid).toBe(false);
  });

  it('tell the bounds of every read, and the worst', () => {
    const rows = [
      ...sequential(['add', 4]),
      ...inDoubt(2),
      ...sequential(['read', 9], ['read', 2], ['read', 6]),
    ];
    expect(counterBounds().check({ history: historyOf(rows) }).statistics).toMatchObject({
      outside: 2,
      worst: { operation: 5, error: 3, relativeError: 0.6, lower: 4, upper: 6 },
      widest: 2,
      bounds: [
        { counter: 'the counter', timeNs: 5, lower: 4, value: 9, upper: 6 },
        { timeNs: 7, value: 2 },
        { timeNs: 9, value: 6 },
      ],
    });
  });

  it('of half a million reads', () => {
    const rows: Row[] = [];
    for (let i = 0; i < 500_000; i++)
      rows.push([0, 'invoke', 'read', null], [0, 'ok', 'read', i % 2 === 0 ? 1 : 0]);
    const verdict = counterBounds().check({ history: historyOf(rows) });
    expect(verdict).toMatchObject({ valid: false, statistics: { outside: 250_000 } });
  });

  it('are told ten of a kind, and counted', () => {
    const rows = sequential(['add', 1], ...Array.from({ length: 30 }, () => ['read', 0] as const));
    const { anomalies, statistics } = counterBounds().check({ history: historyOf(rows) });
    expect(anomalies).toHaveLength(10);
    expect(statistics).toMatchObject({ found: { 'lost-add': 30 } });
  });

  it('prove nothing while nothing had been added, or when time is up', () => {
    const early = historyOf(sequential(['read', 0], ['add', 1]));
    expect(counterBounds().check({ history: early })).toMatchObject({ valid: 'unknown', anomalies: [] });
    const wrong = historyOf(sequential(['add', 1], ['read', 0]));
    const verdict = counterBounds().check({ history: wrong, isOverdue: () => true });
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(verdict.reason).toMatch('time budget');
  });

  it('as in Jepsen’s own tests', () => {
    const bounds = (rows: readonly Row[]) => {
      const { statistics } = counterBounds({ decreases: 'allowed' }).check({ history: historyOf(rows) });
      return (
        statistics as unknown as { bounds: { lower: number; value: number; upper: number }[] }
      ).bounds.map(({ lower, value, upper }) => [lower, value, upper]);
    };
    expect(
      bounds([
        [0, 'invoke', 'add', 1],
        ...sequential(['read', 0], ['read', 1]).map(([, ...row]): Row => [1, ...row]),
      ]),
    ).toEqual([
      [0, 0, 1],
      [0, 1, 1],
    ]);
    expect(
      bounds([
        ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((process): Row => {
          return process % 2 === 0
            ? [process, 'invoke', 'read', null]
            : [process, 'invoke', 'add', 2 ** ((process - 1) / 2)];
        }),
        ...[6, 1, 0, 2, 3, 4, 100, 8, 15].map((value, process): Row => {
          return [process, 'ok', process % 2 === 0 ? 'read' : 'add', value];
        }),
      ]),
    ).toEqual([
      [0, 6, 15],
      [0, 0, 15],
      [0, 3, 15],
      [0, 100, 15],
      [0, 15, 15],
    ]);
    expect(
      bounds([
        [0, 'invoke', 'read', null],
        [1, 'invoke', 'add', 1],
        [0, 'ok', 'read', 0],
        [0, 'invoke', 'read', null],
        [1, 'ok', 'add', 1],
        [1, 'invoke', 'add', 2],
        [0, 'ok', 'read', 3],
        [0, 'invoke', 'read', null],
        [1, 'ok', 'add', 2],
        [0, 'ok', 'read', 5],
      ]),
    ).toEqual([
      [0, 0, 1],
      [0, 3, 3],
      [1, 5, 3],
    ]);
  });

  it('prove nothing when nobody reads', () => {
    expect(counterBounds().check({ history: historyOf(sequential(['add', 1])) })).toMatchObject({
      valid: 'unknown',
    });
  });
});

describe('each anomaly, named with its witness', () => {
  it('duplicate-add', () => {
    const { valid, names, anomalies } = judge(sequential(['add', 3], ['read', 6]));
    expect({ valid, names }).toEqual({ valid: false, names: ['duplicate-add'] });
    expect(anomalies[0]).toMatchObject({
      explanation:
        'The read of the counter in operation 3 returned 6, but all additions that can have happened by then come to 3: ' +
        'something was counted twice.',
      operations: [2, 3],
      evidence: { key: 'the counter', value: 6, lower: 3, upper: 3 },
    });
  });

  it('duplicate-add: it is not sure what was counted twice when one failed', () => {
    const { anomalies } = judge([...failed(5), ...sequential(['add', 3], ['read', 8])]);
    expect(anomalies[0]?.explanation).toMatch(/something was counted twice, or though it failed\.$/);
  });

  it('duplicate-add: a failed addition counts', () => {
    expect(judge([...failed(5), ...sequential(['add', 3], ['read', 8])]).names).toEqual(['duplicate-add']);
  });

  it('lost-add', () => {
    const { names, anomalies } = judge(sequential(['add', 3], ['add', 5], ['read', 5], ['read', 5]));
    expect(names).toEqual(['lost-add', 'lost-add']);
    expect(anomalies[0]?.explanation).toBe(
      'The read of the counter in operation 5 returned 5, but 8 had been acknowledged before it was invoked, and no later ' +
        'read shows the rest.',
    );
  });

  it('stale-read: a later read has it', () => {
    expect(judge(sequential(['add', 3], ['read', 0], ['read', 3])).names).toEqual(['stale-read']);
  });

  it('stale-read: an earlier read had it', () => {
    const { names, anomalies } = judge([...inDoubt(5), ...sequential(['read', 5], ['read', 0])]);
    expect(names).toEqual(['stale-read']);
    expect(anomalies[0]).toMatchObject({
      explanation:
        'The read of the counter in operation 5 returned 0, but operation 3 had already returned 5.',
      operations: [2, 3, 4, 5],
    });
  });

  it('not a stale-read where something is subtracted', () => {
    expect(
      judge([
        ...inDoubt(5),
        ...inDoubt(-5).map(([, ...row]): Row => [4, ...row]),
        ...sequential(['read', 5], ['read', 0]),
      ]).valid,
    ).toBe(true);
  });

  it('a subtraction that is missing was not counted twice', () => {
    const { names, anomalies } = judge(sequential(['add', 5], ['add', -3], ['read', 5]));
    expect(names).toEqual(['lost-add']);
    expect(anomalies[0]?.explanation).toBe(
      'The read of the counter in operation 5 returned 5, but with all that had been subtracted before it was invoked it can ' +
        'be 2 at most: a subtraction is missing, or something was counted twice.',
    );
    expect(judge(sequential(['add', 5], ['add', -3], ['read', 6])).names).toEqual(['duplicate-add']);
    expect(judge(sequential(['add', 5], ['add', -3], ['read', -3])).names).toEqual(['lost-add']);
    expect(judge(sequential(['add', 5], ['add', -3], ['read', -4])).names).toEqual(['duplicate-add']);
  });

  it('malformed-read', () => {
    expect(judge(sequential(['add', 1], ['read', 'one'])).names).toEqual(['malformed-read']);
    expect(judge([...inDoubt(5), ...sequential(['read', 2.5])]).names).toEqual(['malformed-read']);
  });
});

describe('histories that are no counter histories', () => {
  it('are refused', () => {
    expect(() => judge([[0, 'invoke', 'write', 1]])).toThrow('a counter has read and add, no write');
    expect(() => judge([[0, 'invoke', 'add', 'one']])).toThrow('an add wants a number, not "one"');
    expect(() => judge([[0, 'invoke', 'add', 0.1]])).toThrow('an add wants a whole number, not 0.1');
    const large = 2 ** 53 - 1;
    expect(() => judge(sequential(['add', large], ['add', 1]))).toThrow(
      'operation 2: all additions together',
    );
  });
});

/** A history of a correct counter under concurrency, in which then perhaps one read is changed. */
function randomHistory(random: Random): Row[] {
  const rows: Row[] = [];
  let count = 0;
  const inFlight = new Map<number, { f: 'add' | 'read'; amount: number; seen: number | null }>();
  const processes = [0, 1, 2];
  const canSubtract = random.chance(0.3);
  for (let i = 0; i < 10; i++) {
    const slot = random.integer(0, 2);
    const process = processes[slot] as number;
    const call = inFlight.get(process);
    if (call === undefined) {
      const f = random.chance(0.5) ? 'add' : 'read';
      const amount = random.integer(canSubtract ? -3 : 1, 4);
      inFlight.set(process, { f, amount, seen: null });
      rows.push([process, 'invoke', f, f === 'add' ? amount : null]);
      continue;
    }
    const type = random.pick<OperationType>(['ok', 'ok', 'ok', 'fail', 'info']);
    const happens = call.seen === null && (type === 'ok' || random.chance(0.3));
    if (happens) {
      if (call.f === 'add') count += call.amount;
      call.seen = count;
    }
    if (type === 'fail' && call.seen !== null && call.f === 'add') continue;
    if (happens && random.chance(0.3)) continue;
    rows.push([process, type, call.f, call.f === 'add' ? call.amount : type === 'ok' ? call.seen : null]);
    inFlight.delete(process);
    if (type === 'info') processes[slot] = process + 3;
  }
  const reads = rows.flatMap(([, type, f], i) => (type === 'ok' && f === 'read' ? [i] : []));
  if (reads.length > 0 && random.chance(0.6)) {
    const index = random.pick(reads);
    const [process, type, f, value] = rows[index] as Row;
    rows[index] = [process, type, f, Number(value) + random.integer(-4, 4)];
  }
  return rows;
}

/** Tries every order. */
function isLinearizable(history: History): boolean {
  const calls = history.pairs().flatMap(({ invocation, completion }) => {
    if (completion?.type === 'fail') return [];
    const isKnown = completion?.type === 'ok';
    if (!isKnown && invocation.f === 'read') return [];
    return [
      { invocation, end: isKnown ? completion.index : Infinity, isKnown, result: completion?.value ?? 0 },
    ];
  });
  const search = (left: readonly (typeof calls)[number][], count: number): boolean => {
    if (left.every(({ isKnown }) => !isKnown)) return true;
    const firstEnd = Math.min(...left.map(({ end }) => end));
    return left.some((call) => {
      if (call.invocation.index > firstEnd) return false;
      const rest = left.filter((other) => other !== call);
      if (call.invocation.f === 'add') return search(rest, count + Number(call.invocation.value));
      return call.result === count && search(rest, count);
    });
  };
  return search(calls, 0);
}

describe('against brute force', () => {
  it('condemns no linearizable history, and most of the others', () => {
    let linearizable = 0;
    let condemned = 0;
    let missed = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(randomHistory(randomStream(seed, 'counter-bounds')));
        const isRight = isLinearizable(history);
        const { valid } = counterBounds().check({ history });
        if (isRight) {
          linearizable++;
          expect(valid).not.toBe(false);
        } else if (valid === false) condemned++;
        else missed++;
      }),
      { numRuns: 3_000 },
    );
    expect(linearizable).toBeGreaterThan(400);
    expect(condemned).toBeGreaterThan(400);
    expect(missed).toBeLessThan(condemned);
  });
});
