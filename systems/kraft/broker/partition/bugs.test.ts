/** Each bug is found by random schedules, within the stated number of them, from three different first seeds. */
import { describe, expect, test } from 'vitest';
import { PARTITION_BUGS, partitionRulesWith } from './bugs.ts';
import { correctRules } from './rules.ts';
import { findProblem } from './testing/schedule.ts';

const FIRST_SEEDS = [1, 10_001, 20_001];

/** Schedules within which each is found, about twice what it took. */
const FOUND_WITHIN: { readonly [name: string]: number } = {
  'truncate-to-high-watermark': 40,
  'truncate-ignoring-epoch': 60,
  'no-truncation': 20,
  'ack-before-replication': 20,
  'duplicate-acknowledged-early': 60,
  'high-watermark-from-current-isr': 60,
  'shrink-before-confirmed': 60,
  'proposal-forgotten': 4000,
  'isr-by-fetch-size': 20,
  'joins-isr-too-early': 20,
  'joins-isr-before-epoch-start': 400,
  'stale-broker-epoch': 5000,
  'last-replica-standing': 40,
  'no-sequence-check': 40,
  'producer-state-lost': 40,
  'broker-retries-produce': 40,
  'reads-above-high-watermark': 20,
  'last-stable-offset-ignored': 20,
  'old-epoch-not-fenced': 2000,
  'old-response-accepted': 4000,
};

/** In the schedules nobody raises a producer's epoch: whole clusters find it. */
const NEEDS_COORDINATOR = 'old-epoch-accepted';

describe('bugs of a partition', () => {
  test.each(PARTITION_BUGS.map(({ name }) => name).filter((name) => name !== NEEDS_COORDINATOR))(
    '%s is found',
    (name) => {
      for (const first of FIRST_SEEDS) {
        expect(findProblem([name], FOUND_WITHIN[name] ?? 0, first), `from seed ${first}`).not.toBeNull();
      }
    },
    120_000,
  );

  test(`${NEEDS_COORDINATOR} lets a zombie in, and nothing else`, () => {
    const { producerDecision } = partitionRulesWith([NEEDS_COORDINATOR]);
    expect(producerDecision({ kind: 'fenced', currentEpoch: 3 })).toEqual({ kind: 'ok' });
    const other = { kind: 'out-of-order', expectedSequence: 4 } as const;
    expect(producerDecision(other)).toEqual(other);
  });

  test('each says what it does and where it comes from', () => {
    for (const { name, summary, source, foundBy, replaces } of PARTITION_BUGS) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
      expect(summary.endsWith('.')).toBe(true);
      expect(source).not.toBe('');
      expect(foundBy.checkers).not.toEqual([]);
      for (const rule of Object.keys(replaces)) expect(correctRules).toHaveProperty(rule);
    }
  });

  test('a misspelt name is refused, with the nearest one', () => {
    expect(() => partitionRulesWith(['no-truncatoin'])).toThrow(/did you mean no-truncation/);
  });
});
