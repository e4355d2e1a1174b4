/** One run: what was found, how it went, its files, and where to go from here. */
import type { RunIndex } from '../index/run-index.ts';
import type { RunRecord } from '../index/run-record.ts';
import { answeredShareOf, type RunStatistics } from '../run-statistics.ts';
import type { RecordedVerdict } from '../verdict-file.ts';
import { addressWith, fileAddress, liveAddress, reportAddress, zipAddress } from './addresses.ts';
import { askedAddress } from './asked.ts';
import { type Html, html, type Part } from './html.ts';
import { numeric, tableOf } from './table.ts';
import {
  counted,
  linkTo,
  msText,
  numberText,
  page,
  percentText,
  revisionText,
  tagOf,
  timeOf,
  titleOf,
} from './page.ts';
import { filesOf, readDetails, type RunFile } from './run-details.ts';

/** @param directory - where it is */
export function runPage(index: RunIndex, run: RunRecord, directory: string): Html {
  const { verdict, statistics, problems } = readDetails(directory);
  const previous = index.previous(run);
  return page({
    title: titleOf(run),
    here: 'runs',
    body: html`<h1>${tagOf(run.outcome)} ${titleOf(run)}</h1>
      <p class="hint"><code>${run.path}</code></p>
      ${run.sentence !== null && html`<p class="meaning">${run.sentence}</p>`}
      ${problems.filter((problem) => problem !== run.sentence).map((problem) => html`<p class="note">${problem}</p>`)}
      ${facts(run)} ${actions(run, previous)} ${failures(run)} ${verdict !== null && checkers(verdict)}
      ${statistics !== null && figures(statistics)}
      <h2>Files</h2>
      ${fileTable(run.path, filesOf(directory))}`,
  });
}

function facts(run: RunRecord): Html {
  const alike = (name: string, value: string): Html =>
    html`<a href="${askedAddress('/', { filter: { [name]: value } })}">${value}</a>`;
  const rows: readonly (readonly [string, Part])[] = [
    ['System', alike('system', run.system)],
    ['Workload', alike('workload', run.workload)],
    [
      'Nemesis',
      run.nemeses.length === 0
        ? 'none'
        : run.nemeses.map((name, i) => [i > 0 && ', ', alike('nemesis', name)]),
    ],
    ['Bugs', run.bugs.length === 0 ? 'none' : run.bugs.map((name, i) => [i > 0 && ', ', alike('bug', name)])],
    ['Cluster', alike('cluster', run.cluster)],
    ['Seed', run.seed === null ? '–' : String(run.seed)],
    ['Started, UTC', timeOf(run.startedAt)],
    ['Length', run.durationS === null ? '–' : `${run.durationS.toFixed(1)} s`],
    [
      'Revision',
      run.revision === null
        ? '–'
        : html`<a href="${askedAddress('/', { filter: { revision: run.revision } })}"
            ><code>${revisionText(run.revision)}</code></a
          >`,
    ],
  ];
  if (run.outcome === 'unreadable') return html``;
  return html`<dl class="facts">
      ${rows.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <pre>${run.command}</pre>`;
}

function actions(run: RunRecord, previous: RunRecord | null): Html {
  const compare = previous !== null && addressWith('/compare', { a: previous.path, b: run.path });
  return html`<p class="actions">
      ${run.outcome === 'running' && html`<a class="button primary" href="${liveAddress(run.path)}">Watch it live</a>`}
      <a class="button" href="${reportAddress(run.path)}">Open the report</a>
      <a class="button" href="${zipAddress(run.path)}" download>Download as one file</a>
      ${compare !== false && html`<a class="button" href="${compare}">Compare with the run before</a>`}
    </p>
    <form class="inline" method="get" action="/compare">
      <input type="hidden" name="a" value="${run.path}" /><label
        >Compare with
        <input name="b" size="44" required spellcheck="false" placeholder="path of a run, as its page has it"
      /></label>
      <button>Compare</button>
    </form>`;
}

