/**
 * Does the history prove anything? A run in which no write ever succeeded, or whose partitions cut nothing, passes every
 * checker and has shown nothing: its verdict is unknown, with the reasons, and never true.
 *
 *     vacuity({ mustSucceed: ['read', 'write'], requestedFaults: ['partition'] })
 *     // unknown: no write was ok in 312 attempts; none of the 4 faults of partition took effect
 *
 * A run whose reads all fail once the faults are over has not shown what the faults left behind; one that was
 * interrupted before anybody tried is judged by what it has. A single fault without effect does not make a run vacuous;
 * the statistics name it.
 */
import type { FaultWindow } from '../../harness/history/fault-windows.ts';
import type { History } from '../../harness/history/history.ts';
import type { Checker, Verdict } from '../checker.ts';
import type { Model } from '../linearizability/model.ts';
import { whyUnconstrained } from './constraint.ts';

export interface VacuityOptions {
  /** Functions of which at least one operation must be `ok`. */
  readonly mustSucceed?: readonly string[];
  /** Nemeses that the run asked for: of each, at least one fault must have taken effect. */
  readonly requestedFaults?: readonly string[];
  /** Of its states something must be said: see constraint.ts. */
  readonly model?: Model;
}

/** The function that shows the state. */
const READ = 'read';

export function vacuity(options: VacuityOptions = {}): Checker {
  return {
    name: 'vacuous',
    check: ({ history }): Verdict => {
      const reasons = vacuousReasons(history, options);
      if (reasons.length === 0) return { checker: 'vacuous', valid: true, anomalies: [] };
      const reason = `The history proves nothing: ${reasons.join('; ')}.`;
      return { checker: 'vacuous', valid: 'unknown', reason, anomalies: [] };
    },
  };
}

function vacuousReasons(history: History, options: VacuityOptions): string[] {
  const attempts = new Map<string, number>();
  const succeeded = new Set<string>();
  for (const { process, type, f } of history.operations) {
    if (process === 'nemesis') continue;
    if (type === 'invoke') attempts.set(f, (attempts.get(f) ?? 0) + 1);
    else if (type === 'ok') succeeded.add(f);
  }
  if (attempts.size === 0) return ['no client did anything'];
  const reasons: string[] = [];
  if (succeeded.size === 0) reasons.push('no operation of a client was ok');
  for (const f of options.mustSucceed ?? []) {
    if (succeeded.has(f)) continue;
    const count = attempts.get(f) ?? 0;
    reasons.push(count === 0 ? `no ${f} was tried` : `no ${f} was ok in ${plural(count, 'attempt')}`);
  }
  if (options.mustSucceed?.includes(READ) === true && succeeded.has(READ)) {
    const count = failedReadsAtTheEnd(history);
    if (count > 0) {
      reasons.push(
        `no read was ok in ${plural(count, 'attempt')} after the last fault ended, so what it left behind was never seen`,
      );
    }
  }
  const unconstrained = options.model === undefined ? null : whyUnconstrained(history, options.model);
  if (unconstrained !== null) reasons.push(unconstrained);
  for (const fault of options.requestedFaults ?? []) {
    const windows = history.faultWindows().filter((window) => window.fault === fault);
    const reason = idleReason(fault, windows);
    if (reason !== null) reasons.push(reason);
  }
  return reasons;
}

/** Reads that were invoked after the last fault had ended; 0 when one of them was ok, or a fault never ended. */
function failedReadsAtTheEnd(history: History): number {
  const windows = history.faultWindows();
  if (windows.length === 0) return 0;
  const endIndex = windows.reduce((last, window) => Math.max(last, window.endIndex ?? Infinity), 0);
  const late = history.pairs().filter(({ invocation: { f, index } }) => f === READ && index > endIndex);
  return late.some(({ completion }) => completion?.type === 'ok') ? 0 : late.length;
}

/** Why the faults of a nemesis changed nothing, as far as is known; null when one took effect. */
export function idleReason(fault: string, windows: readonly FaultWindow[]): string | null {
  if (windows.length === 0) return `the nemesis ${fault} injected no fault`;
  if (windows.some((window) => window.tookEffect === true)) return null;
  const inForce = windows.filter((window) => window.tookEffect === undefined).length;
  const which = windows.length === 1 ? 'the only fault' : `none of the ${windows.length} faults`;
  const outcome = windows.length === 1 ? 'took no effect' : 'took effect';
  const unsure =
    inForce === 0
      ? ''
      : ` as far as is known: ${windows.length === 1 ? 'it was' : `${inForce} of them were`} in force when the run ended`;
  return `${which} of ${fault} ${outcome}${unsure}`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
