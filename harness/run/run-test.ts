/**
 * The phases of a run, on any cluster:
 *
 *     start → main: clients and nemesis → heal every fault → quiet → final: clients alone → stop
 *
 * It records and injects; it judges nothing. A plan replaces the generators, and keeps the phases and their times.
 */
import type { Cluster } from '../cluster/cluster.ts';
import {
  anyOf,
  clients,
  type Generator,
  log,
  nemesis,
  planGenerator,
  timeLimit,
} from '../generator/index.ts';
import type { FaultEffect, Json, Operation } from '../history/operation.ts';
import type { Invocation } from '../interpreter/client.ts';
import { type Continuation, interpret } from '../interpreter/interpreter.ts';
import { HarnessError } from '../errors.ts';
import { msToNs, sToNs } from '../units.ts';
import type { PhaseTimes, Plan } from './plan.ts';
import type { RunInterrupt } from './run-interrupt.ts';
import type { TestDefinition } from './test-definition.ts';

/** What this module needs of a nemesis (nemeses/nemesis.ts has it). */
export interface BoundNemesis {
  invoke(invocation: Invocation): Promise<FaultEffect>;
  healAll(): Promise<readonly { readonly invocation: Invocation; readonly effect: FaultEffect }[]>;
}

/**
 * In real time: who cannot read back by then never will, and somebody waits. Simulated time costs nothing.
 */
const FINAL_LIMIT_S = 20;

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
  readonly interrupt?: RunInterrupt;
  /** Every operation of the history as it happens. */
  readonly onOperation: (operation: Operation) => void;
}

/**
 * Runs the phases; the cluster is stopped in any case. An interrupt ends the phase that it comes in and leaves out those
 * after it, except that faults are healed.
 */
export async function runTest(options: RunTestOptions): Promise<PhaseTimes> {
  const { cluster, interrupt } = options;
  // Simulated nodes start in no time, and their promises may not be waited for beside the scheduler's.
  const isRealTime = cluster.kind !== 'sim';
  try {
    const started = cluster.start();
    await (isRealTime && interrupt !== undefined ? orInterrupted(started, interrupt) : started);
    return await runPhases(options);
  } finally {
    await cluster.stop();
  }
}

/** @throws HarnessError `interrupted` when nodes are still starting by then: there is nothing to judge */
function orInterrupted(started: Promise<void>, interrupt: RunInterrupt): Promise<void> {
  // What goes wrong with the start after that is nobody's news.
  started.catch(() => undefined);
  return new Promise((resolve, reject) => {
    started.then(resolve, reject);
    const give = (): void =>
      reject(new HarnessError('interrupted', 'interrupted while the nodes were starting: nothing to judge'));
    if (interrupt.requested) give();
    else interrupt.onRequest(give);
  });
}

async function runPhases(options: RunTestOptions): Promise<PhaseTimes> {
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
    generator: plan === undefined ? mainGenerator(options) : plannedMain(plan),
  });
  const healTime = clock.now();
  const healed = await heal(options, main.continuation);

  const quietNs =
    plan === undefined || plan.finalTime === null ? sToNs(test.quietS) : plan.finalTime - clock.now();
  await rest(options, quietNs);
  const finalGenerator = plan === undefined ? options.finalGenerator : planGenerator(plan.final);
  const phases = (finalTime: number | null): PhaseTimes => ({
    healTime,
    healIndex: main.continuation.nextIndex,
    finalTime,
    finalIndex: healed.nextIndex,
    interruptTime: options.interrupt?.time ?? null,
  });
  if (options.interrupt?.requested === true || finalGenerator === null || plan?.finalTime === null) {
    return phases(null);
  }
  const finalTime = clock.now();
  await interpret({
    ...common,
    nemesis: null,
    generator: clients(cluster.kind === 'sim' ? finalGenerator : timeLimit(FINAL_LIMIT_S, finalGenerator)),
    continueFrom: healed,
  });
  return phases(finalTime);
}

function mainGenerator({ test, clientGenerator, faults }: RunTestOptions): Generator {
  const work = clients(clientGenerator);
  return timeLimit(test.timeLimitS, faults === null ? work : anyOf(work, nemesis(faults.generator)));
}

/** Lasts as long as the phase did, not only to its last operation: clients are closed at its end, and nodes see that. */
function plannedMain({ main, healTime, interruptTime }: Plan): Generator {
  // An interrupt that ended the phase ends it again, after all else that happens at that time.
  const time = interruptTime !== null && interruptTime <= healTime ? healTime + 1 : healTime;
  return anyOf(planGenerator(main), { ...log('the plan of the phase with faults is over'), time });
}

/** Lets time pass, and no more of it after an interrupt. */
function rest({ cluster, interrupt }: RunTestOptions, durationNs: number): Promise<void> {
  if (durationNs <= 0 || interrupt?.requested === true) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = cluster.clock.setTimer(durationNs, resolve);
    interrupt?.onRequest(() => {
      timer.cancel();
      resolve();
    });
  });
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
