/**
 * The operations of a partition as arrays of small integers, for the search.
 *
 * Operations are numbered in the order of their calls, returns from 1 in their order. Beside each stand its class
 * (operations with equal calls are of one class), and its *slot*: a number that is its own while it is open and goes
 * to another after its return, so that a bit set of slots says which of the operations open at one moment are placed.
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
  /** Number of the operation's return, from 1; 0 while its outcome is unknown, and for the heads. */
  readonly returnOf: Int32Array;
  /** Number of returns. */
  readonly returns: number;
  /** By number of the return: when it comes, and whose it is. */
  readonly dueAt: Int32Array;
  readonly operationDue: Int32Array;
  /** Completed operations in the order of their calls, and by number of the return, how many are called before it. */
  readonly completed: Int32Array;
  readonly calledBefore: Int32Array;
  /** By number of the return: the last up to it before which nothing was open or pending for a moment; 0 for none. */
  readonly lastQuiet: Int32Array;
  readonly slotOf: Int32Array;
  /** Words of a bit set of slots. */
  readonly slotWords: number;
  /** How many operations are of unknown outcome. */
  readonly unknowns: number;
  /**
   * The last earlier operation of the same class that is still open at this one's call and returns before it does:
   * it may as well go first. `completedHead` where there is none.
   */
  readonly twinOf: Int32Array;
  /** Heads of the two lists of candidates. `completedHead` is also what stands for the initial value in a lineage. */
  readonly completedHead: number;
  readonly unknownHead: number;
}

export function indexOperations(model: Model, operations: readonly JudgedOperation[]): OperationIndex {
  const size = operations.length;
  const { calls, classOf } = classify(operations);
  const calledAt = new Int32Array(size + 2).fill(NEVER);
  for (let i = 0; i < size; i++) calledAt[i] = (operations[i] as JudgedOperation).calledAt;
  const order = orderReturns(operations);
  return {
    calls,
    classOf,
    observes: observersOf(model, calls),
    calledAt,
    ...order,
    ...windowReturns(calledAt, order),
    ...assignSlots(operations, order),
    twinOf: findTwins(operations, classOf, calls.length, size),
    completedHead: size,
    unknownHead: size + 1,
  };
}

function observersOf(model: Model, calls: readonly Call[]): Uint8Array {
  const observes = new Uint8Array(calls.length);
  calls.forEach((call, i) => {
    if (onlyObserves(model, call)) observes[i] = 1;
  });
  return observes;
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

type Returns = Pick<OperationIndex, 'returns' | 'returnOf' | 'dueAt' | 'operationDue' | 'completed'>;

function orderReturns(operations: readonly JudgedOperation[]): Returns {
  const size = operations.length;
  let returns = 0;
  for (let i = 0; i < size; i++) {
    if ((operations[i] as JudgedOperation).returnedAt !== NEVER) returns++;
  }
  const completed = new Int32Array(returns);
  // Numbers sort faster than operations: each is a return's time and, below it, the operation.
  const sorted = new Float64Array(returns);
  for (let i = 0, found = 0; i < size; i++) {
    const { returnedAt } = operations[i] as JudgedOperation;
    if (returnedAt === NEVER) continue;
    completed[found] = i;
    sorted[found++] = returnedAt * size + i;
  }
  sorted.sort();
  const returnOf = new Int32Array(size + 2);
  const dueAt = new Int32Array(returns + 1);
  const operationDue = new Int32Array(returns + 1);
  for (let i = 0; i < returns; i++) {
    const operation = (sorted[i] as number) % size;
    returnOf[operation] = i + 1;
    operationDue[i + 1] = operation;
    dueAt[i + 1] = ((sorted[i] as number) - operation) / size;
  }
  return { returns, returnOf, dueAt, operationDue, completed };
}

function windowReturns(
  calledAt: Int32Array,
  { returns, returnOf, dueAt, completed }: Returns,
): Pick<OperationIndex, 'calledBefore' | 'lastQuiet'> {
  const calledBefore = new Int32Array(returns + 1);
  const lastQuiet = new Int32Array(returns + 1);
  const firstUnknown = calledAt.findIndex((time, i) => time === NEVER || returnOf[i] === 0);
  let called = 0;
  for (let due = 1; due <= returns; due++) {
    const dueBefore = dueAt[due - 1] as number;
    const isQuiet = called === due - 1 && (calledAt[firstUnknown] as number) > dueBefore;
    lastQuiet[due] = isQuiet ? due : (lastQuiet[due - 1] as number);
    while (called < returns && (calledAt[completed[called] as number] as number) < (dueAt[due] as number)) {
      called++;
    }
    calledBefore[due] = called;
  }
  return { calledBefore, lastQuiet };
}

/** A free slot at the call, given back at the return; unknown operations are numbered for themselves. */
function assignSlots(
  operations: readonly JudgedOperation[],
  { returnOf, dueAt, operationDue }: Returns,
): Pick<OperationIndex, 'slotOf' | 'slotWords' | 'unknowns'> {
  const slotOf = new Int32Array(operations.length);
  const free: number[] = [];
  let slots = 0;
  let unknowns = 0;
  let due = 1;
  for (let operation = 0; operation < operations.length; operation++) {
    const { calledAt } = operations[operation] as JudgedOperation;
    for (; due < dueAt.length && (dueAt[due] as number) < calledAt; due++) {
      free.push(slotOf[operationDue[due] as number] as number);
    }
    slotOf[operation] = returnOf[operation] === 0 ? unknowns++ : (free.pop() ?? slots++);
  }
  return { slotOf, slotWords: Math.ceil(slots / 32), unknowns };
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
