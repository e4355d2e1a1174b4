/**
 * Judges parts of a partition, each from one of several states in which the object may have been: what the shrinking
 * asks, some hundreds of times. The work is bounded in steps of the search, so that equal histories have equal cores.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { traceLineage } from '../lineage.ts';
import type { Lineage } from '../lineage.ts';
import { MemoryBudget, MemoryExhausted } from '../memory.ts';
import type { Model } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';
import { Search } from '../search.ts';
import type { SearchOutcome } from '../search.ts';
import { orderFew } from './few.ts';

/** Each search of a part has so much for its tables. */
const MEMORY_BYTES = 1 << 27;
/** To set up a search takes so long for each operation. */
const STEPS_PER_OPERATION = 8;
/** Steps between two looks at the clock. */
const STEPS_A_SLICE = 1 << 14;

export class Effort {
  spent = 0;
  #steps: number;
  readonly #isOverdue: () => boolean;
  #isOver = false;

  /**
   * @param steps - of all searches together; setting one up counts as well
   * @param isOverdue - asked now and then: gives up before the steps are used up
   */
  constructor(steps: number, isOverdue: () => boolean) {
    this.#steps = steps;
    this.#isOverdue = isOverdue;
  }

  get isUsedUp(): boolean {
    if (this.#isOver || this.#steps <= 0) return true;
    return (this.#isOver = this.#isOverdue());
  }

  spend(steps: number): void {
    this.#steps -= steps;
    this.spent += steps;
  }
}

/** As Furthest of a search, with operations in the place of positions. */
export interface Reached {
  /** From which. */
  readonly world: World;
  readonly stuck: JudgedOperation | undefined;
  readonly prefix: readonly JudgedOperation[];
}

/** In which the operations begin. */
export interface World {
  readonly state: Json;
  /** Operations that have taken effect already. */
  readonly placed: ReadonlySet<JudgedOperation>;
}

export class SubHistories {
  readonly model: Model;
  readonly worlds: readonly World[];
  readonly effort: Effort;
  readonly #stepsEach: number;

  /**
   * @param worlds - in one of which the object was before the first operation
   * @param stepsEach - after which one judgement is given up
   */
  constructor(model: Model, worlds: readonly World[], effort: Effort, stepsEach: number) {
    this.model = model;
    this.worlds = worlds;
    this.effort = effort;
    this.#stepsEach = stepsEach;
  }

  /** Legal when they are linearizable in one of the worlds. */
  judge(operations: readonly JudgedOperation[]): SearchOutcome {
    let outcome: SearchOutcome = 'illegal';
    for (const world of this.worlds) {
      const found = this.#judgeFrom({ ...this.model, init: world.state }, remaining(operations, world));
      if (found === 'legal') return 'legal';
      if (found === 'undecided') outcome = 'undecided';
    }
    return outcome;
  }

  /** An order of other operations, as positions; null when there is none. */
  order(init: Json, operations: readonly JudgedOperation[]): readonly number[] | 'undecided' | null {
    const model = { ...this.model, init };
    if (orderFew(model, init, operations) === false) return null;
    const lineage = traceLineage(model, operations, '');
    if (lineage.refutation !== null) return null;
    const search = this.#search(model, operations, lineage);
    if (search === null) return 'undecided';
    return search.outcome === 'legal' ? search.furthest().prefix : null;
  }

  /** How far an order of illegal operations comes by the model alone, in the world in which it comes furthest. */
  furthest(operations: readonly JudgedOperation[]): Reached | null {
    let best: Reached | null = null;
    for (const world of this.worlds) {
      const rest = remaining(operations, world);
      const furthest = this.#search({ ...this.model, init: world.state }, rest, null)?.furthest();
      if (furthest === undefined || furthest.prefix.length <= (best?.prefix.length ?? -1)) continue;
      best = {
        world,
        prefix: furthest.prefix.map((position) => rest[position] as JudgedOperation),
        stuck: furthest.stuck === undefined ? undefined : rest[furthest.stuck],
      };
    }
    return best;
  }

  #judgeFrom(model: Model, operations: readonly JudgedOperation[]): SearchOutcome {
    const few = orderFew(model, model.init, operations);
    if (few !== null) {
      this.effort.spend(operations.length + 1);
      return few ? 'legal' : 'illegal';
    }
    const lineage = traceLineage(model, operations, '');
    if (lineage.refutation !== null) return 'illegal';
    return this.#search(model, operations, lineage)?.outcome ?? 'undecided';
  }

  /** A search that has come to an end; null when that takes too long. */
  #search(model: Model, operations: readonly JudgedOperation[], lineage: Lineage | null): Search | null {
    this.effort.spend(STEPS_PER_OPERATION * (operations.length + 1));
    const account = new MemoryBudget(MEMORY_BYTES).open(() => {});
    try {
      const search = new Search(model, operations, account, lineage);
      while (search.outcome === 'undecided') {
        if (search.cost >= this.#stepsEach || this.effort.isUsedUp) return null;
        const before = search.cost;
        search.run(Math.min(STEPS_A_SLICE, this.#stepsEach));
        this.effort.spend(search.cost - before + 1);
      }
      return search;
    } catch (error) {
      if (error instanceof MemoryExhausted) return null;
      throw error;
    } finally {
      account.close();
    }
  }
}

function remaining(operations: readonly JudgedOperation[], { placed }: World): readonly JudgedOperation[] {
  return placed.size === 0 ? operations : operations.filter((operation) => !placed.has(operation));
}
