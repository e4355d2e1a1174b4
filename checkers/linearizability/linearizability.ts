/**
 * The linearizability checker: is there one order of all operations that fits real time and a sequential model?
 *
 *     linearizability({ model: casRegister }).check({ history })
 *     // { valid: false, anomalies: [{ name: 'nonlinearizable', explanation: 'Read of x returned 1 by …' }], … }
 *
 * Linearizability is local: each key is judged alone, first by what its values tell of the order (lineage.ts), then
 * by search. Keys are searched in turn, in slices that double, so that one hard key cannot hide an illegal one. Time
 * and memory are bounded: what could not be decided is `unknown` with the reason.
 */
import type { Checker, CheckInput, Verdict } from '../checker.ts';
import { Explainer } from './explanation/index.ts';
import { MemoryBudget } from './memory.ts';
import type { Model } from './model.ts';
import { models } from './models/index.ts';
import { searchInParallel } from './parallel.ts';
import { NEVER, partitionHistory } from './problem.ts';
import { Task } from './task.ts';
import type { Outcome } from './task.ts';
import { describeProgress, nameOf } from './witness.ts';

export interface LinearizabilityOptions {
  readonly model: Model;
  /** What the search's tables may take together. */
  readonly memoryBytes?: number;
  /** Goes on after the first key that is not linearizable, and reports all. */
  readonly keepGoing?: boolean;
  /**
   * Looks for few operations that show what is wrong, of the first keys that are not linearizable. That may take longer
   * than to find out that they are not. True by default.
   */
  readonly explain?: boolean;
}

const DEFAULT_MEMORY_BYTES = 1 << 30;
/** Decides nearly every key of nearly every history. */
const FIRST_SLICE_STEPS = 1 << 13;
/** A key that slices up to this have not decided is worth another thread: some 10 ms, or far more where states are large. */
const HARD_SLICE_STEPS = 1 << 15;
/** Undecided keys whose progress the statistics tell, the hardest first. */
const MAX_UNDECIDED_TOLD = 10;
/** Illegal keys that are explained; of further ones, the anomaly says what the verdict rests on. */
const MAX_EXPLAINED = 4;
/** Between two questions whether time is up: some milliseconds. */
const STEPS_BETWEEN_CLOCKS = 1 << 15;

/** The checker of one model; see the module's head. Its `check` throws HarnessError `bad-history` when the history holds what the model does not know. */
export function linearizability(options: LinearizabilityOptions): Checker {
  const { model, memoryBytes = DEFAULT_MEMORY_BYTES, keepGoing = false, explain = true } = options;
  const open = (input: CheckInput): { tasks: readonly Task[]; budget: MemoryBudget } => {
    const budget = new MemoryBudget(memoryBytes);
    const partitions = partitionHistory(input.history, model);
    return {
      budget,
      tasks: partitions.map((partition) => new Task(model, partition, budget, input.isOverdue)),
    };
  };
  const explainerOf = (input: CheckInput): Explainer | null =>
    explain ? new Explainer(input.isOverdue) : null;
  const checker: Checker = {
    name: 'linearizability',
    check: (input) => {
      const { tasks, budget } = open(input);
      const { isOverdue } = searchAll(tasks, input, keepGoing);
      return conclude(model, tasks, budget, isOverdue, sawClients(input), explainerOf(input));
    },
  };
  // Other threads know models by name.
  if (models.get(model.name) !== model) return checker;
  return {
    ...checker,
    checkInParallel: async (input, crew) => {
      const { tasks, budget } = open(input);
      const { isOverdue, nextSliceSteps } = searchAll(tasks, input, keepGoing, HARD_SLICE_STEPS);
      let wasOverdue = isOverdue;
      if (nextSliceSteps !== null) {
        const hard = tasks.filter(({ outcome }) => outcome === 'undecided');
        // Over there they begin again: first as far as they have come here, and the next slice.
        const sliceSteps = 2 * nextSliceSteps - FIRST_SLICE_STEPS;
        const end = await searchInParallel(hard, input, crew, { model, memoryBytes, keepGoing, sliceSteps });
        wasOverdue = end === 'overdue';
        if (end === 'no-crew') {
          wasOverdue = searchAll(tasks, input, keepGoing, Infinity, nextSliceSteps).isOverdue;
        }
      }
      return conclude(model, tasks, budget, wasOverdue, sawClients(input), explainerOf(input));
    },
  };
}

const sawClients = ({ history }: CheckInput): boolean =>
  history.operations.some(({ process }) => process !== 'nemesis');

interface Searched {
  /** Time was up before everything was decided. */
  readonly isOverdue: boolean;
  /** Of the slices that were left to be searched, where there was a limit; null when all is done. */
  readonly nextSliceSteps: number | null;
}

