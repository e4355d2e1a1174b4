/**
 * What a queue's or a stack's operations say, item by item: who put it in, who took it out.
 *
 *     enqueue 1, dequeue → 1, enqueue 2     1: put and taken; 2: put
 *
 * - Of a put of unknown outcome whose item nobody got, nothing can be told: it is left out. One whose item somebody
 *   got happened, and no later than that.
 * - A take of unknown outcome may have got any item that is missing, or found nothing. Left out, it may be needed; so a
 *   history is judged twice: `strict`, as if none of them happened, which is an order too if there is one; and
 *   `lenient`, without the items that nobody got, whoever may have taken them: an order of all would be one of those.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { place } from '../lineage.ts';
import type { Refutation } from '../lineage.ts';
import { describeJson, internKey, isArray } from '../model.ts';
import type { Model } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';
import { NEVER } from '../problem.ts';

export interface Item {
  readonly value: Json;
  readonly put: JudgedOperation;
  readonly taken: JudgedOperation | null;
  /** When the put was called and had returned at the latest, and the same of the take. NEVER where nobody took it. */
  readonly putCall: number;
  readonly putReturn: number;
  readonly takeCall: number;
  readonly takeReturn: number;
}

export interface Container {
  readonly items: readonly Item[];
  /** Takes that found nothing. */
  readonly empties: readonly JudgedOperation[];
}

export interface Reading {
  /** As if no take of unknown outcome had happened. */
  readonly strict: Container;
  /** Whether there is one; then `lenient` differs. */
  readonly hasUnknownTakes: boolean;
}

export const UNIQUE_ITEMS = 'every item is put in once';

/** The items; what keeps them from being told apart; or a contradiction that needs no order of the items. */
export function readItems(
  model: Model,
  operations: readonly JudgedOperation[],
  name: string,
  putName: string,
): Reading | string | Refutation {
  if (!isArray(model.init) || model.init.length > 0) return 'it holds items at first';
  const puts = new Map<unknown, JudgedOperation>();
  for (const operation of operations) {
    if (operation.call.f !== putName) continue;
    const key = internKey(operation.call.argument);
    if (puts.has(key)) return 'an item is put in twice';
    puts.set(key, operation);
  }
  const takes = new Map<JudgedOperation, JudgedOperation>();
  const empties: JudgedOperation[] = [];
  let hasUnknownTakes = false;
  const the = (operation: JudgedOperation): string =>
    `${model.describeCall(operation.call, name)} ${place(operation)}`;
  for (const operation of operations) {
    const { call } = operation;
    if (call.f === putName) continue;
    if (call.f === 'peek') return 'items are looked at without being taken';
    if (call.outcome === 'unknown') hasUnknownTakes = true;
    else if (call.outcome === 'refused' || call.result === null) empties.push(operation);
    else {
      const put = puts.get(internKey(call.result));
      if (put === undefined || put.calledAt > operation.returnedAt) {
        return {
          test: 'unwritten-read',
          explanation: `${the(operation)}, but nobody had begun to put ${describeJson(call.result)} in before it returned.`,
          operations: put === undefined ? [operation] : [operation, put],
        };
      }
      const other = takes.get(put);
      if (other !== undefined) {
        return {
          test: 'taken-twice',
          explanation: `${the(operation)} and ${the(other)}, but it was put in only once: the ${the(put)}.`,
          operations: [operation, other, put],
        };
      }
      takes.set(put, operation);
    }
  }
  const items: Item[] = [];
  for (const put of puts.values()) {
    const taken = takes.get(put) ?? null;
    if (taken === null && put.call.outcome === 'unknown') continue;
    items.push({
      value: put.call.argument,
      put,
      taken,
      putCall: put.calledAt,
      putReturn: Math.min(put.returnedAt, taken?.returnedAt ?? NEVER),
      takeCall: taken === null ? NEVER : Math.max(taken.calledAt, put.calledAt),
      takeReturn: taken?.returnedAt ?? NEVER,
    });
  }
  return { strict: { items, empties }, hasUnknownTakes };
}

export function lenient({ items, empties }: Container): Container {
  return { items: items.filter(({ taken }) => taken !== null), empties };
}

/** An empty answer at a time when there was certainly an item; null where each has a time when there may be none. */
export function findCoveredEmpty(
  model: Model,
  name: string,
  { items, empties }: Container,
): Refutation | null {
  const certain = items
    .filter(({ putReturn, takeCall }) => putReturn < takeCall)
    .sort((a, b) => a.putReturn - b.putReturn);
  // Stretches in which there is always an item, and whose they are.
  const from: number[] = [];
  const to: number[] = [];
  const first: number[] = [];
  certain.forEach(({ putReturn, takeCall }, i) => {
    const end = to.at(-1);
    if (end !== undefined && putReturn < end) {
      to[to.length - 1] = Math.max(end, takeCall);
    } else {
      from.push(putReturn);
      to.push(takeCall);
      first.push(i);
    }
  });
  for (const empty of empties) {
    let low = 0;
    let high = from.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((from[middle] as number) <= empty.calledAt) low = middle + 1;
      else high = middle;
    }
    if (low === 0 || (to[low - 1] as number) < empty.returnedAt) continue;
    const cover = coverStretch(certain.slice(first[low - 1]), empty.calledAt, empty.returnedAt);
    const values = cover.slice(0, 4).map(({ value }) => describeJson(value));
    const told = `${values.join(', ')}${cover.length > values.length ? ', …' : ''}`;
    return {
      test: 'covered-empty',
      explanation:
        `${model.describeCall(empty.call, name)} ${place(empty)}, but from its beginning to its end there was always ` +
        `an item: ${told} had been put in before and ${cover.length === 1 ? 'was' : 'were'} not yet taken out.`,
      operations: [empty, ...cover.flatMap(({ put, taken }) => (taken === null ? [put] : [put, taken]))],
    };
  }
  return null;
}

/**
 * The fewest items that cover a stretch: of those that are there, always the one that stays longest.
 *
 * @param items - in the order in which they were in
 */
export function coverStretch(items: readonly Item[], from: number, to: number): readonly Item[] {
  const cover: Item[] = [];
  let best: Item | undefined;
  for (let at = from, i = 0; at < to; at = best.takeCall) {
    for (; i < items.length && (items[i] as Item).putReturn <= at; i++) {
      if (best === undefined || (items[i] as Item).takeCall > best.takeCall) best = items[i];
    }
    if (best === undefined || best.takeCall <= at) break;
    cover.push(best);
  }
  return cover;
}
