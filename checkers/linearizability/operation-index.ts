/**
 * The operations of a partition as arrays of small integers, for the search.
 *
 * Operations are numbered in the order of their calls, returns from 1 in their order. Beside each stand its class
 * (operations with equal calls are of one class), its place in one of two lists, and its *slot*: a number that is
 * its own while it is open and goes to another after its return, so that a bit set of slots says which of the
 * operations open at one moment are placed.
 *
 *     calls       a(     b(        c(           slots  a 0, b 1, c 0
 *     returns         a)     b)        c)       returns a 1, b 2, c 3
 */
import { Interner } from './interner.ts';
import type { Call, Model } from './model.ts';
import { NEVER } from './problem.ts';
import type { JudgedOperation } from './problem.ts';

export interface OperationIndex {
  /** One call for each class. */
  readonly calls: readonly Call[];
  readonly classOf: Int32Array;
  /** By class: 1 where the call is completed and leaves every state in which it is legal as it is. */
  readonly observes: Uint8Array;
  /** By operation, and NEVER for the two heads. */
  readonly calledAt: Int32Array;
  /** Number of the operation's return, from 1; 0 while its outcome is unknown. */
  readonly returnOf: Int32Array;
  /** Number of returns. */
  readonly returns: number;
  /** By number of the return: when it comes, and whose it is. */
  readonly dueAt: Int32Array;
  readonly operationDue: Int32Array;
  readonly slotOf: Int32Array;
  /** Words of a bit set of slots, and of one of the unknown operations. */
  readonly slotWords: number;
  readonly unknownWords: number;
  /**
   * The last earlier operation of the same class that is still open at this one's call and returns before it does:
   * it may as well go first. `completedHead` where there is none.
   */
  readonly twinOf: Int32Array;
  readonly completedHead: number;
  readonly unknownHead: number;
  /** Two circular lists, in the order of the calls. */
  readonly following: Int32Array;
  readonly preceding: Int32Array;
  /** By operation and head: 1 on the list of operations of unknown outcome. */
  readonly isUnknown: Uint8Array;
}

export function indexOperations(model: Model, operations: readonly JudgedOperation[]): OperationIndex {
  const size = operations.length;
  // Also the index that stands for the initial value in a lineage.
  const completedHead = size;
  const unknownHead = size + 1;
  const { calls, classOf } = classify(operations);
  const calledAt = Int32Array.from([...operations.map((operation) => operation.calledAt), NEVER, NEVER]);
  const { returns, returnOf, dueAt, operationDue } = orderReturns(operations);
  const { slotOf, slots, unknowns } = assignSlots(operations, returnOf, dueAt, operationDue);
  const { following, preceding } = linkCalls(returnOf, completedHead, unknownHead);
  return {
    calls,
    classOf,
    observes: Uint8Array.from(calls, (call) => (onlyObserves(model, call) ? 1 : 0)),
    calledAt,
    returnOf,
    returns,
    dueAt,
    operationDue,
    slotOf,
    slotWords: Math.ceil(slots / 32),
    unknownWords: Math.ceil(unknowns / 32),
    twinOf: findTwins(operations, classOf, calls.length, completedHead),
    completedHead,
    unknownHead,
    following,
    preceding,
    isUnknown: Uint8Array.from([...returnOf.map((ownReturn) => (ownReturn === 0 ? 1 : 0)), 0, 1]),
  };
}

function onlyObserves(model: Model, call: Call): boolean {
  if (call.outcome === 'unknown') return false;
  return (
    call.outcome === 'refused' ||
    model.functions[call.f]?.reads === true ||
    (model.onlyObserves?.(call) ?? false)
  );
}

function classify(operations: readonly JudgedOperation[]): { calls: Call[]; classOf: Int32Array } {
  const interner = new Interner();
  const classes = new Map<number, number>();
  const calls: Call[] = [];
  const classOf = new Int32Array(operations.length);
  operations.forEach(({ call }, operation) => {
    const { f, outcome, argument, result, process } = call;
    const key = interner.numberOf([f, outcome, argument, result, call.key ?? null, process ?? null]);
    let known = classes.get(key);
    if (known === undefined) {
      known = calls.length;
      classes.set(key, known);
      calls.push(call);
    }
    classOf[operation] = known;
  });
  return { calls, classOf };
}

function orderReturns(
  operations: readonly JudgedOperation[],
): Pick<OperationIndex, 'returns' | 'returnOf' | 'dueAt' | 'operationDue'> {
  const completed = operations
    .map((_, operation) => operation)
    .filter((operation) => (operations[operation] as JudgedOperation).returnedAt !== NEVER)
    .sort(
      (a, b) => (operations[a] as JudgedOperation).returnedAt - (operations[b] as JudgedOperation).returnedAt,
    );
  const returns = completed.length;
  const returnOf = new Int32Array(operations.length);
  const dueAt = new Int32Array(returns + 1);
  const operationDue = new Int32Array(returns + 1);
  completed.forEach((operation, i) => {
    returnOf[operation] = i + 1;
    operationDue[i + 1] = operation;
    dueAt[i + 1] = (operations[operation] as JudgedOperation).returnedAt;
  });
  return { returns, returnOf, dueAt, operationDue };
}

/** A free slot at the call, given back at the return; unknown operations are numbered for themselves. */
function assignSlots(
  operations: readonly JudgedOperation[],
  returnOf: Int32Array,
  dueAt: Int32Array,
  operationDue: Int32Array,
): { slotOf: Int32Array; slots: number; unknowns: number } {
  const slotOf = new Int32Array(operations.length);
  const free: number[] = [];
  let slots = 0;
  let unknowns = 0;
  let due = 1;
  operations.forEach(({ calledAt }, operation) => {
    for (; due < dueAt.length && (dueAt[due] as number) < calledAt; due++) {
      free.push(slotOf[operationDue[due] as number] as number);
    }
    slotOf[operation] = returnOf[operation] === 0 ? unknowns++ : (free.pop() ?? slots++);
  });
  return { slotOf, slots, unknowns };
}

function linkCalls(
  returnOf: Int32Array,
  completedHead: number,
  unknownHead: number,
): Pick<OperationIndex, 'following' | 'preceding'> {
  const following = new Int32Array(returnOf.length + 2);
  const preceding = new Int32Array(returnOf.length + 2);
  let lastCompleted = completedHead;
  let lastUnknown = unknownHead;
  const link = (from: number, to: number): void => {
    following[from] = to;
    preceding[to] = from;
  };
  returnOf.forEach((ownReturn, operation) => {
    if (ownReturn === 0) {
      link(lastUnknown, operation);
      lastUnknown = operation;
    } else {
      link(lastCompleted, operation);
      lastCompleted = operation;
    }
  });
  link(lastCompleted, completedHead);
  link(lastUnknown, unknownHead);
  return { following, preceding };
}

function findTwins(
  operations: readonly JudgedOperation[],
  classOf: Int32Array,
  classes: number,
  none: number,
): Int32Array {
  const lastOfClass = new Int32Array(classes).fill(none);
  const twinOf = new Int32Array(operations.length + 2).fill(none);
  operations.forEach((operation, i) => {
    const last = lastOfClass[classOf[i] as number] as number;
    if (last !== none) {
      const { returnedAt } = operations[last] as JudgedOperation;
      if (returnedAt > operation.calledAt && returnedAt <= operation.returnedAt) twinOf[i] = last;
    }
    lastOfClass[classOf[i] as number] = i;
  });
  return twinOf;
}