function failures({ failures }: RunRecord): Html | false {
  if (failures.length === 0) return false;
  return html`<h2>Failures</h2>
    ${failures.map(
      ({ signature, checker, anomaly, explanation }) =>
        html`<section class="anomaly">
          <h3>${anomaly} <span class="by">${checker}</span></h3>
          <p>${explanation}</p>
          <p>
            <code>${signature}</code>
            <a href="${askedAddress('/', { filter: { signature } })}">Runs with this signature</a> ·
            <a href="${askedAddress('/trends', { filter: { signature } })}">when</a>
          </p>
        </section>`,
    )}`;
}

function checkers({ verdicts }: RecordedVerdict): Html {
  const rows = verdicts.map(({ checker, valid, reason, anomalies }) => {
    const outcome = valid === 'unknown' ? 'unknown' : valid ? 'valid' : 'invalid';
    return html`<tr>
      <th scope="row">${checker}</th>
      <td>${tagOf(outcome)}</td>
      <td class="number">${anomalies.length}</td>
      <td class="long">${reason}</td>
    </tr>`;
  });
  return html`<h2>Checkers</h2>
    ${tableOf(['Checker', 'Verdict', numeric('Anomalies'), 'Why'], rows)}`;
}

function figures(statistics: RunStatistics): Html {
  const { total, functions, latencies, rate, availability, leaderChanges, faults } = statistics;
  const rows = [...functions, { f: 'all', ...total }].map((counts) => {
    const latency = latencies.find(({ f, type }) => f === counts.f && type === 'ok');
    const ns = (value: number | undefined): string => msText(value === undefined ? null : value / 1e6);
    return html`<tr>
      <th scope="row">${counts.f}</th>
      ${[counts.ok, counts.fail, counts.info + counts.pending].map((count) => html`<td class="number">${numberText(count)}</td>`)}${[latency?.p50Ns, latency?.p99Ns, latency?.maxNs].map((value) => html`<td class="number">${ns(value)}</td>`)}
    </tr>`;
  });
  const figureNames = ['Ok', 'Fail', 'Info', 'p50', 'p99', 'Longest'];
  const gap = availability.longestGap;
  return html`<h2>Operations</h2>
    ${tableOf(['Function', ...figureNames.map(numeric)], rows)}
    <p>
      Answered: ${percentText(answeredShareOf(statistics, 'overall'))};
      ${percentText(answeredShareOf(statistics, 'duringFaults'))} of those that began under a fault,
      ${percentText(answeredShareOf(statistics, 'outsideFaults'))} of the others. ${rate.okPerS.toFixed(1)} ok
      a second. Longest time without an ok: ${msText(gap === null ? null : gap.lengthNs / 1e6)}.
      ${counted(faults.count, 'fault')}, ${faults.tookEffect} took effect. Leader changes:
      ${leaderChanges ?? '–'}.
    </p>`;
}

function fileTable(path: string, files: readonly RunFile[]): Html {
  const rows = files.map(
    ({ name, sizeBytes }) =>
      html`<tr>
        <td><a href="${fileAddress(`${path}/${name}`)}">${name}</a></td>
        <td class="number">${numberText(sizeBytes)} bytes</td>
      </tr>`,
  );
  return tableOf(['File', numeric('Size')], rows);
}

/** Where a run has no report: the command that makes it, and the page that does so where it may. */
export function noReportPage(run: RunRecord, directory: string, why: string | null): Html {
  const canBeMade = why === null;
  return page({
    title: `No report of ${run.path}`,
    here: 'runs',
    body: html`<h1>There is no report of this run</h1>
      <p>${linkTo(run)} ${run.outcome === 'running' ? 'has not ended yet.' : 'has no report.html.'}</p>
      ${run.outcome === 'running' && html`<p><a class="button" href="${liveAddress(run.path)}">Watch it live</a></p>`}
      ${
        canBeMade
          ? html`<p>
                <a class="button primary" href="${addressWith(reportAddress(run.path), { anew: '1' })}"
                  >Judge it again, and show its report</a
                >
              </p>
              <p class="hint">Nothing is written. This command keeps the report:</p>`
          : html`<p>${why} This command makes it:</p>`
      }
      <pre>shaketable report ${shellWord(directory)}</pre>`,
  });
}

/** Plain when no shell could misread it. */
const shellWord = (text: string): string =>
  /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
