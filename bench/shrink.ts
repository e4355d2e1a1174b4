/**
 * How small failing runs become, and how long that takes: `npm run bench shrink`. Each bug of the list is run until a seed fails,
 * and the run is shrunk by the command, on all cores.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '..', 'harness', 'cli', 'main.ts');
const SEEDS = 30;

/** Names, workload and faults, as docs/bugs.md has them. */
const RUNS: readonly string[] = [
  'raft register --nemesis partition-leader --option checkQuorum=false --bug stale-read',
  'raft register --nemesis power-loss --bug ack-before-fsync',
  'raft register --nemesis partition --bug ack-before-commit',
  'raft append --nemesis partition,kill --nemesis-interval 1 --bug ack-before-commit',
  'raft register --nemesis partition,kill --nemesis-interval 1 --bug stale-log-vote',
  'raft register --nemesis partition,kill --nemesis-interval 1 --bug no-duplicate-detection',
  'raft register --nemesis partition,kill --nemesis-interval 1 --bug previous-term-unchecked',
];

interface Size {
  readonly operations: number;
  readonly faults: number;
  readonly nodes: number;
}

interface Shrunk {
  readonly anomaly: string;
  readonly before: Size;
  readonly after: Size;
  readonly attempts: number;
  readonly tookMs: number;
}

export function run(): void {
  const folder = mkdtempSync(join(tmpdir(), 'shaketable-bench-'));
  try {
    for (const command of RUNS) console.log(`${command}\n  ${shrinkOne(command, folder)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function shrinkOne(command: string, folder: string): string {
  const found = shaketable(
    folder,
    'run',
    ...command.split(' '),
    '--seed',
    '1',
    '--count',
    String(SEEDS),
    '--json',
  );
  const { runs } = JSON.parse(found) as { runs: { valid: unknown; directory: string }[] };
  const failing = runs.find(({ valid }) => valid === false);
  if (failing === undefined) return `no seed of ${SEEDS} fails`;
  const { anomaly, before, after, attempts, tookMs } = JSON.parse(
    shaketable(folder, 'shrink', failing.directory, '--json'),
  ) as Shrunk;
  const sizes = (['operations', 'faults', 'nodes'] as const)
    .map((name) => `${before[name].toLocaleString('en')} → ${after[name]} ${name}`)
    .join(', ');
  return `${sizes}; ${attempts} runs in ${(tookMs / 1000).toFixed(1)} s (${anomaly})`;
}

function shaketable(folder: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === null || status >= 64) throw new Error(`shaketable ${args.join(' ')}: ${stderr}`);
  return stdout;
}

if (import.meta.main) run();
