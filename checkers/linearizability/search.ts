/**
 * The search for a linearization of one partition: Wing and Gong's, with Lowe's memory of visited configurations,
 * as in Porcupine, on small integers in typed arrays.
 *
 * It walks the calls that no unplaced operation precedes (the *candidates*: those called before the first return
 * that is still due), places one that is legal in the model's state, lifts it out of the list, and goes on from the
 * new state; where no candidate leads to a new configuration it backtracks. The partition is linearizable when
 * every return has been passed, and not when the first choice is exhausted.
 *
 * What it does beyond that, each of which keeps the answer:
 *
 * - A configuration is (first return still due, which of the operations open at that return are placed, which
 *   of unknown outcome are placed, state). That is all the future depends on, and it is a few words, however long the
 *   history is: an operation has a bit (a *slot*) only while it is open, and the next one reuses it; states and sets
 *   of operations of unknown outcome are numbered.
 * - Of the candidates the one that returns first is tried first: it has the least time left.
 * - A completed operation that only observes (a read, a refused compare-and-set) is placed as soon as it is legal,
 *   without branching: any linearization that places it later stays one when it is moved here. That is not so of
 *   a write that happens to leave the state as it is: it may be needed later.
 * - An operation of unknown outcome never has to be placed. It is tried last, and only where it changes the state.
 *   A configuration is covered by a visited one that differs only in having placed fewer of them: whatever can
 *   follow here can follow there.
 * - Of two open operations with equal calls, the one that was called first and returns first goes first: they could
 *   change places.
 * - Where the values tell which operation made the next change (lineage.ts), no other is tried.
 * - Where nothing is open and nothing pending, the future depends on the state alone. When memory runs out, the
 *   configurations before the last such moment and after the next are forgotten: remembering only saves time, and what
 *   is tried again comes to an end at the states of these moments.
 *
 * Sources: Wing and Gong 1993, Lowe 2017 (Testing for linearizability), Horn and Kroening 2015.
 */
import type { Json } from '../../harness/history/operation.ts';
import { Candidates } from './candidates.ts';
import { ConfigurationTable, COVERED, OTHER } from './configuration-table.ts';
import { NONE } from './lineage.ts';
import type { Lineage } from './lineage.ts';
import type { MemoryAccount } from './memory.ts';
import type { Model } from './model.ts';
import { indexOperations } from './operation-index.ts';
import type { OperationIndex } from './operation-index.ts';
import type { JudgedOperation } from './problem.ts';
import { ProductTable } from './product-table.ts';
import { ILLEGAL, StateTable } from './state-table.ts';
import { UnknownSets } from './unknown-sets.ts';

export type SearchOutcome = 'legal' | 'illegal' | 'undecided';

/** The furthest that a search has come: when it has tried everything, why an illegal partition is illegal. */
export interface Furthest {
  /** The first completed operation whose return no order has passed; undefined where all were passed. */
  readonly stuck: number | undefined;
  /** A longest order of operations that leads to there; positions in the partition. */
  readonly prefix: readonly number[];
  /** States in which the stuck operation was tried last, the first of them; each refuses it. */
  readonly states: readonly Json[];
  /** How many such states there are. */
  readonly stateCount: number;
}

/** Handling so many characters or parts of a state takes as long as a step. */
const WORK_PER_STEP = 64;
/** States that are told of the furthest that it has come. */
const MAX_STATES = 20;
const INITIAL_FRAMES = 16;
const BYTES_PER_WORD = 4;
/** Words of a frame before its configuration: the operation that was placed, and the length of the trail then. */
const FRAME_HEAD = 2;
/** Words of a configuration before its bit sets: the first return still due, and the state. */
const CONFIGURATION_HEAD = 2;
const DUE = 0;
const STATE = 1;

export class Search {
  outcome: SearchOutcome = 'undecided';
  /** Transitions of the model that were tried. */
  steps = 0;
  readonly #index: OperationIndex;
  readonly #successorOf: Int32Array;
  readonly #predecessorOf: Int32Array;
  readonly #states: StateTable | ProductTable;
  readonly #account: MemoryAccount;
  /** Of the operations of unknown outcome that are placed; null where there are none. */
  readonly #unknownSets: UnknownSets | null;
  readonly #visited: ConfigurationTable;
  /** Configurations whose key is in `#visited` with other unknown operations placed. */
  #visitedOther: ConfigurationTable | undefined;

