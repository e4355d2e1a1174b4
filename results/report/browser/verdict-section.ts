/** The top of the page: the verdict in words, the run in a line, and what limits it. */
import type { ReportSummary } from '../report-data.ts';
import { copyButton, element } from './dom.ts';

/** Tells the verdict without its colour. */
const SIGNS = { valid: '✓', invalid: '✕', unknown: '?' } as const;

export function verdictSection(data: ReportSummary, onZoom: (() => void) | null): HTMLElement {
  const actions = element('div', { class: 'actions' });
  if (onZoom !== null) {
    const zoom = element('button', { type: 'button', class: 'primary' }, 'Zoom to anomaly');
    zoom.addEventListener('click', onZoom);
    actions.append(zoom);
  }
  actions.append(
    data.replayCommand === null
      ? copyButton('Copy check command', data.commandLine)
      : copyButton(data.replaysExactly ? 'Copy replay command' : 'Copy command', data.replayCommand),
    copyButton('Copy summary', data.summary),
  );
  return element(
    'header',
    { class: `verdict ${data.verdict}` },
    element(
      'div',
      { class: 'verdict-word' },
      element('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[data.verdict]),
      data.verdict.toUpperCase(),
    ),
    element('h1', {}, data.headline),
    element('p', { class: 'meaning' }, data.meaning),
    element(
      'dl',
      { class: 'facts' },
      ...data.facts.map(({ name, value }) =>
        element('div', {}, element('dt', {}, name), element('dd', {}, value)),
      ),
    ),
    actions,
  );
}

export function notesSection(data: ReportSummary): HTMLElement | null {
  if (data.notes.length === 0) return null;
  return element(
    'section',
    { class: 'notes', 'aria-labelledby': 'notes' },
    element('h2', { id: 'notes' }, 'Read the verdict with this in mind'),
    element('ul', {}, ...data.notes.map((note) => element('li', {}, note))),
  );
}
