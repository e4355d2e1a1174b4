/**
 * A node as the harness starts it: a program that is given a Runtime and its configuration. The same program
 * runs in the simulator, as a child process and in a container.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Runtime } from './runtime.ts';

export interface NodeConfig {
  readonly name: string;
  /** All members of the cluster in order, this node included. */
  readonly peers: readonly string[];
  /** Options of the system, validated by it. */
  readonly options: { readonly [name: string]: Json };
  /** Names of the bugs that this node runs with. */
  readonly bugs: readonly string[];
}

/** A node that was asked to end has so long to do it in good order; then it is ended. */
export const SHUTDOWN_LIMIT_MS = 4_000;

/** A started node. */
export interface RunningNode {
  /** For people and for targets by role: at least `{role, term, leader}` where the system has them. */
  status(): NodeStatus;
  /** Asked to end: does what belongs to a good order (hands over, flushes), and then resolves. Absent: it just ends. */
  shutdown?(): Promise<void>;
  /** Throws with a sentence when the node's own state is impossible. Called after every step in `sim`. */
  invariants?(): void;
}

export interface NodeStatus {
  readonly role: string;
  readonly term: number;
  readonly leader: string | null;
  /** In real clusters operations and faults begin when no node says false. Where absent: once its role is known. */
  readonly isServing?: boolean;
  readonly [name: string]: Json;
}

/**
 * Starts a node on a fresh boot; recovery happens inside and calls `runtime.crash` on a disk it cannot trust.
 * Registering callbacks must be done before this returns.
 */
export type NodeProgram = (runtime: Runtime, config: NodeConfig) => RunningNode;
