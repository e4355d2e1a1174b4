/** `verdict.json`: what was decided on a run, and what a replay has to meet. */
import { z } from 'zod';
import { HarnessError } from '../errors.ts';
import type { Judgement } from './judge.ts';

const VERDICT_FORMAT = 'shaketable-verdict';
const VERDICT_VERSION = 1;

export interface VerdictFile extends Judgement {
  /** Nanoseconds since the run began; null when nobody interrupted it. */
  readonly interruptTime: number | null;
  /** Of the history: tells whether it has lost its end since. */
  readonly operations: number;
  /** Of all simulated events: equal for equal runs. */
  readonly eventHash: string;
  readonly eventCount: number;
}

/** What is read back of it; verdicts are made anew. */
export type RecordedVerdict = Pick<VerdictFile, 'interruptTime' | 'operations' | 'eventHash'>;

export function verdictFile(verdict: VerdictFile): unknown {
  const { valid, interruptTime, operations, eventHash, eventCount, verdicts } = verdict;
  return {
    format: VERDICT_FORMAT,
    version: VERDICT_VERSION,
    valid,
    interruptTime,
    operations,
    eventHash,
    eventCount,
    verdicts,
  };
}

const headerSchema = z.object({ format: z.literal(VERDICT_FORMAT), version: z.number() });

const recordedSchema = z.object({
  interruptTime: z.number().min(0).nullable(),
  operations: z.int().min(0),
  eventHash: z.string(),
});

/** @throws HarnessError `bad-format` or `unsupported-version`, in one line */
export function parseVerdict(text: string, path: string): RecordedVerdict {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new HarnessError('bad-format', `${path} is not JSON: is it cut off?`, { cause: error });
  }
  const header = headerSchema.safeParse(json);
  if (!header.success) throw new HarnessError('bad-format', `${path} is no verdict of Shaketable`);
  if (header.data.version !== VERDICT_VERSION) {
    throw new HarnessError(
      'unsupported-version',
      `${path} has format version ${header.data.version}; this Shaketable reads version ${VERDICT_VERSION}`,
    );
  }
  const recorded = recordedSchema.safeParse(json);
  if (recorded.success) return recorded.data;
  const issue = recorded.error.issues[0];
  throw new HarnessError(
    'bad-format',
    `${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`,
  );
}
