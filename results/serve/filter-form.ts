/** The form above lists and charts: a plain GET, so that what is looked at is an address to be kept or sent. */
import type { Facets } from '../index/run-index.ts';
import { OUTCOMES } from '../index/run-record.ts';
import { NEWEST_FIRST } from '../index/queries.ts';
import { type Asked, sortText } from './asked.ts';
import { type Html, html } from './html.ts';

export function filterForm(address: string, { filter, order }: Asked, facets: Facets): Html {
  const lists: readonly (readonly [keyof Asked['filter'], string, readonly string[]])[] = [
    ['system', 'System', facets.systems],
    ['workload', 'Workload', facets.workloads],
    ['nemesis', 'Nemesis', ['none', ...facets.nemeses]],
    ['cluster', 'Cluster', facets.clusters],
    ['bug', 'Bug', ['none', ...facets.bugs]],
    ['verdict', 'Verdict', OUTCOMES],
  ];
  const isUsual = sortText(order) === sortText(NEWEST_FIRST);
  return html`<form class="filter" method="get" action="${address}" role="search" aria-label="Filter runs">
    ${lists.map(([name, label, values]) => list(name, label, values, filter[name]))}
    <label>From ${dateInput('from', filter.from)}</label>
    <label>To ${dateInput('to', filter.to)}</label>
    <label>Revision <input name="revision" value="${filter.revision}" size="12" spellcheck="false" /></label>
    <label
      >Signature <input name="signature" value="${filter.signature}" size="28" spellcheck="false"
    /></label>
    <label>Text <input type="search" name="text" value="${filter.text}" size="24" /></label>
    ${!isUsual && html`<input type="hidden" name="sort" value="${sortText(order)}" />`}
    <span class="buttons"><button class="primary">Filter</button> <a href="${address}">Clear</a></span>
  </form>`;
}

function list(name: string, label: string, values: readonly string[], chosen: string | undefined): Html {
  // What nobody has any more was asked for nevertheless, and has to be seen.
  const all = chosen === undefined || values.includes(chosen) ? values : [...values, chosen];
  const options = [...new Set(all)].map(
    (value) => html`<option value="${value}" ${value === chosen ? SELECTED : null}>${value}</option>`,
  );
  return html`<label
    >${label}
    <select name="${name}">
      <option value="">all</option>
      ${options}
    </select></label
  >`;
}

/** A chart leads to hours, which an input of days would lose. */
function dateInput(name: string, value: string | undefined): Html {
  const type = value === undefined || /^\d{4}-\d\d-\d\d$/.test(value) ? 'date' : 'text';
  return html`<input type="${type}" name="${name}" value="${value}" />`;
}

const SELECTED = html` selected`;
