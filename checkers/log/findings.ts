/**
 * Collects anomalies: all are counted, a few of each name are told. A rotten history of a million operations has
 * millions of anomalies, and the first ones say what is wrong.
 */
import type { Anomaly, Picture } from '../checker.ts';
import { allowedBecause } from './allowance.ts';
import type { Circumstances } from './allowance.ts';
import type { LogOptions } from './options.ts';

/** Anomalies of one name that are told. */
const MAX_TOLD = 8;

/** What is said of an anomaly when it is told. */
export interface Finding {
  readonly explanation: string;
  /** Indexes; undefined and -1 are left out. */
  readonly operations: readonly (number | undefined)[];
  readonly picture?: Picture;
}

interface Tally {
  count: number;
  readonly told: Anomaly[];
}

export class Findings {
  readonly #options: LogOptions;
  readonly #judged = new Map<string, Tally>();
  readonly #allowed = new Map<string, Tally>();

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** @param tell - asked only when there is room to tell it */
  add(name: string, tell: () => Finding, circumstances: Circumstances = {}): void {
    const reason = allowedBecause(name, this.#options, circumstances);
    const tallies = reason === undefined ? this.#judged : this.#allowed;
    let tally = tallies.get(name);
    if (tally === undefined) tallies.set(name, (tally = { count: 0, told: [] }));
    if (++tally.count > MAX_TOLD) return;
    const { explanation, operations: witnesses, picture } = tell();
    const operations = witnesses.filter((index): index is number => index !== undefined && index >= 0);
    tally.told.push({
      name,
      explanation: reason === undefined ? explanation : `${explanation} Allowed: ${reason}`,
      operations: [...new Set(operations)].sort((a, b) => a - b),
      ...(picture === undefined ? {} : { picture }),
    });
  }

  /** How many of that name there are, told or not. */
  count(name: string): number {
    return (this.#judged.get(name)?.count ?? 0) + (this.#allowed.get(name)?.count ?? 0);
  }

  get anomalies(): Anomaly[] {
    return [...this.#judged.values()].flatMap(({ told }) => told);
  }

  get allowed(): Anomaly[] {
    return [...this.#allowed.values()].flatMap(({ told }) => told);
  }

  get counts(): { readonly anomalies: Record<string, number>; readonly allowed: Record<string, number> } {
    return { anomalies: countsOf(this.#judged), allowed: countsOf(this.#allowed) };
  }
}

function countsOf(tallies: ReadonlyMap<string, Tally>): Record<string, number> {
  return Object.fromEntries([...tallies].map(([name, { count }]) => [name, count]));
}
