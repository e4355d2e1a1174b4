/**
 * Why a register with unique values is refuted, in sentences: the two to four operations that contradict each other.
 * Where lineage.ts finds the same contradiction it has the same name and nearly the same words.
 */
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import { describeJson } from '../model.ts';
import type { Model } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';

/** Numbers of operations; that of the initial value is the number of operations. */
export interface BlockEnds {
  readonly head: number;
  readonly firstReturning: number;
  readonly lastCalled: number;
}

export class RegisterBlame {
  readonly #model: Model;
  readonly #operations: readonly JudgedOperation[];
  readonly #name: string;

  constructor(model: Model, operations: readonly JudgedOperation[], name: string) {
    this.#model = model;
    this.#operations = operations;
    this.#name = name;
  }

  unwritten(seer: number): Refutation {
    const value = describeJson(this.#model.lineage?.observed(this.#at(seer).call) ?? null);
    return {
      test: 'unwritten-read',
      explanation: `${this.#sentence(seer)}, but nothing that had been called when it returned can have put ${value} there.`,
      operations: this.#proof(seer),
    };
  }

  /** @param witnesses - who saw what they left, where their own outcome is unknown */
  lostUpdate(one: number, other: number, maker: number, witnesses: readonly number[]): Refutation {
    return {
      test: 'lost-update',
      explanation:
        `${this.#the(one)} and ${this.#the(other)} both took effect directly after ${this.#the(maker)}, ` +
        `as what was seen shows; only one of them can have.`,
      operations: this.#proof(one, other, maker, ...witnesses),
    };
  }

  circle(operations: readonly number[]): Refutation {
    const told = operations.map((operation) => this.#the(operation));
    return {
      test: 'unwritten-read',
      explanation: `${told.join(', ')} each found what only another of them can have left, so none can have been the first.`,
      operations: this.#proof(...operations),
    };
  }

  /** @param maker - who left what `operation` found */
  tooEarly(operation: number, latest: number, maker: number): Refutation {
    if (latest === maker) return this.unwritten(operation);
    return {
      test: 'inverted-order',
      explanation:
        `${this.#the(operation)} came after ${this.#the(latest)}, as what was seen shows, ` +
        `but had completed before that began.`,
      operations: this.#proof(operation, latest, maker),
    };
  }

  /** Two blocks, each of which has to come before the other. */
  crossing(one: BlockEnds, other: BlockEnds, makerBehind: (operation: number) => number): Refutation {
    const isPlain = (a: BlockEnds, b: BlockEnds): boolean =>
      a.firstReturning === makerBehind(a.lastCalled) && b.firstReturning === b.lastCalled;
    const isForward = ({ firstReturning, lastCalled }: BlockEnds): boolean =>
      firstReturning !== lastCalled && this.#returnedAt(firstReturning) < this.#calledAt(lastCalled);
    const turn = isPlain(other, one) || !isForward(one);
    const [early, late] = turn ? [other, one] : [one, other];
    const seer = early.lastCalled;
    const maker = makerBehind(seer);
    const isInitial = maker === this.#operations.length;
    const origin = isInitial ? 'that is the initial value' : `only ${this.#the(maker)} can have left that`;
    const overwriter = this.#the(late.firstReturning);
    const since = isPlain(early, late)
      ? ` came after`
      : isInitial
        ? ` came after it`
        : ` came after it too, since ${this.#the(early.firstReturning)} had completed before ${this.#the(late.lastCalled)} began and neither value comes back`;
    return {
      test: 'stale-read',
      explanation:
        `${this.#sentence(seer)}, but ${origin}; ${overwriter}${since}, and had completed before ` +
        `this ${this.#at(seer).call.f} began.`,
      operations: this.#proof(
        seer,
        maker,
        late.firstReturning,
        early.firstReturning,
        late.lastCalled,
        late.head,
      ),
    };
  }

  #at(operation: number): JudgedOperation {
    return this.#operations[operation] as JudgedOperation;
  }

  #returnedAt(operation: number): number {
    return this.#operations[operation]?.returnedAt ?? -1;
  }

  #calledAt(operation: number): number {
    return this.#operations[operation]?.calledAt ?? -1;
  }

  #sentence(operation: number): string {
    const judged = this.#at(operation);
    return `${this.#model.describeCall(judged.call, this.#name)} ${place(judged)}`;
  }

  #the(operation: number): string {
    return operation === this.#operations.length ? 'the beginning' : `the ${this.#sentence(operation)}`;
  }

  /** Each once, without the beginning. */
  #proof(...operations: readonly number[]): readonly JudgedOperation[] {
    return [...new Set(operations)].flatMap((operation) => this.#operations[operation] ?? []);
  }
}
