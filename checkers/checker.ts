/**
 * A checker turns what a run recorded into a verdict. It is a pure function of its input: no I/O, no clock, no
 * randomness but a seed that is passed in.
 */
import type { History } from '../harness/history/history.ts';
import type { Json } from '../harness/history/operation.ts';
import type { TraceRecord } from '../harness/history/trace.ts';

/** `unknown`: the checker could not decide, or the history proves nothing (vacuous); the reason says which. */
export type Validity = true | false | 'unknown';

/** A named violation with its witness. */
export interface Anomaly {
  /** As in the literature: `nonlinearizable`, `lost-write`, `two-leaders`, … */
  readonly name: string;
  /** One or two sentences in terms of the operations or events. */
  readonly explanation: string;
  /** Indexes of the operations in the history that prove it, ascending. */
  readonly operations: readonly number[];
  /** What else shows it: states, trace records, … */
  readonly evidence?: Json;
  /** What the report draws of it. */
  readonly picture?: Picture;
  /** What else shows it: drawn below the first. */
  readonly morePictures?: readonly Picture[];
}

export type Picture = TimelinePicture | LinearizationPicture | GraphPicture | SequencePicture;

/** Operations as bars over time, a row a process; the report takes what they did from the history. */
export interface TimelinePicture {
  readonly kind: 'timeline';
  /** Indexes of invocations. */
  readonly operations: readonly number[];
  /** Some of them, in an order in which they can have taken effect. */
  readonly order?: readonly number[];
  /** Who saw what of whom: from one of them to another. */
  readonly arrows?: readonly { readonly from: number; readonly to: number; readonly label: string }[];
}

/**
 * Operations on one object around the point that no order passes: orders that come as far as they can, and what each
 * operation left in them.
 */
export interface LinearizationPicture {
  readonly kind: 'linearization';
  /** Indexes of invocations, ascending. */
  readonly operations: readonly number[];
  /** How many took effect before all of them, and the state that these left. */
  readonly before: { readonly count: number; readonly state: string };
  /** The longest first; `state` is after the operation. */
  readonly partials: readonly (readonly { readonly operation: number; readonly state: string }[])[];
  /** The invocation of the operation that has to follow the longest order, and cannot. */
  readonly stuck: number;
}

/** A graph, most often a cycle of transactions. */
export interface GraphPicture {
  readonly kind: 'graph';
  readonly nodes: readonly { readonly label: string; readonly operation?: number }[];
  /** Between places in `nodes`. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly label: string }[];
}

/** A table along a line, such as the offsets of a log: a column an offset, a row for each who wrote or saw them. */
export interface SequencePicture {
  readonly kind: 'sequence';
  /** What it shows, where its columns are no places of a log. */
  readonly caption?: string;
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly label: string;
    /** One a column; null where there is nothing. */
    readonly cells: readonly (string | null)[];
    /** Columns of the cells that are wrong. */
    readonly wrong?: readonly number[];
    readonly operation?: number;
  }[];
}

export interface Verdict {
  readonly checker: string;
  readonly valid: Validity;
  /** Why it is unknown, in one sentence that says what to try. */
  readonly reason?: string;
  readonly anomalies: readonly Anomaly[];
  /** Anomalies that the options allow: told, not judged. */
  readonly allowed?: readonly Anomaly[];
  /** What else the reader should know of it, a sentence each: what the anomalies mean, what was not looked at. */
  readonly notes?: readonly string[];
  /** Figures of the check itself and of what it saw. */
  readonly statistics?: Json;
}

export interface CheckInput {
  readonly history: History;
  /** What the nodes said of themselves, in the order of the run; absent for imported histories. */
  readonly trace?: Iterable<TraceRecord>;
  /** Asked now and then; true means that the time budget is used up, and the verdict becomes unknown. */
  readonly isOverdue?: () => boolean;
  /** Calls back now and then with a share done in 0 … 1. */
  readonly onProgress?: (share: number) => void;
}

/** Other threads that do parts of a checker's work. */
export interface Crew {
  /** Hands, from 0. */
  readonly size: number;
  /** One hand's answer. Messages and answers can be copied between threads (structured clone). */
  ask(hand: number, message: unknown): Promise<unknown>;
}

export interface Checker {
  readonly name: string;
  check(input: CheckInput): Verdict;
  /** The same verdict, by several threads where the work is worth it. */
  checkInParallel?(input: CheckInput, crew: Crew): Promise<Verdict>;
  /** Where it judges the trace: follows it while the run goes on, so that nobody has to keep it. */
  watch?(): Watch;
}

/** One checker on one run's trace as it comes. */
export interface Watch {
  observe(record: TraceRecord): void;
  /** After the last record; `input.trace` is not looked at. */
  verdict(input: CheckInput): Verdict;
}

/** Records between two looks at whether time is up. */
const OVERDUE_INTERVAL = 4096;

/** A checker that follows the trace: of a run that goes on, or of one that is over. */
export function watchingChecker(name: string, watch: () => Watch): Checker {
  return {
    name,
    watch,
    check: (input) => {
      const watching = watch();
      let seen = 0;
      for (const record of input.trace ?? []) {
        watching.observe(record);
        if (++seen % OVERDUE_INTERVAL === 0 && input.isOverdue?.() === true) {
          const verdict = watching.verdict(input);
          const reason = `The time budget ended after ${seen} trace records: allow more time.`;
          return verdict.valid === false ? verdict : { ...verdict, valid: 'unknown', anomalies: [], reason };
        }
      }
      return watching.verdict(input);
    },
  };
}

/** False over unknown over true. No verdict at all proves nothing: unknown. */
export function combineValidity(validities: readonly Validity[]): Validity {
  if (validities.includes(false)) return false;
  if (validities.length === 0 || validities.includes('unknown')) return 'unknown';
  return true;
}
