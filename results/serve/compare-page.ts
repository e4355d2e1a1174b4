/** Two runs side by side: in what their tests differ, what was decided, how they went. */
import type { TestDefinition } from '../../harness/run/test-definition.ts';
import { NS_PER_MS } from '../../harness/units.ts';
import type { RunRecord } from '../index/run-record.ts';
import { answeredShareOf, type RunStatistics } from '../run-statistics.ts';
import { addressWith, reportAddress } from './addresses.ts';
import { askedAddress } from './asked.ts';
import { type Html, html, type Part } from './html.ts';
import { linkTo, msText, numberText, page, percentText, tagOf, timeOf } from './page.ts';
import { type RunDetails } from './run-details.ts';

export interface Compared extends RunDetails {
  readonly run: RunRecord;
}

/** Of every run, or told in rows of their own. */
const NOT_SETTINGS = new Set(['format', 'version', 'commandLine', 'startedAt', 'script']);

export function comparePage(a: Compared, b: Compared): Html {
  return page({
    title: 'Two runs',
    here: 'runs',
    body: html`<h1>Two runs side by side</h1>
      ${sideTable('The runs', heads(a, b))}
      <h2>What differs in the tests</h2>
      ${settings(a.test, b.test)}
      <h2>Verdicts</h2>
      ${verdicts(a, b)}
      <h2>Failures</h2>
      ${failures(a.run, b.run)}
      <h2>Operations</h2>
      ${a.statistics === null || b.statistics === null ? html`<p>A run without a verdict has no figures.</p>` : figures(a.statistics, b.statistics)}
      <p><a href="${addressWith('/compare', { a: b.run.path, b: a.run.path })}">The other way round</a></p>`,
  });
}

/** A row is a name, one cell for each run, and what changed. */
type Row = readonly [name: Part, a: Part, b: Part, change?: Part];

