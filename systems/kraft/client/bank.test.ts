import { describe, expect, test } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import { readBalances } from './bank.ts';
import type { Driver } from './driver.ts';

const HALF = { id: 'client-3/7', account: '0', delta: -5 };
const OTHER = { ...HALF, account: '1', delta: 5 };

/** The topic shows the other half from a time on. */
function bankWith(otherHalfAtMs: number): { readonly driver: Driver; looks: number } {
  let nowMs = 0;
  const bank = {
    looks: 0,
    driver: {
      get nowMs() {
        return nowMs;
      },
      async sleep(ms: number) {
        nowMs += ms;
      },
      async readAll(): Promise<readonly Json[]> {
        bank.looks++;
        nowMs += 3;
        return nowMs < otherHalfAtMs ? [HALF] : [HALF, OTHER];
      },
    } as unknown as Driver,
  };
  return bank;
}

describe('balances', () => {
  test('have both halves of every transfer; a look every now and then finds the second', async () => {
    const bank = bankWith(100);
    expect(await readBalances(bank.driver, { isFinal: false, deadlineMs: 1000 })).toEqual({ 0: -5, 1: 5 });
    expect(bank.looks).toBeLessThan(20);
  });

  test('are not told where one stays out, and only at the end with what is there', async () => {
    const never = bankWith(Infinity);
    await expect(readBalances(never.driver, { isFinal: false, deadlineMs: 1000 })).rejects.toThrow(
      'half of client-3/7 and others is there',
    );
    expect(never.driver.nowMs).toBeLessThan(600);
    const final = bankWith(Infinity);
    expect(await readBalances(final.driver, { isFinal: true, deadlineMs: 1000 })).toEqual({ 0: -5 });
  });
});
