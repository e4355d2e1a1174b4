/**
 * What the index keeps of one run, read from its `test.json` and `verdict.json`. Its history is not read.
 */
import type { Figures } from './figures.ts';

/**
 * - `running`: no verdict yet, and the history grew a moment ago.
 * - `cut off`: no verdict, and nobody writes any more.
 * - `unreadable`: its files are of another release, torn, or somebody else's.
 */
export const OUTCOMES = ['valid', 'invalid', 'unknown', 'running', 'cut off', 'unreadable'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One failure of a run. */
export interface Failure {
  /** The same for the same failure of other seeds. */
  readonly signature: string;
  readonly checker: string;
  readonly anomaly: string;
  readonly explanation: string;
}

export interface RunRecord extends Figures {
  /** From the results folder, with `/`. */
  readonly path: string;
  readonly outcome: Outcome;
  readonly system: string;
  readonly workload: string;
  readonly cluster: string;
  readonly nemeses: readonly string[];
  readonly bugs: readonly string[];
  readonly seed: number | null;
  /** ISO 8601, UTC; empty where it is not known. */
  readonly startedAt: string;
  /** Commit of the code that ran it. */
  readonly revision: string | null;
  readonly command: string;
  /** Client operations. */
  readonly operations: number | null;
  readonly ok: number | null;
  readonly fail: number | null;
  readonly info: number | null;
  /** The sentence of the first failure, why it is unknown, or why it cannot be read. */
  readonly sentence: string | null;
  readonly failures: readonly Failure[];
}
