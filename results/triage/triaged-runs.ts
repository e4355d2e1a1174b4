/**
 * The runs that triage counts: those whose directories are in a folder, and those of sweeps that kept no directory, from their ledgers.
 *
 *     const { runs, problems } = readRuns(['results']);
 *
 * A sweep keeps failures and throws passes away: without its ledger every failure would look as if it came each time. A run that was
 * copied (shards of a sweep, and the whole) counts once.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Validity } from '../../checkers/checker.ts';
import { HarnessError } from '../../harness/errors.ts';
import type { TestDefinition } from '../../harness/run/test-definition.ts';
import { type Ledger, parseLedger, type SeedRecord } from '../../harness/sweep/ledger.ts';
import { walk } from '../index/walk.ts';
import { type RunSummary, savedRuns } from '../saved-runs.ts';
import { type FailureSignature, filedSignatures } from '../signatures.ts';

export interface TriagedRun {
  /** The run directory; null where none was kept. */
  readonly path: string | null;
  readonly system: string;
  readonly workload: string;
  readonly cluster: TestDefinition['cluster'];
  /** `partition,kill`, or `none`. */
  readonly nemesis: string;
  readonly seed: number;
  /** Milliseconds since 1970; of a run without a directory that of its sweep. */
  readonly startedMs: number;
  /** Commit of the code that ran it; null outside one. */
  readonly revision: string | null;
  readonly commandLine: string;
  /** It has bugs that somebody put in, or a sweep expected it to fail: what it shows is no regression. */
  readonly isPlanted: boolean;
  /** It was made from a plan, shrunk or by hand: it tells what a failure looks like, and not how often it comes. */
  readonly isPlanned: boolean;
  /** Null: it was cut off, or goes on. */
  readonly valid: Validity | null;
  /** What its failures are filed under. */
  readonly signatures: readonly FailureSignature[];
  /** Records of its history; null where nobody says. */
  readonly operations: number | null;
}

export interface Problem {
  readonly path: string;
  readonly reason: string;
}

export interface FoundRuns {
  /** Oldest first. */
  readonly runs: readonly TriagedRun[];
  /** What could not be read. */
  readonly problems: readonly Problem[];
}

const LEDGER = 'sweep.jsonl';
const VALIDITY: Readonly<Record<SeedRecord['outcome'], Validity | null>> = {
  valid: true,
  invalid: false,
  unknown: 'unknown',
  error: null,
};

/** @param onRead - called with the number of runs so far */
export function readRuns(folders: readonly string[], onRead?: (count: number) => void): FoundRuns {
  const runs = new Map<string, TriagedRun>();
  const problems: Problem[] = [];
  const add = (identity: readonly (string | number)[], run: TriagedRun, place: string): void => {
    if (Number.isNaN(run.startedMs)) {
      problems.push({ path: place, reason: `${place}: startedAt is no time` });
      return;
    }
    const key = JSON.stringify(identity);
    // Of copies the one counts about which a ledger says more.
    if (!runs.has(key) || run.isPlanted) runs.set(key, run);
    onRead?.(runs.size);
  };
  const sweeps = folders.flatMap((folder) => [...ledgersIn(folder, problems)]);
  const expected = new Set(sweeps.flatMap(expectedFailures));
  for (const folder of folders) {
    for (const found of savedRuns(folder)) {
      if (found.kind === 'problem') {
        problems.push(found);
        continue;
      }
      const { system, workload, seed, startedAt, planned } = found.run.test;
      const run = runOfSummary(found.run, expected.has(found.run.path));
      add([system, workload, seed, startedAt, String(planned)], run, found.run.path);
    }
  }
  for (const { folder, ledger } of sweeps) {
    const { name, startedAt } = ledger.header;
    const [day = ''] = startedAt.split('T');
    for (const [record, run] of unkeptRuns(ledger, folder)) {
      // Shards began at different times, and the whole has that of the first.
      const { cell, seed, operations, tookMs } = record;
      add([name, day, cell, seed, operations, tookMs], run, join(folder, LEDGER));
    }
  }
  return { runs: [...runs.values()].sort((a, b) => a.startedMs - b.startedMs), problems };
}

