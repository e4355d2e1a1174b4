/**
 * One key on its way to a verdict: a decider where one applies (polynomial/); else what its values tell of the order,
 * then the search, a slice at a time. What it holds is dropped as soon as it is decided, or when its memory is needed
 * elsewhere.
 */
import { assert } from '../../harness/errors.ts';
import type { Anomaly } from '../checker.ts';
import type { SearchReport } from './crew.ts';
import type { Explainer } from './explanation/index.ts';
import { traceLineage } from './lineage.ts';
import type { Lineage, Refutation } from './lineage.ts';
import { MemoryExhausted } from './memory.ts';
import type { MemoryAccount, MemoryBudget } from './memory.ts';
import type { Model } from './model.ts';
import { BYTES_PER_OPERATION, decide, OutOfTime } from './polynomial/index.ts';
import type { Decision } from './polynomial/index.ts';
import type { Partition } from './problem.ts';
import { Search } from './search.ts';
import type { Furthest } from './search.ts';
import { describeViolation, nameOf } from './witness.ts';

/** `failed`: the thread that searched it ended. */
export type Outcome = 'legal' | 'illegal' | 'out-of-memory' | 'failed' | 'undecided';

/** Spent on explaining a key that is known to be illegal. */
const EXPLANATION_STEPS = 1 << 15;
/** With more operations a refutation is explanation enough. */
const MAX_EXPLAINED_OPERATIONS = 20_000;
const LINEAGE = 'lineage';
const SEARCH = 'Wing-Gong-Lowe search';

export class Task {
  readonly partition: Partition;
  /** What decides it, or tries to; null before it is begun. */
  algorithm: string | null = null;
  /** Why another algorithm than the search was allowed to; null where it was the search. */
  precondition: string | null = null;
  #outcome: Outcome = 'undecided';
  #search: Search | null = null;
  #account: MemoryAccount | null = null;
  #figures = { steps: 0, configurations: 0, states: 0 };
  #furthest: Furthest | null = null;
  /** Of an illegal one, the proof from its values; null where the search is the proof. */
  #refutation: Refutation | null = null;
  /** Why the thread ended that searched it. */
  failure: string | null = null;
  readonly #model: Model;
  readonly #budget: MemoryBudget;
  readonly #isOverdue: () => boolean;

  constructor(
    model: Model,
    partition: Partition,
    budget: MemoryBudget,
    isOverdue: () => boolean = () => false,
  ) {
    this.#model = model;
    this.partition = partition;
    this.#budget = budget;
    this.#isOverdue = isOverdue;
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  get isRefutedWithoutSearch(): boolean {
    return this.#refutation !== null;
  }

  /** What the search has cost so far. */
  get figures(): { readonly steps: number; readonly configurations: number; readonly states: number } {
    if (this.#search === null) return this.#figures;
    const { steps, configurations, states } = this.#search;
    return { steps, configurations, states };
  }

  /** How far the search has come that has not decided it; null when it never began. */
  get furthest(): Furthest | null {
    return this.#search?.furthest() ?? this.#furthest;
  }

  /** Goes on for about so many steps. */
  advance(steps: number): void {
    try {
      if (this.#search === null && !this.#start()) return;
      const found = this.#search?.run(steps);
      if (found === 'illegal' || found === 'legal') this.#decide(found);
    } catch (error) {
      if (error instanceof OutOfTime) return;
      if (!(error instanceof MemoryExhausted)) throw error;
      this.#decide('out-of-memory');
    }
  }

  /** Gives up its own search to one elsewhere, which reports to `adopt`. */
  handOver(): void {
    this.#figures = { ...this.figures };
    this.#furthest = this.furthest;
    this.#search = null;
    this.#account?.close();
    this.#account = null;
  }

  adopt({ outcome, figures, furthest }: SearchReport): void {
    this.#figures = { ...figures };
    const known = this.#furthest?.prefix.length ?? 0;
    if (outcome === 'illegal' || (furthest !== null && furthest.prefix.length > known))
      this.#furthest = furthest;
    if (outcome !== 'undecided') this.#decide(outcome);
  }

  /** The thread that searched it ended. */
  fail(failure: string): void {
    this.failure = failure;
    this.#decide('failed');
  }

  /**
   * Why it is illegal.
   *
   * @param explainer - looks for few operations that show it; null tells what is known already, which takes no time
   */
  anomaly(explainer: Explainer | null): Anomaly {
    const { operations } = this.partition;
    const refutation = this.#refutation;
    if (explainer === null) {
      return describeViolation(this.#model, this.partition, this.furthest, refutation, false, null);
    }
    const isExplained = refutation !== null && operations.length > MAX_EXPLAINED_OPERATIONS;
    const ofEveryOrder = isExplained ? null : this.#explain();
    const furthest = ofEveryOrder ?? this.furthest;
    const stuck = furthest?.stuck === undefined ? undefined : operations[furthest.stuck];
    const proof = refutation?.operations ?? [];
    // Of a large partition the proof is looked at alone.
    const suspects = isExplained ? proof.toSorted((a, b) => a.calledAt - b.calledAt) : operations;
    return describeViolation(
      this.#model,
      this.partition,
      furthest,
      refutation,
      ofEveryOrder !== null,
      explainer.coreOf(this.#model, suspects, { stuck, proof }),
    );
  }

  /** The deciders' tables are counted while they work. */
  #askDeciders(name: string): Decision | null {
    const { operations } = this.partition;
    const account = this.#budget.open(() => {});
    try {
      account.request(operations.length * BYTES_PER_OPERATION);
      return decide(this.#model, operations, name, this.#isOverdue);
    } finally {
      account.close();
    }
  }

  /** False when it is decided without a search. */
  #start(): boolean {
    const { operations, key } = this.partition;
    const name = nameOf(key, this.#model);
    const decision = this.#askDeciders(name);
    if (decision !== null) {
      this.algorithm = decision.algorithm;
      this.precondition = decision.because;
      this.#refutation = decision.refutation;
      this.#decide(decision.outcome === 'legal' ? 'legal' : 'illegal');
      return false;
    }
    const lineage: Lineage = traceLineage(this.#model, operations, name);
    if (lineage.refutation !== null) {
      this.algorithm = LINEAGE;
      this.precondition = 'one operation alone can have left the values that contradict each other';
      this.#refutation = lineage.refutation;
      this.#decide('illegal');
      return false;
    }
    this.algorithm = SEARCH;
    this.#account = this.#budget.open(() => this.#decide('out-of-memory'));
    this.#search = new Search(this.#model, operations, this.#account, lineage);
    return true;
  }

  /** How far an order can come by the model alone; null when that takes too long to find out. */
  #explain(): Furthest | null {
    const account = this.#budget.open(() => {});
    try {
      const search = new Search(this.#model, this.partition.operations, account);
      const found = search.run(EXPLANATION_STEPS);
      assert(
        found !== 'legal',
        'the search finds an order where the values, or the search that heeds them, find none',
      );
      return found === 'illegal' ? search.furthest() : null;
    } catch (error) {
      if (!(error instanceof MemoryExhausted)) throw error;
      return null;
    } finally {
      account.close();
    }
  }

  #decide(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#figures = { ...this.figures };
    if (outcome !== 'legal') this.#furthest = this.furthest;
    this.#search = null;
    this.#account?.close();
    this.#account = null;
  }
}
