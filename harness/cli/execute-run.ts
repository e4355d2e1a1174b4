/**
 * One run from its definition to its verdict: builds the cluster, runs the phases, writes the run directory as it
 * happens, judges, and writes the report. `run` and `replay` differ only in where the definition comes from.
 */
import { getHeapStatistics } from 'node:v8';
import type { Checker } from '../../checkers/checker.ts';
import { HarnessError } from '../errors.ts';
import type { Cluster, Traffic } from '../cluster/cluster.ts';
import { History } from '../history/history.ts';
import type { Operation } from '../history/operation.ts';
import { encodeMessages } from '../history/messages.ts';
import type { TraceRecord } from '../history/trace.ts';
import { renderReport } from '../../results/report/build-report.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { isTellable, type StoryInput } from '../../results/report/story-rows.ts';
import { storyText } from '../../results/report/story-text.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import type { RunDirectory } from '../../results/run-directory.ts';
import { type FailureSignature, signaturesOf } from '../../results/signatures.ts';
import { verdictFile } from '../../results/verdict-file.ts';
import { type PhaseTimes, type Plan, planOfRun } from '../run/plan.ts';
import { RunInterrupt } from '../run/run-interrupt.ts';
import { runTest } from '../run/run-test.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { nsToS } from '../units.ts';
import { checkBudget } from './check-budget.ts';
import { bindFaults, createCluster, type TestCluster } from './clusters.ts';
import type { SignalInterrupt } from './interrupt.ts';
import { checkersOf, type Judgement, Jury, prepareWorkload } from './judge.ts';
import { type Output, wantsColour } from './output.ts';
import { Progress } from './progress.ts';
import { Recording } from './recording.ts';
import { againCommand } from './replay-command.ts';
import { reportExtras } from './report-extras.ts';
import type { PreparedWorkload } from '../../workloads/workload.ts';

/** What a record takes in memory, and the share of the memory that records may take: checkers need the rest. */
const RECORD_BYTES = 700;
const RECORDS_SHARE = 0.5;

/** Who pressed Ctrl-C does not wait for a hard history. */
const INTERRUPTED_CHECK_MS = 5_000;

export interface ExecuteOptions {
  readonly test: TestDefinition;
  readonly plan?: Plan;
  /** Interrupts the run at this time of its own: as the run that is replayed was. */
  readonly interruptTime?: number;
  /** Instead of those that the test calls for. */
  readonly checkers?: readonly Checker[];
  readonly observer?: Observer;
  /** Null: nothing is written. */
  readonly directory: RunDirectory | null;
  readonly interrupt: SignalInterrupt;
  readonly output: Output;
  /** For the checkers in all; the verdict is unknown when it is used up. */
  readonly checkBudgetMs: number;
  /** Before the live line: `seed 3 of 50 · `. */
  readonly label?: string;
}

/** Sees a run while it goes on. */
export interface Observer {
  trace(record: TraceRecord): void;
  /** @param traffic - what was sent by then; undefined where nobody counts */
  operation(operation: Operation, traffic: Traffic | undefined): void;
}

export interface ExecutedRun extends Judgement {
  readonly test: TestDefinition;
  readonly history: History;
  /** What the report shows of it; the whole is in `trace.jsonl`. */
  readonly trace: readonly TraceRecord[];
  readonly phases: PhaseTimes;
  /** When it was interrupted, in nanoseconds since it began; null when it was not. */
  readonly interruptTime: number | null;
  /** Of all simulated events: equal for equal runs. Empty in real time. */
  readonly eventHash: string;
  readonly eventCount: number;
  /** What its failures are known by, most explained first; none where nothing is false. */
  readonly signatures: readonly FailureSignature[];
  readonly runMs: number;
  readonly checkMs: number;
  /** For people; empty when nothing was written. */
  readonly summary: string;
}

/** @throws HarnessError that says where the record is, as far as there is one */
export async function executeRun(options: ExecuteOptions): Promise<ExecutedRun> {
  const { test, directory } = options;
  try {
    return await execute(options);
  } catch (error) {
    const { code, message, cause } = HarnessError.from(error);
    const place = directory === null ? '' : `; what was recorded is in ${directory.path}`;
    throw new HarnessError(code, `${message} (seed ${test.seed}${place})`, { cause: cause ?? error });
  }
}

async function execute(options: ExecuteOptions): Promise<ExecutedRun> {
  const { test, plan, directory } = options;
  directory?.writeJson('test.json', test);
  if (plan !== undefined) directory?.writeJson('plan.json', plan);
  const startedMs = performance.now();
  const jury = new Jury(options.checkers ?? checkersOf(test));
  const { events, operations, times, story } = await record(options, jury);
  const runMs = performance.now() - startedMs;

  const history = new History(operations);
  if (plan === undefined && test.cluster === 'sim')
    directory?.writeJson('plan.json', planOfRun(history, times));
  if (story !== null) directory?.write('messages.jsonl', encodeMessages(story.messages));
  const judgement = await judgeRun(options, jury, history);
  const run = {
    ...judgement,
    test,
    history,
    trace: jury.trace,
    signatures: signaturesOf(test, judgement.verdicts, history),
    phases: times,
    interruptTime: times.interruptTime,
    ...events,
    runMs,
    checkMs: performance.now() - startedMs - runMs,
  };
  return { ...run, summary: directory === null ? '' : writeJudgement(directory, run, story) };
}

