/** Sweeps: a list, and one with its cells. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CellOutcome, CellState } from '../../harness/sweep/outcome.ts';
import { totalsText } from '../../harness/sweep/summaries.ts';
import { readSweepOutcome, type SweepSummary } from '../index/read-sweep.ts';
import { fileAddress, runAddress, sweepAddress } from './addresses.ts';
import { type Html, html, type Part } from './html.ts';
import { page, revisionText, timeOf } from './page.ts';
import { tableOf } from './table.ts';

type State = SweepSummary['state'];

const STATES: Readonly<Record<State, readonly [tone: string, sign: string, word: string]>> = {
  passed: ['valid', '✓', 'passed'],
  failed: ['invalid', '✗', 'failed'],
  unknown: ['unknown', '?', 'unknown'],
  error: ['unreadable', '!', 'error of the harness'],
  unfinished: ['running', '▶', 'unfinished'],
  unreadable: ['unreadable', '!', 'unreadable'],
};

function stateTag(state: State): Html {
  const [tone, sign, word] = STATES[state];
  return html`<span class="tag ${tone}"><span aria-hidden="true">${sign}</span> ${word}</span>`;
}

export function sweepsPage(sweeps: readonly SweepSummary[]): Html {
  const rows = sweeps.map(
    ({ path, name, startedAt, revision, state, totals }) =>
      html`<tr>
        <td>${stateTag(state)}</td>
        <td>${state === 'unreadable' ? name : html`<a href="${sweepAddress(path)}">${name}</a>`}</td>
        <td>${timeOf(startedAt)}</td>
        <td>${revision === null ? '–' : html`<code>${revisionText(revision)}</code>`}</td>
        <td class="long">${totals}</td>
      </tr>`,
  );
  return page({
    title: 'Sweeps',
    here: 'sweeps',
    body: html`<h1>Sweeps</h1>
      ${
        sweeps.length === 0
          ? html`<p>There are none in this folder: <code>shaketable sweep PLAN</code> makes one.</p>`
          : tableOf(['State', 'Name', 'Started, UTC', 'Revision', 'What came of it'], rows)
      }`,
  });
}

/** Of what it writes at its end, what people look at. */
const SUMMARIES = ['index.html', 'summary.md', 'summary.json', 'junit.xml', 'sweep.jsonl'] as const;

/**
 * @param path - from the results folder
 * @param directory - where it is
 * @throws HarnessError where it cannot be read
 */
export function sweepPage(path: string, directory: string): Html {
  const outcome = readSweepOutcome(directory);
  const { header, state, cells } = outcome;
  const links = SUMMARIES.filter((name) => existsSync(join(directory, name))).map(
    (name) => html`<a class="button" href="${fileAddress(`${path}/${name}`)}">${name}</a> `,
  );
  return page({
    title: header.name,
    here: 'sweeps',
    body: html`<h1>${stateTag(state)} ${header.name}</h1>
      <p class="meaning">${totalsText(outcome)}.</p>
      <p class="hint">
        Started ${timeOf(header.startedAt)} UTC, Shaketable ${header.shaketableVersion},
        ${header.gitRevision ?? 'no git revision'}. In the results folder: <code>${path}</code>
      </p>
      <p class="actions">${links}</p>
      <h2>Cells</h2>
      ${tableOf(
        ['State', 'Cell', 'Seeds', 'What came of it', 'Runs that were kept'],
        cells.map((cell) => cellRow(path, directory, cell)),
      )}`,
  });
}

const RUNS_MAX = 20;

function cellRow(
  path: string,
  directory: string,
  { cell, state, sentence, because, records }: CellOutcome,
): Html {
  const kept = records.filter(({ directory: run }) => run !== null && existsSync(join(directory, run)));
  const links = kept
    .slice(0, RUNS_MAX)
    .map(({ directory: run, seed, outcome }, i): Part => [
      i > 0 && ', ',
      html`<a href="${runAddress(`${path}/${run ?? ''}`)}">seed ${seed} (${outcome})</a>`,
    ]);
  const again = because?.again ?? null;
  return html`<tr>
    <td>${stateTag(state satisfies CellState)}</td>
    <th scope="row"><code>${cell.key}</code></th>
    <td class="number">${records.length}</td>
    <td class="long">${sentence}${again !== null && html`<br /><code>${again}</code>`}</td>
    <td>${links}${kept.length > RUNS_MAX && ` and ${kept.length - RUNS_MAX} more`}</td>
  </tr>`;
}
