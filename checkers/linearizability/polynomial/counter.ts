/**
 * Counters to which the same amount is always added: exact. With other amounts: bounds, which refute and never accept.
 *
 *     add 1, read → 1, add 1     the read stands between the first and the second addition, whichever those are
 *
 * A read says how many additions came before it, so that these fill numbered places (slots.ts).
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
import { describeLevelInversion, findLevelInversion } from './levels.ts';
import { fillSlots, slotsOf } from './slots.ts';
import type { Misfit, Slots } from './slots.ts';
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
  const slots = slotsBetween(operations, reads, level, greatest);
  const misfit = fillSlots(operations, additions, slots);
  if (misfit === null) return exact.legal(ONE_AMOUNT);
  return exact.illegal(ONE_AMOUNT, describeMisfit(model, name, operations, slots, misfit));
};

/** A slot for each addition that some read counts. */
function slotsBetween(
  operations: readonly JudgedOperation[],
  reads: readonly number[],
  level: Int32Array,
  count: number,
): Slots {
  const slots = slotsOf(count);
  const { after, before } = slots;
  for (const read of reads) {
    const { calledAt, returnedAt } = operations[read] as JudgedOperation;
    const seen = level[read] as number;
    if (calledAt > (operations[after[seen + 1] as number]?.calledAt ?? -1)) after[seen + 1] = read;
    if (returnedAt < (operations[before[seen] as number]?.returnedAt ?? NEVER)) before[seen] = read;
  }
  return slots;
}

function describeMisfit(
  model: Model,
  name: string,
  operations: readonly JudgedOperation[],
  { count, after, before }: Slots,
  { slot, filler }: Misfit,
): Refutation {
  const bounds = [
    ...(filler === undefined ? [] : [after[slot] as number]),
    ...(slot > count ? [] : [before[slot] as number]),
  ];
  const told = [...new Set(bounds)].flatMap((read) => operations[read] ?? []);
  const sentences = told.map((read) => `${model.describeCall(read.call, name)} ${place(read)}`);
  const last = told.at(-1) as JudgedOperation;
  if (filler === undefined) {
    return {
      test: 'unwritten-read',
      explanation: `${sentences.join(' and ')}, but fewer additions than that can have come before it and after the reads that saw less.`,
      operations: told,
    };
  }
  const extra = operations[filler] as JudgedOperation;
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