/** Decides what can be decided, with slices up to a limit. */
function searchAll(
  tasks: readonly Task[],
  input: CheckInput,
  keepGoing: boolean,
  maxSliceSteps = Infinity,
  firstSliceSteps = FIRST_SLICE_STEPS,
): Searched {
  const isOverdue = input.isOverdue ?? (() => false);
  let sliceSteps = firstSliceSteps;
  for (let round = 0; ; round++) {
    const open = tasks.filter((task) => task.outcome === 'undecided');
    if (open.length === 0) return { isOverdue: false, nextSliceSteps: null };
    if (sliceSteps > maxSliceSteps) return { isOverdue: false, nextSliceSteps: sliceSteps };
    for (const [i, task] of open.entries()) {
      for (let steps = 0; steps < sliceSteps && task.outcome === 'undecided'; steps += STEPS_BETWEEN_CLOCKS) {
        if (isOverdue()) return { isOverdue: true, nextSliceSteps: null };
        task.advance(Math.min(sliceSteps, STEPS_BETWEEN_CLOCKS));
      }
      if (round === 0) input.onProgress?.((i + 1) / open.length);
      if (task.outcome === 'illegal' && !keepGoing) return { isOverdue: false, nextSliceSteps: null };
    }
    sliceSteps *= 2;
  }
}

function conclude(
  model: Model,
  tasks: readonly Task[],
  budget: MemoryBudget,
  overdue: boolean,
  sawClients: boolean,
  explainer: Explainer | null,
): Verdict {
  const withOutcome = (outcome: Outcome): Task[] => tasks.filter((task) => task.outcome === outcome);
  const anomalies = withOutcome('illegal').map((task, i) =>
    task.anomaly(i < MAX_EXPLAINED ? explainer : null),
  );
  const starved = withOutcome('out-of-memory');
  const unfinished = overdue ? withOutcome('undecided') : [];
  const failed = withOutcome('failed');
  const undecided = [...failed, ...starved, ...unfinished].sort((a, b) => b.figures.steps - a.figures.steps);
  const undecidedKeys = undecided
    .slice(0, MAX_UNDECIDED_TOLD)
    .map((task) => describeProgress(task.partition, task.furthest));
  const statistics = statisticsOf(model, tasks, budget);
  const common = {
    checker: 'linearizability',
    anomalies,
    statistics: undecided.length === 0 ? statistics : { ...statistics, undecidedKeys },
  };
  if (anomalies.length > 0) return { ...common, valid: false };

  const [hardest] = undecided;
  if (hardest !== undefined) {
    const unknowns = hardest.partition.operations.filter(({ returnedAt }) => returnedAt === NEVER).length;
    const { failure } = failed[0] ?? { failure: null };
    const memory = `the memory budget of ${budget.limitBytes} bytes was used up`;
    const cause =
      failure !== null
        ? `a thread that searched ended (${failure})`
        : starved.length > 0
          ? memory
          : 'the time budget was used up';
    const size = hardest.partition.operations.length;
    return {
      ...common,
      valid: 'unknown',
      reason:
        `${cause} with ${undecided.length} of ${tasks.length} partitions undecided ` +
        `(the hardest: ${nameOf(hardest.partition.key, model)}, ${size} operations, ` +
        `${unknowns} of unknown outcome, ${hardest.figures.steps} steps); raise it, or run with fewer operations a key ` +
        `or fewer clients; an order of ${hardest.furthest?.prefix.length ?? 0} of its ${size} operations was found`,
    };
  }
  if (!sawClients) {
    return {
      ...common,
      valid: 'unknown',
      reason: `vacuous: the history holds no operation of a client, so it proves nothing`,
    };
  }
  return { ...common, valid: true };
}

function statisticsOf(model: Model, tasks: readonly Task[], budget: MemoryBudget) {
  const sum = (value: (task: Task) => number): number =>
    tasks.reduce((total, task) => total + value(task), 0);
  const count = (outcome: Outcome): number => sum((task) => (task.outcome === outcome ? 1 : 0));
  return {
    model: model.name,
    algorithm: countBy(tasks),
    precondition: Object.fromEntries(
      tasks.flatMap(({ algorithm, precondition }) =>
        algorithm === null || precondition === null ? [] : [[algorithm, precondition]],
      ),
    ),
    partitions: tasks.length,
    operations: sum((task) => task.partition.operations.length),
    unknownOperations: sum(
      (task) => task.partition.operations.filter(({ returnedAt }) => returnedAt === NEVER).length,
    ),
    legal: count('legal'),
    illegal: count('illegal'),
    undecided: count('undecided') + count('out-of-memory') + count('failed'),
    refutedWithoutSearch: sum((task) => (task.isRefutedWithoutSearch ? 1 : 0)),
    steps: sum((task) => task.figures.steps),
    cacheEntries: sum((task) => task.figures.configurations),
    states: sum((task) => task.figures.states),
    peakTableBytes: budget.peakBytes,
  };
}

/** How many partitions each algorithm decided, or is at. */
function countBy(tasks: readonly Task[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { algorithm } of tasks) {
    if (algorithm !== null) counts[algorithm] = (counts[algorithm] ?? 0) + 1;
  }
  return counts;
}
