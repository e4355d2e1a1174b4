/** `npm run bench -- serve`: how long it takes to index ten thousand runs, and to show pages of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunIndex } from '../results/index/run-index.ts';
import { makeRuns } from '../results/index/testing/made-runs.ts';
import { startServer } from '../results/serve/index.ts';

const RUNS = 10_000;
const TIMES = 5;
const PAGES = {
  'the list': '/',
  'the last page of it': `/?page=${RUNS / 50}`,
  'filtered by system, nemesis and verdict': '/?system=raft&nemesis=partition&verdict=invalid',
  'sorted by latency': '/?sort=-latency',
  'of a signature': `/?signature=${encodeURIComponent('raft-register/linearizability/stale-read/3f9a1c')}`,
  'searched for two words': '/?text=overwritten+register',
  trends: '/trends',
} as const;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shaketable-bench-'));
  try {
    await timed(`${RUNS} run directories are written`, () => makeRuns(folder, RUNS));
    const index = RunIndex.open(folder);
    await timed('indexed for the first time', () => index.refresh());
    await timed('looked at again, nothing changed', () => index.refresh());
    index.close();
    const server = await startServer({ folder, host: '127.0.0.1', port: 0 });
    for (const [name, address] of Object.entries(PAGES))
      await pageTime(name, new URL(address, server.address));
    await server.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pageTime(name: string, address: URL): Promise<void> {
  const times: number[] = [];
  let sizeBytes = 0;
  for (let i = 0; i < TIMES; i++) {
    const startedMs = performance.now();
    const response = await fetch(address);
    sizeBytes = (await response.arrayBuffer()).byteLength;
    if (!response.ok) throw new Error(`${address.href}: ${response.status}`);
    times.push(performance.now() - startedMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const [median, most] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
  console.log(
    `page, ${name}: ${median.toFixed(0)} ms, at most ${most.toFixed(0)} ms, ${(sizeBytes / 1000).toFixed(0)} KB`,
  );
}

async function timed(what: string, action: () => unknown): Promise<void> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  const [tookS, cpuS] = [(performance.now() - startedMs) / 1000, (user + system) / 1e6];
  console.log(`${what}: ${tookS.toFixed(2)} s, ${cpuS.toFixed(2)} s of CPU time`);
}
