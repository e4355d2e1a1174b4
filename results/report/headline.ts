/**
 * The verdict in words: the one line that the reader takes away, and what it means.
 *
 *     Consistency violated: nonlinearizable on key k3
 *     Proves nothing: no write was ever acknowledged
 *     No anomaly in 4,812 operations under 17 faults
 */
import type { Verdict } from '../../checkers/checker.ts';
import { formatCount, plural } from './browser/format.ts';
import type { AnomalyRow, FaultRow, FunctionRow, VerdictRow, VerdictWord } from './report-data.ts';

/** Its unknown verdict says that the run is vacuous. */
export const VACUITY_CHECKER = 'vacuous';

/** Anomalies named in the headline; the rest are counted. */
const MAX_NAMED = 3;

export interface Judged {
  /** Recorded by others: of its faults nothing is known. */
  readonly isForeign: boolean;
  readonly verdict: VerdictWord;
  readonly verdicts: readonly VerdictRow[];
  readonly anomalies: readonly AnomalyRow[];
  readonly allowed: readonly AnomalyRow[];
  readonly faults: readonly FaultRow[];
  readonly functions: readonly FunctionRow[];
  /** What the checkers say besides. */
  readonly remarks: readonly string[];
}

export function verdictWord(valid: Verdict['valid']): VerdictWord {
  return valid === 'unknown' ? 'unknown' : valid ? 'valid' : 'invalid';
}

export function headline(judged: Judged): string {
  switch (judged.verdict) {
    case 'invalid':
      return `Consistency violated: ${anomalyNames(judged)}`;
    case 'unknown': {
      const row = deciding(judged);
      if (row === undefined) return 'Proves nothing: no checker gave a verdict';
      const reason = row.reason ?? `${row.checker} gave no reason`;
      return row.checker === VACUITY_CHECKER
        ? `Proves nothing: ${reason.replace(/^The history proves nothing: /, '').replace(/\.$/, '')}`
        : `Not decided: ${reason}`;
    }
    case 'valid':
      return judged.isForeign
        ? `No anomaly in ${plural(invoked(judged), 'operation')}`
        : `No anomaly in ${plural(invoked(judged), 'operation')} under ${plural(judged.faults.length, 'fault')}`;
  }
}

export function meaning(judged: Judged): string {
  const checkers = plural(judged.verdicts.length, 'checker');
  switch (judged.verdict) {
    case 'invalid': {
      const [row] = judged.verdicts.filter((verdict) => verdict.verdict === 'invalid');
      return (
        `The system broke a promise that ${row === undefined ? 'a checker' : `the ${row.checker} checker`} holds it to. ` +
        'The operations below prove it from the record alone.'
      );
    }
    case 'unknown':
      return deciding(judged)?.checker === VACUITY_CHECKER
        ? 'This is neither a pass nor a failure: the history lacks what a verdict would rest on.'
        : 'This is neither a pass nor a failure: a checker stopped before it could tell.';
    case 'valid':
      return (
        `All of ${checkers} accept the record. That is evidence for ` +
        `${judged.isForeign ? 'this history' : 'this seed and these faults'}, no proof for others.`
      );
  }
}

/** What the reader must know before trusting the verdict, beyond what the headline says. */
export function notes(judged: Judged): readonly string[] {
  const result: string[] = [...judged.remarks];
  const told = judged.verdict === 'unknown' ? deciding(judged) : undefined;
  for (const row of judged.verdicts) {
    if (row.verdict !== 'unknown' || row === told) continue;
    result.push(`The ${row.checker} checker did not decide: ${row.reason ?? 'it gave no reason'}.`);
  }
  const allowedNames = [...new Set(judged.allowed.map(({ name }) => name))];
  if (allowedNames.length > 0) {
    const count = judged.verdicts.reduce((sum, { allowedCount }) => sum + allowedCount, 0);
    result.push(
      `Found, and allowed by the options: ${plural(count, 'anomaly', 'anomalies')} (${allowedNames.join(', ')}).`,
    );
  }
  const never = judged.functions.flatMap(({ f, ok, invoked }) =>
    f === null || ok > 0 ? [] : [`${f} (${plural(invoked, 'attempt')})`],
  );
  if (never.length > 0) {
    result.push(`Never acknowledged, so that nothing is known of it: ${never.join(', ')}.`);
  }
  const idle = judged.faults.filter((fault) => fault.tookEffect === false);
  if (idle.length > 0) {
    const which = [...new Set(idle.map((fault) => fault.fault))].join(', ');
    result.push(
      `${formatCount(idle.length)} of ${plural(judged.faults.length, 'fault')} never took effect (${which}): they tested nothing.`,
    );
  }
  if (judged.faults.length === 0 && !judged.isForeign)
    result.push('No fault was injected: the system was only tested in fair weather.');
  return result.map((note) => note.replace(/\.\.$/, '.'));
}

/** That a run is vacuous counts before a checker that ran out of time. */
function deciding(judged: Judged): VerdictRow | undefined {
  const unknown = judged.verdicts.filter((row) => row.verdict === 'unknown');
  return unknown.find((row) => row.checker === VACUITY_CHECKER) ?? unknown[0];
}

/** `nonlinearizable on key k3, lost-commit (10) and 2 more kinds`. */
function anomalyNames(judged: Judged): string {
  const byName = new Map<string, AnomalyRow[]>();
  for (const anomaly of judged.anomalies) {
    const known = byName.get(anomaly.name);
    if (known === undefined) byName.set(anomaly.name, [anomaly]);
    else known.push(anomaly);
  }
  if (byName.size === 0) {
    return judged.verdicts.find((row) => row.verdict === 'invalid')?.checker ?? 'no witness given';
  }
  const names = [...byName].map(([name, rows]) => {
    const keys = new Set(rows.map(({ key }) => key));
    const [key] = keys;
    const where = keys.size === 1 && key !== null && key !== undefined ? ` on key ${key}` : '';
    return `${name}${where}${rows.length > 1 ? ` (${formatCount(rows.length)})` : ''}`;
  });
  const more = names.length - MAX_NAMED;
  return (
    names.slice(0, MAX_NAMED).join(', ') + (more > 0 ? ` and ${plural(more, 'more kind', 'more kinds')}` : '')
  );
}

function invoked(judged: Judged): number {
  return judged.functions.reduce((sum, row) => (row.f === null ? sum : sum + row.invoked), 0);
}
