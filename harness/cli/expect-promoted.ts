/**
 * Judges a promoted failure: its plan on today's code, and its history with today's checkers.
 *
 *     await expectPromoted('test/regressions/raft-register-nonlinearizable-1');
 */
import { basename } from 'node:path';
import type { Verdict } from '../../checkers/checker.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import type { History } from '../history/history.ts';
import { checkBudget } from './check-budget.ts';
import { type ExecutedRun, executeRun } from './execute-run.ts';
import { DEFAULT_CHECK_BUDGET_S } from './numbers.ts';
import { CRASHED } from './judge.ts';
import { loadConfig } from './own/config-file.ts';
import { type ExpectedVerdict, readExpected, requireTestable } from './promoted-run.ts';
import { againCommand } from './replay-command.ts';
import { readPlan, requireReplayable } from './saved-plan.ts';
import { judgeSavedRun, openSavedRun, type SavedRun } from './saved-run.ts';
import { NEVER, SILENT } from './unattended.ts';

const BUDGET_MS = 1000 * DEFAULT_CHECK_BUDGET_S;

/**
 * - Today's checkers find the anomaly in the history that was kept: they have not become blind.
 * - Today's code, run from the plan that was kept, does what `expected.json` expects: `found`, the anomaly is there; `valid`,
 *   no checker finds anything, none crashed, and what was ok in the kept history is ok at least once: a run in which nothing
 *   happens proves nothing. A run in real time has no plan: its history alone is judged, and `valid` is refused.
 *
 * @param folder - that `shaketable promote` made
 * @throws Error with the verdict as text, when it is otherwise; HarnessError when the folder cannot be read
 */
export async function expectPromoted(folder: string): Promise<void> {
  await loadConfig();
  const expected = readExpected(folder);
  const saved = await openSavedRun(folder);
  requireTestable(expected, saved.test, folder);
  await expectHistory(saved, expected, folder);
  if (saved.test.cluster === 'sim') await expectPlan(saved, expected, folder);
}

async function expectHistory(saved: SavedRun, { anomaly }: ExpectedVerdict, folder: string): Promise<void> {
  const judged = await judgeSavedRun(
    saved,
    checkBudget({ output: SILENT, label: folder, budgetMs: BUDGET_MS }),
  );
  if (shows(judged.verdicts, anomaly)) return;
  const { test, history } = saved;
  const data = collectReportData({ test, history, ...judged, notes: [], ...againCommand(test, folder) });
  throw new Error(
    `${basename(folder)}: today's checkers do not find ${anomaly} in its history\n${textSummary(data)}`,
  );
}

async function expectPlan(
  saved: SavedRun,
  { anomaly, expect }: ExpectedVerdict,
  folder: string,
): Promise<void> {
  requireReplayable(saved, 'replay');
  const plan = readPlan(saved.directory, 'promote it anew');
  const run = await executeRun({
    test: { ...saved.test, planned: true },
    plan,
    ...(plan.interruptTime === null ? undefined : { interruptTime: plan.interruptTime }),
    directory: null,
    interrupt: NEVER,
    output: SILENT,
    checkBudgetMs: BUDGET_MS,
  });
  if (expect === 'found' && !shows(run.verdicts, anomaly)) {
    throw new Error(
      `${basename(folder)}: its plan no longer shows ${anomaly}. Is it mended? Then let expected.json expect "valid"; ` +
        `if only times have changed, find and promote it anew.\n${summaryOf(run, folder)}`,
    );
  }
  if (expect !== 'valid') return;
  const problem = run.valid === false ? '' : proofLacks(run, saved);
  if (problem === null) return;
  throw new Error(
    `${basename(folder)}: its plan is expected to be valid${problem}\n${summaryOf(run, folder)}`,
  );
}

/** Why a run without anomalies does not show that a failure is mended; null: it does. */
function proofLacks({ verdicts, history }: ExecutedRun, saved: SavedRun): string | null {
  const crashed = verdicts.find(({ reason }) => reason?.startsWith(CRASHED) === true);
  if (crashed !== undefined) return `, and ${crashed.checker} crashed`;
  const answered = functionsThatWereOk(history);
  const missing = [...functionsThatWereOk(saved.history)].filter((f) => !answered.has(f));
  return missing.length === 0 ? null : `, and no ${missing.join(', no ')} was ok in it`;
}

const functionsThatWereOk = ({ operations }: History): ReadonlySet<string> =>
  new Set(operations.flatMap(({ type, process, f }) => (type === 'ok' && process !== 'nemesis' ? [f] : [])));

function shows(verdicts: readonly Verdict[], target: string): boolean {
  return verdicts.some(
    ({ checker, valid, anomalies }) =>
      valid === false && anomalies.some(({ name }) => `${checker}/${name}` === target),
  );
}

function summaryOf(run: ExecutedRun, folder: string): string {
  return textSummary(collectReportData({ ...run, notes: [], ...againCommand(run.test, folder) }));
}
