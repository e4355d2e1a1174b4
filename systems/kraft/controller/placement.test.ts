import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import type { UsableBroker } from './placement.ts';
import { placeReplicas } from './placement.ts';

const random = (seed: number) => randomStream(seed, 'placement');

const brokersOf = (racks: readonly (string | null)[], fenced: readonly number[] = []): UsableBroker[] =>
  racks.map((rack, id) => ({ id, rack, fenced: fenced.includes(id), load: 0, leaderships: 0 }));

const countOf = (ids: readonly number[], brokers: number): number[] =>
  Array.from({ length: brokers }, (_, id) => ids.filter((other) => other === id).length);

const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);

describe('placement', () => {
  test('is even: replicas and leaderships differ by one at most', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 7 }),
        fc.nat(40),
        fc.nat(),
        (seed, count, partitions, f) => {
          const factor = 1 + (f % count);
          const placed = placeReplicas(
            random(seed),
            brokersOf(Array<null>(count).fill(null)),
            partitions,
            factor,
          );
          expect(placed).toHaveLength(partitions);
          for (const replicas of placed) expect(new Set(replicas).size).toBe(factor);
          expect(spread(countOf(placed.flat(), count))).toBeLessThanOrEqual(1);
          expect(
            spread(
              countOf(
                placed.map(([leader]) => leader as number),
                count,
              ),
            ),
          ).toBeLessThanOrEqual(2);
        },
      ),
    );
  });

  test('is over as many racks as there are', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 }),
        fc.nat(),
        (seed, racks, f) => {
          const factor = 1 + (f % racks.length);
          for (const replicas of placeReplicas(random(seed), brokersOf(racks), 9, factor)) {
            const used = new Set(replicas.map((id) => racks[id]));
            expect(used.size).toBe(Math.min(factor, new Set(racks).size));
          }
        },
      ),
    );
  });

  test('takes fenced brokers only when the others do not suffice, and never to lead', () => {
    const brokers = brokersOf([null, null, null, null], [0, 1]);
    for (const replicas of placeReplicas(random(1), brokers, 10, 2))
      expect(replicas.toSorted()).toEqual([2, 3]);
    for (const replicas of placeReplicas(random(1), brokers, 10, 3)) {
      expect(replicas[0]).toBeGreaterThan(1);
      expect(replicas[2]).toBeLessThan(2);
    }
  });

  test('refuses what cannot be', () => {
    expect(() => placeReplicas(random(1), brokersOf([null]), 1, 2)).toThrow(RangeError);
    expect(() => placeReplicas(random(1), brokersOf([null], [0]), 1, 1)).toThrow('fenced');
  });

  test('prefers who has least', () => {
    const brokers = brokersOf([null, null, null]).map((b) => ({ ...b, load: b.id === 1 ? 0 : 5 }));
    expect(placeReplicas(random(1), brokers, 1, 1)).toEqual([[1]]);
  });

  test('is the same for the same seed', () => {
    const place = (seed: number) => placeReplicas(random(seed), brokersOf([null, null, null]), 5, 2);
    expect(place(3)).toEqual(place(3));
  });
});
