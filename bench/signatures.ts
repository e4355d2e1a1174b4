/**
 * How stable signatures are: runs the stated command of bugs for many seeds, and prints how many signatures come out of each.
 *
 *     npm run bench signatures                    some bugs of each system, 20 seeds each
 *     node bench/signatures.ts stale-read         only this one
 *     node bench/signatures.ts --seeds 50 --all   every bug
 *
 * A bug breaks several promises: what counts is how many signatures it has for one anomaly (a handful at most), and how many
 * failures triage shows when those that only ever come together are one.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { EMPTY_BASELINE } from '../results/triage/baseline.ts';
import { triage } from '../results/triage/triage.ts';
import { readRuns } from '../results/triage/triaged-runs.ts';
import { kraft } from '../systems/kraft/index.ts';
import { raft } from '../systems/raft/index.ts';
import type { Bug } from '../systems/system.ts';

const ROOT = join(import.meta.dirname, '..');
const SEEDS = 20;
/** Of each kind of checker one at least. */
const SOME = [
  ...['stale-read', 'ack-before-commit', 'ack-before-fsync', 'no-duplicate-detection', 'stale-log-vote'],
  ...[
    'ack-before-replication',
    'last-stable-offset-ignored',
    'generation-not-raised',
    'answer-before-commit',
  ],
];

async function runSeeds({ foundBy }: Bug, seeds: number, results: string): Promise<void> {
  const args = [
    ...foundBy.command.split(' ').slice(1),
    '--seed',
    '1',
    '--count',
    String(seeds),
    '--keep-going',
  ];
  const child = spawn(process.execPath, [join(ROOT, 'harness/cli/main.ts'), ...args, '--results', results], {
    stdio: 'ignore',
  });
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
}

/** The signatures of a bug, one line each, behind a line that sums them up. */
async function measure(bug: Bug, seeds: number): Promise<void> {
  const results = mkdtempSync(join(tmpdir(), 'shaketable-signatures-'));
  try {
    await runSeeds(bug, seeds, results);
    const { runs } = readRuns([results]);
    const { groups } = triage({ runs, baseline: EMPTY_BASELINE, sinceMs: null, withBugs: true });
    const failed = runs.filter(({ valid }) => valid === false).length;
    const classes = Map.groupBy(groups, ({ checker, anomaly }) => `${checker}/${anomaly}`);
    const most = Math.max(0, ...[...classes.values()].map(({ length }) => length));
    const together = groups.filter(({ companionOf }) => companionOf === null).length;
    console.log(
      `${bug.name}: ${failed} of ${runs.length} seeds failed; ${groups.length} signatures of ${classes.size} anomalies, ` +
        `${most} at most of one; ${together} failures`,
    );
    for (const { failures, signature, shape, companionOf } of groups) {
      const text = `${companionOf === null ? '' : '  '}${signature}  [${shape}]`;
      console.log(`  ${String(failures).padStart(4)}  ${text}`);
    }
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

export async function run(args: readonly string[] = []): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { seeds: { type: 'string', default: String(SEEDS) }, all: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const wanted = positionals.length > 0 ? positionals : SOME;
  const bugs = [...raft.bugs, ...kraft.bugs].filter(({ name }) => values.all || wanted.includes(name));
  for (const bug of bugs) await measure(bug, Number(values.seeds));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await run(process.argv.slice(2));
}