  readonly #candidates: Candidates;
  readonly #placed: Uint8Array;
  /** How many operations had become candidates before each placement of the trail. */
  readonly #enteredBefore: Int32Array;
  /** Where the walk is: an operation or a head. */
  #cursor: number;
  readonly #configuration: Int32Array;
  /** Words of a configuration without the set of unknown operations. */
  readonly #keyWords: number;
  /** Operations placed, in order. */
  readonly #trail: Int32Array;
  #trailLength = 0;
  #frames: Int32Array;
  #frameCount = 0;

  readonly #best: Int32Array;
  #bestLength = 0;
  #bestDue = 0;
  /** The shortest the trail has been since `#best` was last copied: below it they agree. */
  #bestAgrees = 0;

  /**
   * @param lineage - what is known of the order; null searches by the model alone
   * @throws MemoryExhausted, here and in `run`
   */
  constructor(
    model: Model,
    operations: readonly JudgedOperation[],
    account: MemoryAccount,
    lineage: Lineage | null = null,
  ) {
    const size = operations.length;
    // Some words an operation, here and in its index.
    account.request((size + 8) * 20 * BYTES_PER_WORD);
    const index = indexOperations(model, operations);
    const { completedHead } = index;
    this.#index = index;
    this.#successorOf = lineage?.successorOf ?? new Int32Array(size + 1).fill(NONE);
    this.#predecessorOf = lineage?.predecessorOf ?? new Int32Array(size + 2).fill(NONE);
    this.#account = account;
    this.#states =
      model.part === undefined
        ? new StateTable(model, index.calls, account)
        : new ProductTable(model, model.part, index.calls, account);
    this.#unknownSets = index.unknowns === 0 ? null : new UnknownSets(account);
    this.#keyWords = CONFIGURATION_HEAD + index.slotWords;
    this.#visited = this.#newTable(this.#keyWords, this.#unknownSets);
    this.#candidates = new Candidates(index);
    this.#placed = new Uint8Array(size + 2);
    this.#placed[completedHead] = 1; // stands for "no twin"
    this.#configuration = new Int32Array(this.#keyWords + (this.#unknownSets === null ? 0 : 1));
    this.#configuration[DUE] = 1;
    this.#trail = new Int32Array(size);
    this.#enteredBefore = new Int32Array(size);
    this.#best = new Int32Array(size);
    this.#frames = new Int32Array(INITIAL_FRAMES * (FRAME_HEAD + this.#configuration.length));
    if (index.returns > 0) this.#candidates.enter(1);
    this.#settle();
    this.#visit();
    this.#cursor = this.#candidates.following[completedHead] as number;
  }

  get configurations(): number {
    return this.#visited.count + (this.#visitedOther?.count ?? 0);
  }

  get states(): number {
    return this.#states.count;
  }

