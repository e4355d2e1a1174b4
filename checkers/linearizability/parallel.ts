/**
 * Hard keys searched by a crew, in rounds of slices that double, as without one: each hand searches its keys a slice
 * further, and when all have, the outcomes are heeded in the order of the keys. So verdict and anomalies do not depend
 * on how many hands there are, as long as memory suffices: each hand has its share of it. And as long as time does: it
 * ends in the middle of a round.
 *
 * Where no hand can be had, nothing is lost but time; the keys of one that fails later are undecided.
 */
import type { CheckInput, Crew } from '../checker.ts';
import type { CrewMessage, SearchReport } from './crew.ts';
import type { Model } from './model.ts';
import type { Task } from './task.ts';
import { messageOf } from '../../harness/errors.ts';

export interface ParallelOptions {
  readonly model: Model;
  readonly memoryBytes: number;
  readonly keepGoing: boolean;
  /** Of the first round. */
  readonly sliceSteps: number;
}

export type ParallelEnd = 'searched' | 'overdue' | 'no-crew';

/** Decides what can be decided. */
export async function searchInParallel(
  tasks: readonly Task[],
  input: CheckInput,
  crew: Crew,
  { model, memoryBytes, keepGoing, sliceSteps }: ParallelOptions,
): Promise<ParallelEnd> {
  const hands = Math.min(crew.size, tasks.length);
  const ask = async (hand: number, message: CrewMessage): Promise<readonly SearchReport[]> =>
    (await crew.ask(hand, message)) as readonly SearchReport[];
  const askAll = async (kind: 'run' | 'report', steps: number): Promise<readonly SearchReport[]> => {
    const answers = Array.from({ length: hands }, async (_, hand) => {
      const ids = [...tasks.keys()].filter((id) => id % hands === hand && tasks[id]?.outcome === 'undecided');
      if (ids.length === 0) return [];
      try {
        return await ask(hand, kind === 'run' ? { kind, ids, steps } : { kind, ids });
      } catch (error) {
        for (const id of ids) tasks[id]?.fail(messageOf(error));
        return [];
      }
    });
    return (await Promise.all(answers)).flat().sort((a, b) => a.id - b.id);
  };

  const share = Math.floor(memoryBytes / hands);
  const opening = tasks.map((task, id) =>
    ask(id % hands, {
      kind: 'open',
      id,
      model: model.name,
      operations: task.partition.operations,
      memoryBytes: share,
    }),
  );
  const opened = await Promise.allSettled(opening);
  if (opened.some(({ status }) => status === 'rejected')) return 'no-crew';
  for (const task of tasks) task.handOver();
  const isOverdue = input.isOverdue ?? (() => false);
  for (let steps = sliceSteps; tasks.some(({ outcome }) => outcome === 'undecided'); steps *= 2) {
    for (const report of await askAll('run', steps)) {
      const task = tasks[report.id] as Task;
      task.adopt(report);
      if (task.outcome === 'illegal' && !keepGoing) return 'searched';
    }
    if (isOverdue()) {
      for (const report of await askAll('report', 0)) tasks[report.id]?.adopt(report);
      return tasks.some(({ outcome }) => outcome === 'undecided') ? 'overdue' : 'searched';
    }
  }
  return 'searched';
}
