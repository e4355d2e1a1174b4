/**
 * The runs in a folder of results, each in short. A history is not read, but for a failure that an older release judged and gave
 * no signature.
 *
 *     for (const found of savedRuns('results'))
 *       if (found.kind === 'run') console.log(found.run.path, found.run.valid, found.run.signatures);
 *
 * Folders in folders are looked into: sweeps and comparisons keep their runs below. What is torn, of another release, or somebody
 * else's is told, and keeps nothing else from being read. Links are not followed.
 */
import { join } from 'node:path';
import type { Validity } from '../checkers/checker.ts';
import { HarnessError } from '../harness/errors.ts';
import { decodeHistory } from '../harness/history/json-lines.ts';
import type { Json } from '../harness/history/operation.ts';
import { parseTestDefinition, type TestDefinition } from '../harness/run/test-definition.ts';
import { walk } from './index/walk.ts';
import { RunDirectory } from './run-directory.ts';
import { classSignature, type FailureSignature, signaturesOf } from './signatures.ts';
import { parseVerdict, type RecordedVerdict } from './verdict-file.ts';

/** Client operations by what became of them. */
export interface OperationCounts {
  readonly ok: number;
  readonly fail: number;
  /** Unknown: those that never completed, too. */
  readonly info: number;
}

export interface RunSummary {
  /** The run directory. */
  readonly path: string;
  readonly test: TestDefinition;
  /** Null: the run goes on, or was cut off before its verdict. */
  readonly valid: Validity | null;
  /** None where nothing is false. */
  readonly signatures: readonly FailureSignature[];
  /** Records of the history; null without a verdict. */
  readonly operations: number | null;
  /** Null where no verdict says, or says what nobody can count. */
  readonly counts: OperationCounts | null;
  /** Of the statistics checker, as the file has them; null where no verdict says. */
  readonly statistics: Json | null;
  /** The sentence of the first failure, or why it is unknown; null otherwise. */
  readonly sentence: string | null;
}

export type FoundRun =
  | { readonly kind: 'run'; readonly run: RunSummary }
  | { readonly kind: 'problem'; readonly path: string; readonly reason: string };

/** Every run in `folder`, or the one that it is, in the order of their paths. */
export function* savedRuns(folder: string): Generator<FoundRun, void, undefined> {
  for (const path of runDirectories(folder)) {
    try {
      yield { kind: 'run', run: summarizeRun(path) };
    } catch (error) {
      yield { kind: 'problem', path, reason: HarnessError.from(error).message };
    }
  }
}

/** The run directories in `folder`, in the order of their paths; folders that vanish or may not be read are passed over. */
export function* runDirectories(folder: string): Generator<string, void, undefined> {
  for (const { kind, path } of walk(folder)) if (kind === 'run') yield join(folder, path);
}

/** @throws HarnessError with one line that names the file, when there is no run here or it cannot be read */
export function summarizeRun(path: string): RunSummary {
  const directory = RunDirectory.open(path);
  const test = parseTestDefinition(directory.read('test.json').toString('utf8'), directory.file('test.json'));
  return summaryOf(directory, test);
}

function summaryOf(directory: RunDirectory, test: TestDefinition): RunSummary {
  const verdict = directory.has('verdict.json')
    ? parseVerdict(directory.read('verdict.json').toString('utf8'), directory.file('verdict.json'))
    : null;
  const signatures =
    verdict === null ? [] : (verdict.signatures ?? signaturesOfOld(directory, test, verdict));
  const statistics = verdict?.verdicts.find(({ checker }) => checker === 'statistics')?.statistics ?? null;
  const undecided = verdict?.verdicts.find(({ valid }) => valid === 'unknown')?.reason;
  return {
    path: directory.path,
    test,
    valid: verdict?.valid ?? null,
    signatures,
    operations: verdict?.operations ?? null,
    counts: countsOf(statistics),
    statistics,
    sentence: signatures[0]?.explanation ?? (verdict?.valid === 'unknown' ? (undecided ?? null) : null),
  };
}

/** Of a verdict from before signatures: its history says, as far as there is one; else the class alone is known. */
function signaturesOfOld(
  directory: RunDirectory,
  test: TestDefinition,
  { valid, verdicts }: RecordedVerdict,
): readonly FailureSignature[] {
  if (valid !== false) return [];
  try {
    const fileName = directory.file('history.jsonl');
    const { history } = decodeHistory(directory.read('history.jsonl'), { fileName });
    return signaturesOf(test, verdicts, history);
  } catch {
    return verdicts
      .filter((verdict) => verdict.valid === false)
      .map((verdict) => classSignature(test, verdict));
  }
}

/** As the statistics of the run say; the file may be anybody's, and a sum of them is a number, too. */
function countsOf(statistics: Json | null): OperationCounts | null {
  const total = memberOf(statistics, 'total');
  const [ok, fail, info, pending = 0] = ['ok', 'fail', 'info', 'pending'].map((name) =>
    memberOf(total, name),
  );
  if (!isCount(ok) || !isCount(fail) || !isCount(info) || !isCount(pending)) return null;
  return isCount(ok + fail + info + pending) ? { ok, fail, info: info + pending } : null;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
