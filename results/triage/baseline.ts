/**
 * The baseline: failures that somebody has looked at and accepted for now, in a file of the user's own repository.
 *
 *     {
 *       "format": "shaketable-baseline",
 *       "version": 1,
 *       "accepted": [
 *         {
 *           "signature": "raft-register/linearizability/nonlinearizable/40cd42",
 *           "reason": "reads during elections, issue 214",
 *           "acceptedAt": "2026-11-28T09:12:00.000Z",
 *           "shape": "update; their value seen",
 *           "explanation": "Read of k4 by process 4 …",
 *           "failures": 3,
 *           "runs": 40,
 *           "nemeses": ["kill", "partition,kill"]
 *         }
 *       ]
 *     }
 *
 * Sorted by signature, a field a line: it is reviewed as code is, and two branches that accept different failures merge.
 */
import { z } from 'zod';
import { HarnessError } from '../../harness/errors.ts';

export const BASELINE_FILE = 'shaketable-baseline.json';
const BASELINE_FORMAT = 'shaketable-baseline';
const BASELINE_VERSION = 1;

/** As `signaturesOf` makes them. */
const SIGNATURE = /^[\w.+-]+\/[\w.+-]+\/[\w.+-]+\/[0-9a-f]{6}$/;

const acceptedSchema = z.strictObject({
  signature: z.string().regex(SIGNATURE, 'is no signature'),
  /** Why it is no reason to stop: for people. */
  reason: z.string().min(1),
  /** UTC, ISO 8601. */
  acceptedAt: z.iso.datetime({ offset: true }),
  /** What was seen of it by then; absent where it was accepted unseen. */
  shape: z.string().optional(),
  explanation: z.string().optional(),
  /** Runs that failed with it, of as many of the same system, workload and nemesis. */
  failures: z.int().min(0).optional(),
  runs: z.int().min(0).optional(),
  /** Under which it came; absent in entries of older releases, and where no run says: any then. */
  nemeses: z.array(z.string()).min(1).optional(),
});

const baselineSchema = z.strictObject({
  format: z.literal(BASELINE_FORMAT),
  version: z.literal(BASELINE_VERSION),
  accepted: z.array(acceptedSchema),
});

export type Accepted = Readonly<z.infer<typeof acceptedSchema>>;

/** By signature. */
export type Baseline = ReadonlyMap<string, Accepted>;

export const EMPTY_BASELINE: Baseline = new Map();

export const isSignature = (text: string): boolean => SIGNATURE.test(text);

/**
 * @param file - for messages
 * @throws HarnessError `bad-format`, `unsupported-version`, in one line
 */
export function parseBaseline(text: string, file: string): Baseline {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new HarnessError('bad-format', `${file} is not JSON: mend it, or take it from git again`, {
      cause: error,
    });
  }
  const head = z.object({ format: z.literal(BASELINE_FORMAT), version: z.number() }).safeParse(json);
  if (!head.success) throw new HarnessError('bad-format', `${file} is no baseline of shaketable triage`);
  if (head.data.version !== BASELINE_VERSION) {
    throw new HarnessError(
      'unsupported-version',
      `${file} is a baseline of version ${head.data.version}; this release reads version ${BASELINE_VERSION}`,
    );
  }
  const parsed = baselineSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new HarnessError(
      'bad-format',
      `${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`,
    );
  }
  const baseline = new Map<string, Accepted>();
  for (const accepted of parsed.data.accepted) {
    const { signature } = accepted;
    if (baseline.has(signature)) throw new HarnessError('bad-format', `${file} accepts ${signature} twice`);
    baseline.set(signature, accepted);
  }
  return baseline;
}

/** The file's text: the same whatever the order in which things were accepted. */
export function baselineText(baseline: Baseline): string {
  const accepted = [...baseline.values()]
    .sort((a, b) => (a.signature < b.signature ? -1 : 1))
    .map(({ signature, reason, acceptedAt, shape, explanation, failures, runs, nemeses }) => ({
      signature,
      reason,
      acceptedAt,
      shape,
      explanation,
      failures,
      runs,
      nemeses,
    }));
  const file = { format: BASELINE_FORMAT, version: BASELINE_VERSION, accepted };
  return `${JSON.stringify(file, null, 2)}\n`;
}
