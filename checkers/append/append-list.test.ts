import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../harness/history/operation.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { appendList } from './append-list.ts';

type Row = readonly [process: number, type: OperationType, f: string, value: Json, key?: string];

function historyOf(rows: readonly Row[]): History {
  return new History(
    rows.map(([process, type, f, value, key = 'k0'], index): Operation => ({
      index,
      time: index,
      process,
      type,
      f,
      key,
      value,
    })),
  );
}

/** One after the other, all ok. */
function sequential(...calls: readonly (readonly [f: 'append' | 'read', value: Json])[]): Row[] {
  return calls.flatMap(([f, value]): Row[] => [
    [0, 'invoke', f, f === 'read' ? null : value],
    [0, 'ok', f, value],
  ]);
}

function judge(rows: readonly Row[]) {
  const { valid, anomalies } = appendList().check({ history: historyOf(rows) });
  return { valid, names: anomalies.map(({ name }) => name), anomalies };
}

describe('lists that are as they should be', () => {
  it.each<[string, Row[]]>([
    ['null is empty', sequential(['read', null], ['append', 1], ['read', [1]])],
    ['read after each', sequential(['append', 1], ['read', [1]], ['append', 'b'], ['read', [1, 'b']])],
    [
      'an append in doubt that is seen',
      [[0, 'invoke', 'append', 1], [0, 'info', 'append', 1], ...sequential(['read', [1]])].map(
        ([, ...row], i) => [i < 2 ? 1 : 0, ...row] as unknown as Row,
      ),
    ],
    [
      'an append in doubt that is not seen',
      [
        [1, 'invoke', 'append', 1],
        [1, 'info', 'append', 1],
        ...sequential(['append', 2], ['read', [2]]),
      ] as Row[],
    ],
    [
      'an append in flight that is seen, and an earlier read that missed it',
      [
        [1, 'invoke', 'append', 1],
        ...sequential(['read', []], ['read', [1]]),
        [1, 'ok', 'append', 1],
      ] as Row[],
    ],
    [
      'concurrent appends in either order',
      [
        [0, 'invoke', 'append', 1],
        [1, 'invoke', 'append', 2],
        [0, 'ok', 'append', 1],
        [1, 'ok', 'append', 2],
        [0, 'invoke', 'read', null],
        [0, 'ok', 'read', [2, 1]],
      ],
    ],
    [
      'a failed append that is not seen',
      [
        [1, 'invoke', 'append', 1],
        [1, 'fail', 'append', 1],
        ...sequential(['append', 2], ['read', [2]]),
      ] as Row[],
    ],
    [
      'one key that knows nothing of another',
      [
        [0, 'invoke', 'append', 1, 'a'],
        [0, 'ok', 'append', 1, 'a'],
        [0, 'invoke', 'read', null, 'b'],
        [0, 'ok', 'read', [], 'b'],
        [0, 'invoke', 'read', null, 'a'],
        [0, 'ok', 'read', [1], 'a'],
      ],
    ],
  ])('%s', (_name, rows) => {
    expect(judge(rows)).toMatchObject({ valid: true, names: [] });
  });

  it('know an element by its value, whatever the order of its fields', () => {
    const rows = sequential(['append', { a: 1, b: 2 }], ['read', [{ b: 2, a: 1 }]]);
    expect(judge(rows)).toMatchObject({ valid: true, names: [] });
    expect(() => judge(sequential(['append', { a: 1, b: 2 }], ['append', { b: 2, a: 1 }]))).toThrow(
      'must be unique',
    );
  });

  it('count what no read was there to see', () => {
    const unseenIn = (rows: readonly Row[]): unknown =>
      appendList().check({ history: historyOf(rows) }).statistics;
    expect(unseenIn(sequential(['append', 1], ['read', [1]], ['append', 2]))).toMatchObject({ unseen: 1 });
    expect(unseenIn(sequential(['append', 1], ['append', 2], ['read', [1, 2]]))).toMatchObject({ unseen: 0 });
  });

  it('prove nothing when nobody reads', () => {
    const verdict = appendList().check({ history: historyOf(sequential(['append', 1])) });
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(verdict.reason).toMatch(/no read completed/);
    const early = appendList().check({ history: historyOf(sequential(['read', []], ['append', 1])) });
    expect(early).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(early.reason).toMatch(/nothing had been appended/);
  });

  it('are unknown when time is up', () => {
    const history = historyOf(sequential(['append', 1], ['read', []]));
    expect(appendList().check({ history, isOverdue: () => true })).toMatchObject({
      valid: 'unknown',
      anomalies: [],
    });
  });
});

