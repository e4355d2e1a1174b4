/** What `shaketable check` prints of a history that others recorded. */
import { combineValidity, type Anomaly, type Verdict } from '../../checkers/checker.ts';
import { type Bar, drawAsText } from '../../results/report/text-picture.ts';
import { explanationLines, printable } from '../../results/report/printable.ts';
import type { History } from '../history/history.ts';

const MAX_ANOMALIES_PRINTED = 5;
const MAX_ALLOWED_PRINTED = 5;

export interface CheckedFile {
  readonly path: string;
  readonly history: History;
  readonly judge: string;
  readonly verdicts: readonly Verdict[];
  readonly checkMs: number;
}

export function describeCheck({ path, history, judge, verdicts, checkMs }: CheckedFile): string {
  const valid = combineValidity(verdicts.map((verdict) => verdict.valid));
  const word = valid === true ? 'VALID' : valid === false ? 'INVALID' : 'UNKNOWN';
  const lines = [`${word}  ${path}  (${history.length} records, ${judge}, ${checkMs.toFixed(0)} ms)`];
  for (const verdict of verdicts) lines.push(...describeVerdict(verdict, history));
  return lines.join('\n');
}

function describeVerdict(
  { checker, valid, reason, anomalies, allowed = [], notes = [] }: Verdict,
  history: History,
): string[] {
  const lines = anomalies
    .slice(0, MAX_ANOMALIES_PRINTED)
    .flatMap((anomaly) => describeAnomaly(anomaly, history));
  if (anomalies.length > MAX_ANOMALIES_PRINTED) {
    lines.push(`  … and ${anomalies.length - MAX_ANOMALIES_PRINTED} more: --json has all`);
  }
  if (valid === 'unknown' && reason !== undefined) lines.push(`  ${checker}: ${printable(reason)}`);
  lines.push(
    ...allowed
      .slice(0, MAX_ALLOWED_PRINTED)
      .map(({ name, explanation }) => `  note: ${name} (allowed by the options): ${printable(explanation)}`),
  );
  if (allowed.length > MAX_ALLOWED_PRINTED) {
    lines.push(`  note: … and ${allowed.length - MAX_ALLOWED_PRINTED} more that the options allow`);
  }
  lines.push(...notes.map((note) => `  note: ${printable(note)}`));
  return lines;
}

function describeAnomaly({ name, explanation, picture }: Anomaly, history: History): string[] {
  const [first = '', ...rest] = explanationLines(explanation);
  const drawn = picture === undefined ? [] : drawAsText(picture, (index) => barOf(history, index));
  return [`  ${name}: ${first}`, ...[...rest, ...drawn].map((line) => `    ${line}`)];
}

/** @param index - of an invocation */
function barOf(history: History, index: number): Bar | null {
  const invocation = history.operations[index];
  if (invocation === undefined) return null;
  const completion = history.completionOf(index);
  const end = completion === undefined || completion.type === 'info' ? null : completion.index;
  return { process: invocation.process, start: index, end };
}
