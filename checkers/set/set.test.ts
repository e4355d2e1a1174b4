import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { call, historyOf, interleave, type Row } from '../findings/testing/history-of.ts';
import { finalSet, setFull } from './index.ts';

const judgeFinal = (rows: readonly Row[]) => finalSet().check({ history: historyOf(rows) });
const judgeFull = (rows: readonly Row[], linearizable = false) =>
  setFull({ linearizable }).check({ history: historyOf(rows) });
const names = (anomalies: readonly { readonly name: string }[] = []) => anomalies.map(({ name }) => name);

describe('the set at the end', () => {
  it('is whole', () => {
    const rows = [...call(0, 'add', 1), ...call(0, 'add', 'b'), ...call(0, 'read', ['b', 1])];
    expect(judgeFinal(rows)).toMatchObject({ valid: true, statistics: { ok: 2, acknowledged: 2 } });
  });

  it.each<[string, Row[], Json]>([
    ['lost-element', [...call(0, 'add', 1), ...call(0, 'read', [])], { lost: { count: 1, elements: '1' } }],
    ['unexpected-element', [...call(0, 'read', [7, 7])], { unexpected: { count: 1, elements: '7' } }],
    [
      'revived-element',
      [...call(0, 'add', 7, 'fail'), ...call(0, 'read', [7])],
      { unexpected: { count: 1 } },
    ],
    ['future-read', [...call(0, 'read', [7]), ...call(0, 'add', 7)], { unexpected: { count: 1 } }],
    ['malformed-read', [...call(0, 'read', 'all'), ...call(0, 'read', null)], { ok: 0 }],
  ])('%s', (name, rows, statistics) => {
    const verdict = judgeFinal(rows);
    expect(verdict).toMatchObject({ valid: false, statistics });
    expect(names(verdict.anomalies)).toEqual([name]);
  });

  it('is the last read: an element that was missing before is not lost', () => {
    expect(judgeFinal([...call(0, 'add', 1), ...call(0, 'read', []), ...call(0, 'read', [1])]).valid).toBe(
      true,
    );
  });

  it('recovers an addition of unknown outcome, and need not', () => {
    const added = call(0, 'add', 1, 'info');
    const recovered = { recovered: { count: 1, elements: '1' } };
    expect(judgeFinal([...added, ...call(1, 'read', [1])])).toMatchObject({
      valid: true,
      statistics: recovered,
    });
    expect(judgeFinal([...added, ...call(0, 'add', 2), ...call(1, 'read', [2])]).valid).toBe(true);
    expect(judgeFinal([...added, ...call(1, 'read', [])])).toMatchObject({ valid: 'unknown', anomalies: [] });
  });

  it('loses nothing that was acknowledged after the last read began', () => {
    const rows: Row[] = [[1, 'invoke', 'read', null], ...call(0, 'add', 1), [1, 'ok', 'read', []]];
    expect(judgeFinal([...call(0, 'add', 0), ...rows])).toMatchObject({ valid: false });
    expect(judgeFinal(rows)).toMatchObject({
      valid: 'unknown',
      reason: expect.stringContaining('nothing had been added') as string,
      statistics: { unseen: 1 },
    });
  });

  it('as Jepsen’s own test has it', () => {
    const rows = [
      ...[0, 1].flatMap((value) => call(0, 'add', value)),
      ...[10, 11].flatMap((value) => call(value, 'add', value, 'info')),
      ...[20, 21].flatMap((value) => call(2, 'add', value, 'fail')),
      ...call(4, 'read', [0, 10, 20, 30]),
    ];
    const verdict = judgeFinal(rows);
    expect(verdict).toMatchObject({
      valid: false,
      statistics: {
        attempts: 6,
        acknowledged: 2,
        ok: 2,
        lost: { elements: '1' },
        recovered: { elements: '10' },
        // Jepsen takes 20, whose addition failed, for recovered.
        unexpected: { elements: '20 30' },
      },
    });
    expect(names(verdict.anomalies)).toEqual(['revived-element', 'unexpected-element', 'lost-element']);
  });

  it('counts what was added to a set that nobody reads as unseen', () => {
    const x = { key: 'x' };
    const rows = [...call(0, 'add', 1), ...call(0, 'read', [1]), ...call(0, 'add', 1, 'ok', x)];
    expect(judgeFinal(rows)).toMatchObject({ valid: true, statistics: { unseen: 1 } });
  });

  it('tells of doubles without judging them', () => {
    const verdict = judgeFinal([...call(0, 'add', 1), ...call(0, 'read', [1, 1])]);
    expect(verdict.valid).toBe(true);
    expect(names(verdict.allowed)).toEqual(['duplicate-element']);
  });

  it('that was never read is unknown', () => {
    expect(judgeFinal(call(0, 'add', 1))).toMatchObject({
      valid: 'unknown',
      reason: /never read/,
    });
  });

  it('is judged key by key', () => {
    const rows = [
      ...call(0, 'add', 1, 'ok', { key: 'x' }),
      ...call(0, 'read', [1], 'ok', { key: 'x' }),
      ...call(0, 'add', 1, 'ok', { key: 'y' }),
      ...call(0, 'read', [], 'ok', { key: 'y' }),
    ];
    expect(judgeFinal(rows).anomalies[0]?.explanation).toBe(
      'The addition of 1 to y was acknowledged in operation 5, but the last read, operation 7, does not have it.',
    );
  });

  it('is no other thing', () => {
    expect(() => judgeFinal(call(0, 'write', 1))).toThrow('operation 0: a set has add and read, no write');
  });
});

