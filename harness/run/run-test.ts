/**
 * The phases of a run, on any cluster:
 *
 *     start → main: clients and nemesis → heal every fault → quiet → final: clients alone → stop
 *
 * It records and injects; it judges nothing. A plan replaces the generators, and keeps the phases and their times.
 */
import type { Cluster } from '../cluster/cluster.ts';
import { anyOf, clients, type Generator, nemesis, planGenerator, timeLimit } from '../generator/index.ts';
import type { FaultEffect, Json, Operation } from '../history/operation.ts';
import type { Invocation } from '../interpreter/client.ts';
import { type Continuation, type Interrupt, interpret } from '../interpreter/interpreter.ts';
import { msToNs, sToNs } from '../units.ts';
import type { PhaseTimes, Plan } from './plan.ts';
import type { TestDefinition } from './test-definition.ts';

/** What this module needs of a nemesis (nemeses/nemesis.ts has it). */
export interface BoundNemesis {
  invoke(invocation: Invocation): Promise<FaultEffect>;
  healAll(): Promise<readonly { readonly invocation: Invocation; readonly effect: FaultEffect }[]>;
}

export interface RunTestOptions {
  readonly test: TestDefinition;
  readonly cluster: Cluster;
  /** What clients do in the main phase, and when all is healed and quiet. */
  readonly clientGenerator: Generator;
  readonly finalGenerator: Generator | null;
  /** Null: nothing is injected. */
  readonly faults: { readonly nemesis: BoundNemesis; readonly generator: Generator } | null;
  /** Instead of the generators. */
  readonly plan?: Plan;
  readonly interrupt?: Interrupt;
  /** Every operation of the history as it happens. */
  readonly onOperation: (operation: Operation) => void;
}

export interface RunTestResult extends PhaseTimes {
  readonly interrupted: boolean;
}

/** Runs the phases; the cluster is stopped in any case. */
export async function runTest(options: RunTestOptions): Promise<RunTestResult> {
  const { cluster } = options;
  try {
    await cluster.start();
    return await runPhases(options);
  } finally {
    await cluster.stop();
  }
}

async function runPhases(options: RunTestOptions): Promise<RunTestResult> {
  const { test, cluster, plan, faults, onOperation } = options;
  const { clock } = cluster;
  const common = {
    clock,
    openClient: (node: string, clientId: number) => cluster.openClient(node, clientId),
    nodes: test.nodes,
    concurrency: test.concurrency,
    seed: test.seed,
    operationTimeoutNs: msToNs(test.operationTimeoutMs),
    onOperation,
    ...(options.interrupt === undefined ? undefined : { interrupt: options.interrupt }),
  };

  const main = await interpret({
    ...common,
    nemesis: faults?.nemesis ?? null,
    generator: plan === undefined ? mainGenerator(options) : planGenerator(plan.main),
  });
  if (plan !== undefined) await sleepUntil(cluster, plan.healTime);
  const healTime = clock.now();
  const healed = await heal(options, main.continuation);
  if (main.interrupted) return { interrupted: true, healTime, finalTime: null };

  const finalGenerator = plan === undefined ? options.finalGenerator : planGenerator(plan.final);
  if (plan === undefined) await clock.sleep(sToNs(test.quietS));
  else if (plan.finalTime !== null) await sleepUntil(cluster, plan.finalTime);
  if (finalGenerator === null || plan?.finalTime === null)
    return { interrupted: false, healTime, finalTime: null };
  const finalTime = clock.now();
  const final = await interpret({
    ...common,
    nemesis: null,
    generator: clients(finalGenerator),
    continueFrom: healed,
  });
  return { interrupted: final.interrupted, healTime, finalTime };
}

function mainGenerator({ test, clientGenerator, faults }: RunTestOptions): Generator {
  const work = clients(clientGenerator);
  return timeLimit(test.timeLimitS, faults === null ? work : anyOf(work, nemesis(faults.generator)));
}

async function sleepUntil({ clock }: Cluster, timeNs: number): Promise<void> {
  if (timeNs > clock.now()) await clock.sleep(timeNs - clock.now());
}

/** Ends every fault that is still in force and records each end like any other operation of the nemesis. */
async function heal(
  { cluster, faults, onOperation }: RunTestOptions,
  from: Continuation,
): Promise<Continuation> {
  let index = from.nextIndex;
  for (const { invocation, effect } of (await faults?.nemesis.healAll()) ?? []) {
    const common = { time: cluster.clock.now(), process: 'nemesis' as const, f: invocation.f };
    onOperation({ ...common, index: index++, type: 'invoke', value: invocation.value });
    onOperation({ ...common, index: index++, type: 'ok', value: effect as unknown as Json });
  }
  return { ...from, nextIndex: index };
}
