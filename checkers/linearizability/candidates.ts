/**
 * The operations that a search has not placed, in two circular doubly linked lists that give back what was lifted out
 * of them in reverse (Knuth's dancing links):
 *
 * - from `completedHead` the candidates: the completed ones that are called before the return that is due, in the
 *   order of their own returns;
 * - from `unknownHead` all of unknown outcome, in the order of their calls.
 */
import type { OperationIndex } from './operation-index.ts';

export class Candidates {
  readonly following: Int32Array;
  /** How many completed operations have become candidates. */
  entered = 0;
  readonly #preceding: Int32Array;
  readonly #index: OperationIndex;

  constructor(index: OperationIndex) {
    const { completedHead, unknownHead, returnOf } = index;
    this.#index = index;
    this.following = new Int32Array(unknownHead + 1);
    this.#preceding = new Int32Array(unknownHead + 1);
    this.#link(completedHead, completedHead);
    let last = unknownHead;
    for (let operation = 0; operation < completedHead; operation++) {
      if (returnOf[operation] !== 0) continue;
      this.#link(last, operation);
      last = operation;
    }
    this.#link(last, unknownHead);
  }

  /** Takes in the operations that are called before a return. */
  enter(due: number): void {
    const { completed, calledBefore, returnOf, completedHead } = this.#index;
    const preceding = this.#preceding;
    const end = calledBefore[due] as number;
    for (; this.entered < end; this.entered++) {
      const operation = completed[this.entered] as number;
      const ownReturn = returnOf[operation] as number;
      let before = preceding[completedHead] as number;
      // The head's return is 0.
      while ((returnOf[before] as number) > ownReturn) before = preceding[before] as number;
      const after = this.following[before] as number;
      this.#link(before, operation);
      this.#link(operation, after);
    }
  }

  lift(operation: number): void {
    this.#link(this.#preceding[operation] as number, this.following[operation] as number);
  }

  /** Undoes the last `lift`, and what `enter` has done since there were so many. */
  restore(operation: number, entered: number): void {
    const { completed } = this.#index;
    while (this.entered > entered) this.lift(completed[--this.entered] as number);
    this.following[this.#preceding[operation] as number] = operation;
    this.#preceding[this.following[operation] as number] = operation;
  }

  #link(before: number, after: number): void {
    this.following[before] = after;
    this.#preceding[after] = before;
  }
}
