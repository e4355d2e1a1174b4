import { describe, expect, it } from 'vitest';
import { storeHistory } from '../testing/stores.ts';
import type { StoreName } from '../testing/stores.ts';
import { listAppend } from './list-append.ts';

interface Statistics {
  readonly found: Readonly<Record<string, number>>;
}

function check(store: StoreName, consistencyModel: string, more = {}) {
  const history = storeHistory({ seed: 7, store, transactions: 3_000, processes: 8, ...more });
  const { valid, statistics } = listAppend({ consistencyModel }).check({ history });
  return { valid, found: Object.keys((statistics as unknown as Statistics).found) };
}

/** What each store keeps, what it does not, and the anomaly that it is known for. */
const LEVELS: readonly (readonly [StoreName, keeps: string, breaks: string, anomaly: string])[] = [
  ['stale-reads', 'strong-session-read-uncommitted', 'strong-snapshot-isolation', 'G-single-realtime'],
  ['snapshot-isolation', 'strong-snapshot-isolation', 'repeatable-read', 'G2-item'],
  ['parallel-snapshot-isolation', 'consistent-view', 'snapshot-isolation', 'G-nonadjacent'],
  ['read-committed', 'strong-read-committed', 'cursor-stability', 'lost-update'],
  ['read-uncommitted', 'read-uncommitted', 'read-committed', 'G1a'],
];

const MORE: Readonly<Partial<Record<StoreName, object>>> = {
  'read-uncommitted': { failedShare: 0.1 },
  'parallel-snapshot-isolation': { maxTransactionLength: 2 },
};

describe('stores of every isolation level', () => {
  it('serial: strictly serializable, in doubt and with failures too', () => {
    expect(check('serial', 'strict-serializable')).toEqual({ valid: true, found: [] });
    expect(check('serial', 'strict-serializable', { unknownShare: 0.1, failedShare: 0.1 })).toEqual({
      valid: true,
      found: [],
    });
  });

  it.each(LEVELS)('%s: keeps %s, not %s, and shows %s', (store, keeps, breaks, anomaly) => {
    const more = MORE[store] ?? {};
    const { found } = check(store, breaks, more);
    expect(found).toContain(anomaly);
    expect(check(store, breaks, more).valid).toBe(false);
    expect(check(store, keeps, more), found.join(' ')).toMatchObject({ valid: true });
  });

  it('none: keeps nothing, and shows G0', () => {
    const { valid, found } = check('none', 'read-uncommitted');
    expect(valid).toBe(false);
    expect(found).toContain('G0');
  });

  it('are the same for the same seed', () => {
    const history = () => storeHistory({ seed: 3, store: 'none', transactions: 100, processes: 5 });
    expect(history().operations).toEqual(history().operations);
  });
});