describe('every element at every time', () => {
  it('stable at once', () => {
    expect(judgeFull([...call(0, 'add', 1), ...call(0, 'read', [1])], true)).toMatchObject({
      valid: true,
      statistics: { stable: 1, stale: { count: 0 }, stableLatenciesMs: { '1': 0 } },
    });
  });

  it('stale, then stable: a note, or an anomaly', () => {
    const rows = [...call(0, 'add', 1), ...call(0, 'read', []), ...call(0, 'read', [1])];
    const verdict = judgeFull(rows);
    expect(verdict).toMatchObject({ valid: true, statistics: { stable: 1, stableLatenciesMs: { '1': 1 } } });
    expect(names(verdict.allowed)).toEqual(['stale-element']);
    expect(judgeFull(rows, true)).toMatchObject({ valid: false, anomalies: [{ name: 'stale-element' }] });
  });

  it('stale from the read that showed an addition of unknown outcome', () => {
    const rows = [
      ...call(0, 'add', 1, 'info'),
      ...call(1, 'read', [1]),
      ...call(1, 'read', []),
      ...call(1, 'read', [1]),
    ];
    expect(judgeFull(rows, true).valid).toBe(false);
    expect(judgeFull([...rows.slice(0, 2), ...rows.slice(4), ...call(1, 'read', [1])], true).valid).toBe(
      true,
    );
  });

  it('lost, seen or never seen', () => {
    const seen = judgeFull([...call(0, 'add', 1), ...call(0, 'read', [1]), ...call(0, 'read', [])]);
    expect(seen).toMatchObject({
      valid: false,
      statistics: { lost: { count: 1, elements: '1' }, lostLatenciesMs: { '1': 1 } },
    });
    expect(seen.anomalies[0]).toMatchObject({
      name: 'lost-element',
      operations: [0, 1, 2, 3, 4, 5],
      picture: { kind: 'timeline', operations: [0, 2, 4] },
    });
    expect(names(judgeFull([...call(0, 'add', 1), ...call(0, 'read', [])]).anomalies)).toEqual([
      'lost-element',
    ]);
  });

  it('never read: missing from a read that overlaps the addition', () => {
    const rows: Row[] = [[1, 'invoke', 'read', null], ...call(0, 'add', 1), [1, 'ok', 'read', []]];
    expect(judgeFull(rows)).toMatchObject({ valid: 'unknown', statistics: { neverRead: { count: 1 } } });
  });

  it.each<[string, Row[]]>([
    ['duplicate-element', [...call(0, 'add', 1), ...call(0, 'read', [1, 1])]],
    ['unexpected-element', [...call(0, 'add', 1), ...call(0, 'read', [1, 2])]],
    ['revived-element', [...call(0, 'add', 1, 'fail'), ...call(0, 'read', [1])]],
    [
      'revived-element',
      [...call(0, 'add', 1, 'fail'), ...call(0, 'read', [1]), ...call(0, 'add', 1), ...call(0, 'read', [1])],
    ],
    ['future-read', [...call(0, 'read', [1]), ...call(0, 'add', 1), ...call(0, 'read', [1])]],
    ['malformed-read', [...call(0, 'add', 1), ...call(0, 'read', { a: 1 }), ...call(0, 'read', [1])]],
  ])('%s', (name, rows) => {
    const verdict = judgeFull(rows, true);
    expect(verdict.valid).toBe(false);
    expect(names(verdict.anomalies)).toEqual([name]);
  });

  it('is unknown when time is up', () => {
    const history = historyOf([...call(0, 'add', 1), ...call(0, 'read', [1])]);
    expect(setFull().check({ history, isOverdue: () => true })).toMatchObject({ valid: 'unknown' });
  });
});

/** A correct set, of whose reads some are changed. */
function randomRows(random: Random): Row[] {
  const added: number[] = [];
  let next = 0;
  const spoilt = random.chance(0.5) ? 0 : 0.3;
  return interleave(
    random,
    { threads: 3, calls: 9 },
    () => (random.chance(0.5) ? { f: 'add', value: next++ % 5 } : { f: 'read', value: null }),
    ({ f, value }) => {
      if (f === 'add') added.push(value as number);
      if (f === 'add') return value;
      const read = [...new Set(added)].filter(() => !random.chance(spoilt / 2));
      return random.chance(spoilt) ? [...read, random.integer(0, 6)] : read;
    },
  );
}

