/**
 * Registers in which every value that somebody saw can have been put there by one operation alone: Gibbons and
 * Korach's zones, extended to compare-and-set and to operations of unknown outcome.
 *
 *     write 1, read 1, cas [1, 2], read 2     one block: nothing else is written between
 *     write 3                                 another
 *
 * - A value, once overwritten, never comes back. So a write, the reads of its value, the compare-and-set that built
 *   on it, the reads of *its* value, and so on, take effect in one stretch: a block (zones.ts). Within it the order
 *   is given by the values; between blocks only the first return and the last call count. The initial value heads a
 *   block that began before everything.
 * - An operation of unknown outcome happened where an answer shows what it left; its return is bounded by those who
 *   saw it. Where none does it is left out: nobody can tell.
 * - A refused compare-and-set saw another value than one. It is placed into the order that was found
 *   (placement.ts); where it does not fit, another order may still do, and the register is left to the search.
 *
 * Source: Gibbons and Korach, Testing shared memories, SIAM J. Comput. 26(4), 1997.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { Refutation } from '../lineage.ts';
import { internKey } from '../model.ts';
import type { Model } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider, Decision } from './decision.ts';
import { placeObservations } from './placement.ts';
import type { Observation } from './placement.ts';
import { RegisterBlame } from './register-blame.ts';
import type { BlockEnds } from './register-blame.ts';
import { findCrossing, orderBlocks } from './zones.ts';
import type { Blocks } from './zones.ts';

const answers = new Answers('Gibbons-Korach zones');
const PRECONDITION = 'every value that an answer shows can have been put there by one operation alone';

export const decideRegister: Decider = (model, operations, name, pause) =>
  new RegisterDecider(model, operations, name).decide(pause);

const NONE = -1;
const SEVERAL = -2;

class RegisterDecider {
  readonly #operations: readonly JudgedOperation[];
  readonly #blame: RegisterBlame;
  readonly #model: Model;
  readonly #size: number;
  /** By operation; the initial value stands as one more, called and returned before all others. */
  readonly #calledAt: Int32Array;
  readonly #returnedAt: Int32Array;
  /** By operation: numbers of the values that it found and that it left, NONE where it shows or leaves none. */
  readonly #found: Int32Array;
  readonly #left: Int32Array;
  readonly #isRefused: Uint8Array;
  /** By operation: 1 when it certainly happened. */
  readonly #happened: Uint8Array;
  readonly #values = new Map<unknown, number>();
  /** By value: the operation that leaves it, NONE or SEVERAL. */
  #makerOf = new Int32Array(0);
  /** By operation: the compare-and-set that built on what it left. */
  readonly #next: Int32Array;
  /** By maker: of those who saw its value, the first to return and the last to be called. */
  readonly #firstSeer: Int32Array;
  readonly #lastSeer: Int32Array;

  constructor(model: Model, operations: readonly JudgedOperation[], name: string) {
    this.#model = model;
    this.#operations = operations;
    this.#size = operations.length;
    this.#calledAt = new Int32Array(this.#size + 1).fill(NONE);
    this.#returnedAt = new Int32Array(this.#size + 1).fill(NONE);
    this.#found = new Int32Array(this.#size + 1).fill(NONE);
    this.#left = new Int32Array(this.#size + 1).fill(NONE);
    this.#isRefused = new Uint8Array(this.#size + 1);
    this.#happened = new Uint8Array(this.#size + 1);
    this.#next = new Int32Array(this.#size + 1).fill(NONE);
    this.#firstSeer = new Int32Array(this.#size + 1).fill(NONE);
    this.#lastSeer = new Int32Array(this.#size + 1).fill(NONE);
    this.#blame = new RegisterBlame(model, operations, name);
  }

  decide(pause: () => void): Decision {
    this.#readOperations();
    pause();
    this.#findMakers();
    const contradiction = this.#followObservers();
    pause();
    return contradiction ?? this.#formBlocks();
  }

  #number(value: Json): number {
    const key = internKey(value);
    let number = this.#values.get(key);
    if (number === undefined) {
      number = this.#values.size;
      this.#values.set(key, number);
    }
    return number;
  }

  #readOperations(): void {
    const initial = this.#size;
    this.#left[initial] = this.#number(this.#model.init);
    this.#happened[initial] = 1;
    for (let i = 0; i < this.#size; i++) {
      const { call, calledAt, returnedAt } = this.#operations[i] as JudgedOperation;
      this.#calledAt[i] = calledAt;
      this.#returnedAt[i] = returnedAt;
      this.#happened[i] = call.outcome === 'unknown' ? 0 : 1;
      if (call.f === 'read') this.#found[i] = this.#number(call.result);
      else if (call.f === 'write') this.#left[i] = this.#number(call.argument);
      else if (call.f === 'delete') this.#left[i] = this.#number(null);
      else {
        const [expected, next] = call.argument as readonly [Json, Json];
        const found = this.#number(expected);
        const left = this.#number(next);
        this.#found[i] = found;
        if (call.outcome === 'refused') this.#isRefused[i] = 1;
        else if (left !== found) this.#left[i] = left;
      }
    }
  }

  #findMakers(): void {
    const makerOf = new Int32Array(this.#values.size).fill(NONE);
    for (let i = 0; i <= this.#size; i++) {
      const value = this.#left[i] as number;
      if (value !== NONE) makerOf[value] = makerOf[value] === NONE ? i : SEVERAL;
    }
    this.#makerOf = makerOf;
  }

  /** From those who certainly saw a value to who left it, and so on back; who only may have happened then did. */
  #followObservers(): Decision | null {
    const waiting: number[] = [];
    for (let i = 0; i < this.#size; i++) {
      if (this.#found[i] === NONE || this.#happened[i] === 0 || this.#isRefused[i] === 1) continue;
      waiting.push(i);
      for (let seer = waiting.pop(); seer !== undefined; seer = waiting.pop()) {
        const maker = this.#makerOf[this.#found[seer] as number] as number;
        if (maker === SEVERAL) {
          return answers.inapplicable(
            'a value that an answer shows can have been put there by several operations',
          );
        }
        if (maker === NONE) return this.#refute(this.#blame.unwritten(seer));
        this.#see(maker, seer);
        if (this.#left[seer] !== NONE) {
          const other = this.#next[maker] as number;
          if (other !== NONE && other !== seer) {
            const witnesses = [this.#firstSeer[seer] as number, this.#firstSeer[other] as number];
            return this.#refute(this.#blame.lostUpdate(seer, other, maker, witnesses));
          }
          this.#next[maker] = seer;
        }
        if (this.#happened[maker] === 1) continue;
        this.#happened[maker] = 1;
        if (this.#found[maker] !== NONE) waiting.push(maker);
      }
    }
    return null;
  }

  #see(maker: number, seer: number): void {
    const first = this.#firstSeer[maker] as number;
    const last = this.#lastSeer[maker] as number;
    if (first === NONE || (this.#returnedAt[seer] as number) < (this.#returnedAt[first] as number)) {
      this.#firstSeer[maker] = seer;
    }
    if (last === NONE || (this.#calledAt[seer] as number) > (this.#calledAt[last] as number)) {
      this.#lastSeer[maker] = seer;
    }
  }

  /** Whether it begins a block: it wrote without looking. */
  #isHead(operation: number): boolean {
    return (
      this.#happened[operation] === 1 && this.#left[operation] !== NONE && this.#found[operation] === NONE
    );
  }

  #formBlocks(): Decision {
    const initial = this.#size;
    let makers = 0;
    for (let i = 0; i <= initial; i++) {
      if (this.#happened[i] === 1 && this.#left[i] !== NONE) makers++;
    }
    const heads = new Int32Array(makers);
    /** By block: the operation that returns first, and the one that is called last. */
    const first = new Int32Array(makers);
    const last = new Int32Array(makers);
    let count = 0;
    let reached = 0;
    for (let head = initial; head >= 0; head--) {
      if (!this.#isHead(head)) continue;
      heads[count] = head;
      first[count] = head;
      last[count] = head;
      for (let maker = head; maker !== NONE; maker = this.#next[maker] as number) {
        reached++;
        // The maker follows all that stands before it in the block, and those who saw its value follow it; a
        // compare-and-set among them also begins the next value.
        if (maker !== head) {
          const decision = this.#pass(maker, maker, first, last, count);
          if (decision !== null) return decision;
        }
        const firstSeer = this.#firstSeer[maker] as number;
        if (firstSeer === NONE) break;
        const decision = this.#pass(firstSeer, this.#lastSeer[maker] as number, first, last, count);
        if (decision !== null) return decision;
      }
      count++;
    }
    if (reached < makers) return this.#refute(this.#blame.circle(this.#findCircle()));
    const blocks: Blocks = {
      count,
      firstReturn: first.subarray(0, count).map((operation) => this.#returnedAt[operation] as number),
      lastCall: last.subarray(0, count).map((operation) => this.#calledAt[operation] as number),
    };
    const crossing = findCrossing(blocks);
    if (crossing !== null) {
      const [a, b] = crossing;
      const ends = (block: number): BlockEnds => ({
        head: heads[block] as number,
        firstReturning: first[block] as number,
        lastCalled: last[block] as number,
      });
      return this.#refute(
        this.#blame.crossing(ends(a), ends(b), (operation) => this.#makerBehind(operation)),
      );
    }
    return this.#placeRefused(blocks, heads);
  }

  /** Takes further operations into a block, behind all of it so far; null when their times allow that. */
  #pass(
    firstReturning: number,
    lastCalled: number,
    first: Int32Array,
    last: Int32Array,
    block: number,
  ): Decision | null {
    const latest = last[block] as number;
    if ((this.#returnedAt[firstReturning] as number) < (this.#calledAt[latest] as number)) {
      return this.#refute(this.#blame.tooEarly(firstReturning, latest, this.#makerBehind(firstReturning)));
    }
    const returnedAt = this.#returnedAt[first[block] as number] as number;
    if ((this.#returnedAt[firstReturning] as number) < returnedAt) first[block] = firstReturning;
    if ((this.#calledAt[lastCalled] as number) > (this.#calledAt[latest] as number)) last[block] = lastCalled;
    return null;
  }

  /** Who left what the operation found; itself where it did not look. */
  #makerBehind(operation: number): number {
    const found = this.#found[operation] as number;
    return found === NONE ? operation : (this.#makerOf[found] as number);
  }

  /** Compare-and-sets whose values lead round in a circle: no block reaches them. */
  #findCircle(): readonly number[] {
    const reached = new Uint8Array(this.#size + 1);
    for (let head = 0; head <= this.#size; head++) {
      if (!this.#isHead(head)) continue;
      for (let maker = head; maker !== NONE; maker = this.#next[maker] as number) reached[maker] = 1;
    }
    const outside = reached.findIndex(
      (isReached, i) => isReached === 0 && this.#happened[i] === 1 && this.#left[i] !== NONE,
    );
    const seen: number[] = [];
    const known = new Set<number>();
    for (let maker = outside; !known.has(maker); maker = this.#makerBehind(maker)) {
      known.add(maker);
      seen.push(maker);
    }
    return seen.slice(seen.indexOf(this.#makerBehind(seen.at(-1) as number)));
  }

  #placeRefused(blocks: Blocks, heads: Int32Array): Decision {
    const refused: number[] = [];
    for (let i = 0; i < this.#size; i++) if (this.#isRefused[i] === 1) refused.push(i);
    if (refused.length === 0) return answers.legal(PRECONDITION);
    const { order, changes } = this.#orderOperations(blocks, heads);
    // Gaps are counted in operations that left a value; those who saw it bound the gap as well.
    const valueIn = new Int32Array(order.length + 1);
    valueIn[0] = this.#left[this.#size] as number;
    order.forEach((operation, i) => {
      const left = this.#left[operation] as number;
      valueIn[i + 1] = left === NONE ? (valueIn[i] as number) : left;
    });
    const observations = refused.map((operation): Observation => ({
      calledAt: this.#calledAt[operation] as number,
      returnedAt: this.#returnedAt[operation] as number,
      fits: (gap) => valueIn[gap] !== this.#found[operation],
    }));
    const misfit = placeObservations(
      {
        calledAt: order.map((operation) => this.#calledAt[operation] as number),
        returnedAt: order.map((operation) => this.#returnedAt[operation] as number),
      },
      observations,
    );
    if (misfit === NONE) {
      return answers.legal(
        `${PRECONDITION}, and the ${refused.length} refused compare-and-sets fit into the order of ${changes} changes`,
      );
    }
    return answers.inapplicable('a refused compare-and-set does not fit into the order that the values give');
  }

  /** All that happened and was not refused, in an order that fits. */
  #orderOperations(blocks: Blocks, heads: Int32Array): { order: Int32Array; changes: number } {
    const seers = new Map<number, number[]>();
    for (let i = 0; i < this.#size; i++) {
      if (this.#found[i] === NONE || this.#happened[i] === 0 || this.#isRefused[i] === 1) continue;
      if (this.#left[i] !== NONE) continue;
      const maker = this.#makerBehind(i);
      const others = seers.get(maker);
      if (others === undefined) seers.set(maker, [i]);
      else others.push(i);
    }
    const order: number[] = [];
    let changes = 0;
    for (const block of orderBlocks(blocks)) {
      for (let maker = heads[block] as number; maker !== NONE; maker = this.#next[maker] as number) {
        if (maker !== this.#size) {
          order.push(maker);
          changes++;
        }
        for (const seer of seers.get(maker) ?? []) order.push(seer);
      }
    }
    return { order: Int32Array.from(order), changes };
  }

  #refute(refutation: Refutation): Decision {
    return answers.illegal(PRECONDITION, refutation);
  }
}
