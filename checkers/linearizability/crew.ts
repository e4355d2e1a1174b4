/**
 * Searches on other threads: what is said between the checker, which has keys that are hard to decide, and the hands of
 * a crew, each of which searches some of them. Threads are the harness's: here are only the messages and who answers.
 *
 *     hand.answer({ kind: 'open', id: 3, model: 'cas-register', operations })  // []
 *     hand.answer({ kind: 'run', ids: [3], steps: 1 << 20 })                   // [{ id: 3, outcome: 'legal', … }]
 */
import { traceLineage } from './lineage.ts';
import { MemoryBudget, MemoryExhausted } from './memory.ts';
import type { MemoryAccount } from './memory.ts';
import { models } from './models/index.ts';
import type { Model } from './model.ts';
import type { JudgedOperation } from './problem.ts';
import { Search } from './search.ts';
import type { Furthest, SearchOutcome } from './search.ts';

export type CrewMessage =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly model: string;
      readonly operations: readonly JudgedOperation[];
      /** What all searches of this hand may take together. */
      readonly memoryBytes: number;
    }
  /** Searches each of them so many steps further. */
  | { readonly kind: 'run'; readonly ids: readonly number[]; readonly steps: number }
  /** Reports how far they are. */
  | { readonly kind: 'report'; readonly ids: readonly number[] };

export interface SearchReport {
  readonly id: number;
  readonly outcome: SearchOutcome | 'out-of-memory';
  readonly figures: { readonly steps: number; readonly configurations: number; readonly states: number };
  /** Null of a legal one, and of one that goes on. */
  readonly furthest: Furthest | null;
}

/** Between two questions whether to stop. */
const STEPS_BETWEEN_QUESTIONS = 1 << 15;

interface Opened {
  readonly search: Search;
  readonly account: MemoryAccount;
  outcome: SearchReport['outcome'];
}

/** The other side: one thread's searches. */
export class CrewHand {
  readonly #isStopped: () => boolean;
  readonly #opened = new Map<number, Opened>();
  /** Of searches that had no memory to begin. */
  readonly #starved = new Map<number, SearchReport>();
  #budget: MemoryBudget | null = null;

  /** @param isStopped - asked now and then; true ends a run early */
  constructor(isStopped: () => boolean) {
    this.#isStopped = isStopped;
  }

  answer(message: CrewMessage): readonly SearchReport[] {
    if (message.kind === 'open') {
      this.#open(message);
      return [];
    }
    if (message.kind === 'run') for (const id of message.ids) this.#run(id, message.steps);
    return message.ids.map((id) => this.#report(id, message.kind === 'report'));
  }

  #open({ id, model: name, operations, memoryBytes }: CrewMessage & { readonly kind: 'open' }): void {
    const model = models.get(name) as Model;
    this.#budget ??= new MemoryBudget(memoryBytes);
    const account = this.#budget.open(() => {
      const opened = this.#opened.get(id);
      if (opened !== undefined) this.#give(id, opened);
    });
    try {
      const search = new Search(model, operations, account, traceLineage(model, operations, ''));
      this.#opened.set(id, { search, account, outcome: 'undecided' });
    } catch (error) {
      if (!(error instanceof MemoryExhausted)) throw error;
      account.close();
      const figures = { steps: 0, configurations: 0, states: 0 };
      this.#starved.set(id, { id, outcome: 'out-of-memory', figures, furthest: null });
    }
  }

  #run(id: number, steps: number): void {
    const opened = this.#opened.get(id);
    if (opened === undefined) return;
    try {
      for (let done = 0; done < steps && opened.outcome === 'undecided'; done += STEPS_BETWEEN_QUESTIONS) {
        if (this.#isStopped()) return;
        opened.outcome = opened.search.run(Math.min(steps, STEPS_BETWEEN_QUESTIONS));
        if (!this.#opened.has(id)) return;
      }
    } catch (error) {
      if (!(error instanceof MemoryExhausted)) throw error;
      this.#give(id, opened);
    }
  }

  /** Gives up one for want of memory. */
  #give(id: number, opened: Opened): void {
    opened.outcome = 'out-of-memory';
    this.#starved.set(id, reportOf(id, opened, true));
    this.#opened.delete(id);
    opened.account.close();
  }

  #report(id: number, isLast: boolean): SearchReport {
    const opened = this.#opened.get(id);
    if (opened === undefined) return this.#starved.get(id) as SearchReport;
    const report = reportOf(id, opened, isLast || opened.outcome === 'illegal');
    if (opened.outcome !== 'undecided') {
      this.#opened.delete(id);
      opened.account.close();
    }
    return report;
  }
}

function reportOf(id: number, { search, outcome }: Opened, withFurthest: boolean): SearchReport {
  const { steps, configurations, states } = search;
  return {
    id,
    outcome,
    figures: { steps, configurations, states },
    furthest: withFurthest ? search.furthest() : null,
  };
}
