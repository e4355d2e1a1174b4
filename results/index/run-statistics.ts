/** The statistics of a saved run, as its verdict has them: checked, since the file may be anybody's. */
import { z } from 'zod';

const share = z.object({ invoked: z.number(), ok: z.number(), okShare: z.number().nullable() });
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
  functions: z.array(counts.extend({ f: z.string() })),
  errors: z.array(z.object({ code: z.string(), type: z.string(), f: z.string(), count: z.number() })),
  rate: z.object({ completedPerS: z.number(), okPerS: z.number() }),
  latencies: z.array(
    z.object({
      f: z.string(),
      type: z.string(),
      count: z.number(),
      p50Ns: z.number(),
      p99Ns: z.number(),
      maxNs: z.number(),
    }),
  ),
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

/** Null where there are none, or they are of another release. */
export function statisticsOf(json: unknown): RunStatistics | null {
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : null;
}
