/**
 * A comparison as one HTML file that opens from disk, needs no network and runs no script at all.
 *
 *     directory.write('report.html', renderComparison(comparison));
 *
 * Each row of a chapter is a table row a variant: its name, a bar, and the figure. Rows of one group share an axis.
 */
import type { Chapter, Comparison, Group, Row } from '../../harness/compare/comparison.ts';
import { glanceOf } from '../../harness/compare/glance.ts';
import { caveatsOf, seedsText, titleOf } from '../../harness/compare/table.ts';
import { escapeHtml, htmlPage } from '../html-page.ts';
import { viewerStyle } from '../report/viewer-script.ts';
import { axisOf, barOf, scaleOf } from './bars.ts';
import { COMPARISON_STYLE } from './style.ts';

export function renderComparison(comparison: Comparison): string {
  const title = titleOf(comparison);
  return htmlPage({
    title,
    style: `\n${viewerStyle()}\n${COMPARISON_STYLE}`,
    body: `<main>
<h1>${escapeHtml(title)}</h1>
${head(comparison)}
${glance(comparison)}
${comparison.chapters.map((chapter) => section(chapter, namesOf(comparison))).join('\n')}
${howItWasRun(comparison)}
</main>`,
  });
}

const namesOf = ({ variants }: Comparison): readonly string[] => variants.map(({ name }) => name);

function head(comparison: Comparison): string {
  const { system, workload, cluster, seeds, runsDone, startedAt, shaketableVersion, gitRevision } =
    comparison;
  const facts = {
    System: system,
    Workload: workload,
    Cluster: cluster,
    Seeds: seedsText(seeds).replace(/^seeds? /, ''),
    Runs: String(runsDone),
    Started: startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'),
    Shaketable: gitRevision === null ? shaketableVersion : `${shaketableVersion}, ${gitRevision}`,
  };
  const variants = comparison.variants.map(({ name, description, options }, i) => {
    const settings = Object.entries(options).map(([option, value]) => `${option}=${String(value)}`);
    const set = settings.length === 0 ? '' : ` <code>${escapeHtml(settings.join(', '))}</code>`;
    return `<li><span class="variant v${i % 4}">${escapeHtml(name)}</span> ${escapeHtml(description)}${set}</li>`;
  });
  const caveats = caveatsOf(comparison).map((caveat) => `<p class="caveat">${escapeHtml(caveat)}</p>`);
  return `<dl class="facts">${Object.entries(facts)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`)
    .join('')}</dl>
<ul class="variants">${variants.join('')}</ul>
${caveats.join('\n')}`;
}

function glance({ chapters, variants }: Comparison): string {
  const rows = glanceOf(chapters).map(({ chapter, question, row, differs }) => {
    const what = differs
      ? `${escapeHtml(row.title)}<span class="by">, ${escapeHtml(question)}</span>`
      : '<span class="by">alike</span>';
    const cells = row.cells.map(({ text }) => `<td>${differs ? escapeHtml(text) : ''}</td>`);
    return `<tr><th scope="row"><a href="#${chapter.measure}">${escapeHtml(chapter.title)}</a></th><td>${what}</td>${cells.join('')}</tr>`;
  });
  const heads = variants.map(
    ({ name }, i) => `<th scope="col"><span class="variant v${i % 4}">${escapeHtml(name)}</span></th>`,
  );
  return `<h2>Where they differ most</h2>
<div class="scroll"><table class="glance"><thead><tr><td></td><td></td>${heads.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function section({ measure, title, meaning, groups, notes }: Chapter, names: readonly string[]): string {
  return `<section id="${measure}"><h2>${escapeHtml(title)}</h2>
<p class="meaning">${escapeHtml(meaning)}</p>
${groups.map((group) => groupTable(group, names)).join('\n')}
${notes.map((note) => `<p class="hint">${escapeHtml(note)}</p>`).join('\n')}
</section>`;
}

function groupTable(group: Group, names: readonly string[]): string {
  const scale = scaleOf(group.rows);
  const body = group.rows.map((row) => rowLines(row, names, scale)).join('\n');
  return `<div class="scroll"><table class="group"><caption>${escapeHtml(group.title)}</caption>
<tbody>${body}
<tr class="axis"><td></td><td></td><td>${axisOf(scale)}</td><td></td></tr></tbody></table></div>`;
}

function rowLines(row: Row, names: readonly string[], scale: ReturnType<typeof scaleOf>): string {
  return row.cells
    .map((cell, i) => {
      const first =
        i === 0 ? `<th scope="rowgroup" rowspan="${row.cells.length}">${escapeHtml(row.title)}</th>` : '';
      const name = `<td><span class="variant v${i % 4}">${escapeHtml(names[i] ?? '')}</span></td>`;
      const bar = barOf(cell, scale, `${row.title}, ${names[i] ?? ''}: ${cell.text}`);
      return `<tr${i === 0 ? ' class="first"' : ''}>${first}${name}<td class="v${i % 4}">${bar}</td><td class="figure">${escapeHtml(cell.text)}</td></tr>`;
    })
    .join('\n');
}

function howItWasRun({ commandLine, scenarios, samples }: Comparison): string {
  const rows = scenarios.map(
    ({ title, name, how }) =>
      `<tr><th scope="row">${escapeHtml(title)}<br><code>${escapeHtml(name)}</code></th><td>${escapeHtml(how)}</td></tr>`,
  );
  const kept = samples.flatMap(({ directory, scenario, variant, seed }) =>
    directory === undefined
      ? []
      : [
          `<li><a href="${escapeHtml(`${directory}/report.html`)}">${escapeHtml(`${scenario}, ${variant}, seed ${seed}`)}</a></li>`,
        ],
  );
  const runs =
    kept.length === 0 ? '' : `<details><summary>The runs</summary><ul>${kept.join('')}</ul></details>`;
  return `<section id="how"><h2>How it was run</h2>
<p><code>${escapeHtml(commandLine)}</code></p>
<p class="hint">Each scenario runs once a seed with each variant: the same load, and the same faults at the same times. All figures, run by run, are in comparison.json beside this page.</p>
<div class="scroll"><table class="how"><tbody>${rows.join('\n')}</tbody></table></div>
${runs}
</section>`;
}
