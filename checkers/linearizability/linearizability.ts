/**
 * The linearizability checker: is there one order of all operations that fits real time and a sequential model?
 *
 *     linearizability({ model: casRegister }).check({ history })
 *     // { valid: false, anomalies: [{ name: 'nonlinearizable', explanation: 'Read of x returned 1 by …' }], … }
 *
 * Linearizability is local: each key is judged alone. Keys are searched in turn, in slices that double, so that one
 * hard key cannot hide an illegal one; what the first slice did not decide is first put to the model's cheap
 * refutations. Time and memory are bounded: what could not be decided is `unknown` with the reason.
 */
import type { Anomaly, Checker, CheckInput, Verdict } from '../checker.ts';
import type { Json } from '../../harness/history/operation.ts';
import { MemoryBudget, MemoryExhausted } from './memory.ts';
import type { Model, Refutation } from './model.ts';
import { NEVER, partitionHistory } from './problem.ts';
import type { Partition } from './problem.ts';
import { Search } from './search.ts';
import { describeViolation, nameOf } from './witness.ts';

export interface LinearizabilityOptions {
  readonly model: Model;
  /** What the search's tables may take together. */
  readonly memoryBytes?: number;
  /** Goes on after the first key that is not linearizable, and reports all. */
  readonly keepGoing?: boolean;
}

const DEFAULT_MEMORY_BYTES = 1 << 30;
/** Decides nearly every key of nearly every history. */
const FIRST_SLICE_STEPS = 1 << 13;
/** Between two questions whether time is up: some milliseconds. */
const STEPS_BETWEEN_CLOCKS = 1 << 15;

type Outcome = 'legal' | 'illegal' | 'out-of-memory' | 'undecided';

/** One key on its way to a verdict. The search is dropped when it is decided. */
class Task {
  readonly partition: Partition;
  search: Search | null = null;
  anomaly: Anomaly | null = null;
  refuted: string | null = null;
  steps = 0;
  configurations = 0;
  states = 0;
  #outcome: Outcome = 'undecided';
  readonly #model: Model;
  readonly #budget: MemoryBudget;
  #close: () => void = () => {};

