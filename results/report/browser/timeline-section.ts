/** All charts over one axis of time, with what moves them: buttons, the key filter, the selected operation. */
import { axisPanel } from './axis-panel.ts';
import { commitPanel } from './commit-panel.ts';
import { button, element, table } from './dom.ts';
import { faultPanel } from './fault-panel.ts';
import { formatDuration, formatTime } from './format.ts';
import { commitTable, partitionTable } from './lane-tables.ts';
import { latencyPanel } from './latency-panel.ts';
import { nodePanel } from './node-panel.ts';
import { overviewPanel } from './overview-panel.ts';
import { partitionPanel } from './partition-panel.ts';
import { attachPointer } from './pointer.ts';
import { processPanel } from './process-panel.ts';
import { ratePanel } from './rate-panel.ts';
import type { Panel } from './frame.ts';
import type { Stage } from './stage.ts';
import { leadershipSection } from './table-sections.ts';
import { termPanel } from './term-panel.ts';
import { FAULT_COLOURS } from './theme.ts';
import { describe, operationsWithin, OUTCOME_NAMES } from './words.ts';

const MAX_ROWS_IN_VIEW = 100;
const HELP =
  'Drag to zoom, Shift-drag to move, double-click for the whole run. Click, then use the wheel (or Ctrl and wheel at any time). ' +
  'Keys: ← → move, + − zoom, 0 whole run, n p next and previous operation, Esc leave.';

export interface Timeline {
  readonly section: HTMLElement;
  /** Scrolls to the charts and gives them the keys. */
  reveal(): void;
  select(row: number): void;
}

export function timelineSection(stage: Stage, onZoomToAnomaly: (() => void) | null): Timeline {
  const { data, viewport } = stage;
  const host = element('div', {
    class: 'charts',
    tabindex: '0',
    role: 'group',
    'aria-label': 'Charts over time',
    'aria-describedby': 'charts-help',
  });
  const mounted: { panel: Panel; canvas: HTMLCanvasElement }[] = [];
  const mount = (panel: Panel): HTMLCanvasElement => {
    const canvas = stage.mount(panel);
    mounted.push({ panel, canvas });
    return canvas;
  };
  const overview = overviewPanel(stage);
  const overviewCanvas = stage.mount(overview);
  const selected = element('div', { class: 'selected', 'aria-live': 'polite' });
  const select = (row: number): void => {
    stage.selected = row;
    selected.replaceChildren(...selectedLines(stage, row));
    stage.schedule();
  };

  const chart = (
    title: string,
    legend: HTMLElement | null,
    panel: Panel,
    after: HTMLElement | null = null,
  ): HTMLElement =>
    element(
      'section',
      { class: 'chart' },
      element('h3', {}, title, ...(legend === null ? [] : [legend])),
      mount(panel),
      ...(after === null ? [] : [after]),
    );
  const rail = element(
    'div',
    { class: 'rail' },
    toolbar(stage, onZoomToAnomaly),
    overviewCanvas,
    mount(axisPanel('in view')),
  );
  host.append(
    rail,
    chart('Faults', null, faultPanel(stage)),
    chart('Clients', outcomeLegend(), processPanel(stage)),
    selected,
    inViewTable(stage, select),
    ...(data.nodes.length === 0 ? [] : [chart('Nodes', nodeLegend(stage), nodePanel(stage))]),
    ...(data.roles.some(({ term }) => term > 0)
      ? [chart('Leader and term', null, termPanel(stage), leadershipSection(data))]
      : []),
    ...(data.commits.length === 0
      ? []
      : [chart('Commit index', null, commitPanel(stage), commitTable(data))]),
    ...(data.partitions.length === 0
      ? []
      : [
          chart(
            'Partitions: leader, in sync',
            partitionLegend(),
            partitionPanel(stage),
            partitionTable(data),
          ),
        ]),
    chart('Latency', outcomeLegend(), latencyPanel(stage)),
    chart('Rate', rateLegend(), ratePanel(stage)),
  );
  attachPointer(stage, {
    host,
    overview: { panel: overview, canvas: overviewCanvas },
    panels: mounted,
    onSelect: select,
  });
  select(-1);
  viewport.onChange(() => stage.schedule());
  return {
    section: element(
      'section',
      { class: 'timeline', 'aria-labelledby': 'timeline' },
      element('h2', { id: 'timeline' }, 'Timeline'),
      element('p', { class: 'hint', id: 'charts-help' }, HELP),
      host,
    ),
    reveal() {
      host.scrollIntoView({ block: 'start' });
      host.focus({ preventScroll: true });
    },
    select,
  };
}

