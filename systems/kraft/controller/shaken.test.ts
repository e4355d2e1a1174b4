import { describe, expect, test } from 'vitest';
import { CONTROLLER_BUGS } from './bugs.ts';
import { ShakenController } from './testing/shaken-controller.ts';

const STEPS = 400;
/** Within so many runs every bug is found; most in the first. */
const RUNS_TO_FIND_A_BUG = 150;

describe('random events', () => {
  test.each([
    { title: 'with eligible replicas', elrEnabled: true, seeds: 60 },
    { title: 'without', elrEnabled: false, seeds: 20 },
  ])('the controller withstands them, $title', ({ elrEnabled, seeds }) => {
    const counts: Record<string, number> = {};
    for (let seed = 1; seed <= seeds; seed++) {
      const shaken = new ShakenController(seed, [], elrEnabled);
      try {
        shaken.run(STEPS);
      } catch (thrown) {
        throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown });
      }
      for (const [name, count] of Object.entries(shaken.counts)) counts[name] = (counts[name] ?? 0) + count;
    }
    // The runs prove something only if all this happened.
    for (const what of [
      'ISR accepted',
      'ISR FENCED_LEADER_EPOCH',
      'ISR INVALID_UPDATE_VERSION',
      'ISR INELIGIBLE_REPLICA',
      'acknowledged',
      'clean elections',
      'clean shutdown',
      'crash',
      'failover',
      'leaders that have everything',
      'reassign',
      'register refused',
      'unclean elections',
    ]) {
      expect(counts[what] ?? 0, what).toBeGreaterThan(0);
    }
  });

  test.each(CONTROLLER_BUGS.map(({ name }) => name))('%s is found', (name) => {
    let found: string | null = null;
    for (let seed = 1; seed <= RUNS_TO_FIND_A_BUG && found === null; seed++) {
      try {
        new ShakenController(seed, [name]).run(STEPS);
      } catch (thrown) {
        found = `seed ${seed}: ${(thrown as Error).message}`;
      }
    }
    if (process.env['SHOW_FINDINGS'] === '1') console.log(`${name}: ${found}`);
    expect(found).not.toBeNull();
  });

  test('the same seed does the same', () => {
    const counts = [1, 2].map(() => {
      const shaken = new ShakenController(7, []);
      shaken.run(STEPS);
      return shaken.counts;
    });
    expect(counts[0]).toEqual(counts[1]);
  });
});
