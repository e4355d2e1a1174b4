/**
 * Turns what a run left behind into the report's data contract. Pure: the same run gives the same data.
 *
 *     const data = collectReportData({ test, history, verdicts, valid, trace, replayCommand });
 *     print(textSummary(data));
 *     write('report.html', renderReport(data));
 */
import { combineValidity } from '../../checkers/checker.ts';
import type { Validity, Verdict } from '../../checkers/checker.ts';
import { computeStatistics } from '../../checkers/statistics/index.ts';
import type { StatisticsReport } from '../../checkers/statistics/index.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { TestDefinition } from '../../harness/run/test-definition.ts';
import { signaturesOf } from '../signatures.ts';
import type { RunSummary } from '../saved-runs.ts';
import { anomalyRow, withLogs } from './anomaly-rows.ts';
import { formatCount, formatDuration, plural } from './browser/format.ts';
import { compareWithPrevious } from './comparison-rows.ts';
import { headline, meaning, notes, verdictWord } from './headline.ts';
import type { Judged } from './headline.ts';
import { cutText, packOperations, TextTable } from './operation-columns.ts';
import { laneRows } from './lane-rows.ts';
import { LogTails } from './log-tails.ts';
import { REPORT_DATA_VERSION } from './report-data.ts';
import type { Comparison, Field, ReportData, VerdictRow } from './report-data.ts';
import { roleSpans } from './role-spans.ts';
import { errorRows, faultRows, functionRows } from './statistics-rows.ts';
import { storyOf, type StoryInput } from './story-rows.ts';
import { textSummary } from './text-summary.ts';

/** Of one checker; the rest are counted and found in `verdict.json`. */
const MAX_ANOMALIES_LISTED = 50;
/** Its figures have tables of their own. */
const STATISTICS_CHECKER = 'statistics';
const MAX_FIELD_CHARACTERS = 400;
/** Of one checker: more are a table of their own, in `verdict.json`. */
const MAX_FIGURES = 40;

/** The content of `test.json`. */
export type ReportedTest = TestDefinition;

/** A history that others recorded, in place of a test. */
export interface ReportedFile {
  readonly file: string;
  /** Who judged it: a checker or a model. */
  readonly judge: string;
  readonly format: string;
  readonly commandLine: string;
}

export interface ReportInput {
  readonly test: ReportedTest | ReportedFile;
  readonly history: History;
  readonly verdicts: readonly Verdict[];
  /** Over all; combined from the verdicts where absent. */
  readonly valid?: Validity;
  /** Read more than once: an array, not a generator. */
  readonly trace: Iterable<TraceRecord>;
  /** The exact command that does this run again; none of a history that others recorded. */
  readonly replayCommand?: string;
  /** Whether that does exactly the same again. */
  readonly replaysExactly?: boolean;
  /** By node: what it logged. */
  readonly logs?: ReadonlyMap<string, string>;
  /** The run before it of the same test. */
  readonly previous?: RunSummary | null;
  /** Of a small simulated run: enough to tell it step by step. */
  readonly story?: StoryInput;
  /** What else limits the verdict: a history that is cut off, a run that was interrupted. */
  readonly notes?: readonly string[];
}

