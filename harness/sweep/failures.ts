/**
 * What went wrong in a sweep, by what it is known by: one entry a signature, however many seeds have it.
 *
 *     failuresOf(outcome)
 *     // [{ signature: 'raft-register/linearizability/nonlinearizable/3f9a1c', runs: 4, example: { seed: 7, … }, cells: [ … ] }]
 *
 * Bugs that the plan expects to be found are no failures.
 */
import type { SeedRecord } from './ledger.ts';
import type { SweepOutcome } from './outcome.ts';

export interface SweepFailure {
  /** Null: invalid, and no signature was made. */
  readonly signature: string | null;
  /** Seed-runs that have it. */
  readonly runs: number;
  /** Keys of the cells. */
  readonly cells: readonly string[];
  /** The one with the fewest operations. */
  readonly example: SeedRecord;
}

/** In the order of their first run. */
export function failuresOf({ cells }: SweepOutcome): readonly SweepFailure[] {
  const found = cells
    .filter(({ cell }) => cell.expect === 'valid')
    .flatMap(({ records }) => records)
    .filter(({ outcome }) => outcome === 'invalid')
    .flatMap((record) =>
      (record.signatures.length > 0 ? record.signatures : [null]).map((signature) => ({ signature, record })),
    );
  return [...Map.groupBy(found, ({ signature }) => signature)].map(([signature, group]) => {
    const records = group.map(({ record }) => record);
    return {
      signature,
      runs: records.length,
      cells: [...new Set(records.map(({ cell }) => cell))],
      example: records.reduce((best, each) => (each.operations < best.operations ? each : best)),
    };
  });
}
