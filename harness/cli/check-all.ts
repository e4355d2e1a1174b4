/** `shaketable check --all`: every saved run judged with today's checkers, and each verdict that is not what it was. */
import { existsSync } from 'node:fs';
import { combineValidity, type Validity } from '../../checkers/checker.ts';
import { plural } from '../../results/report/browser/format.ts';
import { printable, wrap } from '../../results/report/printable.ts';
import { RunDirectory } from '../../results/run-directory.ts';
import { runDirectories } from '../../results/saved-runs.ts';
import { signaturesOf } from '../../results/signatures.ts';
import { type AnomalyChange, type CheckerChange, verdictChanges } from '../../results/verdict-changes.ts';
import { HarnessError } from '../errors.ts';
import { checkBudget } from './check-budget.ts';
import type { Output } from './output.ts';
import { exitCodeOf } from './run.ts';
import { judgeSavedRun, openSavedRun } from './saved-run.ts';
import { gitRevision, shaketableVersion } from './version.ts';

/** Where nobody sees the live line, a line says now and then that it goes on. */
const NOTE_EVERY_MS = 30_000;
const WIDTH = 100;
const INDENT = '        ';

export interface CheckAllOptions {
  readonly folder: string;
  /** For each run. */
  readonly budgetMs: number;
  /** All goes into the JSON. */
  readonly isForMachines: boolean;
  readonly output: Output;
}

interface Judged {
  readonly path: string;
  /** Null: it had no verdict. */
  readonly was: Validity | null;
  readonly now: Validity;
  readonly changes: readonly CheckerChange[];
  /** Signatures that it did not have, and has no more. */
  readonly signatures: { readonly gained: readonly string[]; readonly lost: readonly string[] };
  readonly recordedBy: Made;
  /** What else may be why: a history that has lost its end. */
  readonly notes: readonly string[];
}

/** A version and a commit. */
interface Made {
  readonly version: string;
  readonly revision: string | null;
}

interface Refused {
  readonly path: string;
  readonly error: HarnessError;
}

/**
 * The exit code: of what was judged, 2 where that is nothing.
 *
 * @throws HarnessError `usage` where there is no run
 */
export async function checkAll({
  folder,
  budgetMs,
  isForMachines,
  output,
}: CheckAllOptions): Promise<number> {
  const paths = existsSync(folder) ? [...runDirectories(folder)] : [];
  if (paths.length === 0)
    throw new HarnessError('usage', `no runs below ${folder}: name the folder of --results`);
  const judged: Judged[] = [];
  const refused: Refused[] = [];
  const thin: string[] = [];
  let notedMs = performance.now();
  for (const [i, path] of paths.entries()) {
    const label = `${i + 1} of ${paths.length}: ${path}`;
    output.live(label);
    if (!output.isTerminal && performance.now() - notedMs > NOTE_EVERY_MS) {
      notedMs = performance.now();
      output.note(`checking ${label}`);
    }
    try {
      const one = await judgeAgain(path, checkBudget({ output, label, budgetMs }));
      judged.push(one);
      if (!isForMachines && isChanged(one)) output.print(changeText(one));
    } catch (error) {
      // A sweep that goes on has thrown it away meanwhile: it was as expected.
      if (!RunDirectory.isRun(path)) continue;
      if (isThin(path)) {
        thin.push(path);
        continue;
      }
      refused.push({ path, error: HarnessError.from(error) });
      output.note(`shaketable: ${HarnessError.from(error).message}`);
    }
  }
  const valid = combineValidity([...judged.map(({ now }) => now), ...refused.map(() => 'unknown' as const)]);
  output.print(
    isForMachines
      ? JSON.stringify(toJson(valid, judged, refused, thin), null, 2)
      : sumText(judged, refused, thin),
  );
  const [first] = refused;
  return valid === false || first === undefined ? exitCodeOf(valid) : first.error.exitCode;
}

/** What a sweep with `keep: thin` left of a run: the verdict, and nothing to judge. */
function isThin(path: string): boolean {
  const run = RunDirectory.open(path);
  return run.has('verdict.json') && !run.has('history.jsonl');
}

