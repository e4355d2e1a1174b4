/** What all pages have in common: head, navigation, words for numbers and verdicts. */
import type { Outcome, RunRecord } from '../index/run-record.ts';
import { runAddress } from './addresses.ts';
import { type Html, html, type Part } from './html.ts';

export interface PageContent {
  readonly title: string;
  readonly body: Part;
  /** Of the navigation: where we are. */
  readonly here?: keyof typeof SECTIONS;
  /** The page's own script, beside the markup: it works without. */
  readonly script?: 'live';
}

const SECTIONS = {
  runs: ['/', 'Runs'],
  trends: ['/trends', 'Trends'],
  sweeps: ['/sweeps', 'Sweeps'],
} as const;

export function page({ title, body, here, script }: PageContent): Html {
  const links = Object.entries(SECTIONS).map(
    ([name, [address, text]]) => html`<a href="${address}" ${name === here ? CURRENT : null}>${text}</a>`,
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Shaketable</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/assets/style.css" />
        ${script !== undefined && html`<script type="module" src="/assets/${script}.js"></script>`}
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="site">
          <span class="brand">Shaketable</span>
          <nav aria-label="Sections">${links}</nav>
        </header>
        <main id="content" tabindex="-1">${body}</main>
      </body>
    </html> `;
}

const CURRENT = html` aria-current="page"`;

export function errorPage(status: number, sentence: string): Html {
  return page({
    title: `${status}`,
    body: html`<h1>${TITLES[status] ?? 'Something went wrong'}</h1>
      <p>${sentence}</p>
      <p><a href="/">All runs</a></p>`,
  });
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'This address makes no sense',
  404: 'Not found',
  405: 'Not allowed',
  421: 'Not for this server',
  503: 'Too busy',
};

const SIGNS: Readonly<Record<Outcome, string>> = {
  valid: '✓',
  invalid: '✗',
  unknown: '?',
  running: '▶',
  'cut off': '✂',
  unreadable: '!',
};

/** Told by word and sign, and never by colour alone. */
export function tagOf(outcome: Outcome): Html {
  return html`<span class="tag ${outcome.replace(' ', '-')}"
    ><span aria-hidden="true">${SIGNS[outcome]}</span> ${outcome}</span
  >`;
}

/** What it is, in words. */
export function titleOf({ path, system, workload, seed, outcome }: RunRecord): string {
  return outcome === 'unreadable' ? path : `${system} ${workload}, seed ${seed ?? '–'}`;
}

export function linkTo(run: RunRecord): Html {
  return html`<a href="${runAddress(run.path)}">${run.path}</a>`;
}

/** `2026-11-28 19:24:09`, UTC; what is no time stays as it is. */
export function timeText(iso: string): string {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(iso) ?? [];
  return day === undefined || time === undefined ? iso : `${day} ${time}`;
}

export function timeOf(iso: string): Part {
  if (iso === '') return '–';
  return html`<time datetime="${iso}">${timeText(iso)}</time>`;
}

export const numberText = (value: number | null): string =>
  value === null ? '–' : Math.round(value).toLocaleString('en-US');

export const percentText = (share: number | null): string =>
  share === null ? '–' : `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;

/** Three digits: `1.09 ms`, `213 ms`, `4.20 s`. */
export function msText(ms: number | null): string {
  if (ms === null) return '–';
  const [value, unit] = ms >= 1000 ? [ms / 1000, 's'] : ms >= 1 || ms === 0 ? [ms, 'ms'] : [ms * 1000, 'µs'];
  return `${Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 })} ${unit}`;
}

export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;

/** A commit's name as people say it. */
export const revisionText = (revision: string): string =>
  /^[0-9a-f]{13,}\+?$/.test(revision)
    ? `${revision.slice(0, 12)}${revision.endsWith('+') ? '+' : ''}`
    : revision;
