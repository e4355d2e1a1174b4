import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import { log } from './index.ts';
import { generateLogHistory } from './testing/log-history.ts';
import type { LogHistoryOptions } from './testing/log-history.ts';
import { PLANTS, plant } from './testing/plants.ts';

const SEEDS = 60;

const SHAPES: readonly Omit<LogHistoryOptions, 'seed'>[] = [
  { operations: 60, clients: 3, partitions: 2 },
  { operations: 60, clients: 4, partitions: 2, transactions: true },
  { operations: 80, clients: 3, partitions: 2, administration: true },
  { operations: 60, clients: 3, partitions: 2, repeatsValues: true },
  { operations: 60, clients: 3, partitions: 3, transactions: true, administration: true, offsetStep: 1e9 },
];

function check(operations: ConstructorParameters<typeof History>[0]) {
  return log().check({ history: new History(operations) });
}

describe('a correct log', () => {
  it.each(SHAPES)('passes, whatever happens: %o', (shape) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { valid, anomalies } = check(generateLogHistory({ ...shape, seed }));
      expect({ seed, valid, anomalies }).toEqual({ seed, valid: true, anomalies: [] });
    }
  });
});

describe('a broken promise', () => {
  it.each(PLANTS)('%s is found', (name) => {
    let planted = 0;
    for (const shape of SHAPES.filter(({ repeatsValues }) => repeatsValues !== true)) {
      for (let seed = 1; seed <= SEEDS / 4; seed++) {
        const operations = plant(generateLogHistory({ ...shape, seed }), name, seed);
        if (operations === undefined) continue;
        planted++;
        const { valid, anomalies } = check(operations);
        const names = anomalies.map((anomaly) => anomaly.name);
        expect({ seed, shape, valid, names }).toMatchObject({ valid: false });
        expect(names, `seed ${seed} of ${JSON.stringify(shape)}`).toContain(name);
      }
    }
    expect(planted).toBeGreaterThan(SEEDS / 2);
  });
});
