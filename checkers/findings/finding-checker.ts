/**
 * What checkers that collect findings share: the findings, the time budget, and the verdict of both.
 *
 *     return findingChecker('bank', (history, findings, pace) => {
 *       for (const read of reads(history)) if (pace.spend(1)) break; else judge(read, findings);
 *       return { statistics: { reads: 40 }, unknownBecause: undefined };
 *     });
 */
import type { History } from '../../harness/history/history.ts';
import type { Checker } from '../checker.ts';
import { type Conclusion, Findings } from './findings.ts';
import { Pace } from './pace.ts';

/** @param judge - what it says is in the way of true comes after a time budget that was used up */
export function findingChecker(
  name: string,
  judge: (history: History, findings: Findings, pace: Pace) => Conclusion,
): Checker {
  return {
    name,
    check: (input) => {
      const findings = new Findings();
      const pace = new Pace(input, input.history.length);
      const { statistics, unknownBecause } = judge(input.history, findings, pace);
      return findings.conclude(name, { statistics, unknownBecause: pace.reason ?? unknownBecause });
    },
  };
}
