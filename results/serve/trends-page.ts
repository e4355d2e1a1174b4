/** Failures, availability and latency over time, of the runs that a filter leaves; and what they failed by. */
import { NEWEST_FIRST, type RunFilter } from '../index/queries.ts';
import type { RunIndex, SignatureRow } from '../index/run-index.ts';
import { runAddress } from './addresses.ts';
import { type Asked, askedAddress } from './asked.ts';
import { type Bucket, type Spread, type Trend, trendOf } from './buckets.ts';
import { barChart, reachChart, type Slot } from './chart.ts';
import { filterForm } from './filter-form.ts';
import { type Html, html } from './html.ts';
import { numeric, tableOf } from './table.ts';
import { counted, msText, page, percentText, timeOf } from './page.ts';

const SIGNATURES_MAX = 100;
const DAY_MS = 86_400_000;

export function trendsPage(index: RunIndex, asked: Asked): Html {
  const runs = index.points(asked.filter);
  const trend = trendOf(runs);
  return page({
    title: 'Trends',
    here: 'trends',
    body: html`<h1>Trends</h1>
      ${filterForm('/trends', { ...asked, order: NEWEST_FIRST }, index.facets())}
      <p class="count" role="status">
        ${counted(runs.length, 'run')}${trend.undated > 0 && `, ${trend.undated} of unknown time`} ·
        <a href="${askedAddress('/', asked)}">List of these</a>
      </p>
      ${trend.buckets.length === 0 ? html`<p>No run is like this.</p>` : charts(trend, asked.filter)}
      ${signatures(index.signatures(asked.filter, SIGNATURES_MAX), asked.filter)}`,
  });
}

function charts({ buckets, lengthMs }: Trend, filter: RunFilter): Html {
  const times = buckets.map(({ fromMs }) => timeLabel(fromMs, lengthMs));
  const slots = (told: (bucket: Bucket) => string): readonly Slot[] =>
    buckets.map((bucket, i) => ({
      title: `${times[i] ?? ''}: ${told(bucket)}`,
      address: isEmpty(bucket) ? null : askedAddress('/', { filter: within(filter, bucket) }),
    }));
  const counts = buckets.map(({ valid, invalid, unknown }) => [valid, unknown, invalid]);
  return html`<p class="hint">
      Each stretch is ${lengthText(lengthMs)}, UTC. A bar or a dot leads to its runs. Dots are medians of
      runs, lines reach from the least to the most.
    </p>
    <section>
      <h2>Failures</h2>
      <p class="legend">
        <span class="key valid">valid</span> <span class="key unknown">unknown, or without a verdict</span>
        <span class="key invalid">invalid</span>
      </p>
      ${barChart({ label: 'Runs by verdict over time', slots: slots(countsText), times, isReached: true }, { layers: ['valid', 'unknown', 'invalid'], counts })}
    </section>
    <section>
      <h2>Availability</h2>
      <p class="hint">
        Of operations, the share that the system answered: ok, or refused by a precondition. In the second
        chart, of those that began under a fault.
      </p>
      ${shareChart('Share of answered operations over time', 'ok', 'answeredShare')}
      ${shareChart('Share of answered operations under faults over time', 'info', 'faultAnsweredShare')}
    </section>
    <section>
      <h2>Latency</h2>
      <p class="hint">The 99th percentile of ok operations, of the slowest function.</p>
      ${reachChart(
        {
          label: 'Latency over time',
          slots: slots(({ p99Ms }) => spreadText(p99Ms, msText)),
          times,
          tick: msText,
        },
        'leader',
        buckets.map(({ p99Ms }) => p99Ms),
      )}
    </section>
    <details>
      <summary>The same as a table</summary>
      ${table(buckets, times)}
    </details>`;

  function shareChart(label: string, tone: string, field: 'answeredShare' | 'faultAnsweredShare'): Html {
    const told = slots((bucket) => spreadText(bucket[field], percentText));
    const least = Math.min(1, ...buckets.map((bucket) => bucket[field]?.min ?? 1));
    // Where all goes well the difference between 99 and 100 % is what one looks for.
    const min = least >= 0.9 ? 0.9 : least >= 0.5 ? 0.5 : 0;
    const reaches = buckets.map((bucket) => bucket[field]);
    return html`<h3>${field === 'answeredShare' ? 'All operations' : 'Under a fault'}</h3>
      ${reachChart({ label, slots: told, times, min, max: 1, tick: percentText }, tone, reaches)}`;
  }
}

function table(buckets: readonly Bucket[], times: readonly string[]): Html {
  const heads = ['Runs', 'Valid', 'Unknown', 'Invalid', 'Answered', 'Answered under faults', 'p99'];
  const rows = buckets.map((bucket, i) => {
    const { valid, unknown, invalid, answeredShare, faultAnsweredShare, p99Ms } = bucket;
    const cells = [
      ...[valid + unknown + invalid, valid, unknown, invalid].map(String),
      spreadText(answeredShare, percentText),
      spreadText(faultAnsweredShare, percentText),
      spreadText(p99Ms, msText),
    ];
    return html`<tr>
      <th scope="row">${times[i]}</th>
      ${cells.map((cell) => html`<td class="number">${cell}</td>`)}
    </tr>`;
  });
  return tableOf(['From', ...heads.map(numeric)], rows);
}

function signatures(rows: readonly SignatureRow[], filter: RunFilter): Html | false {
  if (rows.length === 0) return false;
  const lines = rows.map(
    ({ signature, runs, firstSeen, lastSeen, shortest, explanation }) =>
      html`<tr>
        <td>
          <a href="${askedAddress('/', { filter: { ...filter, signature } })}"><code>${signature}</code></a
          ><br /><span class="hint">${explanation}</span>
        </td>
        <td class="number">${runs}</td>
        <td>${timeOf(firstSeen)}</td>
        <td>${timeOf(lastSeen)}</td>
        <td><a href="${runAddress(shortest)}">shortest</a></td>
      </tr>`,
  );
  return html`<h2>Failures by signature</h2>
    ${tableOf(['Signature', numeric('Runs'), 'First seen', 'Last seen', 'Example'], lines)}
    ${rows.length === SIGNATURES_MAX && html`<p class="hint">The ${SIGNATURES_MAX} most frequent.</p>`}`;
}

/** A filter's own limits stay where they are tighter. */
function within(filter: RunFilter, { fromMs, toMs }: Bucket): RunFilter {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs - 1).toISOString()];
  return {
    ...filter,
    from: filter.from !== undefined && filter.from > from ? filter.from : from,
    // A day stands for all of it.
    to: filter.to !== undefined && `${filter.to}~` < to ? filter.to : to,
  };
}

const isEmpty = ({ valid, invalid, unknown }: Bucket): boolean => valid + invalid + unknown === 0;

const countsText = ({ valid, invalid, unknown }: Bucket): string =>
  `${invalid} invalid, ${unknown} unknown, ${valid} valid`;

function spreadText(spread: Spread | null, text: (value: number) => string): string {
  if (spread === null) return 'no figures';
  const { median, min, max } = spread;
  return min === max ? text(median) : `${text(median)} (${text(min)} to ${text(max)})`;
}

function timeLabel(ms: number, lengthMs: number): string {
  const iso = new Date(ms).toISOString();
  return lengthMs < DAY_MS ? iso.slice(0, 16).replace('T', ' ') : iso.slice(0, 10);
}

function lengthText(lengthMs: number): string {
  const hours = lengthMs / 3_600_000;
  return hours < 24 ? counted(hours, 'hour') : counted(hours / 24, 'day');
}
