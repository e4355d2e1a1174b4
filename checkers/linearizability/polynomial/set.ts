/**
 * Sets, in two cases.
 *
 * Element by element, where nobody reads the whole set and each element is added and removed at most once: the
 * elements are objects of their own, and the two changes of one leave little choice. An element that is added and then
 * removed is there from a moment p to a moment q. Who saw it saw it between, who missed it did so before p or after q;
 * the later p and the earlier q, the more of those fit, so the latest p and the earliest q decide. Where others are
 * added or removed more often, an element that is not can still show that no order fits: what is true of the set is true
 * of each element alone.
 *
 * Whole reads, where nothing is removed: what they saw must nest, and an element came in between the last read without
 * it and the first with it (levels.ts). Of several additions of one element the first alone counts; the one called
 * first may as well be that.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import { describeJson, internKey, isArray } from '../model.ts';
import type { Model } from '../model.ts';
import { answerOf } from '../models/sets.ts';
import type { JudgedOperation } from '../problem.ts';
import { NEVER } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider, Decision } from './decision.ts';
import { ANY_LEVEL, describeLevelInversion, findLevelInversion } from './levels.ts';

const byElement = new Answers('set, element by element');
const byReads = new Answers('nested reads of a set');
const EACH_ONCE = 'nobody reads the whole set, and each element is added and removed at most once';
const ITS_OWN = 'nobody reads the whole set, and the element is added and removed at most once';
const NOT_ONCE = 'an element is added or removed twice';
const ONLY_GROWS = 'nothing is removed, and only whole reads look at the set';

export const decideSet: Decider = (model, operations, name) => {
  const readsWhole = operations.some(({ call }) => call.f === 'read');
  return readsWhole ? decideReads(model, operations, name) : decideElements(model, operations, name);
};

/** What concerns one element, as times. Those who saw it and those who missed it are bounded by two operations each. */
interface Element {
  readonly value: Json;
  add: JudgedOperation | undefined;
  remove: JudgedOperation | undefined;
  readonly saw: JudgedOperation[];
  readonly missed: JudgedOperation[];
  /** Whether it is added once, and removed once, at most. */
  isOnce: boolean;
}

function decideElements(model: Model, operations: readonly JudgedOperation[], name: string): Decision {
  const elements = new Map<unknown, Element>();
  for (const operation of operations) {
    const { call } = operation;
    const key = internKey(call.argument);
    let element = elements.get(key);
    if (element === undefined) {
      element = {
        value: call.argument,
        add: undefined,
        remove: undefined,
        saw: [],
        missed: [],
        isOnce: true,
      };
      elements.set(key, element);
    }
    const isAdd = call.f === 'add';
    if (call.f === 'contains') (answerOf(call) ? element.saw : element.missed).push(operation);
    else if (call.outcome === 'refused') (isAdd ? element.saw : element.missed).push(operation);
    else if (isAdd ? element.add !== undefined : element.remove !== undefined) {
      element.isOnce = false;
    } else if (isAdd) element.add = operation;
    else element.remove = operation;
  }
  const initial = new Set<unknown>((model.init as readonly Json[]).map(internKey));
  let areOnce = true;
  for (const [key, element] of elements) {
    if (!element.isOnce) {
      areOnce = false;
      continue;
    }
    const conflict = findConflict(element, initial.has(key));
    if (conflict !== null)
      return byElement.illegal(ITS_OWN, describeConflict(model, name, element, conflict));
  }
  return areOnce ? byElement.legal(EACH_ONCE) : byElement.inapplicable(NOT_ONCE);
}

/** Operations that no order of the element's changes satisfies; null where one does. */
function findConflict(element: Element, isThereAtFirst: boolean): readonly JudgedOperation[] | null {
  // Told as of an element that is not there at first: for one that is, the parts are exchanged.
  const [enter, leave] = isThereAtFirst ? [element.remove, element.add] : [element.add, element.remove];
  const [inside, outside] = isThereAtFirst ? [element.missed, element.saw] : [element.saw, element.missed];
  const firstInside = least(inside, ({ returnedAt }) => returnedAt);
  const lastInside = least(inside, ({ calledAt }) => -calledAt);
  const lastOutside = least(outside, ({ calledAt }) => -calledAt);
  if (enter === undefined) return firstInside === undefined ? null : [firstInside];
  if (firstInside === undefined && enter.call.outcome === 'unknown') return null;
  // The latest time of the first change.
  const latest = Math.min(enter.returnedAt, firstInside?.returnedAt ?? NEVER);
  const proof = (...operations: readonly (JudgedOperation | undefined)[]): readonly JudgedOperation[] =>
    operations.filter((operation) => operation !== undefined);
  if (latest < enter.calledAt) return proof(firstInside, enter);
  /** Whether it is never left again, with the other change before the first one, or without it. */
  const staysFrom = Math.max(enter.calledAt, lastOutside?.calledAt ?? -1);
  const staying = Math.max(
    staysFrom,
    leave === undefined || leave.call.outcome === 'unknown' ? -1 : leave.calledAt,
  );
  if (staying < latest) return null;
  if (leave === undefined) return proof(lastOutside, enter, firstInside);
  const earliest = Math.max(leave.calledAt, lastInside?.calledAt ?? -1);
  if (earliest < leave.returnedAt && enter.calledAt < leave.returnedAt) {
    // Where the changes can be adjacent nobody misses it between them.
    const misfit =
      latest > earliest
        ? undefined
        : outside.find((one) => one.calledAt > latest && one.returnedAt < earliest);
    if (misfit === undefined) return null;
    return proof(misfit, enter, firstInside, leave, lastInside);
  }
  return proof(lastInside, leave, enter, firstInside, lastOutside);
}

