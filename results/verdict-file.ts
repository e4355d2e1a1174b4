/**
 * `verdict.json`: what was decided on a run, what its failures are known by, and what a replay has to meet.
 *
 *     const verdict = parseVerdict(text, path);
 *     verdict.valid                  // false
 *     verdict.signatures?.[0]        // { signature: 'raft-register/linearizability/nonlinearizable/3f9a1c', … }
 */
import { z } from 'zod';
import type { Validity, Verdict } from '../checkers/checker.ts';
import { parseVersionedJson } from '../harness/versioned-json.ts';
import type { FailureSignature } from './signatures.ts';

const VERDICT_FORMAT = 'shaketable-verdict';
const VERDICT_VERSION = 1;

export interface VerdictFile {
  readonly valid: Validity;
  readonly verdicts: readonly Verdict[];
  readonly signatures: readonly FailureSignature[];
  /** Nanoseconds since the run began; null when nobody interrupted it. */
  readonly interruptTime: number | null;
  /** Of the history: tells whether it has lost its end since. */
  readonly operations: number;
  /** Of all simulated events: equal for equal runs. */
  readonly eventHash: string;
  readonly eventCount: number;
}

/** What is read back of it. Releases before signatures wrote none: null. */
export type RecordedVerdict = Omit<VerdictFile, 'signatures' | 'eventCount'> & {
  readonly signatures: readonly FailureSignature[] | null;
};

export function verdictFile(verdict: VerdictFile): unknown {
  const { valid, interruptTime, operations, eventHash, eventCount, signatures, verdicts } = verdict;
  return {
    format: VERDICT_FORMAT,
    version: VERDICT_VERSION,
    valid,
    interruptTime,
    operations,
    eventHash,
    eventCount,
    signatures,
    verdicts,
  };
}

const validitySchema = z.union([z.boolean(), z.literal('unknown')]);

const signatureSchema = z.object({
  signature: z.string(),
  checker: z.string(),
  anomaly: z.string(),
  shape: z.string(),
  explanation: z.string(),
  count: z.int().min(1),
});

const recordedSchema = z.object({
  valid: validitySchema,
  interruptTime: z.number().min(0).nullable(),
  operations: z.int().min(0),
  eventHash: z.string(),
  signatures: z.array(signatureSchema).nullable().default(null),
  verdicts: z.array(
    z.looseObject({
      checker: z.string(),
      valid: validitySchema,
      reason: z.string().optional(),
      anomalies: z.array(
        z.looseObject({ name: z.string(), explanation: z.string(), operations: z.array(z.number()) }),
      ),
    }),
  ),
});

/** @throws HarnessError `bad-format` or `unsupported-version`, in one line */
export function parseVerdict(text: string, path: string): RecordedVerdict {
  const recorded = parseVersionedJson(text, path, {
    format: VERDICT_FORMAT,
    version: VERDICT_VERSION,
    foreign: 'is no verdict of Shaketable',
    schema: recordedSchema,
  });
  // What else a verdict has is told by the types of the checkers that wrote it.
  return recorded as unknown as RecordedVerdict;
}
