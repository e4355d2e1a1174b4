/**
 * Our verdicts on transactions beside what Elle took for histories of the same size and kind, as it was recorded on a
 * machine of two cores, and a calibration that says how this machine compares with such a one. Porcupine, and Knossos
 * on its histories: bench/porcupine.ts.
 *
 *     npm run bench:checkers                      this, and every other bench of a checker
 *     node bench/checkers.ts                      this alone
 *     node bench/checkers.ts --sweep              … and ten million operations of a register, a log, a set (16 GB)
 *
 * Every line is measured in a process of its own, after a warm-up, as Elle was.
 */
import { spawnSync } from 'node:child_process';
import { listAppend } from '../checkers/transactions/index.ts';
import { storeHistory } from '../checkers/transactions/testing/stores.ts';
import type { StoreName } from '../checkers/transactions/testing/stores.ts';

/** Milliseconds that {@link calibrate} takes on an idle machine of the kind that Elle was measured on. */
const CALIBRATION_MS = 83;

interface Case {
  readonly store: StoreName;
  readonly consistencyModel: string;
  readonly transactions: number;
  readonly elleMs: number;
}

const CASES: readonly Case[] = [
  { store: 'serial', consistencyModel: 'strict-serializable', transactions: 10_000, elleMs: 209 },
  { store: 'serial', consistencyModel: 'strict-serializable', transactions: 100_000, elleMs: 1332 },
  { store: 'serial', consistencyModel: 'strict-serializable', transactions: 1_000_000, elleMs: 18_600 },
  { store: 'serial', consistencyModel: 'serializable', transactions: 10_000, elleMs: 98 },
  { store: 'serial', consistencyModel: 'serializable', transactions: 100_000, elleMs: 825 },
  { store: 'serial', consistencyModel: 'serializable', transactions: 1_000_000, elleMs: 10_400 },
  { store: 'snapshot-isolation', consistencyModel: 'strict-serializable', transactions: 10_000, elleMs: 325 },
  {
    store: 'snapshot-isolation',
    consistencyModel: 'strict-serializable',
    transactions: 100_000,
    elleMs: 2076,
  },
];

/** As Elle's were. */
const PROCESSES = 10;
const WARM_UP_TRANSACTIONS = 10_000;
const WARM_UPS = 3;
const REPETITIONS = 3;

/** A walk over a table of 4 MB, which is what the inner loops of checkers do. The best of five. */
function calibrate(): number {
  const table = new Int32Array(1 << 20);
  let bestMs = Infinity;
  for (let repetition = 0; repetition < 5; repetition++) {
    const start = performance.now();
    let hash = 1;
    for (let i = 0; i < 20_000_000; i++) {
      hash = (Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) + i) | 0;
      const place = (hash >>> 12) & 0xfffff;
      table[place] = ((table[place] as number) + hash) | 0;
    }
    bestMs = Math.min(bestMs, performance.now() - start);
  }
  return bestMs;
}

/** The verdict, and the median of some repetitions, in wall-clock and processor time. */
function measure({ store, consistencyModel, transactions, elleMs }: Case): void {
  const checker = listAppend({ consistencyModel });
  const warmUp = storeHistory({ seed: 2, store, transactions: WARM_UP_TRANSACTIONS, processes: PROCESSES });
  for (let i = 0; i < WARM_UPS; i++) checker.check({ history: warmUp });
  const history = storeHistory({ seed: 1, store, transactions, processes: PROCESSES });
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  let valid = '';
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    valid = String(checker.check({ history }).valid);
    wallMs.push(performance.now() - start);
    const { user, system } = process.cpuUsage(cpu);
    cpuMs.push((user + system) / 1000);
  }
  const median = (times: number[]): number => times.sort((a, b) => a - b)[REPETITIONS >> 1] as number;
  const wall = median(wallMs);
  const column = (value: string | number, width: number): string => String(value).padStart(width);
  console.log(
    `${store}, ${consistencyModel}`.padEnd(40) +
      column(transactions, 12) +
      column(valid, 8) +
      column(wall.toFixed(0), 9) +
      column(median(cpuMs).toFixed(0), 9) +
      column(elleMs, 9) +
      column(`${(elleMs / wall).toFixed(1)} ×`, 9) +
      column((process.resourceUsage().maxRSS / 1e6).toFixed(2), 9),
  );
}

export function run(): void {
  const hereMs = calibrate();
  console.log(
    `calibration: ${hereMs.toFixed(0)} ms here, ${CALIBRATION_MS} ms on an idle machine of the kind that Elle was measured on`,
  );
  console.log(`${'list-append'.padEnd(40)}transactions   valid  wall ms   cpu ms  Elle ms   faster  peak GB`);
  CASES.forEach((_, i) =>
    spawnSync(process.execPath, [import.meta.filename, String(i)], { stdio: 'inherit' }),
  );
  if (!process.argv.includes('--sweep')) return;
  const deciders = `${import.meta.dirname}/deciders.ts`;
  for (const subject of ['register', 'log', 'set']) {
    for (const planted of ['0', '1']) {
      const args = ['--max-old-space-size=16000', deciders, subject, '20000000', '20', planted];
      spawnSync(process.execPath, args, { stdio: 'inherit' });
    }
  }
}

const [asked] = process.argv.slice(2);
if (import.meta.main) {
  if (asked === undefined || asked === '--sweep') run();
  else measure(CASES[Number(asked)] as Case);
}