export function collectReportData(input: ReportInput): ReportData {
  const { test, history, verdicts } = input;
  const texts = new TextTable();
  const isForeign = 'file' in test;
  const nodes = isForeign ? [] : test.nodes;
  const packed = packOperations(history, texts, isForeign ? undefined : test.concurrency);
  const pairs = history.pairs();
  const duration = history.operations.at(-1)?.time ?? 0;
  const statistics = computeStatistics(history, input.trace);
  const { longestGap, duringFaults, outsideFaults } = statistics.availability;
  const functions = functionRows(statistics);
  const faults = faultRows(statistics, history.faultWindows(), pairs);
  const anomalyRows = verdicts.flatMap((verdict) =>
    verdict.anomalies
      .slice(0, MAX_ANOMALIES_LISTED)
      .map((anomaly) => anomalyRow(verdict.checker, anomaly, history, packed)),
  );
  const anomalies = input.logs === undefined ? anomalyRows : withLogs(anomalyRows, new LogTails(input.logs));
  const allowed = verdicts.flatMap((verdict) =>
    (verdict.allowed ?? [])
      .slice(0, MAX_ANOMALIES_LISTED)
      .map((anomaly) => anomalyRow(verdict.checker, anomaly, history, packed)),
  );
  const judged: Judged = {
    isForeign,
    verdict: verdictWord(input.valid ?? combineValidity(verdicts.map(({ valid }) => valid))),
    verdicts: verdicts.map(verdictRow),
    anomalies,
    allowed,
    faults,
    functions,
    remarks: verdicts.flatMap((verdict) => verdict.notes ?? []),
  };
  const data: Omit<ReportData, 'summary'> = {
    version: REPORT_DATA_VERSION,
    title: isForeign ? test.file : `${test.system} ${test.workload}, seed ${test.seed}`,
    headline: headline(judged),
    meaning: meaning(judged),
    notes: [...(input.notes ?? []), ...notes(judged)],
    verdict: judged.verdict,
    verdicts: judged.verdicts,
    anomalies,
    allowed,
    faults,
    functions,
    facts: isForeign
      ? fileFacts(test, history, duration)
      : [...runFacts(test, duration, statistics.leaderChanges), ...signatureFacts(test, verdicts, history)],
    duration,
    nodes,
    threads: packed.threads,
    texts: texts.texts,
    operations: packed.columns,
    story:
      isForeign || input.story === undefined
        ? null
        : storyOf({ test, history, anomalies, packed }, input.story),
    roles: roleSpans(input.trace, nodes, duration),
    ...laneRows(input.trace, nodes, duration),
    errors: errorRows(statistics, pairs),
    longestSilence: longestGap === null ? null : { start: longestGap.startNs, end: longestGap.endNs },
    answeredShare: {
      duringFaults: duringFaults.answeredShare,
      outsideFaults: outsideFaults.answeredShare,
    },
    comparison: comparisonOf(judged, statistics, input.previous ?? null),
    options: isForeign ? [] : fieldsOf(test),
    commandLine: test.commandLine,
    replayCommand: input.replayCommand ?? null,
    replaysExactly: input.replaysExactly ?? true,
  };
  return { ...data, summary: textSummary(data) };
}

function comparisonOf(
  { verdict, anomalies }: Judged,
  statistics: StatisticsReport,
  previous: RunSummary | null,
): Comparison | null {
  if (previous === null) return null;
  return compareWithPrevious({ verdict, anomalies: anomalies.map(({ name }) => name), statistics }, previous);
}

function verdictRow(verdict: Verdict): VerdictRow {
  return {
    checker: verdict.checker,
    verdict: verdictWord(verdict.valid),
    reason: verdict.reason ?? null,
    anomalyCount: verdict.anomalies.length,
    allowedCount: verdict.allowed?.length ?? 0,
    statistics:
      verdict.statistics === undefined || verdict.checker === STATISTICS_CHECKER
        ? []
        : fieldsOf(verdict.statistics).slice(0, MAX_FIGURES),
  };
}

function runFacts(test: ReportedTest, duration: number, leaderChanges: number | null): readonly Field[] {
  const facts: Field[] = [
    { name: 'System', value: test.system },
    { name: 'Workload', value: test.workload },
    { name: 'Nemesis', value: test.nemeses.join(', ') || 'none' },
    { name: 'Cluster', value: `${test.cluster}, ${test.nodes.length} nodes` },
    { name: 'Seed', value: String(test.seed) },
    { name: 'Length', value: formatDuration(duration) },
    { name: 'Started', value: test.startedAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC') },
  ];
  if (leaderChanges !== null) facts.splice(-1, 0, { name: 'Leader changes', value: String(leaderChanges) });
  if (test.bugs.length > 0) facts.splice(2, 0, { name: 'Bugs', value: test.bugs.join(', ') });
  return facts;
}

/** What triage knows its failures by. */
function signatureFacts(
  test: ReportedTest,
  verdicts: readonly Verdict[],
  history: History,
): readonly Field[] {
  const [first, ...others] = signaturesOf(test, verdicts, history);
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${plural(others.length, 'other')}`;
  return [{ name: 'Signature', value: `${first.signature}${more}` }];
}

function fileFacts(file: ReportedFile, history: History, duration: number): readonly Field[] {
  return [
    { name: 'History', value: file.file },
    { name: 'Format', value: file.format },
    { name: 'Judged as', value: file.judge },
    { name: 'Records', value: formatCount(history.length) },
    { name: 'Length', value: formatDuration(duration) },
  ];
}

/** A JSON object as names and values; nested objects become `outer.inner`. */
export function fieldsOf(value: unknown, prefix = ''): readonly Field[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ name: prefix, value: fieldText(value as Json) }];
  }
  return Object.entries(value).flatMap(([name, part]) =>
    part === undefined ? [] : fieldsOf(part, prefix === '' ? name : `${prefix}.${name}`),
  );
}

function fieldText(value: Json): string {
  if (typeof value === 'string') return cutText(value, MAX_FIELD_CHARACTERS);
  if (Array.isArray(value) && value.every((part) => typeof part === 'string' || typeof part === 'number')) {
    return cutText(value.join(', ') || 'none', MAX_FIELD_CHARACTERS);
  }
  return cutText(JSON.stringify(value), MAX_FIELD_CHARACTERS);
}
