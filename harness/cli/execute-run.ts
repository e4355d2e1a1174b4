/**
 * One run from its definition to its verdict: builds the cluster, runs the phases, writes the run directory as it
 * happens, judges, and writes the report. `run` and `replay` differ only in where the definition comes from.
 */
import { join } from 'node:path';
import { HarnessError } from '../errors.ts';
import { SimCluster } from '../cluster/sim/sim-cluster.ts';
import { HistoryWriter } from '../history/json-lines.ts';
import { History } from '../history/history.ts';
import type { Operation } from '../history/operation.ts';
import { TraceWriter } from '../history/trace-lines.ts';
import type { TraceRecord } from '../history/trace.ts';
import type { Interrupt } from '../interpreter/interpreter.ts';
import { composeNemeses } from '../../nemeses/index.ts';
import { renderReport } from '../../results/report/build-report.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import { textSummary } from '../../results/report/text-summary.ts';
import type { LineFile } from '../../results/line-file.ts';
import type { RunDirectory } from '../../results/run-directory.ts';
import { type Plan, planOfRun } from '../run/plan.ts';
import { runTest } from '../run/run-test.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { checkersOf, type Judgement, Jury } from './judge.ts';
import { lookUp } from './names.ts';
import { type Output, wantsColour } from './output.ts';
import { Progress } from './progress.ts';
import { nemeses, systems, workloads } from './registries.ts';
import { replayCommand } from './replay-command.ts';

export interface ExecuteOptions {
  readonly test: TestDefinition;
  readonly plan?: Plan;
  /** Null: nothing is written. */
  readonly directory: RunDirectory | null;
  readonly interrupt: Interrupt;
  readonly output: Output;
  /** Before the live line: `seed 3 of 50 · `. */
  readonly label?: string;
}

export interface ExecutedRun extends Judgement {
  readonly test: TestDefinition;
  readonly history: History;
  /** Roles only; the whole is in `trace.jsonl`. */
  readonly trace: readonly TraceRecord[];
  readonly interrupted: boolean;
  /** Of all simulated events: equal for equal runs. */
  readonly eventHash: string;
  readonly eventCount: number;
  readonly runMs: number;
  readonly checkMs: number;
  /** For people; empty when nothing was written. */
  readonly summary: string;
}

/** What the statistics and the report need of the trace. */
const KEPT_EVENTS: ReadonlySet<TraceRecord['event']['kind']> = new Set(['start', 'role', 'stop']);

const VERDICT_FORMAT = 'shaketable-verdict';
const VERDICT_VERSION = 1;

export async function executeRun(options: ExecuteOptions): Promise<ExecutedRun> {
  const { test, directory, output } = options;
  directory?.writeJson('test.json', test);
  const startedMs = performance.now();
  const jury = new Jury(checkersOf(test));
  const recorded = await record(options, jury);
  const runMs = performance.now() - startedMs;

  const history = new History(recorded.operations);
  output.live(`${options.label ?? ''}checking ${history.length} operations`);
  const judgement = jury.verdict({ history, trace: recorded.trace });
  const checkMs = performance.now() - startedMs - runMs;
  const run = {
    ...judgement,
    test,
    history,
    trace: recorded.trace,
    interrupted: recorded.result.interrupted,
    eventHash: recorded.cluster.eventHash,
    eventCount: recorded.cluster.eventCount,
    runMs,
    checkMs,
  };
  if (directory === null) return { ...run, summary: '' };
  directory.writeJson('plan.json', planOfRun(history, recorded.result));
  const summary = writeJudgement(directory, run);
  for (const node of test.nodes) {
    directory.write(
      join('nodes', node, 'node.log'),
      recorded.cluster
        .logs(node)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  return { ...run, summary };
}

/** Everything up to the last recorded operation; what was recorded is on the disk also when this throws. */
async function record(options: ExecuteOptions, jury: Jury) {
  const { test, plan, directory, interrupt, output, label = '' } = options;
  const system = lookUp('system', systems, test.system);
  const workload = lookUp('workload', workloads, test.workload).prepare({
    nodes: test.nodes,
    concurrency: test.concurrency,
    rate: test.rate,
    options: test.workloadOptions,
  });
  const nemesisDefinition = composeNemeses(test.nemeses.map((name) => lookUp('nemesis', nemeses, name)));
  const cluster = new SimCluster({
    system,
    nodes: test.nodes,
    seed: test.seed,
    options: test.systemOptions,
    bugs: test.bugs,
  });
  const nemesisOptions = { intervalMs: test.nemesisIntervalS * 1000, seed: test.seed };
  const faults =
    test.nemeses.length === 0
      ? null
      : {
          nemesis: nemesisDefinition.bind(cluster, nemesisOptions),
          generator: nemesisDefinition.generator(test.nodes, nemesisOptions),
        };

  const progress = new Progress(output, test.timeLimitS + test.quietS, label);
  const operations: Operation[] = [];
  const trace: TraceRecord[] = [];
  const files: LineFile[] = [];
  const openLines = (name: string, header: string): LineFile | null => {
    if (directory === null) return null;
    const file = directory.lines(name);
    files.push(file);
    file.append(header);
    return file;
  };
  try {
    const historyWriter = new HistoryWriter();
    const traceWriter = new TraceWriter();
    const historyFile = openLines('history.jsonl', historyWriter.header());
    const traceFile = openLines('trace.jsonl', traceWriter.header());
    cluster.onTrace((record) => {
      jury.observe(record);
      if (KEPT_EVENTS.has(record.event.kind)) trace.push(record);
      traceFile?.append(traceWriter.line(record));
      progress.trace(record);
    });
    const result = await cluster.run(() =>
      runTest({
        test,
        cluster,
        clientGenerator: workload.generator,
        finalGenerator: workload.finalGenerator,
        faults,
        interrupt,
        ...(plan === undefined ? undefined : { plan }),
        onOperation: (operation) => {
          operations.push(operation);
          historyFile?.append(historyWriter.line(operation));
          progress.operation(operation);
        },
      }),
    );
    return { cluster, operations, trace, result };
  } finally {
    for (const file of files) file.close();
  }
}

/** Returns the summary for the terminal. */
function writeJudgement(directory: RunDirectory, run: Omit<ExecutedRun, 'summary'>): string {
  directory.writeJson('verdict.json', {
    format: VERDICT_FORMAT,
    version: VERDICT_VERSION,
    valid: run.valid,
    interrupted: run.interrupted,
    eventHash: run.eventHash,
    eventCount: run.eventCount,
    verdicts: run.verdicts,
  });
  const data = collectReportData({ ...run, replayCommand: replayCommand(directory.path) });
  directory.write('report.html', renderReport(data));
  return `${textSummary(data, { colour: wantsColour() })}\n  report      ${directory.file('report.html')}`;
}

/** The event hash that a saved run recorded; undefined when it was cut off before its verdict. */
export function recordedEventHash(directory: RunDirectory): string | undefined {
  if (!directory.has('verdict.json')) return undefined;
  try {
    const verdict = JSON.parse(directory.read('verdict.json').toString('utf8')) as { eventHash?: unknown };
    return typeof verdict.eventHash === 'string' ? verdict.eventHash : undefined;
  } catch (error) {
    throw new HarnessError('bad-format', `${directory.file('verdict.json')} is not JSON: is it cut off?`, {
      cause: error,
    });
  }
}
