/**
 * Our Raft beside etcd, on the same machine, as processes on loopback, each with fsync, with the same clients of the same
 * harness: `npm run bench raft-etcd`. Needs etcd (Debian: etcd-server). What counts is the ratio.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { raft } from '../systems/raft/index.ts';
import { closedLoop, type Figures } from './systems/closed-loop.ts';
import { etcd } from './systems/etcd.ts';

const NODES = 3;
const SECONDS = 5;

const writes = (_context: unknown, count: number) => ({ f: 'write', key: `k${count % 100}`, value: count });
const reads = (_context: unknown, count: number) => ({ f: 'read', key: `k${count % 100}` });

export async function run(): Promise<void> {
  if (spawnSync('etcd', ['--version']).status !== 0) {
    console.log('etcd is not installed (Debian: apt-get install etcd-server): nothing to compare with');
    return;
  }
  for (const [what, generator] of [
    ['write', writes],
    ['read', reads],
  ] as const) {
    for (const clients of [1, 16, 64]) {
      const common = { nodes: NODES, clients, seconds: SECONDS, generator };
      const ours = await closedLoop({
        ...common,
        system: raft,
        modulePath: join(import.meta.dirname, '../systems/raft/index.ts'),
      });
      const theirs = await closedLoop({ ...common, system: etcd });
      const title = `${what.padEnd(5)} ${String(clients).padStart(3)} clients`;
      console.log(`${title}  raft ${describe(ours)}`);
      console.log(`${' '.repeat(title.length)}  etcd ${describe(theirs)}`);
      console.log(
        `${' '.repeat(title.length)}  raft/etcd: throughput ${(ours.operationsPerS / theirs.operationsPerS).toFixed(2)}, ` +
          `p50 ${(ours.p50Ms / theirs.p50Ms).toFixed(2)}, p99 ${(ours.p99Ms / theirs.p99Ms).toFixed(2)}`,
      );
    }
  }
}

const describe = ({ operationsPerS, p50Ms, p99Ms, others }: Figures): string =>
  `${operationsPerS.toLocaleString('en').padStart(7)} operations/s  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms` +
  (others === 0 ? '' : `  (${others} not ok)`);

if (import.meta.main) await run();
