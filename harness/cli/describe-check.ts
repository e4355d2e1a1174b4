/** What `shaketable check` prints of a history that others recorded. */
import { combineValidity, type Anomaly, type Verdict } from '../../checkers/checker.ts';
import { drawAsText } from '../../results/report/text-picture.ts';
import { printable } from '../../results/report/text-summary.ts';

const MAX_ANOMALIES_PRINTED = 5;
const MAX_ALLOWED_PRINTED = 5;

export interface CheckedFile {
  readonly path: string;
  readonly records: number;
  readonly judge: string;
  readonly verdicts: readonly Verdict[];
  readonly checkMs: number;
}

export function describeCheck({ path, records, judge, verdicts, checkMs }: CheckedFile): string {
  const valid = combineValidity(verdicts.map((verdict) => verdict.valid));
  const word = valid === true ? 'VALID' : valid === false ? 'INVALID' : 'UNKNOWN';
  const lines = [`${word}  ${path}  (${records} records, ${judge}, ${checkMs.toFixed(0)} ms)`];
  for (const verdict of verdicts) lines.push(...describeVerdict(verdict));
  return lines.join('\n');
}

function describeVerdict({ checker, valid, reason, anomalies, allowed = [] }: Verdict): string[] {
  const lines = anomalies.slice(0, MAX_ANOMALIES_PRINTED).flatMap(describeAnomaly);
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
  return lines;
}

function describeAnomaly({ name, explanation, picture }: Anomaly): string[] {
  const drawn = picture === undefined ? [] : drawAsText(picture);
  return [`  ${name}: ${printable(explanation)}`, ...drawn.map((line) => `    ${line}`)];
}
