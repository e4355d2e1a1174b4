/**
 * The log checker on generated histories of 10⁴, 10⁵ and 10⁶ sends and polls: valid ones, transactions, sparse offsets,
 * and the largest with one anomaly of each kind planted.
 *
 *     node bench/log.ts
 */
import { log } from '../checkers/log/index.ts';
import { generateLogHistory } from '../checkers/log/testing/log-history.ts';
import { PLANTS, plant } from '../checkers/log/testing/plants.ts';
import { History } from '../harness/history/history.ts';

const SEED = 7;
const REPETITIONS = 3;
const LARGEST = 1_000_000;

function measure(label: string, history: History, repetitions = REPETITIONS): void {
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  let outcome = '';
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const { valid, anomalies, statistics } = log().check({ history });
    wallMs.push(performance.now() - start);
    const used = process.cpuUsage(cpu);
    cpuMs.push((used.user + used.system) / 1000);
    const names = [...new Set(anomalies.map(({ name }) => name))];
    const { records } = statistics as { readonly records: number };
    outcome = `${String(valid).padEnd(8)}${String(records).padStart(8)}  ${names.join(', ')}`;
  }
  const median = (values: number[]): string =>
    (values.sort((a, b) => a - b)[repetitions >> 1] as number).toFixed(0).padStart(9);
  const memory = `${Math.round(process.memoryUsage().rss / 2 ** 20)}`.padStart(9);
  console.log(`${label.padEnd(44)}${median(wallMs)}${median(cpuMs)}${memory}  ${outcome}`);
}

export function run(): void {
  console.log(
    `${'operations'.padEnd(44)}  wall ms   cpu ms  rss MiB  valid    records  anomalies (seed ${SEED})`,
  );
  for (const operations of [10_000, 100_000, LARGEST]) {
    for (const clients of [5, 20, 100]) {
      const history = new History(generateLogHistory({ seed: SEED, operations, clients }));
      measure(`${operations}, ${clients} clients`, history);
    }
  }
  const shape = { seed: SEED, operations: LARGEST, clients: 20 };
  measure(
    `${LARGEST}, 20 clients, offsets above 2³²`,
    new History(generateLogHistory({ ...shape, offsetStep: 1_000_000 })),
  );
  measure(
    `${LARGEST / 10}, 20 clients, transactions`,
    new History(generateLogHistory({ ...shape, operations: LARGEST / 10, transactions: true })),
  );
  const valid = generateLogHistory(shape);
  for (const name of PLANTS) {
    const planted = plant(valid, name, SEED);
    if (planted !== undefined) measure(`${LARGEST}, one ${name}`, new History(planted), 1);
  }
}

if (import.meta.main) run();
