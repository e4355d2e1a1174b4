/**
 * A comparison as data: the contract between who measures, who prints and who draws. `comparison.json` holds it, and `--json` prints it.
 *
 *     chapters[0].rows[0]
 *     // { title: 'power loss of all nodes', unit: 'share', cells: [{ text: '37 of 1,198 (3.1 %), in 3 of 3 runs', value: 0.031 }, …] }
 *
 * Cells stand in the order of the variants. Durations are seconds; `value` is in the row's unit.
 */
import type { Measured } from './measure-run.ts';
import type { Measure } from './measures.ts';
import type { Spread } from './quantiles.ts';

export const COMPARISON_FORMAT = 'shaketable-comparison';
export const COMPARISON_VERSION = 1;

export interface ComparedVariant {
  readonly name: string;
  readonly description: string;
  /** What it sets, beside what the scenario does. */
  readonly options: { readonly [name: string]: number | boolean | string };
}

export interface Cell {
  /** For people. */
  readonly text: string;
  /** What is drawn, and compared; null where there is nothing. */
  readonly value: number | null;
  /** Of several values, in the row's unit: of all faults, partitions, sends and seeds. */
  readonly spread?: Spread;
  /** Each of them, where they are few; ascending. */
  readonly values?: readonly number[];
}

export type Unit = 's' | 'ms' | 'share' | 'bytes' | 'number';

export interface Row {
  /** Of the scenario. */
  readonly scenario: string;
  readonly title: string;
  readonly unit: Unit;
  /** Whether less is better; a row of shares is better where it is more. */
  readonly better: 'less' | 'more';
  readonly cells: readonly Cell[];
}

/** Rows that are drawn on one axis have one unit: a chapter has a group for each of its questions. */
export interface Group {
  readonly title: string;
  readonly rows: readonly Row[];
}

export interface Chapter {
  readonly measure: Measure;
  readonly title: string;
  /** What is measured, in a sentence or two. */
  readonly meaning: string;
  readonly groups: readonly Group[];
  /** What the reader should know of it. */
  readonly notes: readonly string[];
}

export interface Comparison {
  readonly format: typeof COMPARISON_FORMAT;
  readonly version: typeof COMPARISON_VERSION;
  readonly shaketableVersion: string;
  readonly gitRevision: string | null;
  /** UTC, ISO 8601. */
  readonly startedAt: string;
  readonly commandLine: string;
  readonly system: string;
  readonly workload: string;
  readonly cluster: 'sim' | 'process' | 'docker';
  readonly seeds: readonly number[];
  readonly variants: readonly ComparedVariant[];
  /** Runs that were measured, of those that were planned. */
  readonly runsDone: number;
  readonly runsPlanned: number;
  readonly interrupted: boolean;
  /** Those that were run, in their order. */
  readonly scenarios: readonly ComparedScenario[];
  /** Scenarios that could not be run, and why. */
  readonly skipped: readonly { readonly scenario: string; readonly reason: string }[];
  readonly chapters: readonly Chapter[];
  /** Run by run, in the order in which they were done. */
  readonly samples: readonly Sample[];
}

export interface ComparedScenario {
  readonly name: string;
  readonly title: string;
  /** In words: nodes, load, faults, options. */
  readonly how: string;
}

/** What one run gave, by measure; only what its scenario is for. */
export interface Sample {
  readonly scenario: string;
  readonly variant: string;
  readonly seed: number;
  /** Where the run was kept, from the folder of the comparison; absent where it was not. */
  readonly directory?: string;
  readonly measured: Measured;
}
