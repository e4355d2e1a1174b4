/**
 * Locks.
 *
 * `mutex`, which anybody may release: acquisitions and releases take turns, and those of one kind are as good as each
 * other. So it is enough to wait until one has to take effect because it returns; then, where it is not the turn of
 * its kind, one of the other kind goes before it: of those that have begun, the one that returns first.
 *
 * `owner-mutex` and `fenced-mutex`: an acquisition and the release by the same owner are a block (zones.ts), an
 * acquisition that is not released is the last. Fencing tokens order the blocks (levels.ts).
 *
 * Refused ones are placed into the order that was found (placement.ts); where they do not fit, the search decides.
 */
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import type { Model } from '../model.ts';
import { fenceOf, ownerOf } from '../models/locks.ts';
import type { Owner } from '../models/locks.ts';
import type { JudgedOperation } from '../problem.ts';
import { NEVER } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider, Decision } from './decision.ts';
import { Heap } from './heap.ts';
import { describeLevelInversion, findLevelInversion } from './levels.ts';
import { placeObservations } from './placement.ts';
import { findCrossing, orderBlocks, sortedBy } from './zones.ts';
import type { Blocks } from './zones.ts';

const turns = new Answers('mutex turns');
const TURNS = 'acquisitions are as good as each other, and so are releases';
const sections = new Answers('critical sections');
const SECTIONS = 'each owner acquires and releases in turns, one operation after the other';
const MISFIT = 'a refused operation does not fit into the order that was found';

export const decideMutex: Decider = (model, operations, name) => {
  const size = operations.length;
  const byReturn = sortedBy(
    Int32Array.from(operations, ({ returnedAt }) => returnedAt),
    size,
  );
  const compare = (a: number, b: number): number =>
    (operations[a] as JudgedOperation).returnedAt - (operations[b] as JudgedOperation).returnedAt || a - b;
  const open = { acquire: new Heap(compare), release: new Heap(compare) };
  const isPlaced = new Uint8Array(size);
  const order: number[] = [];
  const refused: number[] = [];
  let next = 0;
  const isFirstHeld = model.init === true;
  let isHeld = isFirstHeld;
  const put = (operation: number): void => {
    isPlaced[operation] = 1;
    order.push(operation);
    isHeld = !isHeld;
  };
  for (const due of byReturn) {
    const { call, returnedAt } = operations[due] as JudgedOperation;
    if (call.outcome === 'refused') {
      refused.push(due);
      continue;
    }
    if (call.outcome === 'unknown') break; // what returns never has no due time
    for (; next < size && (operations[next] as JudgedOperation).calledAt < returnedAt; next++) {
      const { outcome, f } = (operations[next] as JudgedOperation).call;
      if (outcome !== 'refused') open[f === 'acquire' ? 'acquire' : 'release'].push(next);
    }
    if (isPlaced[due] === 1) continue;
    const isAcquire = call.f === 'acquire';
    if (isAcquire === isHeld) {
      const others = isAcquire ? open.release : open.acquire;
      const other = others.pop();
      if (other === undefined)
        return turns.illegal(TURNS, blameTurn(model, name, operations, due, order.at(-1)));
      put(other);
    }
    // It is the first of its kind to return, so it is the one on top.
    (isAcquire ? open.acquire : open.release).pop();
    put(due);
  }
  if (refused.length === 0) return turns.legal(TURNS);
  const isRefusedWhile = (operation: number): boolean => operations[operation]?.call.f === 'acquire';
  const heldIn = (gap: number): boolean => (gap % 2 === 0) === isFirstHeld;
  const fits = placeRefused(
    operations,
    order,
    refused,
    (operation, gap) => heldIn(gap) === isRefusedWhile(operation),
  );
  return fits ? turns.legal(TURNS) : turns.inapplicable(MISFIT);
};

function placeRefused(
  operations: readonly JudgedOperation[],
  order: readonly number[],
  refused: readonly number[],
  fits: (operation: number, gap: number) => boolean,
): boolean {
  const at = (operation: number): JudgedOperation => operations[operation] as JudgedOperation;
  const misfit = placeObservations(
    {
      calledAt: Int32Array.from(order, (operation) => at(operation).calledAt),
      returnedAt: Int32Array.from(order, (operation) => at(operation).returnedAt),
    },
    refused
      .toSorted((a, b) => at(a).calledAt - at(b).calledAt)
      .map((operation) => ({
        calledAt: at(operation).calledAt,
        returnedAt: at(operation).returnedAt,
        fits: (gap) => fits(operation, gap),
      })),
  );
  return misfit < 0;
}

