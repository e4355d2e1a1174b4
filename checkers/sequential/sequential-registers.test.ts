import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { History } from '../../harness/history/history.ts';
import type { Json } from '../../harness/history/operation.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { call, historyOf, interleave, type Row } from '../findings/testing/history-of.ts';
import { sequentialRegisters } from './index.ts';

const judge = (rows: readonly Row[]) => sequentialRegisters().check({ history: historyOf(rows) });
const write = (process: number, value: Json) => call(process, 'write', value);
const read = (process: number, value: Json) => call(process, 'read', value);

describe('registers in some order', () => {
  it('that is not that of real time', () => {
    const rows = [
      ...write(0, 'a'),
      ...read(1, null),
      ...write(0, 'b'),
      ...read(1, 'a'),
      ...read(2, 'b'),
      ...read(1, 'a'),
    ];
    expect(judge(rows)).toMatchObject({ valid: true, statistics: { keys: 1, reads: 4 } });
  });

  it('not-sequential: two processes saw two orders', () => {
    const rows = [...write(1, 'a'), ...write(2, 'b'), ...read(3, 'a'), ...read(4, 'b'), ...read(3, 'b')];
    expect(judge(rows).valid).toBe(true);
    const verdict = judge([...rows, ...read(4, 'a')]);
    expect(verdict.anomalies).toMatchObject([{ name: 'not-sequential' }]);
    expect(verdict.anomalies[0]?.explanation).toMatch(
      /^No order of the operations on the register fits all processes/,
    );
  });

  it('is unknown without reads, or with a value written twice', () => {
    expect(judge(write(0, 'a')).valid).toBe('unknown');
    expect(judge([...write(0, 'a'), ...write(0, 'a'), ...read(0, 'a')]).valid).toBe('unknown');
  });
});

/** A register whose readers lag behind. */
function lagging(random: Random): Row[] {
  const written: (number | null)[] = [null];
  let next = 1;
  const share = random.pick([0.1, 0.4]);
  const behind = new Map<number, number>();
  return interleave(
    random,
    { threads: 3, calls: 9, unknownShare: 0.1 },
    () => (random.chance(0.45) ? { f: 'write', value: next++ } : { f: 'read', value: null }),
    ({ f, value }, process) => {
      if (f === 'write') return (written.push(value as number), value);
      const from = random.chance(share) ? 0 : (behind.get(process) ?? 0);
      const place = random.integer(Math.min(from, written.length - 1), written.length - 1);
      behind.set(process, place);
      return written[place] ?? null;
    },
  );
}

/** Tries all interleavings of the processes. A write of unknown outcome is its process's last: made, or not. */
function isSequential(history: History): boolean {
  const queues = [...Map.groupBy(history.pairs(), ({ invocation }) => invocation.process).values()].map(
    (pairs) =>
      pairs.flatMap(({ invocation, completion }) => {
        if (completion?.type === 'fail' || (invocation.f === 'read' && completion?.type !== 'ok')) return [];
        const isKnown = completion?.type === 'ok';
        return [{ f: invocation.f, value: isKnown ? completion.value : invocation.value, isKnown }];
      }),
  );
  const seen = new Set<string>();
  const search = (places: readonly number[], value: Json): boolean => {
    const state = JSON.stringify([places, value]);
    if (seen.has(state)) return false;
    seen.add(state);
    if (queues.every((queue, i) => queue.slice(places[i]).every(({ isKnown }) => !isKnown))) return true;
    return queues.some((queue, i) => {
      const step = queue[places[i] as number];
      if (step === undefined || (step.f === 'read' && step.value !== value)) return false;
      return search(places.with(i, (places[i] as number) + 1), step.value);
    });
  };
  return search(
    queues.map(() => 0),
    null,
  );
}

describe('against brute force', () => {
  it('finds an order exactly where there is one', () => {
    const seen = { sequential: 0, not: 0 };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(lagging(randomStream(seed, 'sequential')));
        const expected = isSequential(history);
        seen[expected ? 'sequential' : 'not']++;
        expect(sequentialRegisters().check({ history }).valid !== false).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(seen.sequential, seen.not)).toBeGreaterThan(400);
  });
});
