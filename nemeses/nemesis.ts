/**
 * A nemesis injects one family of faults, through the Cluster contract alone.
 *
 * Its operations go through the interpreter like a client's. An invocation's value is a {@link FaultRequest}:
 *
 *     f: 'cut'   {fault: 'partition', target: 'leader'}             begin; the nemesis chooses what that means now
 *     f: 'heal'  {fault: 'partition'}                               end what this nemesis has in force
 *     f: 'heal'  {fault: 'partition', faultId: 3}                   end it if it is fault 3
 *     f: 'cut'   {parameters: {fault: 'partition', faultId: 3, …}}  exactly what an effect's `parameters` say
 *
 * It completes with a FaultEffect whose `parameters` are explicit: with them as `{parameters}` a plan injects, or
 * ends, the same fault again under the same id, whatever the cluster is like by then.
 *
 * `fault` is the name of the nemesis. Several nemeses share a verb (`kill` and `power-loss` both answer `kill` and
 * `restart`), so in a composition the value's `fault` alone decides who answers; the verb says what is done.
 *
 * Each nemesis has at most one fault in force. To begin another, and to end one that is not in force, changes
 * nothing and completes with edge `instant` and `tookEffect: false`.
 */
import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import type { Generator } from '../harness/generator/generator.ts';
import type { FaultEffect, Json } from '../harness/history/operation.ts';
import type { Invocation } from '../harness/interpreter/client.ts';
import type { FaultLedger } from './fault-ledger.ts';

export interface NemesisOptions {
  /** Mean time between the end of one fault and the beginning of the next. */
  readonly intervalMs: number;
  readonly seed: number;
  /** Who holds what on this cluster; shared by all nemeses bound to it. A fresh one where absent. */
  readonly ledger?: FaultLedger;
}

/** `value` of an invocation. */
export type FaultRequest =
  | {
      readonly fault: string;
      /** On whom, or in which shape: words of the nemesis. */
      readonly target?: Json;
      readonly faultId?: number;
    }
  | { readonly parameters: ExplicitFault };

/** `parameters` of an effect: which fault, and on `begin` what it is, in fields of its own kind. */
export interface ExplicitFault {
  readonly fault: string;
  readonly faultId: number;
  readonly [name: string]: Json;
}

/** A nemesis bound to a cluster for one run. */
export interface Nemesis {
  /** Completes when the fault is in force (or over). Rejects with HarnessError `nemesis` when the cluster could not. */
  invoke(invocation: Invocation): Promise<FaultEffect>;
  /** Ends whatever is still in force; one invocation and effect for each, for the history. Idempotent. */
  healAll(): Promise<readonly HealedFault[]>;
}

export interface HealedFault {
  readonly invocation: Invocation;
  readonly effect: FaultEffect;
}

/**
 * What a nemesis disturbs. `healAll` of a composition ends faults in this order: machines are whole and nodes run before links heal, so
 * that nobody wakes late, and clocks come last because they are true again at once.
 */
export const LAYERS = ['machine', 'pause', 'process', 'network', 'clock'] as const;

export type Layer = (typeof LAYERS)[number];

export interface NemesisDefinition {
  /** The argument of `--nemesis`. Narrower forms (`partition-leader`, `kill-minority`) have names of their own. */
  readonly name: string;
  readonly summary: string;
  /** Absent: none, or several. */
  readonly layer?: Layer;
  /** The verbs that it answers: `['cut', 'heal']`. */
  readonly functions: readonly string[];
  readonly needs: readonly Capability[];
  bind(cluster: Cluster, options: NemesisOptions): Nemesis;
  /** An endless schedule of its faults. */
  generator(nodes: readonly string[], options: NemesisOptions): Generator;
}
