import { describe, expect, test } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import { readBalances } from './bank.ts';
import type { Driver } from './driver.ts';

const HALF = { id: 'client-3/7', account: '0', delta: -5 };
const OTHER = { ...HALF, account: '1', delta: 5 };

/** The topic shows the other half from a time on, until when a transaction is open. */
function bankWith(otherHalfAtMs: number, isOpen = false): { readonly driver: Driver; looks: number } {
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
      async hasOpenTransactions(): Promise<boolean> {
        nowMs += 2;
        return isOpen;
      },
    } as unknown as Driver,
  };
  return bank;
}

describe('balances', () => {
  test('have both halves of every transfer; a look every now and then finds the second', async () => {
    const bank = bankWith(100);
    expect(await readBalances(bank.driver, { torn: 'refused', deadlineMs: 1000 })).toEqual({ 0: -5, 1: 5 });
    expect(bank.looks).toBeLessThan(20);
  });

  test('are not told where one stays out, and only at the end with what is there', async () => {
    const never = bankWith(Infinity);
    await expect(readBalances(never.driver, { torn: 'refused', deadlineMs: 1000 })).rejects.toThrow(
      'half of client-3/7 and others is there',
    );
    expect(never.driver.nowMs).toBeLessThan(600);
    const final = bankWith(Infinity);
    expect(await readBalances(final.driver, { torn: 'shown-when-settled', deadlineMs: 1000 })).toEqual({
      0: -5,
    });
  });

  test('show no half while a transaction is open that may have the other one, but at last', async () => {
    const hanging = bankWith(Infinity, true);
    await expect(
      readBalances(hanging.driver, { torn: 'shown-when-settled', deadlineMs: 1000 }),
    ).rejects.toThrow('half of client-3/7 and others is there');
    const late = bankWith(400, true);
    const both = { 0: -5, 1: 5 };
    expect(await readBalances(late.driver, { torn: 'shown-when-settled', deadlineMs: 1000 })).toEqual(both);
    expect(await readBalances(hanging.driver, { torn: 'shown', deadlineMs: 2000 })).toEqual({ 0: -5 });
  });
});
