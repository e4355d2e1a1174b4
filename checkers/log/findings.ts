/** Collects anomalies, those that the options allow apart from the others: see allowance.ts. */
import type { Anomaly, Verdict } from '../checker.ts';
import { Findings } from '../findings/findings.ts';
import type { Conclusion, Finding } from '../findings/findings.ts';
import { allowedBecause } from './allowance.ts';
import type { Circumstances } from './allowance.ts';
import type { LogOptions } from './options.ts';

/** The end of an explanation, where the same name may be allowed in other circumstances. */
const ALLOWED = ' Allowed: ';

export class LogFindings {
  readonly #options: LogOptions;
  readonly #judged = new Findings();
  readonly #allowed = new Findings();

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** @param tell - asked only when there is room to tell it */
  add(name: string, tell: () => Finding, circumstances: Circumstances = {}): void {
    const reason = allowedBecause(name, this.#options, circumstances);
    if (reason === undefined) {
      this.#judged.add(name, tell);
      return;
    }
    this.#allowed.addAllowed(name, () => {
      const finding = tell();
      return { ...finding, explanation: finding.explanation + ALLOWED + reason };
    });
  }

  /** The statistics get, by name, how many were found, and how many of those that are allowed. */
  conclude(checker: string, { statistics, unknownBecause }: Conclusion): Verdict {
    const { allowed, statistics: ofAllowed } = this.#allowed.conclude(checker, { statistics: {} });
    const { found } = ofAllowed as { readonly found: { readonly [name: string]: number } };
    const verdict = this.#judged.conclude(checker, {
      statistics: { ...statistics, foundAllowed: found },
      unknownBecause,
    });
    return allowed === undefined ? verdict : { ...verdict, allowed };
  }
}

/** Indexes of operations, ascending, each once; undefined and -1 are left out. */
export function witnesses(...indexes: readonly (number | undefined)[]): Anomaly['operations'] {
  const known = indexes.filter((index): index is number => index !== undefined && index >= 0);
  return [...new Set(known)].sort((a, b) => a - b);
}