  /** Steps, and more where they took long because states are long texts. */
  get cost(): number {
    return this.steps + Math.ceil(this.#states.work / WORK_PER_STEP);
  }

  /** Goes on for about `maxSteps` steps, fewer where states are long texts, or until it is decided. */
  run(maxSteps: number): SearchOutcome {
    if (this.outcome !== 'undecided') return this.outcome;
    const { classOf, calledAt, returnOf, dueAt, twinOf, returns, completedHead, unknownHead } = this.#index;
    const successorOf = this.#successorOf;
    const predecessorOf = this.#predecessorOf;
    const { following } = this.#candidates;
    const placed = this.#placed;
    const states = this.#states;
    const configuration = this.#configuration;
    const end = this.steps + maxSteps;
    const workEnd = states.work + maxSteps * WORK_PER_STEP;
    while (this.steps < end && states.work < workEnd) {
      if ((configuration[DUE] as number) > returns) {
        this.#keepBest();
        return (this.outcome = 'legal');
      }
      const limit = dueAt[configuration[DUE] as number] as number;
      const state = configuration[STATE] as number;
      // Where it is known who made the next change, nobody else is tried, and that one not elsewhere.
      const next = successorOf[this.#lastChange()] as number;
      let cursor = this.#cursor;
      let descended = false;
      for (;;) {
        if ((calledAt[cursor] as number) >= limit) {
          // Past the candidates of this list: heads are called after everything.
          if (cursor !== completedHead) break;
          cursor = following[unknownHead] as number;
          continue;
        }
        const allowed = next === NONE ? predecessorOf[cursor] === NONE : cursor === next;
        if (allowed && placed[twinOf[cursor] as number] === 1) {
          this.steps++;
          const after = states.next(state, classOf[cursor] as number);
          // Of unknown outcome and no effect here: it can as well stay away.
          const isIdle = after === state && returnOf[cursor] === 0;
          if (after !== ILLEGAL && !isIdle && this.#descend(cursor, after)) {
            descended = true;
            break;
          }
        }
        cursor = following[cursor] as number;
      }
      if (descended) {
        this.#cursor = following[completedHead] as number;
      } else {
        this.#keepBest();
        if (this.#frameCount === 0) return (this.outcome = 'illegal');
        this.#cursor = following[this.#ascend()] as number;
      }
    }
    return this.outcome;
  }

  /** Of an undecided search, what it has come to by now. */
  furthest(): Furthest {
    this.#keepBest();
    const { returns, operationDue } = this.#index;
    const due = this.#bestDue;
    const states = new Set(this.#visited.secondWords(due));
    for (const state of this.#visitedOther?.secondWords(due) ?? []) states.add(state);
    return {
      stuck: due <= returns && due > 0 ? operationDue[due] : undefined,
      prefix: Array.from(this.#best.subarray(0, this.#bestLength)),
      states: Array.from(states)
        .sort((a, b) => a - b)
        .slice(0, MAX_STATES)
        .map((state) => this.#states.valueOf(state)),
      stateCount: states.size,
    };
  }

  /** The operation that was placed last of those that do not only observe, or the initial value. */
  #lastChange(): number {
    if (this.#frameCount === 0) return this.#index.completedHead;
    return this.#frames[(this.#frameCount - 1) * (FRAME_HEAD + this.#configuration.length)] as number;
  }

  /** Places a candidate that leads to another state, with all that follows without a choice; false if visited. */
  #descend(operation: number, next: number): boolean {
    const configuration = this.#configuration;
    const stride = FRAME_HEAD + configuration.length;
    if ((this.#frameCount + 1) * stride > this.#frames.length) this.#growFrames();
    const base = this.#frameCount * stride;
    const frames = this.#frames;
    frames[base] = operation;
    frames[base + 1] = this.#trailLength;
    for (let i = 0; i < configuration.length; i++) frames[base + FRAME_HEAD + i] = configuration[i] as number;
    this.#frameCount++;

    this.#place(operation);
    configuration[STATE] = next;
    this.#settle();
    if (this.#visit()) return true;
    this.#ascend();
    return false;
  }

  /** Undoes the last descent; returns the operation that it placed. */
  #ascend(): number {
    const configuration = this.#configuration;
    const base = --this.#frameCount * (FRAME_HEAD + configuration.length);
    const frames = this.#frames;
    const length = frames[base + 1] as number;
    const trail = this.#trail;
    for (let i = this.#trailLength - 1; i >= length; i--) {
      const operation = trail[i] as number;
      this.#placed[operation] = 0;
      this.#candidates.restore(operation, this.#enteredBefore[i] as number);
    }
    this.#trailLength = length;
    if (length < this.#bestAgrees) this.#bestAgrees = length;
    for (let i = 0; i < configuration.length; i++) configuration[i] = frames[base + FRAME_HEAD + i] as number;
    return frames[base] as number;
  }

  /** Places every candidate that only observes, and may observe this state; passing returns may bring new candidates. */
  #settle(): void {
    const { completed, completedHead } = this.#index;
    const { following, entered } = this.#candidates;
    for (let cursor = following[completedHead] as number; cursor !== completedHead;) {
      const after = following[cursor] as number;
      this.#placeIfObserver(cursor);
      cursor = after;
    }
    // Those that came in meanwhile may stand anywhere in the list.
    for (let i = entered; i < this.#candidates.entered; i++) this.#placeIfObserver(completed[i] as number);
  }

  #placeIfObserver(operation: number): void {
    const { classOf, observes } = this.#index;
    const call = classOf[operation] as number;
    if (observes[call] === 0 || this.#placed[operation] === 1) return;
    const state = this.#configuration[STATE] as number;
    this.steps++;
    if (this.#states.next(state, call) === state) this.#place(operation);
  }

  /** Lifts an operation out of the list, and passes the returns that are no longer due. */
  #place(operation: number): void {
    const { returnOf, slotOf, returns, operationDue } = this.#index;
    const configuration = this.#configuration;
    const placed = this.#placed;
    this.#candidates.lift(operation);
    placed[operation] = 1;
    this.#enteredBefore[this.#trailLength] = this.#candidates.entered;
    this.#trail[this.#trailLength++] = operation;

    let due = configuration[DUE] as number;
    const slot = slotOf[operation] as number;
    const ownReturn = returnOf[operation] as number;
    if (ownReturn === 0) {
      const set = configuration[this.#keyWords] as number;
      configuration[this.#keyWords] = (this.#unknownSets as UnknownSets).with(set, slot);
      return;
    }
    if (ownReturn !== due) {
      setBit(configuration, CONFIGURATION_HEAD, slot);
      return;
    }
    due++;
    while (due <= returns) {
      const passed = operationDue[due] as number;
      if (placed[passed] === 0) break;
      clearBit(configuration, CONFIGURATION_HEAD, slotOf[passed] as number);
      due++;
    }
    configuration[DUE] = due;
    if (due <= returns) this.#candidates.enter(due);
  }

  /** Remembers the configuration; false when it, or one that can do at least as much, has been visited. */
  #visit(): boolean {
    const configuration = this.#configuration;
    const found = this.#visited.insert(configuration);
    if (found !== OTHER) return found !== COVERED;
    this.#visitedOther ??= this.#newTable(configuration.length, null);
    return this.#visitedOther.insert(configuration) !== COVERED;
  }

  #newTable(keyWords: number, sets: UnknownSets | null): ConfigurationTable {
    return new ConfigurationTable(keyWords, sets, this.#account, (due, isBare) =>
      this.#isElsewhere(due, isBare),
    );
  }

  /**
   * Not between the same two moments as the walk at which nothing was open or pending; but of such moments it keeps the
   * states, and where the furthest order got stuck too.
   */
  #isElsewhere(due: number, isBare: boolean): boolean {
    const { lastQuiet, returns } = this.#index;
    const now = Math.min(this.#configuration[DUE] as number, returns);
    const isQuiet = isBare && lastQuiet[due] === due;
    return lastQuiet[due] !== lastQuiet[now] && !isQuiet && due !== this.#bestDue;
  }

  /** Keeps the order placed so far if it passed more returns, or as many with more operations. */
  #keepBest(): void {
    const due = this.#configuration[DUE] as number;
    if (due < this.#bestDue || (due === this.#bestDue && this.#trailLength <= this.#bestLength)) return;
    for (let i = this.#bestAgrees; i < this.#trailLength; i++) this.#best[i] = this.#trail[i] as number;
    this.#bestDue = due;
    this.#bestLength = this.#trailLength;
    this.#bestAgrees = this.#trailLength;
  }

  #growFrames(): void {
    const old = this.#frames;
    this.#account.request(old.length * 2 * BYTES_PER_WORD);
    this.#frames = new Int32Array(old.length * 2);
    this.#frames.set(old);
    this.#account.release(old.length * BYTES_PER_WORD);
  }
}

function setBit(words: Int32Array, from: number, bit: number): void {
  const word = from + (bit >>> 5);
  words[word] = (words[word] as number) | (1 << (bit & 31));
}

function clearBit(words: Int32Array, from: number, bit: number): void {
  const word = from + (bit >>> 5);
  words[word] = (words[word] as number) & ~(1 << (bit & 31));
}
