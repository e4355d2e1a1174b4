/**
 * How long a verdict on list-append transactions takes: a valid history, one with a planted anomaly, and one of a
 * store that keeps snapshot isolation, which has write skew. The gigabytes are the most that was resident so far, the
 * history and what made it included.
 *
 *     node bench/list-append.ts [TRANSACTIONS…]
 */
import { listAppend } from '../checkers/transactions/index.ts';
import { History } from '../harness/history/history.ts';
import type { Json, Operation } from '../harness/history/operation.ts';
import { storeHistory } from '../checkers/transactions/testing/stores.ts';
import type { StoreName } from '../checkers/transactions/testing/stores.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const LABEL_WIDTH = 58;
const OLD_ELEMENTS = 50;
const PROCESSES = [5, 20, 100];

function generate(store: StoreName, transactions: number, processes: number): History {
  return storeHistory({ seed: 1, store, transactions, processes, lists: 10, maxListLength: 100 });
}

/** In the middle of the history one read shows only the first of so many elements that most were acknowledged before. */
function plantStaleRead(history: History): History {
  const operations: Operation[] = [...history.operations];
  for (let index = operations.length >> 1; index < operations.length; index++) {
    const operation = operations[index] as Operation;
    const value = operation.value as readonly (readonly Json[])[];
    const place = value.findIndex(
      ([f, , list]) => f === 'r' && Array.isArray(list) && list.length > OLD_ELEMENTS,
    );
    if (operation.type !== 'ok' || value.length !== 1 || place === -1) continue;
    const [f, key, list] = value[place] as [string, number, number[]];
    operations[index] = { ...operation, value: [[f, key, list.slice(0, 1)]] };
    return new History(operations);
  }
  throw new Error('no read to spoil');
}

function measure(what: string, history: History, consistencyModel: string): void {
  globalThis.gc?.();
  const start = performance.now();
  const cpu = process.cpuUsage();
  const { valid, anomalies, statistics } = listAppend({ consistencyModel }).check({ history });
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const names = [...new Set(anomalies.map(({ name }) => name))].join(' ');
  const largest = (statistics as { largestComponent: number }).largestComponent;
  console.log(
    `${what.padEnd(LABEL_WIDTH)}${wallMs.toFixed(0).padStart(7)} ms ${((user + system) / 1000).toFixed(0).padStart(7)} ms of processor ` +
      `${(process.resourceUsage().maxRSS / 1e6).toFixed(2).padStart(6)} GB  ` +
      `${String(valid).padEnd(6)} ${names}${largest > 0 ? ` (largest component ${largest})` : ''}`,
  );
}

export function run(sizes: readonly number[] = SIZES): void {
  measure('(warm-up)', generate('serial', 20_000, 10), 'strict-serializable');
  for (const size of sizes) {
    for (const processes of PROCESSES) {
      const label = `${size} transactions, ${processes} processes`;
      const serial = generate('serial', size, processes);
      measure(`${label}, strict-serializable`, serial, 'strict-serializable');
      measure(`${label}, serializable`, serial, 'serializable');
      measure(`${label}, a planted stale read`, plantStaleRead(serial), 'strict-serializable');
      const snapshots = generate('snapshot-isolation', size, processes);
      measure(`${label}, snapshot isolation`, snapshots, 'strict-serializable');
    }
    console.log(
      `${'resident so far'.padEnd(LABEL_WIDTH)}${(process.resourceUsage().maxRSS / 1e6).toFixed(2).padStart(7)} GB`,
    );
  }
}

if (import.meta.main) run(process.argv.length > 2 ? process.argv.slice(2).map(Number) : SIZES);
