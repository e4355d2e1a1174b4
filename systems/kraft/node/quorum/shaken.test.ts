/**
 * The proof: the quorum of whole drivers passes runs with all faults, and bugs of its core are found in them.
 *
 * SHAKETABLE_SEEDS=200 shakes with more seeds.
 */
import { describe, expect, test } from 'vitest';
import { shakeQuorum } from './testing/shaken-quorum.ts';

const SEEDS = Number(process.env['SHAKETABLE_SEEDS'] ?? 8);

describe('a quorum that is shaken', () => {
  test(
    'keeps what was acknowledged, tells everybody the same, and goes on',
    { timeout: SEEDS * 10_000 },
    async () => {
      let acknowledged = 0;
      let elections = 0;
      let snapshotsLoaded = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const shaken = await shakeQuorum({ seed });
        expect(shaken.problem, `seed ${seed}`).toBeNull();
        acknowledged += shaken.acknowledged;
        elections += shaken.elections;
        snapshotsLoaded += shaken.snapshotsLoaded;
      }
      // Runs in which nothing happens prove nothing.
      expect(acknowledged / SEEDS).toBeGreaterThan(200);
      expect(elections / SEEDS).toBeGreaterThan(3);
      expect(snapshotsLoaded / SEEDS).toBeGreaterThan(3);
      console.log({ acknowledged, elections, snapshotsLoaded });
    },
  );
});
