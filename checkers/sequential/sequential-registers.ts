/**
 * Judges registers for sequential consistency, key by key: is there one order of all operations that fits what each process
 * did, one after the other, whatever the real time? A register that fails this has no such history; that every key
 * passes does not prove it for all keys together.
 *
 *     process 1 writes a · process 2 writes b · process 3 reads a, then b · process 4 reads b, then a: no order fits
 *
 * Values must be unique on each key. Then an order exists exactly when no version must come before itself: each process
 * sees and writes versions in their order. For reads and writes this is exact, for compare-and-sets it only refutes.
 *
 * Anomalies: `not-sequential`; `garbage-read`, `aborted-read`, `future-read`.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { Findings } from '../findings/findings.ts';
import { collectRegisters, forgetRanks } from '../sessions/collect-registers.ts';
import { Accounts, GUARANTEES } from '../sessions/guarantees.ts';
import { judgeUnranked } from '../sessions/judge-unranked.ts';

const NAME = 'sequential-registers';

export interface SequentialRegistersOptions {
  /** What a register holds before the first write; null by default. */
  readonly initial?: Json;
}

export function sequentialRegisters({ initial = null }: SequentialRegistersOptions = {}): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const counts = { keys: 0, ambiguous: 0, refuted: 0, reads: 0 };
    const processOf = ({ process }: { readonly process: number | 'nemesis' }): number => Number(process);
    const registers = collectRegisters(history, initial, processOf, findings, pace);
    for (const register of registers.values()) {
      if (pace.spend(register.steps.length)) break;
      counts.keys++;
      for (const { seen } of register.steps) if (seen !== -1) counts.reads++;
      if (register.ambiguous !== undefined) {
        counts.ambiguous++;
        continue;
      }
      forgetRanks(register);
      const ofThis = new Findings();
      judgeUnranked(history, register, new Accounts(GUARANTEES, ofThis), processOf);
      const [first] = ofThis.conclude(NAME, { statistics: {} }).anomalies;
      if (first === undefined) continue;
      counts.refuted++;
      findings.add('not-sequential', () => ({
        ...first,
        explanation: `No order of the operations on ${register.name} fits all processes. ${first.explanation}`,
      }));
    }
    const vacuous = 'no read completed, so nothing was judged: run longer, or with fewer faults';
    const twice = `on ${counts.ambiguous} of ${counts.keys} keys a value was written twice: write unique values`;
    return {
      statistics: counts,
      unknownBecause: counts.ambiguous > 0 ? twice : counts.reads === 0 ? vacuous : undefined,
    };
  });
}
