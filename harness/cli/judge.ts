/**
 * Runs every checker that a test calls for over what was recorded. Used right after a run and by `check`, years later.
 */
import {
  type CheckInput,
  type Checker,
  combineValidity,
  type Validity,
  type Verdict,
} from '../../checkers/checker.ts';
import { commitLoss } from '../../checkers/commit-loss/index.ts';
import { raftInvariants } from '../../checkers/invariants/index.ts';
import { statistics, vacuity } from '../../checkers/statistics/index.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { lookUp } from './names.ts';
import { workloads } from './registries.ts';

/** Checkers that judge what the nodes of a system say of themselves, by the system's name. */
const SYSTEM_CHECKERS: ReadonlyMap<string, () => readonly Checker[]> = new Map([
  ['raft', () => [raftInvariants(), commitLoss()]],
]);

export interface Judgement {
  readonly valid: Validity;
  readonly verdicts: readonly Verdict[];
}

/** The checkers of a test, those that explain most first. */
export function checkersOf(test: TestDefinition): readonly Checker[] {
  const workload = lookUp('workload', workloads, test.workload).prepare({
    nodes: test.nodes,
    concurrency: test.concurrency,
    rate: test.rate,
    options: test.workloadOptions,
  });
  return [
    ...workload.checkers,
    ...(SYSTEM_CHECKERS.get(test.system)?.() ?? []),
    vacuity({ mustSucceed: workload.mustSucceed, requestedFaults: test.nemeses }),
    statistics(),
  ];
}

export function judge(checkers: readonly Checker[], input: CheckInput): Judgement {
  const verdicts = checkers.map((checker) => judgeOne(checker, input));
  return { valid: combineValidity(verdicts.map((verdict) => verdict.valid)), verdicts };
}

/** A checker that crashes has decided nothing: unknown, and the rest goes on. */
function judgeOne(checker: Checker, input: CheckInput): Verdict {
  try {
    return checker.check(input);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      checker: checker.name,
      valid: 'unknown',
      reason: `the checker itself crashed, please report it: ${message}`,
      anomalies: [],
    };
  }
}
