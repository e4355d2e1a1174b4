/**
 * Runs every checker that a test calls for over what was recorded. Used right after a run and by `check`, years later.
 */
import {
  type CheckInput,
  type Checker,
  combineValidity,
  type Validity,
  type Verdict,
  type Watch,
} from '../../checkers/checker.ts';
import { commitLoss } from '../../checkers/commit-loss/index.ts';
import { raftInvariants } from '../../checkers/invariants/index.ts';
import { statistics, vacuity } from '../../checkers/statistics/index.ts';
import type { TraceRecord } from '../history/trace.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { lookUp } from './names.ts';
import { workloads } from './registries.ts';

/** Checkers that judge what the nodes of a system say of themselves, by the system's name. */
const SYSTEM_CHECKERS: ReadonlyMap<string, (test: TestDefinition) => readonly Checker[]> = new Map([
  ['raft', ({ cluster }) => [raftInvariants({ globalOrder: cluster === 'sim' }), commitLoss()]],
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
    ...(SYSTEM_CHECKERS.get(test.system)?.(test) ?? []),
    vacuity({ mustSucceed: workload.mustSucceed, requestedFaults: test.nemeses }),
    statistics(),
  ];
}

/** Judges what is recorded. */
export function judge(checkers: readonly Checker[], input: CheckInput): Judgement {
  return combine(checkers.map((checker) => guard(checker.name, () => checker.check(input))));
}

/** Judges a run while it goes on: the checkers that can follow the trace do, and the trace need not be kept for them. */
export class Jury {
  readonly #members: readonly { readonly checker: Checker; readonly watch: Watch | undefined }[];
  /** By checker: it crashed while it watched. */
  readonly #crashed = new Map<Checker, unknown>();

  constructor(checkers: readonly Checker[]) {
    this.#members = checkers.map((checker) => ({ checker, watch: checker.watch?.() }));
  }

  observe(record: TraceRecord): void {
    for (const { checker, watch } of this.#members) {
      if (watch === undefined || this.#crashed.has(checker)) continue;
      try {
        watch.observe(record);
      } catch (error) {
        this.#crashed.set(checker, error);
      }
    }
  }

  /** @param input - its trace may lack what no other checker needs */
  verdict(input: CheckInput): Judgement {
    return combine(
      this.#members.map(({ checker, watch }) =>
        guard(checker.name, () => {
          if (this.#crashed.has(checker)) throw this.#crashed.get(checker);
          return watch === undefined ? checker.check(input) : watch.verdict(input);
        }),
      ),
    );
  }
}

function combine(verdicts: readonly Verdict[]): Judgement {
  return { valid: combineValidity(verdicts.map((verdict) => verdict.valid)), verdicts };
}

/** A checker that crashes has decided nothing: unknown, and the rest goes on. */
function guard(name: string, check: () => Verdict): Verdict {
  try {
    return check();
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      checker: name,
      valid: 'unknown',
      reason: `the checker itself crashed, please report it: ${message}`,
      anomalies: [],
    };
  }
}
