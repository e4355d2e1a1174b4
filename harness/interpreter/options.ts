/**
 * What the interpreter is given, and what it returns.
 */
import type { Clock } from '../cluster/cluster.ts';
import type { GeneratorLike } from '../generator/index.ts';
import type { FaultEffect, Operation } from '../history/operation.ts';
import type { Invocation } from './client.ts';
import type { OpenClient } from './worker.ts';

/** Asks for an early end: Ctrl-C. */
export interface Interrupt {
  readonly requested: boolean;
  /** Called at most once, when it is requested. */
  onRequest(callback: () => void): void;
}

/** Where a part of a run left off, for the next part. */
export interface Continuation {
  readonly nextIndex: number;
  readonly nextProcess: number;
  readonly nextClientId: number;
}

export interface InterpretOptions {
  readonly clock: Clock;
  readonly generator: GeneratorLike;
  /** Rejects when the client cannot be opened. `clientId` is unique in the run, also among failed attempts. */
  readonly openClient: OpenClient;
  /** Null: there is no nemesis thread. */
  readonly nemesis: { invoke(invocation: Invocation): Promise<FaultEffect> } | null;
  readonly nodes: readonly string[];
  /** Client threads. */
  readonly concurrency: number;
  readonly seed: number;
  readonly operationTimeoutNs: number;
  /** Faults may take longer than operations: a restart waits for the node. 60 s when absent. */
  readonly nemesisTimeoutNs?: number;
  /** How long operations in flight may go on after an interrupt. 1 s, or the operation's timeout if that is less, when absent. */
  readonly interruptGraceNs?: number;
  /** Every operation of the history, in order, as it happens. What it throws ends the run. */
  readonly onOperation: (operation: Operation) => void;
  /** What `log` generators say. */
  readonly onLog?: (message: string) => void;
  readonly interrupt?: Interrupt;
  /** From the earlier part of the same run, so that indexes, processes and client ids go on. */
  readonly continueFrom?: Continuation;
}

export interface InterpretResult {
  readonly interrupted: boolean;
  readonly continuation: Continuation;
}