function sideTable(caption: string, rows: readonly Row[], withChange = false): Html {
  const lines = rows.map(
    ([name, a, b, change]) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td>${a}</td>
        <td>${b}</td>
        ${withChange && html`<td>${change}</td>`}
      </tr>`,
  );
  return html`<div class="table">
    <table class="sides">
      <caption class="offscreen">
        ${caption}
      </caption>
      <thead>
        <tr>
          <td></td>
          <th scope="col">A</th>
          <th scope="col">B</th>
          ${withChange && html`<th scope="col">From A to B</th>`}
        </tr>
      </thead>
      <tbody>
        ${lines}
      </tbody>
    </table>
  </div>`;
}

function heads({ run: a }: Compared, { run: b }: Compared): readonly Row[] {
  const both = (cell: (run: RunRecord) => Part): readonly [Part, Part] => [cell(a), cell(b)];
  return [
    ['Run', ...both(linkTo)],
    ['Verdict', ...both(({ outcome }) => tagOf(outcome))],
    ['Started, UTC', ...both(({ startedAt }) => timeOf(startedAt))],
    ['Report', ...both(({ path }) => html`<a href="${reportAddress(path)}">open</a>`)],
    ['Command', ...both(({ command }) => html`<code>${command}</code>`)],
  ];
}

function settings(a: TestDefinition | null, b: TestDefinition | null): Html {
  if (a === null || b === null) return html`<p>The test of one of them cannot be read.</p>`;
  const [inA, inB] = [flat(a), flat(b)];
  const rows = [...new Set([...inA.keys(), ...inB.keys()])]
    .filter((name) => inA.get(name) !== inB.get(name))
    .map((name): Row => [html`<code>${name}</code>`, inA.get(name) ?? ABSENT, inB.get(name) ?? ABSENT]);
  return rows.length === 0
    ? html`<p>Nothing: it is the same test.</p>`
    : sideTable('Settings that differ', rows);
}

const ABSENT = html`<span class="hint">absent</span>`;

/** `systemOptions.heartbeatMs` → `50`. */
function flat(test: TestDefinition): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const visit = (prefix: string, value: object): void => {
    for (const [name, each] of Object.entries(value) as [string, unknown][]) {
      if (prefix === '' && NOT_SETTINGS.has(name)) continue;
      if (typeof each === 'object' && each !== null && !Array.isArray(each)) visit(`${prefix}${name}.`, each);
      else values.set(prefix + name, textOf(each));
    }
  };
  visit('', test);
  return values;
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(textOf).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function verdicts(a: Compared, b: Compared): Html {
  const [inA, inB] = [a, b].map(
    ({ verdict }) => new Map(verdict?.verdicts.map((each) => [each.checker, each])),
  ) as [Map<string, VerdictOf>, Map<string, VerdictOf>];
  const cell = (verdict: VerdictOf | undefined): Part => {
    if (verdict === undefined) return ABSENT;
    const { valid, anomalies, reason } = verdict;
    const found =
      anomalies.length > 0 &&
      ` ${anomalies.length} × ${[...new Set(anomalies.map(({ name }) => name))].join(', ')}`;
    return html`${tagOf(valid === 'unknown' ? 'unknown' : valid ? 'valid' : 'invalid')}${found}${reason !== undefined && html`<br /><span class="hint">${reason}</span>`}`;
  };
  const rows = [...new Set([...inA.keys(), ...inB.keys()])].map((name): Row => {
    const [left, right] = [inA.get(name), inB.get(name)];
    const isChanged = left?.valid !== right?.valid;
    return [name, cell(left), cell(right), isChanged ? html`<strong>changed</strong>` : 'the same'];
  });
  return rows.length === 0
    ? html`<p>Neither has a verdict.</p>`
    : sideTable('Verdicts by checker', rows, true);
}

type VerdictOf = NonNullable<RunDetails['verdict']>['verdicts'][number];

function failures(a: RunRecord, b: RunRecord): Html {
  const all = new Map([...a.failures, ...b.failures].map((failure) => [failure.signature, failure]));
  const has = (run: RunRecord, signature: string): Part =>
    run.failures.some((failure) => failure.signature === signature) ? 'found' : '–';
  const rows = [...all.values()].map(({ signature, explanation }): Row => [
    html`<a href="${askedAddress('/', { filter: { signature } })}"><code>${signature}</code></a
      ><br /><span class="hint">${explanation}</span>`,
    has(a, signature),
    has(b, signature),
  ]);
  return rows.length === 0 ? html`<p>Neither failed.</p>` : sideTable('Failures by signature', rows);
}

function figures(a: RunStatistics, b: RunStatistics): Html {
  const count = (name: string, value: (of: RunStatistics) => number | null): Row =>
    numbers(name, value(a), value(b), numberText);
  const shares = (name: string, of: 'overall' | 'duringFaults' | 'outsideFaults'): Row => {
    const [left, right] = [answeredShareOf(a, of), answeredShareOf(b, of)];
    return [name, percentText(left), percentText(right), pointsText(left, right)];
  };
  const latency = (f: string, name: string, field: 'p50Ns' | 'p99Ns' | 'maxNs'): Row => {
    const of = ({ latencies }: RunStatistics): number | null => {
      const row = latencies.find((each) => each.f === f && each.type === 'ok');
      return row === undefined ? null : row[field] / NS_PER_MS;
    };
    return numbers(`${f}, ${name}`, of(a), of(b), msText);
  };
  const functions = [...new Set([...a.functions, ...b.functions].map(({ f }) => f))];
  const gap = ({ availability: { longestGap } }: RunStatistics): number | null =>
    longestGap === null ? null : longestGap.lengthNs / NS_PER_MS;
  const rows: readonly Row[] = [
    count('Invoked', ({ total }) => total.invoked),
    count('Ok', ({ total }) => total.ok),
    count('Fail', ({ total }) => total.fail),
    count('Info, or never answered', ({ total }) => total.info + total.pending),
    count('Ok a second', ({ rate }) => rate.okPerS),
    shares('Answered, of all', 'overall'),
    shares('Answered, of those that began under a fault', 'duringFaults'),
    shares('Answered, of the others', 'outsideFaults'),
    numbers('Longest time without an ok', gap(a), gap(b), msText),
    count('Faults', (each) => each.faults.count),
    count('Faults that took effect', (each) => each.faults.tookEffect),
    count('Leader changes', ({ leaderChanges }) => leaderChanges),
  ];
  const latencies = functions.flatMap((f) => [
    latency(f, 'median', 'p50Ns'),
    latency(f, '99th percentile', 'p99Ns'),
    latency(f, 'longest', 'maxNs'),
  ]);
  return html`${sideTable('Operations, availability and faults', rows, true)}
    <h2>Latency of what was ok</h2>
    ${sideTable('Latency by function', latencies, true)}`;
}

function numbers(
  name: string,
  a: number | null,
  b: number | null,
  text: (value: number | null) => string,
): Row {
  const change =
    a === null || b === null
      ? ''
      : a === b
        ? 'the same'
        : a === 0
          ? 'new'
          : `${signed((100 * (b - a)) / a)} %`;
  return [name, text(a), text(b), change];
}

function pointsText(a: number | null, b: number | null): string {
  if (a === null || b === null) return '';
  return a === b ? 'the same' : `${signed(100 * (b - a))} points`;
}

/** With one digit where it is small: +0.4, −12. */
function signed(value: number): string {
  const size = Math.abs(value);
  return `${value < 0 ? '−' : '+'}${size.toFixed(size < 10 ? 1 : 0)}`;
}