function toolbar(stage: Stage, onZoomToAnomaly: (() => void) | null): HTMLElement {
  const { viewport, data } = stage;
  const range = element('output', { class: 'range' });
  const keys = element('select', { 'aria-label': 'Show operations on this key' });
  keys.append(element('option', { value: '-1' }, 'all keys'));
  for (const key of new Set(stage.operations.key)) {
    if (key >= 0) keys.append(element('option', { value: String(key) }, data.texts[key] ?? ''));
  }
  keys.addEventListener('change', () => {
    stage.keyFilter = Number(keys.value);
    stage.schedule();
  });
  stage.onDrawn(() => {
    range.textContent = `${formatTime(viewport.from)} – ${formatTime(viewport.to)} (${formatDuration(viewport.span)})`;
    if (keys.value !== String(stage.keyFilter)) keys.value = String(stage.keyFilter);
  });
  const parts: HTMLElement[] = [
    button('−', () => viewport.zoom(2, viewport.middle), { 'aria-label': 'Zoom out', title: 'Zoom out (−)' }),
    button('+', () => viewport.zoom(0.5, viewport.middle), { 'aria-label': 'Zoom in', title: 'Zoom in (+)' }),
    button('◀', () => viewport.pan(-0.5), { 'aria-label': 'Earlier', title: 'Earlier (←)' }),
    button('▶', () => viewport.pan(0.5), { 'aria-label': 'Later', title: 'Later (→)' }),
    button('Whole run', () => viewport.showWhole(), { title: '0' }),
  ];
  if (onZoomToAnomaly !== null) parts.push(button('Zoom to anomaly', onZoomToAnomaly));
  return element(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': 'Range of time' },
    ...parts,
    element('label', {}, 'Key ', keys),
    range,
  );
}

function selectedLines(stage: Stage, row: number): readonly HTMLElement[] {
  if (row < 0) return [element('p', { class: 'hint' }, 'Click an operation to keep its details here.')];
  const words = describe(stage.data, stage.operations, row);
  return [
    element('p', {}, element('strong', {}, words.sentence), ` · ${words.outcome}`),
    element(
      'p',
      { class: 'detail' },
      [words.when, words.where, ...(words.error === null ? [] : [`error ${words.error}`])].join(' · '),
    ),
  ];
}

/** The same as the bars, for those who read text; filled while it is open. */
function inViewTable(stage: Stage, select: (row: number) => void): HTMLElement {
  const body = element('div');
  const details = element(
    'details',
    { class: 'in-view' },
    element('summary', {}, 'Operations in view, as a table'),
    body,
  );
  let shown = '';
  const fill = (): void => {
    const { from, to } = stage.viewport;
    const name = `${from} ${to} ${stage.keyFilter}`;
    if (!details.open || name === shown) return;
    shown = name;
    const { rows, isCut } = operationsWithin(
      stage.operations,
      from,
      to,
      (row) => stage.isShown(row),
      MAX_ROWS_IN_VIEW,
    );
    const words = rows.map((row) => ({ row, ...describe(stage.data, stage.operations, row) }));
    body.replaceChildren(
      table(
        'Operations in view',
        [
          {
            title: 'Operation',
            isLong: true,
            cell: ({ row, sentence }) => button(sentence, () => select(row), { class: 'jump' }),
          },
          {
            title: 'Outcome',
            cell: ({ row }) => OUTCOME_NAMES[stage.operations.outcome[row] as number] ?? '',
          },
          { title: 'When', cell: ({ when }) => when },
          { title: 'Where', cell: ({ where }) => where },
          { title: 'Error', isLong: true, cell: ({ error }) => error ?? '' },
        ],
        words,
      ),
      ...(isCut
        ? [element('p', { class: 'hint' }, `The first ${MAX_ROWS_IN_VIEW}: zoom in to see the rest.`)]
        : []),
    );
  };
  details.addEventListener('toggle', fill);
  stage.onDrawn(fill);
  return details;
}

type LegendEntry = readonly [swatch: string, text: string, colour?: string];

function legend(...entries: readonly LegendEntry[]): HTMLElement {
  const parts = entries.map(([classes, text, colour]) => {
    const swatch = element('i', { class: `swatch ${classes}`, 'aria-hidden': 'true' });
    if (colour !== undefined) swatch.style.background = colour;
    return element('span', {}, swatch, text);
  });
  return element('span', { class: 'legend' }, ...parts);
}

const outcomeLegend = (): HTMLElement =>
  legend(
    ['ok', 'ok'],
    ['fail', 'fail: did not happen'],
    ['info', 'info: unknown'],
    ['proof', 'witness of an anomaly'],
  );

const nodeLegend = ({ kinds }: Stage): HTMLElement =>
  legend(
    ['leader', 'leader'],
    ['candidate', 'candidate'],
    ['down', 'down'],
    ...kinds.map((kind, i): LegendEntry => ['strip', `under ${kind}`, `var(--fault-${i % FAULT_COLOURS})`]),
  );

const partitionLegend = (): HTMLElement =>
  legend(['leader', 'leader'], ['strip deposed', 'deposed, and does not know it']);

const rateLegend = (): HTMLElement => legend(['line-ok', 'ok'], ['line-fail', 'fail'], ['line-info', 'info']);
