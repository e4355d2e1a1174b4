/**
 * A nemesis injects one family of faults, through the Cluster contract alone.
 *
 * Its operations go through the interpreter like a client's: the generator proposes
 * `{f: 'cut', value: {target: 'leader'}}`, the nemesis resolves the target against the cluster as it is now,
 * injects the fault and completes with a FaultEffect whose `parameters` are explicit. An invocation whose value
 * is `{parameters}` is injected as it stands: that is how a plan replays.
 */
import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import type { Generator } from '../harness/generator/generator.ts';
import type { FaultEffect } from '../harness/history/operation.ts';
import type { Invocation } from '../harness/interpreter/client.ts';

export interface NemesisOptions {
  /** Mean time between the end of one fault and the beginning of the next. */
  readonly intervalMs: number;
  readonly seed: number;
}

/** A nemesis bound to a cluster for one run. */
export interface Nemesis {
  /** Completes when the fault is in force (or over). Rejects with HarnessError `nemesis` when the cluster could not. */
  invoke(invocation: Invocation): Promise<FaultEffect>;
  /** Ends whatever is still in force; one invocation and effect for each, for the history. Idempotent. */
  healAll(): Promise<readonly { readonly invocation: Invocation; readonly effect: FaultEffect }[]>;
}

export interface NemesisDefinition {
  /** The argument of `--nemesis`. */
  readonly name: string;
  readonly summary: string;
  /** The verbs that it answers: `['cut', 'heal']`. */
  readonly functions: readonly string[];
  readonly needs: readonly Capability[];
  /** Ready-made narrower forms: `partition-leader`, `kill-minority`, … each a name of its own on the command line. */
  bind(cluster: Cluster, options: NemesisOptions): Nemesis;
  /** An endless schedule of its faults. */
  generator(nodes: readonly string[], options: NemesisOptions): Generator;
}