function least(
  operations: readonly JudgedOperation[],
  key: (operation: JudgedOperation) => number,
): JudgedOperation | undefined {
  let best: JudgedOperation | undefined;
  for (const operation of operations) if (best === undefined || key(operation) < key(best)) best = operation;
  return best;
}

function describeConflict(
  model: Model,
  name: string,
  { value }: Element,
  conflict: readonly JudgedOperation[],
): Refutation {
  const unique = [...new Set(conflict)];
  const told = unique.map(
    (operation) => `the ${model.describeCall(operation.call, name)} ${place(operation)}`,
  );
  return {
    test: 'stale-read',
    explanation:
      told.length === 1
        ? `${told[0] as string}: nothing else can have made that so of ${describeJson(value)}.`
        : `No order fits ${told.slice(0, -1).join(', ')} and ${told.at(-1) as string}.`,
    operations: unique,
  };
}

function decideReads(model: Model, operations: readonly JudgedOperation[], name: string): Decision {
  const adds = new Map<unknown, number[]>();
  const reads: number[] = [];
  for (const [i, { call }] of operations.entries()) {
    if (call.f === 'read') {
      if (call.result !== null && !isArray(call.result)) return byReads.inapplicable('an answer is no list');
      reads.push(i);
    } else if (call.f !== 'add' || call.outcome === 'refused') {
      return byReads.inapplicable('elements are removed or looked for, and the whole set is read');
    } else {
      const key = internKey(call.argument);
      const others = adds.get(key);
      if (others === undefined) adds.set(key, [i]);
      else others.push(i);
    }
  }
  const contentsOf = (read: number): readonly Json[] => {
    return (operations[read]?.call.result ?? []) as readonly Json[];
  };
  const tell = (operation: number): string => {
    const judged = operations[operation] as JudgedOperation;
    return `${model.describeCall(judged.call, name)} ${place(judged)}`;
  };
  const refute = (test: string, explanation: string, ...proof: readonly number[]): Decision =>
    byReads.illegal(ONLY_GROWS, {
      test,
      explanation,
      operations: proof.map((operation) => operations[operation] as JudgedOperation),
    });
  reads.sort((a, b) => contentsOf(a).length - contentsOf(b).length || a - b);
  // By element: the group of the reads that are the first to have it; 0 is what is there before any addition.
  const groupOf = new Map<unknown, number>(
    (model.init as readonly Json[]).map((element) => [internKey(element), 0]),
  );
  const levelOf = new Int32Array(operations.length).fill(-1);
  let group = 0;
  for (const read of reads) {
    const contents = contentsOf(read);
    const grows = contents.length > groupOf.size;
    if (grows) group++;
    const known = groupOf.size;
    const seen = new Set<unknown>();
    let ofBefore = 0;
    for (const element of contents) {
      const key = internKey(element);
      if (seen.has(key))
        return refute('duplicate', `${tell(read)}, with ${describeJson(element)} twice.`, read);
      seen.add(key);
      const first = groupOf.get(key);
      if (first !== undefined) {
        if (first < group || !grows) ofBefore++;
        continue;
      }
      const makers = adds.get(key);
      const adder = makers?.[0];
      if (
        adder === undefined ||
        (operations[adder] as JudgedOperation).calledAt > (operations[read] as JudgedOperation).returnedAt
      ) {
        const who = adder === undefined ? [] : [adder];
        return refute(
          'unwritten-read',
          `${tell(read)}, but nobody had begun to add ${describeJson(element)} before it returned.`,
          read,
          ...who,
        );
      }
      groupOf.set(key, group);
    }
    if (ofBefore < known || groupOf.size > contents.length) {
      const other = reads.find((before) =>
        contentsOf(before).some((element) => !seen.has(internKey(element))),
      );
      const lacking =
        other === undefined ? undefined : contentsOf(other).find((element) => !seen.has(internKey(element)));
      if (other === undefined || lacking === undefined) {
        return refute('unwritten-read', `${tell(read)}, without an element that was there at first.`, read);
      }
      const more = contents.find(
        (element) => !contentsOf(other).some((one) => internKey(one) === internKey(element)),
      );
      return refute(
        'divergent-reads',
        `${tell(read)}, without ${describeJson(lacking)}, but ${tell(other)} had that` +
          `${more === undefined ? '' : ` and not ${describeJson(more)}`}; one of the two must hold all of the other.`,
        read,
        other,
      );
    }
    levelOf[read] = 2 * group + 1;
  }
  const levels = 2 * group + 3;
  const most = levelOf.slice();
  for (const [key, makers] of adds) {
    const first = groupOf.get(key);
    for (const [i, adder] of makers.entries()) {
      const isUnknown = operations[adder]?.call.outcome === 'unknown';
      if (first === undefined) {
        if (!isUnknown) levelOf[adder] = levels - 1;
        most[adder] = ANY_LEVEL;
      } else if (first === 0) {
        continue; // it was there at first
      } else {
        levelOf[adder] = 2 * first;
        most[adder] = i === 0 ? 2 * first : ANY_LEVEL;
      }
    }
  }
  const inversion = findLevelInversion(operations, { count: levels, least: levelOf, most });
  if (inversion === null) return byReads.legal(ONLY_GROWS);
  const since = 'as what the reads saw shows';
  return byReads.illegal(ONLY_GROWS, describeLevelInversion(model, name, operations, inversion, since));
}
