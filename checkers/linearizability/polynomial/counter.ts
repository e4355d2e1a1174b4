/**
 * Counters to which the same amount is always added: exact. With other amounts: bounds, which refute and never accept.
 *
 *     add 1, read → 1, add 1     the read stands between the first and the second addition, whichever those are
 *
 * A read says how many additions came before it. So the additions fill numbered slots: slot k lies after every read of
 * fewer than k and before every read of k or more, and these bounds grow with k. An addition can go into a range of
 * slots; taking for each slot the one whose range ends first fills them all if that can be done (Glover's matching in
 * a convex bipartite graph, 1967). Additions of unknown outcome are taken last, and need not be taken.
 */
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import { describeJson } from '../model.ts';
import type { Model } from '../model.ts';
import { amountOf } from '../models/counter.ts';
import type { JudgedOperation } from '../problem.ts';
import { NEVER } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider } from './decision.ts';
import { Heap } from './heap.ts';
import { describeLevelInversion, findLevelInversion } from './levels.ts';
import { lowerBound, sortedBy } from './zones.ts';

const exact = new Answers('counter slots');
const bounds = new Answers('counter bounds (refutes only)');
const ONE_AMOUNT = 'all additions add the same amount';

export const decideCounter: Decider = (model, operations, name) => {
  const init = model.init as number;
  const amounts = new Set<number>();
  for (const { call } of operations) if (call.f !== 'read') amounts.add(amountOf(call));
  amounts.delete(0);
  const [amount = 1] = amounts;
  if (amounts.size > 1) {
    return exact.inapplicable('additions add different amounts');
  }
  const reads: number[] = [];
  const additions: number[] = [];
  const level = new Int32Array(operations.length).fill(-1);
  for (const [i, { call, calledAt, returnedAt }] of operations.entries()) {
    if (call.f !== 'read') {
      if (amountOf(call) !== 0) additions.push(i);
      continue;
    }
    const count = typeof call.result === 'number' ? (call.result - init) / amount : -1;
    const begun = Number.isInteger(count) && count >= 0 ? count : Infinity;
    if (begun > operations.length || returnedAt < calledAt) {
      return exact.illegal(ONE_AMOUNT, impossible(model, name, operations[i] as JudgedOperation));
    }
    level[i] = begun;
    reads.push(i);
  }
  const greatest = reads.reduce((most, read) => Math.max(most, level[read] as number), 0);
  const inversion = findLevelInversion(operations, { count: greatest + 1, least: level, most: level });
  if (inversion !== null) {
    return exact.illegal(
      ONE_AMOUNT,
      describeLevelInversion(model, name, operations, inversion, 'since the sum only moves one way'),
    );
  }
  const misfit = fillSlots(operations, additions, reads, level, greatest);
  if (misfit === null) return exact.legal(ONE_AMOUNT);
  return exact.illegal(ONE_AMOUNT, describeMisfit(model, name, operations, misfit));
};

interface Misfit {
  /** The reads that bound the slot that stays empty, or the place for the addition that is left over. */
  readonly reads: readonly number[];
  /** The addition that has no slot; undefined where it is a slot that has no addition. */
  readonly addition?: number;
}

function fillSlots(
  operations: readonly JudgedOperation[],
  additions: readonly number[],
  reads: readonly number[],
  level: Int32Array,
  slots: number,
): Misfit | null {
  // By slot, from 1: the read of fewer that is called last, and the read of as many or more that returns first.
  const after = new Int32Array(slots + 2).fill(-1);
  const before = new Int32Array(slots + 2).fill(-1);
  const calledAt = (operation: number): number => operations[operation]?.calledAt ?? -1;
  const returnedAt = (operation: number): number => operations[operation]?.returnedAt ?? NEVER;
  for (const read of reads) {
    const count = level[read] as number;
    if (calledAt(read) > calledAt(after[count + 1] as number)) after[count + 1] = read;
    if (returnedAt(read) < returnedAt(before[count] as number)) before[count] = read;
  }
  for (let slot = 2; slot <= slots + 1; slot++) {
    if (calledAt(after[slot - 1] as number) > calledAt(after[slot] as number))
      after[slot] = after[slot - 1] as number;
  }
  for (let slot = slots; slot >= 0; slot--) {
    if (returnedAt(before[slot + 1] as number) < returnedAt(before[slot] as number))
      before[slot] = before[slot + 1] as number;
  }
  const begins = after.map(calledAt);
  const ends = before.map(returnedAt);
  // Additions by the first slot that ends after they are called; those of slot `slots + 1` have any number of places.
  const firstSlot = Int32Array.from(additions, (addition) => lowerBound(ends, calledAt(addition), slots + 1));
  const lastSlot = Int32Array.from(additions, (addition) => lowerBound(begins, returnedAt(addition)) - 1);
  const byFirst = sortedBy(firstSlot, additions.length);
  const waiting = new Heap(
    (a, b) =>
      (lastSlot[a] as number) - (lastSlot[b] as number) ||
      returnedAt(additions[a] as number) - returnedAt(additions[b] as number),
  );
  let next = 0;
  for (let slot = 1; slot <= slots; slot++) {
    for (; next < byFirst.length && (firstSlot[byFirst[next] as number] as number) <= slot; next++) {
      waiting.push(byFirst[next] as number);
    }
    const taken = waiting.pop();
    if (taken === undefined) return { reads: [before[slot] as number] };
    if ((lastSlot[taken] as number) < slot) {
      return { reads: [after[slot] as number, before[slot] as number], addition: additions[taken] as number };
    }
  }
  for (; next < byFirst.length; next++) waiting.push(byFirst[next] as number);
  const left = waiting.pop();
  if (left !== undefined && (lastSlot[left] as number) <= slots) {
    return { reads: [after[slots + 1] as number], addition: additions[left] as number };
  }
  return null;
}

