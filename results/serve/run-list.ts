/** All runs, filtered and sorted, a page of them; two of them can be chosen to be compared. */
import type { RunIndex } from '../index/run-index.ts';
import type { Sort } from '../index/queries.ts';
import type { RunRecord } from '../index/run-record.ts';
import { liveAddress, reportAddress, runAddress } from './addresses.ts';
import { type Asked, askedAddress } from './asked.ts';
import { filterForm } from './filter-form.ts';
import { type Html, html, type Part } from './html.ts';
import { counted, msText, numberText, page, percentText, tagOf, timeOf } from './page.ts';

const RUNS_A_PAGE = 50;
const SENTENCE_MAX = 160;
/** Enough to tell commits apart; the run's page has more. */
const REVISION_CHARACTERS = 8;

interface Column {
  readonly title: string;
  readonly sort?: Sort;
  /** Class of its cells. */
  readonly kind?: 'number' | 'names' | 'found';
  readonly cell: (run: RunRecord) => Part;
}

const COLUMNS: readonly Column[] = [
  { title: 'Verdict', sort: 'verdict', cell: ({ outcome }) => tagOf(outcome) },
  { title: 'Started, UTC', sort: 'started', cell: runLink },
  { title: 'Report', cell: reportCell },
  { title: 'System', sort: 'system', cell: ({ system }) => system },
  { title: 'Workload', sort: 'workload', cell: ({ workload }) => workload },
  { title: 'Nemesis', sort: 'nemesis', kind: 'names', cell: nemesisCell },
  { title: 'Seed', sort: 'seed', kind: 'number', cell: ({ seed }) => (seed === null ? '–' : String(seed)) },
  {
    title: 'Operations',
    sort: 'operations',
    kind: 'number',
    cell: ({ operations }) => numberText(operations),
  },
  {
    title: 'Answered',
    sort: 'available',
    kind: 'number',
    cell: ({ answeredShare }) => percentText(answeredShare),
  },
  { title: 'p99', sort: 'latency', kind: 'number', cell: ({ p99Ms }) => msText(p99Ms) },
  { title: 'Revision', sort: 'revision', cell: revisionCell },
  { title: 'What was found', kind: 'found', cell: foundCell },
];

/** @param note - for people: what the index says of itself */
export function runList(index: RunIndex, asked: Asked, note: string | null): Html {
  const offset = (asked.page - 1) * RUNS_A_PAGE;
  const { total, runs } = index.runs(asked.filter, { order: asked.order, offset, limit: RUNS_A_PAGE });
  const last = Math.max(1, Math.ceil(total / RUNS_A_PAGE));
  const place = runs.length === 0 ? '' : `, ${offset + 1} to ${offset + runs.length}`;
  return page({
    title: 'Runs',
    here: 'runs',
    body: html`<h1>Runs</h1>
      ${note !== null && html`<p class="note">${note}</p>`} ${filterForm('/', asked, index.facets())}
      <p class="count" role="status">
        ${counted(total, 'run')}${place} · <a href="${askedAddress('/trends', asked)}">Trends of these</a>
      </p>
      ${runs.length === 0 ? nothing(total, asked, last) : table(runs, asked)} ${pager(asked, last)}`,
  });
}

function nothing(total: number, asked: Asked, last: number): Html {
  if (total > 0)
    return html`<p><a href="${askedAddress('/', { ...asked, page: last })}">To the last page</a></p>`;
  if (Object.keys(asked.filter).length > 0) return html`<p>No run is like this.</p>`;
  return html`<p>
    There are no runs yet: <code>shaketable run raft register --nemesis partition</code> makes one.
  </p>`;
}

function table(runs: readonly RunRecord[], asked: Asked): Html {
  return html`<form method="get" action="/compare">
    <div class="table" role="region" aria-label="Runs" tabindex="0">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col"><span class="offscreen">Compare</span></th>
            ${COLUMNS.map((column) => heading(column, asked))}
          </tr>
        </thead>
        <tbody>
          ${runs.map(row)}
        </tbody>
      </table>
    </div>
    <p><button>Compare the two that are ticked</button></p>
  </form>`;
}

