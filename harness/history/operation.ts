/**
 * One record of a history. An invocation and its completion are two operations of one process:
 *
 *     {"index":0,"time":1200,"process":3,"type":"invoke","f":"cas","key":"x","value":[1,2]}
 *     {"index":1,"time":9800,"process":3,"type":"ok","f":"cas","key":"x","value":[1,2],"node":"n2"}
 *
 * - `ok`: it happened. `fail`: it certainly did not. `info`: unknown; the process is retired after it.
 * - `value` has the same shape in the invocation and the completion; a read is invoked with `null` and
 *   completes with what it saw. The shapes of the standard functions:
 *   `read` null → value · `write` value · `cas` [expected, new] · `append` string or element ·
 *   `add` number · `delete` null.
 * - A `cas` that the system evaluated and refused is `fail` with error code `precondition-failed`: it
 *   took no effect *and* observed a value other than `expected`. Any other `fail` observed nothing.
 * - The nemesis is process `'nemesis'`. Its operations are `invoke`, then `ok` with the effect in
 *   `value` (a {@link FaultEffect}), or `info` when the cluster could not say what happened.
 */

export type OperationType = 'invoke' | 'ok' | 'fail' | 'info';

/** A logical single-threaded client, or the nemesis. */
export type ProcessId = number | 'nemesis';

/** A JSON value; what operations carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface OperationError {
  /** A code of the system's error table, or one of the harness: `timeout`, `client-crashed`, … */
  readonly code: string;
  readonly message?: string;
}

/** Where the system says it put an operation: a Raft (term, index), a log offset, a store's revision. */
export interface Position {
  readonly index: number;
  readonly term?: number;
}

export interface Operation {
  /** Place in the history, from 0, without gaps. */
  readonly index: number;
  /** Monotonic nanoseconds since the run began. */
  readonly time: number;
  readonly process: ProcessId;
  readonly type: OperationType;
  /** What is done: `read`, `write`, `cas`, …; for the nemesis the fault's verb: `cut`, `heal`, `kill`, … */
  readonly f: string;
  readonly key?: string | number;
  readonly value: Json;
  readonly error?: OperationError;
  /** The node that the client was connected to. */
  readonly node?: string;
  /** On `ok`, where the system reports it. */
  readonly position?: Position;
  /** Made at the end, when everybody had stopped changing things: as who recorded it says (Maelstrom's `:final?`). */
  readonly isFinal?: true;
}

/**
 * `value` of a completed nemesis operation. A fault lasts from the operation whose `edge` is `begin` to the
 * one with the same `faultId` and edge `end`; an `instant` fault (a clock bump) has no duration.
 */
export interface FaultEffect {
  /** Counts from 1 in the run; pairs the beginning and the end. */
  readonly faultId: number;
  /** Which nemesis: `partition`, `kill`, `pause`, `clock`, `slow`, `lossy`, … */
  readonly fault: string;
  readonly edge: 'begin' | 'end' | 'instant';
  /** Nodes that it concerns, sorted. */
  readonly nodes: readonly string[];
  /** For people: `isolated n3 (the leader) from n1, n2, n4, n5`. */
  readonly description: string;
  /** The explicit parameters, enough to inject it again: a grudge, an offset in ms, probabilities, … */
  readonly parameters: Json;
  /**
   * What was seen of it, on `end` and `instant`: counters such as `messagesDropped`, `timersDeferred`,
   * `unsyncedBytesLost`. Absent on `begin`.
   */
  readonly observed?: { readonly [counter: string]: number };
  /** On `end` and `instant`: whether it changed anything that a node could notice. */
  readonly tookEffect?: boolean;
}
