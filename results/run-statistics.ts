/** The statistics of a saved run, as its verdict has them: checked, since the file may be anybody's. */
import { z } from 'zod';
import { isRefusal } from '../checkers/statistics/index.ts';

const share = z.object({
  invoked: z.number(),
  ok: z.number(),
  okShare: z.number().nullable(),
  /** Of an older release: absent. */
  answeredShare: z.number().nullable().optional(),
});
const counts = z.object({
  invoked: z.number(),
  ok: z.number(),
  fail: z.number(),
  info: z.number(),
  pending: z.number(),
});

/** The part of a `StatisticsReport` (checkers/statistics) that is shown or compared here. */
const schema = z.object({
  durationNs: z.number(),
  total: counts,
  functions: z.array(counts.extend({ f: z.string() })).readonly(),
  errors: z
    .array(z.object({ code: z.string(), type: z.string(), f: z.string(), count: z.number() }))
    .readonly(),
  rate: z.object({ completedPerS: z.number(), okPerS: z.number() }),
  latencies: z
    .array(
      z.object({
        f: z.string(),
        type: z.string(),
        count: z.number(),
        p50Ns: z.number(),
        p99Ns: z.number(),
        maxNs: z.number(),
      }),
    )
    .readonly(),
  availability: z.object({
    overall: share,
    duringFaults: share,
    outsideFaults: share,
    longestGap: z.object({ lengthNs: z.number() }).nullable(),
  }),
  leaderChanges: z.number().nullable(),
  faults: z.object({ count: z.number(), tookEffect: z.number() }),
});

export type RunStatistics = z.infer<typeof schema>;

/**
 * What is headed availability: of operations in 0 … 1, those that the system answered. Null where nothing was invoked, or where a file
 * of an older release does not say: it knows of each stretch what was ok, and what was refused only of the whole run.
 */
export function answeredShareOf(
  { errors, availability }: RunStatistics,
  of: 'overall' | 'duringFaults' | 'outsideFaults',
): number | null {
  const { answeredShare, okShare, ok, invoked } = availability[of];
  if (answeredShare !== undefined) return answeredShare;
  const refused = errors
    .filter(({ type, f, code }) => type === 'fail' && isRefusal(f, code))
    .reduce((sum, { count }) => sum + count, 0);
  if (refused === 0) return okShare;
  return of === 'overall' ? (ok + refused) / invoked : null;
}

/** Null where there are none, or they are of another release. */
export function statisticsOf(json: unknown): RunStatistics | null {
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : null;
}