interface SweptFolder {
  readonly folder: string;
  readonly ledger: Ledger;
}

/** Of the sweeps below the folder; what cannot be read becomes a problem. */
function* ledgersIn(root: string, problems: Problem[]): Generator<SweptFolder, void, undefined> {
  for (const { kind, path } of walk(root)) {
    if (kind !== 'sweep') continue;
    const folder = join(root, path);
    const file = join(folder, LEDGER);
    try {
      yield { folder, ledger: parseLedger(readFileSync(file, 'utf8'), file) };
    } catch (error) {
      problems.push({ path: file, reason: HarnessError.from(error).message });
    }
  }
}

/** The run directories of cells that are expected to fail. */
function expectedFailures({ folder, ledger: { header, records } }: SweptFolder): readonly string[] {
  const cells = new Set(header.cells.filter(({ expect }) => expect === 'invalid').map(({ key }) => key));
  return records.flatMap(({ cell, directory }) =>
    directory !== null && cells.has(cell) ? [join(folder, directory)] : [],
  );
}

function runOfSummary(
  { path, test, valid, signatures, operations }: RunSummary,
  isExpected: boolean,
): TriagedRun {
  return {
    path,
    system: test.system,
    workload: test.workload,
    cluster: test.cluster,
    nemesis: nemesisOf(test),
    seed: test.seed,
    startedMs: Date.parse(test.startedAt),
    revision: test.gitRevision,
    commandLine: test.commandLine,
    isPlanted: isExpected || test.bugs.length > 0,
    isPlanned: test.planned === true,
    valid,
    signatures: filedSignatures(test, signatures),
    operations,
  };
}

const nemesisOf = ({ nemeses }: { readonly nemeses: readonly string[] }): string =>
  nemeses.join(',') || 'none';

/** Those of a sweep whose directories are not there. */
function* unkeptRuns(
  { header, records }: Ledger,
  folder: string,
): Generator<readonly [SeedRecord, TriagedRun], void, undefined> {
  const cells = new Map(header.cells.map((cell) => [cell.key, cell]));
  for (const record of records) {
    const cell = cells.get(record.cell);
    if (cell === undefined) continue;
    if (record.directory !== null && existsSync(join(folder, record.directory))) continue;
    const of = (name: string): readonly string[] =>
      cell.options.flatMap(([each, value]) => (each === name ? value.split(',') : []));
    const bugs = of('bug').filter((name) => name !== 'none');
    // An older release wrote down what the plan says, which may be a module.
    const names = cell.names ?? {
      ...{ system: cell.system, workload: cell.workload },
      nemeses: of('nemesis').filter((name) => name !== 'none'),
    };
    yield [
      record,
      {
        path: null,
        system: names.system,
        workload: names.workload,
        nemesis: nemesisOf(names),
        cluster: (of('cluster')[0] ?? 'sim') as TestDefinition['cluster'],
        seed: record.seed,
        startedMs: Date.parse(header.startedAt),
        revision: header.gitRevision,
        commandLine: `shaketable run ${cell.key} --seed ${record.seed}`,
        isPlanted: cell.expect === 'invalid' || bugs.length > 0,
        isPlanned: false,
        valid: VALIDITY[record.outcome],
        signatures: record.signatures.map((signature) => signatureOf(signature, record)),
        operations: record.operations,
      },
    ];
  }
}

/** A ledger names its signatures, and what they look like stands in run directories. */
function signatureOf(signature: string, { why }: SeedRecord): FailureSignature {
  const [, checker = '', anomaly = ''] = signature.split('/');
  return { signature, checker, anomaly, shape: '', explanation: why ?? '', count: 1 };
}
