/** A run in progress: what it has done so far, kept up to date by browser/live.ts, whole without it. */
import type { RunRecord } from '../index/run-record.ts';
import { eventsAddress, reportAddress, runAddress } from './addresses.ts';
import { type Html, html } from './html.ts';
import type { LiveData } from './live-data.ts';
import { numberText, page, tagOf, titleOf } from './page.ts';

/** What the script writes into has the field's name as its id. */
export function livePage(run: RunRecord, data: LiveData): Html {
  const figures: readonly (readonly [name: string, field: keyof LiveData, text: string])[] = [
    ['Time of the run', 'timeText', data.timeText],
    ['Invoked', 'invoked', numberText(data.invoked)],
    ['Ok', 'ok', numberText(data.ok)],
    ['Fail', 'fail', numberText(data.fail)],
    ['Info', 'info', numberText(data.info)],
    ['Ok in the last second', 'okPerS', numberText(data.okPerS)],
    ['Leader', 'leader', data.leader],
    ['Lines that are no record', 'unreadable', numberText(data.unreadable)],
  ];
  return page({
    title: `Live: ${titleOf(run)}`,
    here: 'runs',
    script: 'live',
    body: html`<div id="live" data-events="${eventsAddress(run.path)}">
      <h1>${titleOf(run)}</h1>
      <p class="hint"><code>${run.path}</code></p>
      <p>
        <span role="status"
          ><span id="outcome">${data.outcome}</span> <span id="connection" class="hint"></span
        ></span>
        · <a href="${runAddress(run.path)}">The run's page</a
        ><span id="report" hidden> · <a href="${reportAddress(run.path)}">Open the report</a></span>
      </p>
      <pre>${run.command}</pre>
      <dl class="facts live">
        ${figures.map(
          ([name, field, text]) =>
            html`<div>
              <dt>${name}</dt>
              <dd id="${field}">${text}</dd>
            </div>`,
        )}
      </dl>
      <h2>Faults in force</h2>
      ${list('faults', data.faults, 'none')}
      <h2>Rate</h2>
      <p class="legend">
        <span class="key ok">ok</span> <span class="key fail">fail</span> <span class="key info">info</span>
        <span class="hint">a second, over the last minute of the run</span>
      </p>
      <svg id="rate" class="chart" viewBox="0 0 600 100" role="img" aria-label="Operations a second"></svg>
      <h2>Last operations</h2>
      ${list('operations', data.operations, 'none yet')}
      <h2>What the nodes said last</h2>
      ${list('events', data.events, 'nothing yet')}
      <noscript
        ><p class="note">
          Without a script this page does not move: load it again. ${tagOf(run.outcome)}
        </p></noscript
      >
    </div>`,
  });
}

function list(id: string, lines: readonly string[], nothing: string): Html {
  return html`<ul id="${id}" class="lines" data-nothing="${nothing}">
    ${(lines.length === 0 ? [nothing] : lines).map((line) => html`<li>${line}</li>`)}
  </ul>`;
}
