/** Runs a workload to its verdicts, on clients in memory and a virtual clock. */
import type { Verdict } from '../../checkers/checker.ts';
import { clients, timeLimit } from '../../harness/generator/index.ts';
import { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Client, Completion, Invocation } from '../../harness/interpreter/client.ts';
import { interpret } from '../../harness/interpreter/interpreter.ts';
import { VirtualClock } from '../../harness/interpreter/testing/virtual-clock.ts';
import { randomStream } from '../../harness/random.ts';
import { msToNs, sToNs } from '../../harness/units.ts';
import { workloads } from '../index.ts';
import type { Workload, WorkloadContext } from '../workload.ts';

export interface Ran {
  readonly history: History;
  /** Index of the first operation of the final part. */
  readonly finalFrom: number;
  readonly verdicts: readonly Verdict[];
  /** Names of all anomalies. */
  readonly names: readonly string[];
}

export interface RunOptions {
  readonly options?: WorkloadContext['options'];
  readonly seed?: number;
  readonly seconds?: number;
  readonly concurrency?: number;
  /** Share of operations of the main part that are not answered, and of which half happen. */
  readonly doubt?: number;
}

const NODES = ['n1', 'n2', 'n3'];
const RATE = 50;

/** @param open - a client */
export async function runWorkload(
  name: string,
  open: () => Client,
  { options = {}, seed = 1, seconds = 20, concurrency = 5, doubt = 0 }: RunOptions = {},
): Promise<Ran> {
  const workload = workloads.get(name) as Workload;
  const defaults = Object.fromEntries(workload.options.map((option) => [option.name, option.default]));
  const prepared = workload.prepare({
    nodes: NODES,
    concurrency,
    rate: RATE,
    options: { ...defaults, ...options },
  });
  const clock = new VirtualClock();
  const random = randomStream(seed, 'clients');
  const operations: Operation[] = [];
  let isFinal = false;
  const common = {
    clock,
    openClient: () =>
      Promise.resolve(
        slow(
          open(),
          clock,
          () => random.float(),
          () => (isFinal ? 0 : doubt),
        ),
      ),
    nemesis: null,
    nodes: NODES,
    concurrency,
    seed,
    operationTimeoutNs: sToNs(5),
    onOperation: (operation: Operation): void => void operations.push(operation),
  };
  const main = await clock.run(
    interpret({ ...common, generator: clients(timeLimit(seconds, prepared.generator)) }),
  );
  const finalFrom = operations.length;
  isFinal = true;
  if (prepared.finalGenerator !== null) {
    const continueFrom = main.continuation;
    await clock.run(interpret({ ...common, generator: clients(prepared.finalGenerator), continueFrom }));
  }
  const history = new History(operations);
  const verdicts = prepared.checkers.map((checker) => checker.check({ history }));
  return {
    history,
    finalFrom,
    verdicts,
    names: verdicts.flatMap(({ anomalies }) => anomalies.map((it) => it.name)),
  };
}

/** Answers take time; some never come. */
function slow(client: Client, clock: VirtualClock, draw: () => number, doubt: () => number): Client {
  return {
    invoke: async (invocation: Invocation): Promise<Completion> => {
      await clock.sleep(msToNs(1 + 10 * draw()));
      if (draw() < doubt()) {
        if (draw() < 0.5) await client.invoke(invocation);
        return { type: 'info', error: { code: 'no-answer' } };
      }
      const completion = await client.invoke(invocation);
      await clock.sleep(msToNs(1 + 10 * draw()));
      return completion;
    },
    close: () => client.close(),
  };
}
