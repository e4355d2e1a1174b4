/**
 * A process of `shaketable shrink`: it runs one candidate after the other, as the pool tells it, and answers whether it shows the
 * anomaly. It ends with the process that made it.
 */
import { HarnessError } from '../errors.ts';
import type { Candidate } from '../shrink/candidate.ts';
import { type Finding, findingIn, type Target, undecided } from '../shrink/finding.ts';
import { executeRun } from './execute-run.ts';
import { checkersOf } from './judge.ts';
import { loadModulesOf } from './own/saved-modules.ts';
import { NEVER, SILENT } from './unattended.ts';
import { answerJobs } from './worker-processes.ts';

export interface ShrinkJob {
  readonly candidate: Candidate;
  readonly target: Target;
  /** Of the run that is shrunk: its modules are looked for from there. */
  readonly runPath: string;
  readonly checkBudgetMs: number;
}

export interface ShrinkAnswer {
  /** Null: it does not show it. */
  readonly finding: Finding | null;
  /** Why it could not be run, as a plan that no longer makes sense, or not be judged: too hard for the budget. Null: it was. */
  readonly problem: string | null;
}

async function attempt({ candidate, target, runPath, checkBudgetMs }: ShrinkJob): Promise<ShrinkAnswer> {
  const { test, plan } = candidate;
  try {
    await loadModulesOf(test, runPath);
    const { history, phases, verdicts } = await executeRun({
      test,
      plan,
      ...(plan.interruptTime === null ? undefined : { interruptTime: plan.interruptTime }),
      checkers: checkersOf(test).filter(({ name }) => name === target.checker),
      directory: null,
      interrupt: NEVER,
      output: SILENT,
      checkBudgetMs,
    });
    const finding = findingIn(verdicts, target, { candidate, history, phases });
    return { finding, problem: undecided(verdicts, target) };
  } catch (thrown) {
    return { finding: null, problem: HarnessError.from(thrown).message };
  }
}

await answerJobs(attempt);
