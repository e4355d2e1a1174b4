/**
 * How long verdicts on registers and on the levels below snapshot isolation take, for valid histories, with and without
 * transactions in doubt, and for one with a planted anomaly.
 *
 *     node bench/weak-isolation.ts [TRANSACTIONS…]
 */
import type { Checker } from '../checkers/checker.ts';
import { rwRegister } from '../checkers/transactions/rw-register/index.ts';
import { storeHistory } from '../checkers/transactions/testing/stores.ts';
import { causalConsistency, readAtomic, readCommitted } from '../checkers/transactions/weak/index.ts';
import { History } from '../harness/history/history.ts';
import type { Json, Operation } from '../harness/history/operation.ts';

const SIZES = [100_000, 400_000];
const PROCESSES = 20;

type Micro = readonly [f: string, key: Json, value: Json];

function lists(transactions: number, unknownShare: number): History {
  return storeHistory({
    seed: 1,
    store: 'serial',
    transactions,
    processes: PROCESSES,
    lists: 10,
    maxListLength: 100,
    unknownShare,
  });
}

/** The last element of a list is the value of a register. */
function registers({ operations }: History): History {
  return new History(
    operations.map((operation): Operation => ({
      ...operation,
      value: (operation.value as unknown as readonly Micro[]).map(([f, key, value]): Micro => {
        if (f === 'append') return ['w', key, value];
        return [f, key, Array.isArray(value) ? ((value as readonly Json[]).at(-1) ?? null) : null];
      }),
    })),
  );
}

/** In the middle of the history a read of a register returns the initial state again. */
function plantStaleRead({ operations }: History): History {
  const spoilt = [...operations];
  for (let index = operations.length >> 1; index < operations.length; index++) {
    const operation = operations[index] as Operation;
    const value = operation.value as unknown as readonly Micro[];
    if (operation.type !== 'ok' || value.length < 2) continue;
    const place = value.findIndex(([f, , seen]) => f === 'r' && seen !== null && Number(seen) > 20);
    const [, key] = value[place] ?? [];
    if (key === undefined || value.filter((micro) => micro[1] === key).length !== 1) continue;
    spoilt[index] = { ...operation, value: value.with(place, ['r', key, null]) };
    return new History(spoilt);
  }
  throw new Error('no read to spoil');
}

function measure(what: string, history: History, checker: Checker): void {
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const { valid, anomalies, statistics } = checker.check({ history });
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const names = [...new Set(anomalies.map(({ name }) => name))].join(' ');
  const { edges, chains } = statistics as { readonly edges: number; readonly chains?: number };
  console.log(
    `${`${checker.name}, ${what}`.padEnd(48)}${wallMs.toFixed(0).padStart(7)} ms ` +
      `${((user + system) / 1000).toFixed(0).padStart(7)} ms cpu  ${String(valid).padEnd(6)}` +
      `${String(edges).padStart(9)} edges${chains === undefined ? '' : `, ${chains} chains`} ${names}`,
  );
}

export function run(sizes: readonly number[] = SIZES): void {
  const levels = [readCommitted(), readAtomic(), causalConsistency()];
  const warm = lists(20_000, 0);
  for (const checker of [...levels, rwRegister()]) measure('(warm-up)', registers(warm), checker);
  for (const size of sizes) {
    const ofLists = lists(size, 0);
    const ofRegisters = registers(ofLists);
    const inDoubt = registers(lists(size, 0.01));
    const micros = ofLists.operations.reduce((sum, { type, value }) => {
      return type === 'invoke' ? sum + (value as readonly Json[]).length : sum;
    }, 0);
    console.log(`\n${size} transactions of ${micros} reads and writes, ${PROCESSES} processes`);
    measure('nothing assumed', ofRegisters, rwRegister());
    measure('wfr', ofRegisters, rwRegister({ wfrKeys: true }));
    measure('sequential keys', ofRegisters, rwRegister({ sequentialKeys: true }));
    measure('linearizable keys', ofRegisters, rwRegister({ linearizableKeys: true }));
    measure(
      'linearizable keys, a stale read',
      plantStaleRead(ofRegisters),
      rwRegister({ linearizableKeys: true }),
    );
    for (const checker of levels) {
      measure('registers', ofRegisters, checker);
      measure('registers, 1 % in doubt', inDoubt, checker);
      measure('registers, a stale read', plantStaleRead(ofRegisters), checker);
      measure('lists', ofLists, checker);
    }
    console.log(`resident so far ${(process.resourceUsage().maxRSS / 1e6).toFixed(2)} GB`);
  }
}

if (import.meta.main) run(process.argv.length > 2 ? process.argv.slice(2).map(Number) : SIZES);
