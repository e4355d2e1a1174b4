/** This run beside the one before it of the same test: verdict, operations, availability, latency. */
import { z } from 'zod';
import type { StatisticsReport } from '../../checkers/statistics/index.ts';
import type { RunSummary } from '../saved-runs.ts';
import { formatCount, formatDuration, formatShare } from './browser/format.ts';
import { verdictWord } from './headline.ts';
import type { Comparison, ComparisonRow, VerdictWord } from './report-data.ts';

/** What is compared of the statistics of a run, whichever release wrote them. */
const figuresSchema = z.object({
  version: z.literal(1),
  total: z.object({ invoked: z.number(), ok: z.number(), fail: z.number(), info: z.number() }),
  rate: z.object({ okPerS: z.number() }),
  latencies: z
    .array(z.object({ f: z.string(), type: z.string(), p50Ns: z.number(), p99Ns: z.number() }))
    .readonly(),
  availability: z.object({
    duringFaults: z.object({ okShare: z.number().nullable() }),
    outsideFaults: z.object({ okShare: z.number().nullable() }),
    longestGap: z.object({ lengthNs: z.number() }).nullable(),
  }),
  leaderChanges: z.number().nullable(),
});
type Figures = z.infer<typeof figuresSchema>;

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
  const parsed = figuresSchema.safeParse(previous.statistics);
  if (!parsed.success) return null;
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
      ...figureRows(parsed.data, run.statistics),
    ],
  };
}

function figureRows(previous: Figures, now: Figures): readonly ComparisonRow[] {
  const row = (
    name: string,
    of: (figures: Figures) => number | null | undefined,
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
  const latency = (figures: Figures, f: string) =>
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
      'ok during faults',
      ({ availability }) => availability.duringFaults.okShare,
      formatShare,
      () => NOTABLE_AVAILABILITY,
      'more',
    ),
    ...row(
      'ok outside of faults',
      ({ availability }) => availability.outsideFaults.okShare,
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