function heading({ title, sort, kind }: Column, asked: Asked): Html {
  const classed = kind === 'number' && html`class="number"`;
  if (sort === undefined) return html`<th scope="col">${title}</th>`;
  const { by, isDescending } = asked.order;
  const isChosen = by === sort;
  // What one wants to see first: the newest, the slowest; of names the beginning, of availability the worst.
  const first = sort === 'started' || sort === 'latency' || sort === 'operations';
  const order = { by: sort, isDescending: isChosen ? !isDescending : first };
  const direction = isDescending ? 'descending' : 'ascending';
  return html`<th scope="col" ${classed} ${isChosen && html` aria-sort="${direction}"`}>
    <a href="${askedAddress('/', { filter: asked.filter, order })}"
      >${title}${isChosen && html`<span aria-hidden="true"> ${isDescending ? '↓' : '↑'}</span>`}</a
    >
  </th>`;
}

function row(run: RunRecord): Html {
  const cells = COLUMNS.map(({ cell, kind }) => html`<td class="${kind}">${cell(run)}</td>`);
  return html`<tr>
    <td><input type="checkbox" name="run" value="${run.path}" aria-label="Compare ${run.path}" /></td>
    ${cells}
  </tr> `;
}

function runLink(run: RunRecord): Html {
  return html`<a href="${runAddress(run.path)}"
    >${run.startedAt === '' ? run.path : timeOf(run.startedAt)}</a
  >`;
}

function nemesisCell({ nemeses, bugs, outcome }: RunRecord): Part {
  if (outcome === 'unreadable') return '–';
  const names = nemeses.length === 0 ? 'none' : nemeses.join(', ');
  return bugs.length === 0 ? names : html`${names}<br /><span class="hint">bug ${bugs.join(', ')}</span>`;
}

function revisionCell({ revision }: RunRecord): Part {
  if (revision === null) return '–';
  const address = askedAddress('/', { filter: { revision } });
  return html`<a class="revision" href="${address}"
    ><code title="${revision}">${revision.slice(0, REVISION_CHARACTERS)}</code></a
  >`;
}

function foundCell({ failures, sentence }: RunRecord): Part {
  const [first, ...others] = failures;
  const told = sentence !== null && html`<span class="hint">${cut(sentence)}</span>`;
  if (first === undefined) return told;
  const address = askedAddress('/', { filter: { signature: first.signature } });
  // The anomaly and its hash: other columns say of what.
  const shown = first.signature.split('/').slice(-2).join('/');
  const more = others.length > 0 && html` <span class="hint">and ${others.length} more</span>`;
  return html`<a href="${address}"><code>${shown}</code></a
    >${more}<br />${told}`;
}

function reportCell({ path, outcome }: RunRecord): Part {
  if (outcome === 'unreadable') return '–';
  return outcome === 'running'
    ? html`<a href="${liveAddress(path)}">live</a>`
    : html`<a href="${reportAddress(path)}">report</a>`;
}

const cut = (text: string): string => (text.length > SENTENCE_MAX ? `${text.slice(0, SENTENCE_MAX)}…` : text);

function pager(asked: Asked, last: number): Html | false {
  if (last === 1) return false;
  const to = (target: number, text: string): Html =>
    target < 1 || target > last
      ? html`<span class="hint">${text}</span>`
      : html`<a href="${askedAddress('/', { ...asked, page: target })}">${text}</a>`;
  return html`<nav class="pager" aria-label="Pages">
    ${to(asked.page === 1 ? 0 : 1, 'First')} ${to(asked.page - 1, 'Previous')}
    <span>page ${asked.page} of ${last}</span> ${to(asked.page + 1, 'Next')}
    ${to(asked.page === last ? 0 : last, 'Last')}
  </nav>`;
}
