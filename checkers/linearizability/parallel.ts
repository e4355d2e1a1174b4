/**
 * Hard keys searched by a crew, in rounds of slices that double, as without one: each hand searches its keys a slice
 * further, and when all have, the outcomes are heeded in the order of the keys. So verdict and anomalies do not depend
 * on how many hands there are, as long as memory suffices: each hand has its share of it.
 */
import type { CheckInput, Crew } from '../checker.ts';
import type { CrewMessage, SearchReport } from './crew.ts';
import type { Model } from './model.ts';
import type { Task } from './task.ts';

export interface ParallelOptions {
  readonly model: Model;
  readonly memoryBytes: number;
  readonly keepGoing: boolean;
  /** Of the first round. */
  readonly sliceSteps: number;
}

/** Decides what can be decided; true when time was up before. */
export async function searchInParallel(
  tasks: readonly Task[],
  input: CheckInput,
  crew: Crew,
  { model, memoryBytes, keepGoing, sliceSteps }: ParallelOptions,
): Promise<boolean> {
  const hands = Math.min(crew.size, tasks.length);
  const ask = async (hand: number, message: CrewMessage): Promise<readonly SearchReport[]> =>
    (await crew.ask(hand, message)) as readonly SearchReport[];
  const askAll = async (kind: 'run' | 'report', steps: number): Promise<readonly SearchReport[]> => {
    const answers = Array.from({ length: hands }, (_, hand) => {
      const ids = [...tasks.keys()].filter((id) => id % hands === hand && tasks[id]?.outcome === 'undecided');
      const message = kind === 'run' ? { kind, ids, steps } : { kind, ids };
      return ids.length === 0 ? Promise.resolve([]) : ask(hand, message);
    });
    return (await Promise.all(answers)).flat().sort((a, b) => a.id - b.id);
  };

  await Promise.all(
    tasks.map((task, id) => {
      const operations = task.handOver();
      const share = Math.floor(memoryBytes / hands);
      return ask(id % hands, { kind: 'open', id, model: model.name, operations, memoryBytes: share });
    }),
  );
  const isOverdue = input.isOverdue ?? (() => false);
  for (let steps = sliceSteps; tasks.some(({ outcome }) => outcome === 'undecided'); steps *= 2) {
    for (const report of await askAll('run', steps)) {
      const task = tasks[report.id] as Task;
      task.adopt(report);
      if (task.outcome === 'illegal' && !keepGoing) return false;
    }
    if (isOverdue()) {
      for (const report of await askAll('report', 0)) tasks[report.id]?.adopt(report);
      return tasks.some(({ outcome }) => outcome === 'undecided');
    }
  }
  return false;
}