async function judgeAgain(path: string, limits: ReturnType<typeof checkBudget>): Promise<Judged> {
  const saved = await openSavedRun(path);
  const { test, history, verdict } = saved;
  const { valid, verdicts, notes } = await judgeSavedRun(saved, limits);
  const before = verdict?.signatures ?? signaturesOf(test, verdict?.verdicts ?? [], history);
  const was = before.map(({ signature }) => signature);
  const now = signaturesOf(test, verdicts, history).map(({ signature }) => signature);
  return {
    path,
    was: verdict?.valid ?? null,
    now: valid,
    changes: verdict === null ? [] : verdictChanges(verdict.verdicts, verdicts),
    signatures:
      verdict === null
        ? { gained: [], lost: [] }
        : {
            gained: now.filter((each) => !was.includes(each)),
            lost: was.filter((each) => !now.includes(each)),
          },
    recordedBy: { version: test.shaketableVersion, revision: test.gitRevision },
    notes,
  };
}

const isChanged = ({ changes, signatures }: Judged): boolean =>
  changes.length + signatures.gained.length + signatures.lost.length > 0;

const WORDS = new Map<Validity | null, string>([
  [true, 'valid'],
  [false, 'invalid'],
  ['unknown', 'unknown'],
  [null, 'not judged'],
]);
const wordOf = (valid: Validity | null): string => WORDS.get(valid) ?? '';

function changeText({ path, was, now, changes, signatures, recordedBy, notes }: Judged): string {
  const verdict = was === now ? `still ${wordOf(now)}` : `was ${wordOf(was)}, is ${wordOf(now)}`;
  const rows = [
    `recorded by ${madeText(recordedBy)}, judged by ${madeText({ version: shaketableVersion(), revision: gitRevision() })}`,
    ...changes.map(checkerText),
    ...signatures.lost.map((signature) => `no more: ${signature}`),
    ...signatures.gained.map((signature) => `new: ${signature}`),
    ...notes,
  ];
  return [
    `CHANGED ${path}: ${verdict}`,
    ...rows.flatMap((row) => wrap(row, WIDTH - INDENT.length, '  ').map((line) => `${INDENT}${line}`)),
  ].join('\n');
}

const madeText = ({ version, revision }: Made): string =>
  `${version}${revision === null ? '' : ` at ${revision}`}`;

function checkerText({ checker, was, now, gained, lost, because }: CheckerChange): string {
  const count = (each: AnomalyChange): string => `${each.anomaly} (${each.was} → ${each.now})`;
  const parts = [
    ...(was === now ? [] : [`${wordOf(was)} → ${wordOf(now)}`]),
    ...(gained.length > 0 ? [`gained ${gained.map(count).join(', ')}`] : []),
    ...(lost.length > 0 ? [`lost ${lost.map(count).join(', ')}`] : []),
  ];
  return printable(`${checker}: ${parts.join('; ')}${because === null ? '' : `: ${because}`}`);
}

function sumText(judged: readonly Judged[], refused: readonly Refused[], thin: readonly string[]): string {
  const changed = judged.filter(isChanged).length;
  const without = judged.filter(({ was }) => was === null).length;
  const count = (valid: Validity): number => judged.filter(({ now }) => now === valid).length;
  return [
    `${changed} of ${plural(judged.length, 'verdict')} changed: now ${count(true)} valid, ${count(false)} invalid, ${count('unknown')} unknown`,
    ...(without > 0 ? [`${plural(without, 'run')} had no verdict to compare with`] : []),
    ...(thin.length > 0
      ? [`${plural(thin.length, 'thin run')} ${thin.length === 1 ? 'has' : 'have'} no history`]
      : []),
    ...(refused.length > 0 ? [`${plural(refused.length, 'run')} could not be judged`] : []),
  ].join('; ');
}

function toJson(
  valid: Validity,
  judged: readonly Judged[],
  refused: readonly Refused[],
  thin: readonly string[],
): unknown {
  return {
    valid,
    version: shaketableVersion(),
    gitRevision: gitRevision(),
    judged: judged.length,
    changed: judged.filter(isChanged),
    withoutVerdict: judged.filter(({ was }) => was === null).map(({ path }) => path),
    withoutHistory: thin,
    errors: refused.map(({ path, error }) => ({ path, error: error.message })),
  };
}
