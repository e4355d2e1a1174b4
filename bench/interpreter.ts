/**
 * How many operations a second the interpreter and a typical generator sustain, on clients that answer at once: the
 * most that any run can do. `node bench/interpreter.ts`, or `npm run bench interpreter`.
 */
import type { Clock } from '../harness/cluster/cluster.ts';
import {
  anyOf,
  clients,
  cycle,
  type GeneratorLike,
  mix,
  nemesis,
  sleep,
  stagger,
  timeLimit,
} from '../harness/generator/index.ts';
import { interpret } from '../harness/interpreter/interpreter.ts';
import { NS_PER_MS, sToNs } from '../harness/units.ts';

const SECONDS = 2;
/** Beyond what the interpreter can do, so that it is never idle. */
const RATE = 10_000_000;

/** As a register workload beside a nemesis. */
function typical(seconds: number): GeneratorLike {
  const work = mix(
    { f: 'read', key: 'x' },
    (_context, count) => ({ f: 'read', key: `k${count % 5}` }),
    (_context, count) => ({ f: 'write', key: `k${count % 5}`, value: count }),
    (_context, count) => ({ f: 'cas', key: `k${count % 5}`, value: [count, count + 1] }),
  );
  const faults = cycle([sleep(0.1), { f: 'cut' }, sleep(0.1), { f: 'heal' }]);
  return timeLimit(seconds, anyOf(clients(stagger(1 / RATE, work)), nemesis(faults)));
}

function realClock(): Clock {
  const start = process.hrtime.bigint();
  const setTimer: Clock['setTimer'] = (delayNs, callback) => {
    const timer = setTimeout(callback, delayNs / NS_PER_MS);
    return { cancel: () => clearTimeout(timer) };
  };
  return {
    now: () => Number(process.hrtime.bigint() - start),
    setTimer,
    sleep: (delayNs) => new Promise((resolve) => setTimer(delayNs, resolve)),
  };
}

async function interpreted(concurrency: number): Promise<void> {
  let operations = 0;
  const started = start();
  await interpret({
    clock: realClock(),
    generator: typical(SECONDS),
    openClient: () => Promise.resolve({ invoke: () => Promise.resolve({ type: 'ok' }), close: () => {} }),
    nemesis: {
      invoke: () =>
        Promise.resolve({
          faultId: 1,
          fault: 'partition',
          edge: 'begin',
          nodes: [],
          description: 'nothing',
          parameters: null,
        }),
    },
    nodes: ['n1', 'n2', 'n3', 'n4', 'n5'],
    concurrency,
    seed: 1,
    operationTimeoutNs: sToNs(5),
    onOperation: ({ type }) => {
      if (type === 'invoke') operations++;
    },
  });
  report(`interpreter, ${concurrency} threads`, operations, started);
}

interface Start {
  readonly wallMs: number;
  readonly cpu: NodeJS.CpuUsage;
}

function start(): Start {
  return { wallMs: performance.now(), cpu: process.cpuUsage() };
}

/** Both by the clock and by the processor's time, which tells what a machine with other work would do without it. */
function report(what: string, operations: number, { wallMs, cpu }: Start): void {
  const rate = Math.round((operations / (performance.now() - wallMs)) * 1_000);
  const { user, system } = process.cpuUsage(cpu);
  const each = ((user + system) / operations).toFixed(1);
  console.log(
    `${what.padEnd(30)} ${rate.toLocaleString('en').padStart(9)} operations/s  ${each} µs CPU each`,
  );
}

export async function run(): Promise<void> {
  for (const concurrency of [1, 10, 100]) await interpreted(concurrency);
}

if (import.meta.main) await run();