/** Everything up to the last recorded operation; what was recorded is on the disk also when this throws. */
async function record(options: ExecuteOptions, jury: Jury) {
  const { test, directory, output } = options;
  const workload = prepareWorkload(test);
  const recording = directory === null ? null : new Recording(directory, test);
  const failure = new FirstFailure();
  try {
    const onLog = (node: string, line: string): void => failure.keep(() => recording?.log(node, line));
    const testCluster = await createCluster(test, {
      directory,
      output,
      onLog,
      recordsMessages: isTold(options),
    });
    const recorded = await runRecorded(options, jury, testCluster, workload, recording, failure);
    failure.rethrow();
    recording?.close();
    return recorded;
  } catch (error) {
    // What ended the run is the news, not that its files cannot be closed either.
    attempt(() => recording?.close());
    throw error;
  }
}

async function runRecorded(
  options: ExecuteOptions,
  jury: Jury,
  { cluster, drive, messages, events }: TestCluster,
  workload: PreparedWorkload,
  recording: Recording | null,
  failure: FirstFailure,
) {
  const { test, plan, output, observer, label = '' } = options;
  const progress = new Progress({ output, limitS: test.timeLimitS + test.quietS, label });
  const operations: Operation[] = [];
  const trace: TraceRecord[] | null = isTold(options) ? [] : null;
  const recordsMax = Math.floor((getHeapStatistics().heap_size_limit * RECORDS_SHARE) / RECORD_BYTES);
  const { interrupt, release } = interruptOf(options, cluster);
  failure.onFailure = () => interrupt.request();
  try {
    cluster.onTrace((record) => {
      jury.observe(record);
      trace?.push(record);
      failure.keep(() => recording?.trace(record));
      observer?.trace(record);
      progress.trace(record);
    });
    const times: PhaseTimes = await drive(() =>
      runTest({
        test,
        cluster,
        clientGenerator: workload.generator,
        finalGenerator: workload.finalGenerator,
        faults: bindFaults(test, cluster),
        interrupt,
        ...(plan === undefined ? undefined : { plan }),
        onOperation: (operation) => {
          if (operations.push(operation) === recordsMax) {
            output.note(
              `the history has ${recordsMax} records, and more would not fit into memory: ending the run`,
            );
            interrupt.request();
          }
          recording?.operation(operation);
          observer?.operation(operation, cluster.traffic?.());
          progress.operation(operation);
        },
      }),
    );
    const story = trace === null ? null : { trace, messages: messages() };
    return { events: events(), operations, times, story };
  } finally {
    release();
  }
}

/** Comes with a signal, or when the recorded one came. */
function interruptOf({ interrupt: signals, interruptTime }: ExecuteOptions, { clock }: Cluster) {
  const interrupt = new RunInterrupt(clock);
  const release = signals.onRequest(() => interrupt.request());
  if (interruptTime !== undefined) interrupt.requestAt(interruptTime);
  if (signals.requested) interrupt.request();
  return { interrupt, release };
}

async function judgeRun(options: ExecuteOptions, jury: Jury, history: History): Promise<Judgement> {
  const { directory, interrupt, output, checkBudgetMs, label = '' } = options;
  await interrupt.settle();
  // A checker never looks up: signals would wait for its end.
  if (interrupt.requested) interrupt.letSignalsEnd();
  try {
    return await jury.verdict({
      history,
      ...checkBudget({
        output,
        label: `${label}checking ${history.length} records`,
        budgetMs: interrupt.requested ? Math.min(checkBudgetMs, INTERRUPTED_CHECK_MS) : checkBudgetMs,
        onLong: () => {
          interrupt.letSignalsEnd();
          if (directory === null) return;
          output.note(
            `the check takes its time; Ctrl-C ends it, and shaketable check ${directory.path} does it again`,
          );
        },
      }),
    });
  } finally {
    interrupt.listen();
  }
}

/** A run from a short plan tells its story, and so needs all of its trace and its messages. */
function isTold({ plan, directory }: ExecuteOptions): boolean {
  return directory !== null && plan !== undefined && isTellable(plan.main.length + plan.final.length);
}

/** Returns the summary for the terminal. */
function writeJudgement(
  directory: RunDirectory,
  run: Omit<ExecutedRun, 'summary'>,
  story: StoryInput | null,
): string {
  directory.writeJson('verdict.json', verdictFile({ ...run, operations: run.history.length }));
  const notes = interruptNotes(run.interruptTime);
  const data = collectReportData({
    ...run,
    notes,
    ...(story === null ? undefined : { story }),
    ...reportExtras(directory, run.test),
    ...againCommand(run.test, directory.path),
  });
  directory.write('report.html', renderReport(data));
  const told = data.story === null ? '' : `\n${storyText(data.story)}`;
  return `${textSummary(data, { colour: wantsColour() })}${told}\n  report      ${directory.file('report.html')}`;
}

/** What a reader must know of a run that was interrupted. */
export function interruptNotes(interruptTime: number | null): readonly string[] {
  if (interruptTime === null) return [];
  const when = nsToS(interruptTime).toFixed(1);
  return [`The run was interrupted after ${when} s: what is judged is what there was by then.`];
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The caller has something more important to say.
  }
}

/** What could not be recorded ends the run; it must not end the socket's or the node's callback that it came in. */
class FirstFailure {
  onFailure: () => void = () => undefined;
  #failure: { readonly thrown: unknown } | null = null;

  keep(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      if (this.#failure !== null) return;
      this.#failure = { thrown };
      this.onFailure();
    }
  }

  rethrow(): void {
    if (this.#failure !== null) throw this.#failure.thrown;
  }
}
