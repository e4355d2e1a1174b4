/**
 * The jobs of a cell: ranges of its seeds, each done by one worker.
 *
 *     firstRanges(cell, 5)      // [{ index: 0, first: 1, last: 5 }, { index: 1, first: 6, last: 10 }, …]
 *
 * Where only a budget ends a cell there is no last one: then each range that ends begins another one, further on.
 */
import type { Cell } from '../../sweep/cells.ts';

export interface SeedRange {
  /** From 0, in the cell. */
  readonly index: number;
  readonly first: number;
  readonly last: number;
}

/** Ranges without an end that are open at once: as many workers can take part in a cell. */
const OPEN_RANGES = 32;

export function firstRanges(cell: Cell, rangeSeeds: number): readonly SeedRange[] {
  const { first, last } = cell.seeds;
  const count = last === null ? OPEN_RANGES : Math.ceil((last - first + 1) / rangeSeeds);
  return Array.from({ length: count }, (_, index) => rangeAt(cell, rangeSeeds, index));
}

/** What a range that ended begins; null where all were begun. */
export function rangeAfter(cell: Cell, rangeSeeds: number, { index }: SeedRange): SeedRange | null {
  return cell.seeds.last === null ? rangeAt(cell, rangeSeeds, index + OPEN_RANGES) : null;
}

function rangeAt({ seeds }: Cell, rangeSeeds: number, index: number): SeedRange {
  const first = seeds.first + index * rangeSeeds;
  return { index, first, last: Math.min(first + rangeSeeds - 1, seeds.last ?? Infinity) };
}
