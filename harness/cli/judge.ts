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
import { isrInvariants, raftInvariants } from '../../checkers/invariants/index.ts';
import { offsetLoss } from '../../checkers/offset-loss/index.ts';
import { statistics, vacuity } from '../../checkers/statistics/index.ts';
import { HarnessError } from '../errors.ts';
import type { TraceRecord } from '../history/trace.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import type { PreparedWorkload } from '../../workloads/workload.ts';
import { LaneRecords } from '../../results/report/lane-records.ts';
import { withCrew } from './crew.ts';
import { lookUp } from './names.ts';
import { ownCheckers, systems, workloads } from './registries.ts';
import type { System } from '../../systems/system.ts';

/** Checkers that judge what nodes say of themselves, by the invariants that their system names. */
const TRACE_CHECKERS: Readonly<
  Record<NonNullable<System['invariants']>, (test: TestDefinition) => readonly Checker[]>
> = {
  raft: ({ cluster }) => [
    raftInvariants({ globalOrder: cluster === 'sim' }),
    commitLoss({ recordsTravel: cluster !== 'sim' }),
  ],
  kraft: ({ cluster, systemOptions }) => [
    raftInvariants({ globalOrder: cluster === 'sim' }),
    isrInvariants({ globalOrder: cluster === 'sim' }),
    offsetLoss({
      acks: (systemOptions['acks'] ?? -1) === -1 ? 'all' : 'leader',
      recordsTravel: cluster !== 'sim',
    }),
  ],
};

export interface Judgement {
  readonly valid: Validity;
  readonly verdicts: readonly Verdict[];
}

/** Records of a saved trace between two looks at whether time is up. */
const OVERDUE_INTERVAL = 4096;

/** The workload of a test. Options that it did not have when the test was recorded are at their defaults. */
export function prepareWorkload(test: TestDefinition): PreparedWorkload {
  const workload = lookUp('workload', workloads, test.workload);
  const defaults = Object.fromEntries(workload.options.map((option) => [option.name, option.default]));
  return workload.prepare({
    nodes: test.nodes,
    concurrency: test.concurrency,
    rate: test.rate,
    options: { ...defaults, ...test.workloadOptions },
  });
}

/** The checkers of a test, those that explain most first. */
export function checkersOf(
  test: TestDefinition,
  { goneModules = [] }: { readonly goneModules?: readonly string[] } = {},
): readonly Checker[] {
  // Without the module of its system a run is judged nevertheless; without that of its workload nobody knows how.
  const isGone = goneModules.length > 0;
  if (isGone && !workloads.has(test.workload)) {
    throw new HarnessError(
      'usage',
      `its workload ${test.workload} is defined in ${goneModules.join(' or ')}, which is gone: run this where the file is`,
    );
  }
  const workload = prepareWorkload(test);
  const { invariants } = isGone && !systems.has(test.system) ? {} : lookUp('system', systems, test.system);
  return [
    ...workload.checkers,
    ...ownCheckers.values(),
    ...(invariants === undefined ? [] : TRACE_CHECKERS[invariants](test)),
    vacuity({ mustSucceed: workload.mustSucceed, requestedFaults: test.nemeses }),
    statistics(),
  ];
}

/**
 * Judges a run while it goes on, or while its record is read: the checkers that can follow the trace do, and the trace need
 * not be kept for them.
 */
export class Jury {
  /** Of the trace what the statistics and the report need; those who need all of it follow it as it comes. */
  readonly trace: TraceRecord[] = [];
  readonly #lanes = new LaneRecords();
  readonly #members: readonly { readonly checker: Checker; readonly watch: Watch | undefined }[];
  /** By checker: it crashed while it watched. */
  readonly #crashed = new Map<Checker, unknown>();
  #cutOffAfter: number | null = null;

  constructor(checkers: readonly Checker[]) {
    this.#members = checkers.map((checker) => ({ checker, watch: checker.watch?.() }));
  }

  observe(record: TraceRecord): void {
    if (this.#lanes.isKept(record)) this.trace.push(record);
    for (const { checker, watch } of this.#members) {
      if (watch === undefined || this.#crashed.has(checker)) continue;
      try {
        watch.observe(record);
      } catch (error) {
        this.#crashed.set(checker, error);
      }
    }
  }

  /** Reads a recorded trace, as far as the time goes. */
  async observeAll(records: AsyncIterable<TraceRecord>, isOverdue: () => boolean): Promise<void> {
    let seen = 0;
    for await (const record of records) {
      this.observe(record);
      if (++seen % OVERDUE_INTERVAL === 0 && isOverdue()) {
        this.#cutOffAfter = seen;
        return;
      }
    }
  }

  /** @param input - without a trace: it is what was observed */
  async verdict(input: Omit<CheckInput, 'trace'>): Promise<Judgement> {
    const whole = { ...input, trace: this.trace };
    const verdicts: Verdict[] = [];
    for (const { checker, watch } of this.#members) {
      const judge = (): Verdict | Promise<Verdict> => {
        if (this.#crashed.has(checker)) throw this.#crashed.get(checker);
        return watch === undefined ? ask(checker, whole) : this.#limit(watch.verdict(whole));
      };
      verdicts.push(await guard(checker.name, judge));
    }
    return combine(verdicts);
  }

  /** Who has not seen the whole trace may have found something, and knows nothing else. */
  #limit(verdict: Verdict): Verdict {
    if (this.#cutOffAfter === null || verdict.valid === false) return verdict;
    const reason = `the time budget was used up after ${this.#cutOffAfter} trace records: allow more time`;
    return { ...verdict, valid: 'unknown', anomalies: [], reason };
  }
}

/**
 * Judges a history that came without a trace.
 *
 * @throws HarnessError what a checker says of the history itself: its reader can mend it
 */
export async function judgeHistory(checkers: readonly Checker[], input: CheckInput): Promise<Judgement> {
  const verdicts: Verdict[] = [];
  for (const checker of checkers) {
    let refusal: HarnessError | undefined;
    const verdict = await guard(checker.name, async () => {
      try {
        return await ask(checker, input);
      } catch (error) {
        if (error instanceof HarnessError) refusal = error;
        throw error;
      }
    });
    if (refusal !== undefined) throw refusal;
    verdicts.push(verdict);
  }
  return combine(verdicts);
}

/** Where the checker can use other threads it gets them: the live line goes on, and signals are heard. */
function ask(checker: Checker, input: CheckInput): Verdict | Promise<Verdict> {
  if (checker.checkInParallel === undefined) return checker.check(input);
  const inParallel = checker.checkInParallel.bind(checker, input);
  return withCrew(input.isOverdue ?? (() => false), inParallel);
}

function combine(verdicts: readonly Verdict[]): Judgement {
  return { valid: combineValidity(verdicts.map((verdict) => verdict.valid)), verdicts };
}

/** How the reason of a verdict begins whose checker threw. */
export const CRASHED = 'the checker itself crashed';

/** A checker that crashes has decided nothing: unknown, and the rest goes on. */
async function guard(name: string, check: () => Verdict | Promise<Verdict>): Promise<Verdict> {
  try {
    return await check();
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      checker: name,
      valid: 'unknown',
      reason: `${CRASHED}, please report it: ${message}`,
      anomalies: [],
    };
  }
}
