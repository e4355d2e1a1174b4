/**
 * Short names of cells, for tables: without the options that all cells share.
 *
 *     labelsOf(cells).get('raft register --time-limit 20 --nemesis kill')    // 'raft register --nemesis kill'
 */
import type { Cell } from './cells.ts';

type Named = Pick<Cell, 'key' | 'system' | 'workload' | 'options'>;

/** By key; as different as the keys are. */
export function labelsOf(cells: readonly Named[]): ReadonlyMap<string, string> {
  const [first] = cells;
  const shared = new Set(
    first?.options
      .map(optionText)
      .filter((option) => cells.every(({ options }) => options.map(optionText).includes(option))) ?? [],
  );
  return new Map(
    cells.map(({ key, system, workload, options }) => {
      const own = cells.length === 1 ? [] : options.map(optionText).filter((option) => !shared.has(option));
      return [key, [system, workload, ...own].join(' ')];
    }),
  );
}

const optionText = ([name, value]: readonly [string, string]): string => `--${name} ${value}`;
