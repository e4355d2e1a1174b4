/**
 * What a run's figures look like: plain JSON, the contract between the statistics checker and whoever shows them.
 * Times are nanoseconds since the run began, durations nanoseconds, shares in 0 … 1 or null where nothing was counted.
 */

export interface StatisticsReport {
  readonly version: 1;
  /** From the beginning of the run to its last operation. */
  readonly durationNs: number;
  /** Client operations. */
  readonly total: Counts;
  /** In the order of the functions' first invocation. */
  readonly functions: readonly FunctionCounts[];
  /** Most frequent first. */
  readonly errors: readonly ErrorCount[];
  readonly rate: RateReport;
  readonly latencies: readonly LatencyRow[];
  readonly availability: AvailabilityReport;
  /** Who was elected when, from the trace; times are the nodes' own. */
  readonly leaders: readonly LeaderElection[];
  /** Elections after the first; null without a trace. */
  readonly leaderChanges: number | null;
  readonly faults: FaultReport;
  /** Sentences for people: what the run did not do that it seems to have done. */
  readonly warnings: readonly string[];
}

/** By outcome of the invocation; pending ones had no completion when the run ended. */
export interface Counts {
  readonly invoked: number;
  readonly ok: number;
  readonly fail: number;
  /** Of `fail`: evaluated and refused, as a compare-and-set that saw another value. The system was available. */
  readonly refused: number;
  readonly info: number;
  readonly pending: number;
}

export interface FunctionCounts extends Counts {
  readonly f: string;
}

export interface ErrorCount {
  readonly code: string;
  readonly type: 'fail' | 'info' | 'ok';
  readonly f: string;
  readonly count: number;
}

export interface RateReport {
  /** Completions of any type, and `ok` ones, a second between the first invocation and the last completion. */
  readonly completedPerS: number;
  readonly okPerS: number;
  /** Width of a bucket: one second, doubled until a long run fits. */
  readonly bucketNs: number;
  /** Completions by time; bucket i begins at i × bucketNs. */
  readonly ok: readonly number[];
  readonly fail: readonly number[];
  readonly info: readonly number[];
}

/** Latency of completions of one function and type, to three significant digits; `min` and `max` are exact. */
export interface LatencyRow {
  readonly f: string;
  readonly type: 'ok' | 'fail' | 'info';
  readonly count: number;
  readonly minNs: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly maxNs: number;
}

/** How well operations fared that were invoked in some stretch of time. */
export interface Availability {
  readonly invoked: number;
  /** Of those, how many completed `ok`, be it later. */
  readonly ok: number;
  readonly okShare: number | null;
  /** Those that were ok, and those that were refused: whom the system answered. Absent in files of older releases. */
  readonly answered: number;
  readonly answeredShare: number | null;
}

export interface Gap {
  readonly startNs: number;
  readonly endNs: number;
  readonly lengthNs: number;
}

export interface AvailabilityReport {
  readonly overall: Availability;
  /** While any fault was in force, and while none was. */
  readonly duringFaults: Availability;
  readonly outsideFaults: Availability;
  /** The longest time without an `ok` in which clients asked; null without clients. */
  readonly longestGap: Gap | null;
  readonly windows: readonly WindowAvailability[];
}

export interface WindowAvailability extends Availability {
  readonly faultId: number;
  readonly fault: string;
  readonly description: string;
  readonly startNs: number;
  /** Null while the run ended with the fault in force. */
  readonly endNs: number | null;
  readonly instant: boolean;
  readonly tookEffect: boolean | null;
  /** The longest time without an `ok` in which clients asked inside the window; null for an instant fault, or when none did. */
  readonly longestGap: Gap | null;
  /** How long clients asked from the end of the fault to the next `ok`; null when none came, or when it never ended. */
  readonly recoveryNs: number | null;
}

export interface LeaderElection {
  readonly timeNs: number;
  readonly node: string;
  readonly term: number;
}

export interface FaultReport {
  readonly count: number;
  readonly tookEffect: number;
  /** Nobody said: they were still in force when the run ended, or the nemesis did not observe them. */
  readonly unknown: number;
  readonly withoutEffect: readonly {
    readonly faultId: number;
    readonly fault: string;
    readonly description: string;
  }[];
  /** By name, in the order of their first fault. */
  readonly byFault: readonly {
    readonly fault: string;
    readonly count: number;
    readonly tookEffect: number;
  }[];
}