function blameTurn(
  model: Model,
  name: string,
  operations: readonly JudgedOperation[],
  due: number,
  last: number | undefined,
): Refutation {
  const judged = operations[due] as JudgedOperation;
  const before = last === undefined ? undefined : operations[last];
  const [other, state] = judged.call.f === 'acquire' ? ['release', 'held'] : ['acquire', 'free'];
  const since =
    before === undefined
      ? 'from the beginning'
      : `by the ${model.describeCall(before.call, name)} ${place(before)}`;
  return {
    test: 'mutual-exclusion',
    explanation:
      `${model.describeCall(judged.call, name)} ${place(judged)} completed, but as many had to take effect before it ` +
      `as left ${name} ${state} ${since}, and no further ${other} had begun.`,
    operations: before === undefined ? [judged] : [judged, before],
  };
}

/** An acquisition and its release, as positions of operations; the release NONE where there is none. */
interface Section {
  readonly owner: Owner;
  readonly acquire: number;
  release: number;
}

const NONE = -1;

export const decideOwnerMutex: Decider = (model, operations, name) =>
  decideSections(model, operations, name, false);
export const decideFencedMutex: Decider = (model, operations, name) =>
  decideSections(model, operations, name, true);

function decideSections(
  model: Model,
  operations: readonly JudgedOperation[],
  name: string,
  heedsFences: boolean,
): Decision {
  const read = readSections(model, operations, name);
  if ('outcome' in read) return read;
  const { list, refused } = read;
  const at = (operation: number): JudgedOperation => operations[operation] as JudgedOperation;
  const blocks: Blocks = {
    count: list.length,
    firstReturn: Int32Array.from(list, ({ acquire, release }) =>
      Math.min(at(acquire).returnedAt, release === NONE ? NEVER : at(release).returnedAt),
    ),
    lastCall: Int32Array.from(list, ({ release }) => (release === NONE ? NEVER : at(release).calledAt)),
  };
  const crossing = findCrossing(blocks);
  if (crossing !== null) {
    const [one, other] = [list[crossing[0]] as Section, list[crossing[1]] as Section];
    return sections.illegal(SECTIONS, blameOverlap(model, name, operations, one, other));
  }
  let ordered = [...orderBlocks(blocks)].map((block) => list[block] as Section);
  const fenceAt = ({ acquire }: Section): number | null => fenceOf(at(acquire).call);
  const fenced = list.filter((section) => fenceAt(section) !== null);
  if (heedsFences && fenced.length > 0) {
    const isAll = fenced.length === list.length;
    if (isAll) {
      ordered = list.toSorted((a, b) => (fenceAt(a) as number) - (fenceAt(b) as number));
      const refutation = refuteByFences(model, name, operations, ordered, fenceAt);
      if (refutation !== null) return sections.illegal(`${SECTIONS}; fencing tokens order them`, refutation);
    }
    let greatest = -1;
    for (const section of ordered) {
      const fence = fenceAt(section);
      if (fence === null) continue;
      if (fence <= greatest) return sections.inapplicable('not every acquisition tells its fencing token');
      greatest = fence;
    }
  }
  if (refused.length === 0) return sections.legal(SECTIONS);
  const order: number[] = [];
  const holders: (Owner | null)[] = [null];
  for (const { owner, acquire, release } of ordered) {
    order.push(acquire);
    holders.push(owner);
    if (release === NONE) continue;
    order.push(release);
    holders.push(null);
  }
  const fits = placeRefused(operations, order, refused, (operation, gap) => {
    const { call } = at(operation);
    const holder = holders[gap] ?? null;
    return call.f === 'acquire' ? holder !== null : holder !== ownerOf(call);
  });
  return fits ? sections.legal(SECTIONS) : sections.inapplicable(MISFIT);
}