/** Per element: is there a moment of its addition that fits all reads? */
function isLinearizableByElement(history: History): boolean {
  const reads = history.pairs().flatMap(({ invocation, completion }) => {
    return invocation.f === 'read' && completion?.type === 'ok'
      ? [{ from: invocation.index, to: completion.index, has: completion.value as number[] }]
      : [];
  });
  const adds = history.pairs().filter(({ invocation }) => invocation.f === 'add');
  const values = new Set([
    ...adds.map(({ invocation }) => invocation.value),
    ...reads.flatMap(({ has }) => has),
  ]);
  return [...values].every((value) => {
    if (reads.some(({ has }) => has.filter((element) => element === value).length > 1)) return false;
    const ofValue = adds.filter(({ invocation }) => invocation.value === value);
    const latest = Math.min(
      ...ofValue.map(({ completion }) => (completion?.type === 'ok' ? completion.index : Infinity)),
    );
    const fits = (at: number): boolean =>
      at < latest &&
      reads.every(({ from, to, has }) => (has.includes(value as number) ? to > at : from < at)) &&
      (at === Infinity ||
        ofValue.some(({ invocation, completion }) => invocation.index < at && completion?.type !== 'fail'));
    // Between operations, or never.
    return (
      (latest === Infinity && reads.every(({ has }) => !has.includes(value as number))) ||
      history.operations.some(({ index }) => fits(index + 0.5))
    );
  });
}

/** What became of each element, read by read and element by element. */
function outcomesSlowly(history: History) {
  const states = new Map<Json, { known?: Operation; present: number; absent: number }>();
  for (const operation of history.operations) {
    if (operation.f === 'add') {
      if (operation.type === 'invoke' && !states.has(operation.value)) {
        states.set(operation.value, { present: -1, absent: -1 });
      }
      if (operation.type === 'ok') (states.get(operation.value) as { known?: Operation }).known ??= operation;
    } else if (operation.type === 'ok') {
      const invoked = history.invocationOf(operation.index)?.index ?? -1;
      for (const [value, state] of states) {
        if ((operation.value as Json[]).includes(value)) {
          state.known ??= operation;
          state.present = Math.max(state.present, invoked);
        } else {
          state.absent = Math.max(state.absent, invoked);
        }
      }
    }
  }
  const counts = { stable: 0, stale: 0, lost: 0, neverRead: 0 };
  for (const { known, present, absent } of states.values()) {
    if (present > absent) {
      counts.stable++;
      if (known !== undefined && absent > known.index) counts.stale++;
    } else if (known !== undefined && absent > known.index) counts.lost++;
    else counts.neverRead++;
  }
  return counts;
}

describe('against brute force', () => {
  it('set-full agrees with each element’s own linearizability', () => {
    const seen = { linearizable: 0, not: 0 };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(randomRows(randomStream(seed, 'set-full')));
        const expected = isLinearizableByElement(history);
        seen[expected ? 'linearizable' : 'not']++;
        const { valid } = setFull({ linearizable: true }).check({ history });
        expect(valid !== false).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
    expect(seen.linearizable).toBeGreaterThan(500);
    expect(seen.not).toBeGreaterThan(500);
  });

  it('set-full counts as one does read by read', () => {
    const sum = { stable: 0, stale: 0, lost: 0, neverRead: 0 };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(randomRows(randomStream(seed, 'set-full-outcomes')));
        const verdict = setFull().check({ history });
        const { stable, stale, lost, neverRead } = verdict.statistics as Record<string, { count: number }>;
        const counts = { stable, stale: stale?.count, lost: lost?.count, neverRead: neverRead?.count };
        const expected = outcomesSlowly(history);
        expect(counts).toEqual(expected);
        for (const name of ['stable', 'stale', 'lost', 'neverRead'] as const) sum[name] += expected[name];
      }),
      { numRuns: 2_000 },
    );
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(200);
  });
});

describe('at size', () => {
  it('judges 100,000 additions and 2,000 reads of up to all of them', () => {
    const adds = 100_000;
    const rows: Row[] = [];
    const all = Array.from({ length: adds }, (_, i) => i);
    let snapshot: number[] = [];
    for (let i = 0; i < adds; i++) {
      rows.push(...call(0, 'add', i));
      if (i % 2_500 === 2_499) snapshot = all.slice(0, i + 1);
      if (i % 50 === 0 && snapshot.length > 0)
        rows.push([1, 'invoke', 'read', null], [1, 'ok', 'read', snapshot]);
    }
    rows.push(...call(1, 'read', all.slice(0, -1)));
    const history = historyOf(rows);
    const before = process.cpuUsage();
    const verdict = setFull().check({ history });
    const { user, system } = process.cpuUsage(before);
    expect(verdict).toMatchObject({
      valid: false,
      statistics: { lost: { elements: '99999' }, found: { 'lost-element': 1 } },
    });
    expect((user + system) / 1e6).toBeLessThan(20);
  });
});