  constructor(model: Model, partition: Partition, budget: MemoryBudget) {
    this.#model = model;
    this.partition = partition;
    this.#budget = budget;
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  /** Searches for about so many steps more. */
  advance(steps: number): void {
    try {
      if (this.search === null) {
        const account = this.#budget.open(() => this.#giveUp());
        this.#close = () => account.close();
        this.search = new Search(this.#model, this.partition.operations, account);
      }
      const found = this.search.run(steps);
      if (found === 'illegal') this.condemn(this.#refutation());
      else if (found === 'legal') this.#decide('legal');
    } catch (error) {
      if (!(error instanceof MemoryExhausted)) throw error;
      this.#giveUp();
      this.#close();
    }
  }

  /** Asks the model for a proof that needs no search. */
  refute(): void {
    const refutation = this.#refutation();
    if (refutation !== null) this.condemn(refutation);
  }

  condemn(refutation: Refutation | null): void {
    const exhausted = this.search?.outcome === 'illegal';
    const furthest = this.search?.furthest() ?? null;
    this.anomaly = describeViolation(this.#model, this.partition, furthest, exhausted, refutation);
    if (!exhausted) this.refuted = refutation?.test ?? null;
    this.#decide('illegal');
  }

  #refutation(): Refutation | null {
    const name = nameOf(this.partition.key, this.#model);
    return this.#model.refute?.(this.partition.operations, name) ?? null;
  }

  #giveUp(): void {
    this.#outcome = 'out-of-memory';
    this.#drop();
  }

  #decide(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#drop();
    this.#close();
  }

  #drop(): void {
    this.steps = this.search?.steps ?? this.steps;
    this.configurations = this.search?.configurations ?? this.configurations;
    this.states = this.search?.states ?? this.states;
    this.search = null;
  }
}

/** The checker of one model; see the module's head. Its `check` throws HarnessError `bad-history` when the history holds what the model does not know. */
export function linearizability(options: LinearizabilityOptions): Checker {
  const { model, memoryBytes = DEFAULT_MEMORY_BYTES, keepGoing = false } = options;
  return {
    name: 'linearizability',
    check: (input) => {
      const budget = new MemoryBudget(memoryBytes);
      const partitions = partitionHistory(input.history, model);
      const tasks = partitions.map((partition) => new Task(model, partition, budget));
      const overdue = searchAll(tasks, input, keepGoing);
      return conclude(model, tasks, budget, overdue);
    },
  };
}

/** Decides what can be decided; true when time was up before. */
function searchAll(tasks: readonly Task[], input: CheckInput, keepGoing: boolean): boolean {
  const isOverdue = input.isOverdue ?? (() => false);
  let sliceSteps = FIRST_SLICE_STEPS;
  for (let round = 0; ; round++) {
    const open = tasks.filter((task) => task.outcome === 'undecided');
    if (open.length === 0) return false;
    for (const [i, task] of open.entries()) {
      for (let steps = 0; steps < sliceSteps && task.outcome === 'undecided'; steps += STEPS_BETWEEN_CLOCKS) {
        if (isOverdue()) return true;
        task.advance(Math.min(sliceSteps, STEPS_BETWEEN_CLOCKS));
      }
      if (round === 0) {
        if (task.outcome === 'undecided' || task.outcome === 'out-of-memory') task.refute();
        input.onProgress?.((i + 1) / open.length);
      }
      if (task.anomaly !== null && !keepGoing) return false;
    }
    sliceSteps *= 2;
  }
}

function conclude(model: Model, tasks: readonly Task[], budget: MemoryBudget, overdue: boolean): Verdict {
  const withOutcome = (outcome: Outcome): Task[] => tasks.filter((task) => task.outcome === outcome);
  const anomalies = tasks.flatMap((task) => (task.anomaly === null ? [] : [task.anomaly]));
  const common = { checker: 'linearizability', anomalies, statistics: statisticsOf(model, tasks, budget) };
  if (anomalies.length > 0) return { ...common, valid: false };

  const starved = withOutcome('out-of-memory');
  const unfinished = overdue ? withOutcome('undecided') : [];
  const hardest = [...starved, ...unfinished].sort((a, b) => stepsOf(b) - stepsOf(a))[0];
  if (hardest !== undefined) {
    const unknowns = hardest.partition.operations.filter(({ returnedAt }) => returnedAt === NEVER).length;
    const cause = starved.length > 0 ? `the memory budget of ${budget.limitBytes} bytes` : 'the time budget';
    return {
      ...common,
      valid: 'unknown',
      reason:
        `${cause} was used up with ${starved.length + unfinished.length} of ${tasks.length} partitions undecided ` +
        `(the hardest: ${nameOf(hardest.partition.key, model)}, ${hardest.partition.operations.length} operations, ` +
        `${unknowns} of unknown outcome, ${stepsOf(hardest)} steps); raise it, or run with fewer operations a key ` +
        `or fewer clients`,
    };
  }
  const proves = tasks.some((task) => task.partition.operations.some(({ call }) => call.outcome === 'ok'));
  if (!proves) {
    return {
      ...common,
      valid: 'unknown',
      reason: `vacuous: no operation of the model ${model.name} completed ok, so the history proves nothing`,
    };
  }
  return { ...common, valid: true };
}

const stepsOf = (task: Task): number => task.search?.steps ?? task.steps;

function statisticsOf(model: Model, tasks: readonly Task[], budget: MemoryBudget): Json {
  const sum = (value: (task: Task) => number): number =>
    tasks.reduce((total, task) => total + value(task), 0);
  const count = (outcome: Outcome): number => sum((task) => (task.outcome === outcome ? 1 : 0));
  return {
    model: model.name,
    algorithm: 'Wing-Gong-Lowe search',
    partitions: tasks.length,
    operations: sum((task) => task.partition.operations.length),
    unknownOperations: sum(
      (task) => task.partition.operations.filter(({ returnedAt }) => returnedAt === NEVER).length,
    ),
    legal: count('legal'),
    illegal: count('illegal'),
    undecided: count('undecided') + count('out-of-memory'),
    refutedWithoutSearch: sum((task) => (task.refuted === null ? 0 : 1)),
    steps: sum(stepsOf),
    cacheEntries: sum((task) => task.search?.configurations ?? task.configurations),
    states: sum((task) => task.search?.states ?? task.states),
    peakTableBytes: budget.peakBytes,
  };
}
