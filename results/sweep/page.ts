/**
 * `index.html` of a sweep: its cells with what came of their seeds, and what went wrong, with links to the reports of the runs that
 * were kept. It opens from disk, needs no network and runs no script.
 *
 *     folder.write('index.html', renderSweep(outcome));
 */
import { failuresOf, type SweepFailure } from '../../harness/sweep/failures.ts';
import { labelsOf } from '../../harness/sweep/labels.ts';
import type { SeedRecord } from '../../harness/sweep/ledger.ts';
import type { CellOutcome, SweepOutcome } from '../../harness/sweep/outcome.ts';
import { CELL_WORDS, shardText, totalsText } from '../../harness/sweep/summaries.ts';
import { escapeHtml, htmlPage } from '../html-page.ts';
import { printable } from '../report/printable.ts';
import { viewerStyle } from '../report/viewer-script.ts';
import { SWEEP_STYLE } from './style.ts';

/** Links in one row of the table; the ledger has all. */
const LINKS_MAX = 12;
/** What a sentence may take in the table; it stands whole in what went wrong. */
const SENTENCE_CHARACTERS_MAX = 200;

export function renderSweep(outcome: SweepOutcome): string {
  const { header, state, cells } = outcome;
  return htmlPage({
    title: `${CELL_WORDS[state]}: sweep ${printable(header.name)}`,
    style: `\n${viewerStyle()}\n${SWEEP_STYLE}`,
    body: `<main>
<header class="verdict ${state}"><p class="verdict-word">${CELL_WORDS[state].toUpperCase()}</p>
<h1>${safe(header.name)}</h1>
<p class="meaning">${safe(totalsText(outcome) + shardText(outcome))}.</p></header>
${facts(outcome)}
${failureSection(outcome)}
${cellTable(cells)}
</main>`,
  });
}

function facts({ header, cells }: SweepOutcome): string {
  const { startedAt, shaketableVersion, gitRevision, keep } = header;
  const tookS = cells.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000;
  const rows = {
    Started: startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'),
    Shaketable: gitRevision === null ? shaketableVersion : `${shaketableVersion}, ${gitRevision}`,
    'Run time in all': `${Math.round(tookS)} s`,
    'Runs kept': keep,
  };
  return `<dl class="facts">${Object.entries(rows)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${safe(value)}</dd></div>`)
    .join('')}</dl>
<p class="hint">Beside this page: <a href="summary.json">summary.json</a>, <a href="junit.xml">junit.xml</a>, <a href="sweep.jsonl">sweep.jsonl</a> (a line a seed).</p>`;
}

/** Failures by signature; then cells that went wrong in another way. */
function failureSection(outcome: SweepOutcome): string {
  const failures = failuresOf(outcome).map((failure) =>
    failureBlock(failure, labelsOf(outcome.header.cells)),
  );
  const others = outcome.cells
    .filter(({ state, counts, cell }) =>
      state === 'failed' ? cell.expect === 'invalid' : state !== 'passed' || counts.error > 0,
    )
    .filter(({ state }) => state !== 'unfinished')
    .map(cellBlock);
  const blocks = [...failures, ...others];
  return blocks.length === 0 ? '' : `<h2 id="wrong">What went wrong</h2>\n${blocks.join('\n')}`;
}

function failureBlock(
  { signature, runs, cells, example }: SweepFailure,
  labels: ReadonlyMap<string, string>,
) {
  const where = cells.map((key) => labels.get(key) ?? key);
  return `<section class="failure failed"><h3><code>${safe(signature ?? example.anomaly ?? 'no signature')}</code></h3>
<p class="hint">${runs} run${runs === 1 ? '' : 's'} of ${safe(where.join('; '))}. The shortest has ${example.operations} operations: seed ${example.seed}.</p>
${told(example)}</section>`;
}

function cellBlock({ cell, state, sentence, because, records }: CellOutcome): string {
  const record = because ?? records.find(({ outcome }) => outcome === 'error') ?? null;
  return `<section class="failure ${state}"><h3><code>${safe(cell.key)}</code></h3>
${record === null ? `<p>${safe(sentence)}</p>` : told(record)}</section>`;
}

function told(record: SeedRecord): string {
  const { why, again } = record;
  return `<p>${safe(why ?? 'nothing is known of why')}</p>
${again === null ? '' : `<pre>${safe(again)}</pre>`}
${link(record, 'The report of this run')}`;
}

function cellTable(cells: readonly CellOutcome[]): string {
  const labels = labelsOf(cells.map(({ cell }) => cell));
  const rows = cells.map((outcome) => cellRow(outcome, labels.get(outcome.cell.key) ?? outcome.cell.key));
  const heads = ['State', 'Cell', 'Seeds', 'Valid', 'Invalid', 'Unknown', 'Error', 'Took', 'What came of it'];
  return `<h2 id="cells">Cells</h2>
<div class="scroll"><table><thead><tr>${heads
    .map((name, i) => `<th scope="col"${i > 1 && i < 8 ? ' class="number"' : ''}>${name}</th>`)
    .join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

function cellRow({ cell, state, counts, records, sentence, tookMs }: CellOutcome, label: string): string {
  const isWrong = { valid: false, invalid: cell.expect === 'valid', unknown: false, error: true };
  const numbers = (['valid', 'invalid', 'unknown', 'error'] as const).map(
    (outcome) =>
      `<td class="number${counts[outcome] > 0 && isWrong[outcome] ? ' wrong' : ''}">${counts[outcome]}</td>`,
  );
  const kept = records.filter(hasReport);
  const links = kept.slice(0, LINKS_MAX).map((record) => link(record, `seed ${record.seed}`));
  const more = kept.length > LINKS_MAX ? ` and ${kept.length - LINKS_MAX} more` : '';
  const reports = links.length === 0 ? '' : ` <span class="runs">Reports: ${links.join(', ')}${more}</span>`;
  const short =
    sentence.length > SENTENCE_CHARACTERS_MAX ? `${sentence.slice(0, SENTENCE_CHARACTERS_MAX)}…` : sentence;
  return `<tr class="${state}"><td class="state">${CELL_WORDS[state]}</td><th scope="row" title="${safe(cell.key)}">${safe(label)}</th><td class="number">${records.length}</td>${numbers.join('')}<td class="number">${Math.round(tookMs / 1000)} s</td><td class="told">${safe(short)}${reports}</td></tr>`;
}

const hasReport = ({ directory, isThin }: SeedRecord): boolean => directory !== null && !isThin;

function link(record: SeedRecord, text: string): string {
  if (!hasReport(record)) return '';
  const path = (record.directory ?? '').split(/[/\\]/).map(encodeURIComponent).join('/');
  return `<a href="${safe(path)}/report.html">${safe(text)}</a>`;
}

/** Without characters that no reader sees, or that turn the text around. */
const safe = (text: string): string => escapeHtml(text.split('\n').map(printable).join('\n'));
