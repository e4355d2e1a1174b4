/**
 * How the verdicts of one run differ from those that it had: what `check --all` tells when checkers have changed.
 *
 *     verdictChanges(recorded, today)
 *     // [{ checker: 'linearizability', was: false, now: true, gained: [], lost: [{ anomaly: 'nonlinearizable', was: 1, now: 0 }], … }]
 */
import type { Validity, Verdict } from '../checkers/checker.ts';

export interface AnomalyChange {
  readonly anomaly: string;
  /** How many of them. */
  readonly was: number;
  readonly now: number;
}

export interface CheckerChange {
  readonly checker: string;
  /** Null: it did not judge. */
  readonly was: Validity | null;
  readonly now: Validity | null;
  /** Anomalies of which there are more, and fewer. */
  readonly gained: readonly AnomalyChange[];
  readonly lost: readonly AnomalyChange[];
  /** Why it does not know now, or why it did not; else the first anomaly that is new. Null where there is nothing to say. */
  readonly because: string | null;
}

/** In the order of the checkers today, those that are gone last. Empty where nothing changed. */
export function verdictChanges(
  recorded: readonly Verdict[],
  today: readonly Verdict[],
): readonly CheckerChange[] {
  const before = new Map(recorded.map((verdict) => [verdict.checker, verdict]));
  const now = new Map(today.map((verdict) => [verdict.checker, verdict]));
  return [...new Set([...now.keys(), ...before.keys()])]
    .map((checker) => changeOf(checker, before.get(checker), now.get(checker)))
    .filter(({ was, now: is, gained, lost }) => was !== is || gained.length + lost.length > 0);
}

function changeOf(checker: string, before: Verdict | undefined, today: Verdict | undefined): CheckerChange {
  const [was, now] = [countsOf(before), countsOf(today)];
  const changes = [...new Set([...was.keys(), ...now.keys()])]
    .map((anomaly) => ({ anomaly, was: was.get(anomaly) ?? 0, now: now.get(anomaly) ?? 0 }))
    .filter((each) => each.was !== each.now);
  const gained = changes.filter((each) => each.now > each.was);
  return {
    checker,
    was: before?.valid ?? null,
    now: today?.valid ?? null,
    gained,
    lost: changes.filter((each) => each.now < each.was),
    because: reasonOf(before, today, gained[0]?.anomaly),
  };
}

function countsOf(verdict: Verdict | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of verdict?.anomalies ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function reasonOf(
  before: Verdict | undefined,
  today: Verdict | undefined,
  gained: string | undefined,
): string | null {
  if (today?.valid === 'unknown' && today.reason !== undefined) return today.reason;
  const anomaly = today?.anomalies.find(({ name }) => name === gained);
  if (anomaly !== undefined) return anomaly.explanation;
  return before?.valid === 'unknown' && before.reason !== undefined
    ? `it was unknown: ${before.reason}`
    : null;
}
