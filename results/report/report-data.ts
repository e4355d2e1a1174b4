/**
 * The contract between the producer of a report (build-report.ts) and its viewer (browser/): plain JSON, inlined
 * into the HTML file. The producer decides and words everything that needs the run; the viewer only draws.
 *
 *     data.operations.start[i]           // nanoseconds after the start of operation i − 1 (see OperationColumns)
 *     data.texts[data.operations.f[i]]   // 'read'
 *
 * In the file the details of a long run are compressed ({@link DETAILS}), so that the summary is there at once.
 *
 * Every text here may come from the system under test: the viewer puts it into text nodes and on canvases,
 * never into markup.
 */

export const REPORT_DATA_VERSION = 2;

/** `valid: true | false | 'unknown'` as a word. */
export type VerdictWord = 'valid' | 'invalid' | 'unknown';

/** Codes of {@link OperationColumns.outcome}. `pending`: the run ended before the completion came. */
export const OUTCOMES = ['ok', 'fail', 'info', 'pending'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A name and what it is, both for people. */
export interface Field {
  readonly name: string;
  readonly value: string;
}

/**
 * The clients' operations, one column an attribute, in the order of their invocations; an operation is an invocation
 * with its completion. Text columns hold indexes into `ReportData.texts`, −1 where there is none.
 */
export interface OperationColumns {
  readonly count: number;
  /** Difference to the invocation before; the first counts from 0. Nanoseconds. */
  readonly start: readonly number[];
  /** Nanoseconds; −1 when it never completed. */
  readonly duration: readonly number[];
  /** Place in the history of the invocation: difference to the one before. */
  readonly invocation: readonly number[];
  /** Place in the history of the completion minus that of the invocation; 0 when it never completed. */
  readonly completion: readonly number[];
  readonly process: readonly number[];
  /** The row: the thread that ran the process. */
  readonly thread: readonly number[];
  /** Index into {@link OUTCOMES}. */
  readonly outcome: readonly number[];
  readonly f: readonly number[];
  readonly key: readonly number[];
  /** JSON of the invocation's value; −1 for null. */
  readonly input: readonly number[];
  /** JSON of the completion's value where it is not the invocation's. */
  readonly output: readonly number[];
  readonly error: readonly number[];
  readonly node: readonly number[];
}

/** A fault, from the history's fault windows. */
export interface FaultRow {
  readonly id: number;
  readonly fault: string;
  readonly nodes: readonly string[];
  readonly description: string;
  /** Nanoseconds since the run began. */
  readonly start: number;
  /** Null: still in force when the history ended. */
  readonly end: number | null;
  readonly instant: boolean;
  /** Counters of what was seen of it, but those at zero. */
  readonly observed: readonly Field[];
  /** Null: nobody said. */
  readonly tookEffect: boolean | null;
  /** Operations invoked while it was in force, and how many of them became `ok`; none for an instant fault. */
  readonly invoked: number;
  readonly ok: number;
  readonly fail: number;
  /** Unknown: `info` completions and those that never came. */
  readonly info: number;
  /** Of those that became `ok`: latency in nanoseconds, median and 99 %; null without any, and for an instant fault. */
  readonly latency: readonly [p50: number, p99: number] | null;
  /** The longest time in it without an `ok` in which clients asked, nanoseconds; null when none did. */
  readonly silence: number | null;
  /** Nanoseconds from its end to the next `ok`; null when none came, or when it never ended. */
  readonly recovery: number | null;
}

/** What a node said it was, from one role event to the next. */
export interface RoleSpan {
  /** Index into `ReportData.nodes`. */
  readonly node: number;
  readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader' | 'down';
  readonly term: number;
  readonly start: number;
  readonly end: number;
}

/** A number that a node said over time, in steps. */
export interface Track {
  /** Index into `ReportData.nodes`. */
  readonly node: number;
  /** Nanoseconds since the run began, ascending. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** One partition of a replicated log. */
export interface PartitionLane {
  readonly name: string;
  /** As the brokers said themselves: two may believe it at a time. */
  readonly leaders: readonly {
    readonly node: number;
    readonly epoch: number;
    readonly start: number;
    readonly end: number;
  }[];
  /** From a moment on, by partition epoch. */
  readonly isr: readonly { readonly time: number; readonly members: readonly number[] }[];
}

/** Something of a witness that is no client operation: a fault, or what a node said. */
export interface WitnessEvent {
  readonly time: number;
  readonly node: string | null;
  readonly text: string;
}

export interface AnomalyRow {
  readonly checker: string;
  readonly name: string;
  readonly explanation: string;
  /** The one key that its operations are about, if it is one. */
  readonly key: string | null;
  /** Rows of {@link OperationColumns}, ascending. */
  readonly operations: readonly number[];
  readonly events: readonly WitnessEvent[];
  /** Pretty-printed JSON, cut when long; null when the checker gave none. */
  readonly evidence: string | null;
  readonly picture: PictureRow | null;
  readonly morePictures: readonly PictureRow[];
  /** When it was complete, nanoseconds; null where nothing of it has a time. */
  readonly moment: number | null;
  /** What the nodes logged around then; of the first anomalies only. */
  readonly logs: readonly LogTail[];
}

export interface LogTail {
  readonly node: string;
  readonly lines: readonly string[];
  /** How many of them are from before the moment; null: they carry no times, and are the end of the log. */
  readonly before: number | null;
}

/** A checker's picture; operations are rows of {@link OperationColumns}, −1 for one that is no client's. */
export type PictureRow = TimelinePictureRow | LinearizationPictureRow | GraphPictureRow | SequencePictureRow;

export interface TimelinePictureRow {
  readonly kind: 'timeline';
  /** By start. */
  readonly operations: readonly number[];
  /** Some of them, in an order in which they can have taken effect. */
  readonly order: readonly number[];
  readonly arrows: readonly { readonly from: number; readonly to: number; readonly label: string }[];
  /** How many more operations the checker's picture has. */
  readonly cut: number;
}

export interface LinearizationPictureRow {
  readonly kind: 'linearization';
  /** By start. */
  readonly operations: readonly number[];
  /** How many took effect before them, and the state that these left. */
  readonly before: { readonly count: number; readonly state: string };
  /** Orders that come as far as they can, the longest first; `state` is after the operation. */
  readonly partials: readonly (readonly { readonly operation: number; readonly state: string }[])[];
  /** The operation that has to follow the longest, and cannot. */
  readonly stuck: number;
  readonly cut: number;
}

export interface GraphPictureRow {
  readonly kind: 'graph';
  readonly nodes: readonly { readonly label: string; readonly operation: number }[];
  /** Between places in `nodes`. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly label: string }[];
  readonly cut: number;
}

export interface SequencePictureRow {
  readonly kind: 'sequence';
  /** What it shows; null where its columns are places of a log. */
  readonly caption: string | null;
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly label: string;
    readonly cells: readonly (string | null)[];
    readonly wrong: readonly number[];
    readonly operation: number;
  }[];
  readonly cut: number;
}

export interface VerdictRow {
  readonly checker: string;
  readonly verdict: VerdictWord;
  readonly reason: string | null;
  /** All that it found, more than the report lists when they are many. */
  readonly anomalyCount: number;
  /** Of those that the options allow. */
  readonly allowedCount: number;
  readonly statistics: readonly Field[];
}

/** Counts and latencies of one function; of all together where `f` is null. */
export interface FunctionRow {
  readonly f: string | null;
  readonly invoked: number;
  readonly ok: number;
  readonly fail: number;
  /** Of `fail`: evaluated and refused, as a compare-and-set whose expectation was wrong. The system was available. */
  readonly refused: number;
  /** Unknown: `info` completions and those that never came. */
  readonly info: number;
  /** Latency of `ok` operations in nanoseconds: median, 90 %, 99 %, largest. Null without any, and for the sum. */
  readonly latency: readonly [p50: number, p90: number, p99: number, max: number] | null;
}

export interface ErrorRow {
  readonly code: string;
  readonly f: string;
  readonly outcome: Outcome;
  readonly count: number;
  /** The message of the first. */
  readonly example: string;
}

/** A small simulated run, told step by step and drawn as its messages (Lamport). */
export interface Story {
  /** The first anomaly: the story ends where it is complete. Null: nothing broke. */
  readonly anomaly: string | null;
  /** Columns: clients, then nodes. */
  readonly lanes: readonly { readonly name: string; readonly isNode: boolean }[];
  /** In the order of time. */
  readonly steps: readonly StoryStep[];
  /** In the order in which they were sent. */
  readonly messages: readonly StoryMessage[];
  /** Messages that say nothing new, and are not drawn. */
  readonly routine: number;
  /** How many more there are. */
  readonly cut: number;
}

export interface StoryStep {
  /** Nanoseconds since the run began. */
  readonly time: number;
  /** `belief`: what each node believed then; `break`: here the anomaly was complete. */
  readonly kind: 'client' | 'fault' | 'node' | 'belief' | 'break';
  /** Place in `lanes`; −1: it concerns no one of them alone. */
  readonly lane: number;
  /** A few words for the diagram; empty: not drawn. */
  readonly label: string;
  /** What follows the name of its lane; of a fault what it did, of a belief all of it, of the break the checker's sentence. */
  readonly text: string;
  /** An operation of the first anomaly's witness. */
  readonly isWitness: boolean;
  /** Row of {@link OperationColumns}; −1 where it is none. */
  readonly operation: number;
}

export interface StoryMessage {
  /** Places in `lanes`. */
  readonly from: number;
  readonly to: number;
  /** Nanoseconds since the run began. */
  readonly sent: number;
  /** Null: never. */
  readonly arrived: number | null;
  /** `dropped`: the network refused it; `unseen`: nobody was there to take it, or the run ended first. */
  readonly fate: 'arrived' | 'dropped' | 'unseen';
  readonly text: string;
}

/** This run beside the one before it of the same test. */
export interface Comparison {
  /** The name of its run directory. */
  readonly run: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly gitRevision: string | null;
  readonly rows: readonly ComparisonRow[];
}

export interface ComparisonRow {
  readonly name: string;
  readonly previous: string;
  readonly now: string;
  /** Null: neither is better. */
  readonly change: 'better' | 'worse' | 'same' | null;
}

export interface ReportData {
  readonly version: typeof REPORT_DATA_VERSION;
  /** `raft register, seed 7` */
  readonly title: string;
  readonly verdict: VerdictWord;
  /** One line: `Consistency violated: nonlinearizable on key k3`. */
  readonly headline: string;
  /** What that means for the reader, one or two sentences. */
  readonly meaning: string;
  /** The run in a line: system, workload, nemeses, cluster, seed, … */
  readonly facts: readonly Field[];
  /** What limits the verdict: faults without effect, functions that never succeeded, undecided checkers. */
  readonly notes: readonly string[];
  readonly verdicts: readonly VerdictRow[];
  readonly anomalies: readonly AnomalyRow[];
  /** What the options allow: told, not judged. */
  readonly allowed: readonly AnomalyRow[];
  /** Length of the run in nanoseconds. */
  readonly duration: number;
  readonly nodes: readonly string[];
  readonly threads: number;
  readonly texts: readonly string[];
  readonly operations: OperationColumns;
  readonly faults: readonly FaultRow[];
  /** Of small simulated runs only. */
  readonly story: Story | null;
  readonly roles: readonly RoleSpan[];
  /** How far each node had committed; of brokers, in the log of the metadata. */
  readonly commits: readonly Track[];
  readonly partitions: readonly PartitionLane[];
  readonly functions: readonly FunctionRow[];
  readonly errors: readonly ErrorRow[];
  /** Longest time without any `ok` completion. */
  readonly longestSilence: { readonly start: number; readonly end: number } | null;
  /** Shares in 0 … 1 of operations that the system answered; null where none was invoked. */
  readonly answeredShare: { readonly duringFaults: number | null; readonly outsideFaults: number | null };
  /** Null when there is none to compare with. */
  readonly comparison: Comparison | null;
  readonly options: readonly Field[];
  /** What started the run, or judged the history. */
  readonly commandLine: string;
  /** Null of a history that others recorded: nobody can do it again. */
  readonly replayCommand: string | null;
  /** False of a run in real time: its command does it again, and nothing comes twice at the same nanosecond. */
  readonly replaysExactly: boolean;
  /** The terminal's summary, for pasting into an issue. */
  readonly summary: string;
}

/** What a page unpacks before it draws charts: most of the bytes of a long run. The rest is read at once. */
export const DETAILS = ['operations', 'texts', 'commits', 'partitions'] as const;
export type ReportDetails = Pick<ReportData, (typeof DETAILS)[number]>;
export type ReportSummary = Omit<ReportData, keyof ReportDetails>;
