/**
 * A workload says what clients do and which checkers judge it. It knows no system: clients are injected, and a
 * system serves a workload when it serves all its functions.
 */
import type { Checker } from '../checkers/checker.ts';
import type { Generator } from '../harness/generator/generator.ts';

export interface WorkloadOption {
  readonly name: string;
  readonly default: number | boolean | string;
  readonly meaning: string;
}

export interface WorkloadContext {
  readonly nodes: readonly string[];
  /** Client threads. */
  readonly concurrency: number;
  /** Operations a second over all threads, on average. */
  readonly rate: number;
  readonly options: { readonly [name: string]: number | boolean | string };
}

/** What a workload is for one run. */
export interface PreparedWorkload {
  /** The clients' operations; endless or bounded. The harness ends it with the time limit. */
  readonly generator: Generator;
  /** After all faults are healed and the cluster is quiet: final reads. */
  readonly finalGenerator: Generator | null;
  readonly checkers: readonly Checker[];
  /** Functions of which at least one must be `ok`, else the run is vacuous. */
  readonly mustSucceed: readonly string[];
}

export interface Workload {
  readonly name: string;
  readonly summary: string;
  readonly functions: readonly string[];
  readonly options: readonly WorkloadOption[];
  prepare(context: WorkloadContext): PreparedWorkload;
}
