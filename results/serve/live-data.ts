/** What the page of a run in progress is told, as often as it changes: the contract with its script. */
export interface LiveData {
  /** `running`, or what became of it. */
  readonly outcome: string;
  /** Of the run, not of the clock on the wall. */
  readonly timeText: string;
  readonly invoked: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  /** Completions that were ok, in the last whole second of the run. */
  readonly okPerS: number;
  /** Ok, fail and info of the last seconds of the run, oldest first; as many as {@link RATE_SECONDS}, or fewer. */
  readonly seconds: readonly (readonly [ok: number, fail: number, info: number])[];
  readonly leader: string;
  /** Faults in force, in words. */
  readonly faults: readonly string[];
  /** Newest first. */
  readonly operations: readonly string[];
  readonly events: readonly string[];
  /** Lines that are no record. */
  readonly unreadable: number;
}

export const RATE_SECONDS = 60;
