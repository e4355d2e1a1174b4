/**
 * What the command line knows of a checker that judges histories: the name after `--workload`, its options, the
 * histories that it is made for.
 *
 *     const entry: CheckerEntry = {
 *       name: 'counter', summary: 'additions and reads of a number', options: [],
 *       recognises: (shape) => shape.uses(['add', 'read']) && shape.everyResult('read', isNumber),
 *       create: () => counterBounds(),
 *     };
 */
import type { Checker } from '../../../checkers/checker.ts';
import type { Scalar } from '../settings.ts';
import type { HistoryShape } from './shape.ts';

export interface CheckerOption {
  readonly name: string;
  readonly default: Scalar;
  readonly meaning: string;
}

export interface CheckerSettings {
  /** All options of the entry, as they were given or at their defaults. */
  readonly options: { readonly [name: string]: Scalar };
  /** As it is listed; absent when the user named none. */
  readonly consistencyModel?: string;
  /** What the checker's tables may take together. */
  readonly memoryBytes: number;
}

export interface CheckerEntry {
  /** As the literature, or Jepsen's workload of the kind, is called. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly options: readonly CheckerOption[];
  /** It judges transactions by what `--consistency-model` says that they were promised. */
  readonly takesConsistencyModel?: true;
  /**
   * Whether a history of this shape is one that it can judge, and would prove something of. False for checkers that
   * nobody can tell from another's histories: these have to be named.
   */
  recognises(shape: HistoryShape): boolean;
  /** What it takes for granted with these options, in a sentence that says how to do without; null when nothing. */
  presumes?(options: CheckerSettings['options']): string | null;
  create(settings: CheckerSettings): Checker;
}
