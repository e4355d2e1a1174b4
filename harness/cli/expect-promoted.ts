/**
 * Judges a promoted failure: its plan on today's code, and its history with today's checkers.
 *
 *     await expectPromoted('test/regressions/raft-register-nonlinearizable-1');
 */
import { basename } from 'node:path';
import type { Verdict } from '../../checkers/checker.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import { checkBudget } from './check-budget.ts';
import { type ExecutedRun, executeRun } from './execute-run.ts';
import { DEFAULT_CHECK_BUDGET_S } from './numbers.ts';
import { loadConfig } from './own/config-file.ts';
import { type ExpectedVerdict, readExpected } from './promoted-run.ts';
import { againCommand } from './replay-command.ts';
import { readPlan, requireReplayable } from './saved-plan.ts';
import { judgeSavedRun, openSavedRun, type SavedRun } from './saved-run.ts';
import { NEVER, SILENT } from './unattended.ts';

const BUDGET_MS = 1000 * DEFAULT_CHECK_BUDGET_S;

/**
 * - Today's checkers find the anomaly in the history that was kept: they have not become blind.
 * - Today's code, run from the plan that was kept, does what `expected.json` expects: `found`, the anomaly is there; `valid`,
 *   no checker finds anything. A run in real time has no plan, and its history alone is judged.
 *
 * @param folder - that `shaketable promote` made
 * @throws Error with the verdict as text, when it is otherwise; HarnessError when the folder cannot be read
 */
export async function expectPromoted(folder: string): Promise<void> {
  await loadConfig();
  const expected = readExpected(folder);
  const saved = await openSavedRun(folder);
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
  if (expect === 'valid' && run.valid === false) {
    throw new Error(`${basename(folder)}: its plan is expected to be valid\n${summaryOf(run, folder)}`);
  }
}

function shows(verdicts: readonly Verdict[], target: string): boolean {
  return verdicts.some(
    ({ checker, valid, anomalies }) =>
      valid === false && anomalies.some(({ name }) => `${checker}/${name}` === target),
  );
}

function summaryOf(run: ExecutedRun, folder: string): string {
  return textSummary(collectReportData({ ...run, notes: [], ...againCommand(run.test, folder) }));
}