describe('each anomaly, named with its witness', () => {
  it('duplicate-element', () => {
    const { names, anomalies } = judge(sequential(['append', 1], ['append', 2], ['read', [1, 2, 1]]));
    expect(names).toEqual(['duplicate-element']);
    expect(anomalies[0]).toMatchObject({
      explanation: 'The read of k0 in operation 5 has the element 1 twice, which was appended once.',
      operations: [0, 4, 5],
    });
  });

  it('phantom-element: never appended', () => {
    const { names, anomalies } = judge(sequential(['append', 1], ['read', [1, 7]]));
    expect(names).toEqual(['phantom-element']);
    expect(anomalies[0]?.explanation).toBe(
      'The read of k0 in operation 3 has the element 7, which nobody ever appended.',
    );
  });

  it('phantom-element: its append failed', () => {
    const rows: Row[] = [[1, 'invoke', 'append', 1], [1, 'fail', 'append', 1], ...sequential(['read', [1]])];
    const { names, anomalies } = judge(rows);
    expect(names).toEqual(['phantom-element']);
    expect(anomalies[0]?.operations).toEqual([0, 1, 2, 3]);
  });

  it('future-read', () => {
    const { names } = judge(sequential(['read', [1]], ['append', 1], ['read', [1]]));
    expect(names).toEqual(['future-read']);
  });

  it('incompatible-order', () => {
    const concurrent: Row[] = [
      [0, 'invoke', 'append', 1],
      [1, 'invoke', 'append', 2],
      [0, 'ok', 'append', 1],
      [1, 'ok', 'append', 2],
    ];
    const { names, anomalies } = judge([...concurrent, ...sequential(['read', [1, 2]], ['read', [2, 1]])]);
    expect(names).toEqual(['incompatible-order']);
    expect(anomalies[0]?.explanation).toBe(
      'Operations 7 and 5 read k0 in two orders: place 0 has 2 in the one and 1 in the other.',
    );
  });

  it('stale-read: misses what was acknowledged', () => {
    const { names, anomalies } = judge(sequential(['append', 1], ['read', []], ['read', [1]]));
    expect(names).toEqual(['stale-read']);
    expect(anomalies[0]).toMatchObject({
      explanation:
        'The read of k0 in operation 3 returned 0 elements, but the append of 1 had been acknowledged in operation 1 ' +
        'before it was invoked, so it should have returned at least 1.',
      operations: [0, 1, 2, 3],
    });
  });

  it('stale-read: misses what had been read', () => {
    const { names, anomalies } = judge([
      [1, 'invoke', 'append', 1],
      ...sequential(['read', [1]], ['read', []]),
    ]);
    expect(names).toEqual(['stale-read']);
    expect(anomalies[0]?.explanation).toMatch(/but operation 2 had already read 1 elements/);
  });

  it('lost-append: in no later read', () => {
    const { names, anomalies } = judge(sequential(['append', 1], ['append', 2], ['read', [2]]));
    expect(names).toEqual(['lost-append']);
    expect(anomalies[0]).toMatchObject({
      explanation:
        'The append of 1 to k0 was acknowledged in operation 1, but no read has it, not even operation 5, which was invoked later.',
      operations: [0, 1, 4, 5],
    });
  });

  it('lost-append: a read in flight has a later one, but not it', () => {
    const { names } = judge([
      [1, 'invoke', 'read', null],
      ...sequential(['append', 1], ['append', 2]),
      [1, 'ok', 'read', [2]],
    ]);
    expect(names).toEqual(['lost-append']);
  });

  it('reordered-append', () => {
    const { names, anomalies } = judge(sequential(['append', 1], ['append', 2], ['read', [2, 1]]));
    expect(names).toEqual(['reordered-append']);
    expect(anomalies[0]?.explanation).toBe(
      'Operation 5 read k0 with 2 before 1, but 1 was acknowledged in operation 1, before 2 was appended.',
    );
  });

  it('malformed-read', () => {
    expect(judge(sequential(['append', 1], ['read', 'one'])).names).toEqual(['malformed-read']);
  });

  it('ten of one kind are told, and all are counted', () => {
    const rows = sequential(['append', 1], ...Array.from({ length: 30 }, () => ['read', [1, 1]] as const));
    const { anomalies, statistics } = appendList().check({ history: historyOf(rows) });
    expect(anomalies).toHaveLength(10);
    expect(statistics).toMatchObject({ found: { 'duplicate-element': 30 } });
  });
});

