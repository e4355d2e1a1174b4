/**
 * A bank in a topic: a transfer is one transaction of two records, and a balance is the sum of an account's records.
 *
 *     await sendTransfer(driver, { id: 'client-3/7', from: '0', to: '1', amount: 5 }, deadlineMs); // in a transaction
 *     await readBalances(driver, { torn: 'refused', deadlineMs }); // { 0: -5, 1: 5 }
 *
 * Each account is in one partition, so that most transfers are in two, which no single moment shows: a reader may see one half
 * before the other. So a read asks again until it has both halves of all that it has one half of.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { ClientError } from './client-error.ts';
import type { Driver } from './driver.ts';
import { BANK_TOPIC, keyOf, type TornHalves } from './operations.ts';

export interface Transfer {
  /** Of no other transfer. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

interface Half {
  readonly id: string;
  readonly account: string;
  readonly delta: number;
}

const HALVES = 2;
/** Until the next look at all of the topic: the other half is a few milliseconds behind, or as long as a fault lasts. Doubles. */
const LOOK_AGAIN_MIN_MS = 5;
const LOOK_AGAIN_MAX_MS = 200;

/** The two records, within a transaction that the caller begins and ends. @throws ClientError */
export async function sendTransfer(driver: Driver, transfer: Transfer, deadlineMs: number): Promise<void> {
  const { id, from, to, amount } = transfer;
  const partitions = driver.partitionCount(BANK_TOPIC);
  for (const [account, delta] of [
    [from, -amount],
    [to, amount],
  ] as const) {
    await driver.send(
      keyOf(BANK_TOPIC, partitionOf(account, partitions)),
      [{ id, account, delta }],
      deadlineMs,
    );
  }
}

/** @throws ClientError `torn-transfer`, always definite */
export async function readBalances(
  driver: Driver,
  { torn: policy, deadlineMs }: { readonly torn: TornHalves; readonly deadlineMs: number },
): Promise<Readonly<Record<string, number>>> {
  // The last look has to end before the time is up.
  const closeMs = driver.nowMs + (deadlineMs - driver.nowMs) / 2;
  for (let pauseMs = LOOK_AGAIN_MIN_MS; ; pauseMs = Math.min(2 * pauseMs, LOOK_AGAIN_MAX_MS)) {
    const isLast = driver.nowMs >= closeMs;
    // Asked before the look: what was not open then is whole in it.
    const isShown =
      isLast &&
      (policy === 'shown' ||
        (policy === 'shown-when-settled' && !(await driver.hasOpenTransactions(BANK_TOPIC, deadlineMs))));
    const halves = (await driver.readAll(BANK_TOPIC, deadlineMs)).map(halfOf);
    const torn = tornTransfers(halves);
    if (torn.length === 0 || isShown) return balances(halves);
    if (isLast)
      throw ClientError.own('torn-transfer', `half of ${torn.slice(0, 3).join(', ')} and others is there`);
    await driver.sleep(pauseMs);
  }
}

/** Sums by account, in the order of their names. */
function balances(halves: readonly Half[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { account, delta } of halves) sums.set(account, (sums.get(account) ?? 0) + delta);
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function tornTransfers(halves: readonly Half[]): string[] {
  const counts = new Map<string, number>();
  for (const { id } of halves) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].filter(([, count]) => count < HALVES).map(([id]) => id);
}

function halfOf(value: Json): Half {
  const { id, account, delta } = (value ?? {}) as { readonly [name: string]: Json };
  if (typeof id === 'string' && typeof account === 'string' && typeof delta === 'number')
    return { id, account, delta };
  throw ClientError.own('malformed', `no half of a transfer: ${JSON.stringify(value).slice(0, 100)}`);
}

/** The same in every client. */
function partitionOf(account: string, partitions: number): number {
  let hash = 0;
  for (let i = 0; i < account.length; i++) hash = (hash * 31 + account.charCodeAt(i)) >>> 0;
  return hash % Math.max(1, partitions);
}
