/**
 * What the harness sustains in real time, against a server that does nothing but remember: `npm run bench harness-process`.
 */
import { join } from 'node:path';
import { mix } from '../harness/generator/index.ts';
import { closedLoop } from './systems/closed-loop.ts';
import { memory } from './systems/memory.ts';

const SECONDS = 5;

const registers = mix(
  (_context, count) => ({ f: 'read', key: `k${count % 5}` }),
  (_context, count) => ({ f: 'write', key: `k${count % 5}`, value: count }),
);

export async function run(): Promise<void> {
  for (const clients of [1, 10, 50, 100]) {
    const { operationsPerS, p50Ms, p99Ms, others, harnessCpuShare } = await closedLoop({
      system: memory,
      modulePath: join(import.meta.dirname, 'systems/memory.ts'),
      nodes: 1,
      clients,
      seconds: SECONDS,
      generator: registers,
    });
    console.log(
      `memory server, ${String(clients).padStart(3)} clients  ${operationsPerS.toLocaleString('en').padStart(7)} operations/s  ` +
        `p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms  harness ${Math.round(harnessCpuShare * 100)} % of a processor` +
        (others === 0 ? '' : `  (${others} not ok)`),
    );
  }
}

if (import.meta.main) await run();