describe('histories that are no list histories', () => {
  it('are refused', () => {
    expect(() => judge(sequential(['append', 1], ['append', 1]))).toThrow('elements must be unique');
    expect(() => judge([[0, 'invoke', 'write', 1]])).toThrow('a list has read and append, no write');
  });
});

/** A history of a correct list under concurrency, in which then perhaps something is changed. */
function randomHistory(random: Random): Row[] {
  const rows: Row[] = [];
  const list: Json[] = [];
  const inFlight = new Map<number, { f: 'append' | 'read'; value: number; seen: Json[] | null }>();
  let next = 1;
  const processes = [0, 1, 2];
  const apply = (call: { f: string; value: number; seen: Json[] | null }): void => {
    if (call.seen !== null) return;
    if (call.f === 'append') list.push(call.value);
    call.seen = [...list];
  };
  for (let i = 0; i < 10; i++) {
    const slot = random.integer(0, 2);
    const process = processes[slot] as number;
    const call = inFlight.get(process);
    if (call === undefined) {
      const f = random.chance(0.5) ? 'append' : 'read';
      const value = f === 'append' ? next++ : 0;
      inFlight.set(process, { f, value, seen: null });
      rows.push([process, 'invoke', f, f === 'append' ? value : null]);
      continue;
    }
    if (random.chance(0.3)) {
      apply(call);
      continue;
    }
    const type = random.pick<OperationType>(['ok', 'ok', 'ok', 'fail', 'info']);
    if (type === 'ok') apply(call);
    if (type === 'fail' && call.seen !== null && call.f === 'append') continue;
    rows.push([process, type, call.f, call.f === 'append' ? call.value : type === 'ok' ? call.seen : null]);
    inFlight.delete(process);
    if (type === 'info') processes[slot] = process + 3;
  }
  if (random.chance(0.6)) corrupt(rows, random);
  return rows;
}

function corrupt(rows: Row[], random: Random): void {
  const reads = rows.flatMap(([, type, f], i) => (type === 'ok' && f === 'read' ? [i] : []));
  if (reads.length === 0) return;
  const index = random.pick(reads);
  const [process, type, f, value] = rows[index] as Row;
  const list = [...(value as Json[])];
  const place = random.integer(0, list.length);
  const change = random.integer(0, 3);
  if (change === 0) list.splice(place, 1);
  else if (change === 1) list.splice(place, 0, random.integer(1, 5));
  else if (change === 2) list.pop();
  else list.reverse();
  rows[index] = [process, type, f, list];
}

/** Tries every order. */
function isLinearizable(history: History): boolean {
  const calls = history.pairs().flatMap(({ invocation, completion }) => {
    if (completion?.type === 'fail') return [];
    const isKnown = completion?.type === 'ok';
    if (!isKnown && invocation.f === 'read') return [];
    const result = JSON.stringify(completion?.value ?? []);
    return [{ invocation, end: isKnown ? completion.index : Infinity, isKnown, result }];
  });
  const search = (left: readonly (typeof calls)[number][], list: readonly Json[]): boolean => {
    if (left.every(({ isKnown }) => !isKnown)) return true;
    const firstEnd = Math.min(...left.map(({ end }) => end));
    return left.some((call) => {
      if (call.invocation.index > firstEnd) return false;
      const rest = left.filter((other) => other !== call);
      if (call.invocation.f === 'append') return search(rest, [...list, call.invocation.value]);
      return call.result === JSON.stringify(list) && search(rest, list);
    });
  };
  return search(calls, []);
}

describe('against brute force', () => {
  it('passes exactly the linearizable histories', () => {
    const verdicts = { true: 0, false: 0, unknown: 0 };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(randomHistory(randomStream(seed, 'append-list')));
        const { valid } = appendList().check({ history });
        verdicts[`${valid}`]++;
        if (valid === 'unknown') return;
        expect(valid).toBe(isLinearizable(history));
      }),
      { numRuns: 4_000 },
    );
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(400);
  });
});