function readSections(
  model: Model,
  operations: readonly JudgedOperation[],
  name: string,
): Decision | { readonly list: readonly Section[]; readonly refused: readonly number[] } {
  const list: Section[] = [];
  const refused: number[] = [];
  /** By owner: the last operation, and the section that is open. */
  const lastOf = new Map<Owner, JudgedOperation>();
  const openOf = new Map<Owner, Section>();
  for (const operation of operations) {
    if (operation.call.outcome === 'refused') continue;
    const owner = ownerOf(operation.call);
    if ((lastOf.get(owner)?.returnedAt ?? -1) > operation.calledAt) {
      return sections.inapplicable(
        'an owner has several operations at a time, or one of unknown outcome before others',
      );
    }
    lastOf.set(owner, operation);
  }
  lastOf.clear();
  for (const [i, operation] of operations.entries()) {
    const { call } = operation;
    if (call.outcome === 'refused') {
      refused.push(i);
      continue;
    }
    const owner = ownerOf(call);
    const last = lastOf.get(owner);
    lastOf.set(owner, operation);
    const open = openOf.get(owner);
    const isAcquire = call.f === 'acquire';
    if (isAcquire === (open !== undefined)) {
      if (call.outcome === 'unknown') continue; // it did nothing, or never happened
      return sections.illegal(SECTIONS, {
        test: 'mutual-exclusion',
        explanation:
          `${model.describeCall(call, name)} ${place(operation)}, ` +
          (last === undefined
            ? 'who had not acquired it.'
            : `whose last operation before was the ${model.describeCall(last.call, name)} ${place(last)}.`),
        operations: last === undefined ? [operation] : [operation, last],
      });
    }
    if (isAcquire) {
      if (call.outcome === 'unknown') continue; // nobody releases it after that, so it may never have happened
      const section: Section = { owner, acquire: i, release: NONE };
      list.push(section);
      openOf.set(owner, section);
    } else if (open !== undefined) {
      open.release = i;
      openOf.delete(owner);
    }
  }
  return { list, refused };
}

function blameOverlap(
  model: Model,
  name: string,
  operations: readonly JudgedOperation[],
  one: Section,
  other: Section,
): Refutation {
  const tell = (operation: number): string => {
    const judged = operations[operation] as JudgedOperation;
    return `the ${model.describeCall(judged.call, name)} ${place(judged)}`;
  };
  const span = ({ acquire, release }: Section): string =>
    release === NONE
      ? `${tell(acquire)}, never released,`
      : `${tell(acquire)}, released by ${tell(release)},`;
  const all = [one.acquire, one.release, other.acquire, other.release].filter(
    (operation) => operation !== NONE,
  );
  return {
    test: 'mutual-exclusion',
    explanation: `${capitalise(span(one))} and ${span(other)} overlap: ${name} was held by both at one time.`,
    operations: all.map((operation) => operations[operation] as JudgedOperation),
  };
}

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function refuteByFences(
  model: Model,
  name: string,
  operations: readonly JudgedOperation[],
  ordered: readonly Section[],
  fenceAt: (section: Section) => number | null,
): Refutation | null {
  const level = new Int32Array(operations.length).fill(NONE);
  for (const [i, { acquire, release }] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before !== undefined && fenceAt(before) === fenceAt(ordered[i] as Section)) {
      const [a, b] = [operations[before.acquire] as JudgedOperation, operations[acquire] as JudgedOperation];
      return {
        test: 'fence-twice',
        explanation: `${model.describeCall(a.call, name)} ${place(a)} and ${model.describeCall(b.call, name)} ${place(b)} have the same fencing token.`,
        operations: [b, a],
      };
    }
    level[acquire] = 2 * i;
    if (release !== NONE) level[release] = 2 * i + 1;
    else if (i < ordered.length - 1) {
      const [a, b] = [
        operations[acquire] as JudgedOperation,
        operations[(ordered[i + 1] as Section).acquire] as JudgedOperation,
      ];
      return {
        test: 'mutual-exclusion',
        explanation: `${model.describeCall(b.call, name)} ${place(b)}, though the ${model.describeCall(a.call, name)} ${place(a)} has a smaller token and was never released.`,
        operations: [b, a],
      };
    }
  }
  const inversion = findLevelInversion(operations, { count: 2 * ordered.length, least: level, most: level });
  return inversion === null
    ? null
    : describeLevelInversion(model, name, operations, inversion, 'as the fencing tokens show');
}
