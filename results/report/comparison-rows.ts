/** This run beside the one before it of the same test: verdict, operations, availability, latency. */
import type { StatisticsReport } from '../../checkers/statistics/index.ts';
import { answeredShareOf, type RunStatistics, statisticsOf } from '../run-statistics.ts';
import type { RunSummary } from '../saved-runs.ts';
import { formatCount, formatDuration, formatShare } from './browser/format.ts';
import { verdictWord } from './headline.ts';
import type { Comparison, ComparisonRow, VerdictWord } from './report-data.ts';

/** Changes below this share are taken for chance. */
const NOTABLE_SHARE = 0.1;
const NOTABLE_AVAILABILITY = 0.01;
const RANK: Readonly<Record<VerdictWord, number>> = { valid: 0, unknown: 1, invalid: 2 };

export interface ComparedRun {
  readonly verdict: VerdictWord;
  /** Names of its anomalies. */
  readonly anomalies: readonly string[];
  readonly statistics: StatisticsReport;
}

/** @returns null when the run before has no statistics to compare with */
export function compareWithPrevious(run: ComparedRun, previous: RunSummary): Comparison | null {
  const statistics = statisticsOf(previous.statistics);
  if (statistics === null) return null;
  const verdict = verdictWord(previous.valid ?? 'unknown');
  const names = [...new Set(previous.signatures.map(({ anomaly }) => anomaly))];
  const list = (anomalies: readonly string[]): string => [...new Set(anomalies)].join(', ') || 'none';
  return {
    run: previous.path.split(/[\\/]/).at(-1) ?? '',
    seed: previous.test.seed,
    startedAt: previous.test.startedAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC'),
    gitRevision: previous.test.gitRevision,
    rows: [
      {
        name: 'Verdict',
        previous: verdict,
        now: run.verdict,
        change: changeOf(RANK[verdict], RANK[run.verdict], 0, 'less'),
      },
      { name: 'Anomalies', previous: list(names), now: list(run.anomalies), change: null },
      ...figureRows(statistics, run.statistics),
    ],
  };
}

function figureRows(previous: RunStatistics, now: RunStatistics): readonly ComparisonRow[] {
  const row = (
    name: string,
    of: (figures: RunStatistics) => number | null | undefined,
    tell: (value: number) => string,
    notable: ((value: number) => number) | null,
    better: 'less' | 'more',
  ): ComparisonRow[] => {
    const [before, after] = [of(previous) ?? null, of(now) ?? null];
    if (before === null && after === null) return [];
    return [
      {
        name,
        previous: before === null ? '–' : tell(before),
        now: after === null ? '–' : tell(after),
        change:
          before === null || after === null || notable === null
            ? null
            : changeOf(before, after, notable(before), better),
      },
    ];
  };
  const share = (value: number): number => value * NOTABLE_SHARE;
  const latency = (figures: RunStatistics, f: string) =>
    figures.latencies.find((found) => found.f === f && found.type === 'ok');
  const functions = [...new Set([...previous.latencies, ...now.latencies].map(({ f }) => f))];
  return [
    ...row('Operations', ({ total }) => total.invoked, formatCount, null, 'more'),
    ...row(
      'ok a second',
      ({ rate }) => rate.okPerS,
      (value) => value.toFixed(1),
      share,
      'more',
    ),
    ...row(
      'Answered during faults',
      (figures) => answeredShareOf(figures, 'duringFaults'),
      formatShare,
      () => NOTABLE_AVAILABILITY,
      'more',
    ),
    ...row(
      'Answered outside of faults',
      (figures) => answeredShareOf(figures, 'outsideFaults'),
      formatShare,
      () => NOTABLE_AVAILABILITY,
      'more',
    ),
    ...row(
      'Longest without ok',
      ({ availability }) => availability.longestGap?.lengthNs,
      formatDuration,
      share,
      'less',
    ),
    ...row('Leader changes', ({ leaderChanges }) => leaderChanges, formatCount, null, 'less'),
    ...functions.flatMap((f) => [
      ...row(`${f}: p50`, (figures) => latency(figures, f)?.p50Ns, formatDuration, share, 'less'),
      ...row(`${f}: p99`, (figures) => latency(figures, f)?.p99Ns, formatDuration, share, 'less'),
    ]),
  ];
}

function changeOf(
  before: number,
  after: number,
  notable: number,
  better: 'less' | 'more',
): ComparisonRow['change'] {
  if (Math.abs(after - before) <= notable) return 'same';
  return after < before === (better === 'less') ? 'better' : 'worse';
}