function describeMisfit(
  model: Model,
  name: string,
  operations: readonly JudgedOperation[],
  { reads, addition }: Misfit,
): Refutation {
  const told = [...new Set(reads)].flatMap((read) => operations[read] ?? []);
  const sentences = told.map((read) => `${model.describeCall(read.call, name)} ${place(read)}`);
  const last = told.at(-1) as JudgedOperation;
  if (addition === undefined) {
    return {
      test: 'unwritten-read',
      explanation: `${sentences.join(' and ')}, but fewer additions than that can have come before it and after the reads that saw less.`,
      operations: told,
    };
  }
  const extra = operations[addition] as JudgedOperation;
  return {
    test: 'lost-update',
    explanation:
      `${sentences.join(' and ')}, but more additions than that had completed before ${describeJson(last.call.result)} ` +
      `was read: for the ${model.describeCall(extra.call, name)} ${place(extra)} there is no room.`,
    operations: [last, ...told.slice(0, -1), extra],
  };
}

function impossible(model: Model, name: string, read: JudgedOperation): Refutation {
  return {
    test: 'unwritten-read',
    explanation: `${model.describeCall(read.call, name)} ${place(read)}, but no number of additions comes to that.`,
    operations: [read],
  };
}

/** A read outside the sums of what can have been added before it. */
export const refuteCounter: Decider = (model, operations, name) => {
  const because = 'no sum of what had begun comes to what was read';
  const init = model.init as number;
  const byReturn = sortedBy(
    Int32Array.from(operations, ({ returnedAt }) => returnedAt),
    operations.length,
  );
  const steps = operations.map(({ call }) => (call.f === 'read' ? 0 : amountOf(call)));
  // Sums of what had been called, and of what had returned, up to each place.
  const calls = Int32Array.from(operations, ({ calledAt }) => calledAt);
  const returns = Int32Array.from(byReturn, (i) => (operations[i] as JudgedOperation).returnedAt);
  const sums = (order: (i: number) => number, sign: 1 | -1): Float64Array => {
    const sum = new Float64Array(operations.length + 1);
    for (let i = 0; i < operations.length; i++) {
      const step = steps[order(i)] as number;
      sum[i + 1] = (sum[i] as number) + (Math.sign(step) === sign ? step : 0);
    }
    return sum;
  };
  const called = { more: sums((i) => i, 1), less: sums((i) => i, -1) };
  const returned = {
    more: sums((i) => byReturn[i] as number, 1),
    less: sums((i) => byReturn[i] as number, -1),
  };
  for (const read of operations) {
    if (read.call.f !== 'read') continue;
    const begun = lowerBound(calls, read.returnedAt);
    const done = lowerBound(returns, read.calledAt);
    const most = init + (called.more[begun] as number) + (returned.less[done] as number);
    const least = init + (returned.more[done] as number) + (called.less[begun] as number);
    const value = read.call.result;
    if (typeof value === 'number' && value >= least && value <= most) continue;
    return bounds.illegal(because, {
      test: 'out-of-bounds',
      explanation:
        `${model.describeCall(read.call, name)} ${place(read)}, but what had been added before it began and until it ` +
        `returned comes to no less than ${least} and no more than ${most}.`,
      operations: [read],
    });
  }
  return bounds.inapplicable('all reads are within what the additions allow, which proves nothing');
};
