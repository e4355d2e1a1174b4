/** An order of operations with known levels, and refused compare-and-sets in it. */
import { sameJson } from '../model.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { JudgedOperation } from '../problem.ts';
import { placeObservations } from './placement.ts';
import { lowerBound } from './zones.ts';

/** What an operation says. */
export interface Claim {
  readonly key: Json;
  /** What it leaves; undefined of those that leave nothing. */
  readonly leaves: Json | undefined;
  /** What it certainly found, or has to find; undefined where it did not look. */
  readonly finds: Json | undefined;
  /** Of the change, or of the change whose value it saw. */
  readonly version: number | null;
  /** Of a read: how many versions it saw. */
  readonly position: number | null;
}

export interface Placed {
  readonly operation: number;
  readonly level: number;
}

/** What a key holds from places of the order on. */
interface Held {
  readonly from: number[];
  readonly values: Json[];
}

/**
 * Whether the refused ones find another value than they expected, somewhere in the order.
 *
 * @param least - by operation, its least level; below 0 where it takes no part
 * @param filled - more that take part
 */
export function fitsRefused(
  operations: readonly JudgedOperation[],
  claims: readonly Claim[],
  least: Int32Array,
  filled: readonly Placed[],
  refused: readonly number[],
  initial: Json,
): boolean {
  const placed = [...risen(operations, least), ...filled];
  placed.sort((a, b) => a.level - b.level || a.operation - b.operation);
  const order = Int32Array.from(placed, ({ operation }) => operation);
  const held = new Map<Json, Held>();
  for (const [i, operation] of order.entries()) {
    const { key, leaves } = claims[operation] as Claim;
    if (leaves === undefined) continue;
    const of = held.get(key) ?? { from: [], values: [] };
    held.set(key, of);
    of.from.push(i + 1);
    of.values.push(leaves);
  }
  const places = new Map([...held].map(([key, { from }]) => [key, Int32Array.from(from)]));
  const at = (operation: number): JudgedOperation => operations[operation] as JudgedOperation;
  const misfit = placeObservations(
    {
      calledAt: order.map((operation) => at(operation).calledAt),
      returnedAt: order.map((operation) => at(operation).returnedAt),
    },
    refused.map((operation) => {
      const { calledAt, returnedAt } = at(operation);
      const { key, finds } = claims[operation] as Claim;
      const values = held.get(key)?.values ?? [];
      const fits = (gap: number): boolean => {
        const changes = lowerBound(places.get(key) ?? NOWHERE, gap + 1);
        return !sameJson(changes === 0 ? initial : (values[changes - 1] as Json), finds as Json);
      };
      return { calledAt, returnedAt, fits };
    }),
  );
  return misfit < 0;
}

const NOWHERE = new Int32Array(0);

/** Each at its least level, or at that of one it follows in time. */
function risen(operations: readonly JudgedOperation[], least: Int32Array): Placed[] {
  const known = [...operations.keys()].filter((operation) => (least[operation] as number) >= 0);
  const returnedAt = (operation: number): number => (operations[operation] as JudgedOperation).returnedAt;
  const byReturn = known.toSorted((a, b) => returnedAt(a) - returnedAt(b));
  const level = least.slice();
  let next = 0;
  let floor = 0;
  for (const operation of known) {
    const { calledAt } = operations[operation] as JudgedOperation;
    for (; next < byReturn.length && returnedAt(byReturn[next] as number) < calledAt; next++) {
      floor = Math.max(floor, level[byReturn[next] as number] as number);
    }
    level[operation] = Math.max(level[operation] as number, floor);
  }
  return known.map((operation) => ({ operation, level: level[operation] as number }));
}
