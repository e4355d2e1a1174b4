/**
 * How small the cores of long faulty histories are, and how long the verdict takes with its explanation.
 *
 *     node bench/explanations.ts
 */
import { linearizability } from '../checkers/linearizability/index.ts';
import { faultyCases } from '../checkers/linearizability/testing/faulty-cases.ts';
import { faultyHistory } from '../checkers/linearizability/testing/faulty-objects.ts';

const OPERATIONS = 10_000;
const CLIENTS = [5, 20];
const SEEDS = [1, 2, 3];
const LIMIT_MS = 30_000;

export function run(): void {
  console.log(`${OPERATIONS} operations, one fault; CPU time of the verdict with its explanation`);
  for (const clients of CLIENTS) {
    for (const faulty of faultyCases) {
      for (const fault of faulty.faults) {
        const told = SEEDS.map((seed) => {
          const history = faultyHistory({ ...faulty, operations: OPERATIONS, clients, seed, fault });
          const deadline = performance.now() + LIMIT_MS;
          const before = process.cpuUsage();
          const { valid, anomalies } = linearizability({ model: faulty.model }).check({
            history,
            isOverdue: () => performance.now() > deadline,
          });
          const { user, system } = process.cpuUsage(before);
          const took = `${((user + system) / 1e6).toFixed(1)} s`;
          if (valid !== false) return `${valid === true ? 'no trace' : 'unknown'} ${took}`;
          const { core } = anomalies[0]?.evidence as {
            core: { operations: number[]; isMinimal: boolean } | null;
          };
          if (core === null) return `no core ${took}`;
          return `${core.operations.length}${core.isMinimal ? '' : '+'} in ${took}`;
        });
        console.log(
          `${String(clients).padStart(3)} clients  ${faulty.name.padEnd(30)} ${fault.padEnd(11)} ${told.join('   ')}`,
        );
      }
    }
  }
}

if (import.meta.main) run();
