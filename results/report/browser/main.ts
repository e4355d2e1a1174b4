/**
 * The viewer: reads the data of its page and builds everything that is seen. Data reaches the page as text nodes and
 * canvas text only.
 */
import type { AnomalyRow, ReportData } from '../report-data.ts';
import { anomalyRange } from './anomaly-range.ts';
import { allowedSection, anomalySection } from './anomaly-section.ts';
import type { AnomalyActions } from './anomaly-section.ts';
import { element } from './dom.ts';
import { showAnomaly, showOperation } from './focus.ts';
import { unpackOperations } from './operations.ts';
import { Stage } from './stage.ts';
import { storySection } from './story-section.ts';
import { checkerSection, faultSection, runSection, statisticsSection } from './table-sections.ts';
import { timelineSection } from './timeline-section.ts';
import { notesSection, verdictSection } from './verdict-section.ts';

const LINKS = [
  ['anomalies', 'Anomalies'],
  ['story', 'Story'],
  ['allowed', 'Allowed'],
  ['timeline', 'Timeline'],
  ['checkers', 'Checkers'],
  ['faults', 'Faults'],
  ['statistics', 'Statistics'],
  ['run', 'Replay'],
] as const;

function render(data: ReportData, page: HTMLElement): void {
  const stage = new Stage(data, unpackOperations(data));
  const firstAnomaly = data.anomalies.find((anomaly) => anomalyRange(stage, anomaly) !== null);
  const show = (anomaly: AnomalyRow): void => {
    showAnomaly(stage, anomaly);
    timeline.reveal();
  };
  const onZoom = firstAnomaly === undefined ? null : () => show(firstAnomaly);
  const timeline = timelineSection(stage, onZoom);
  const actions: AnomalyActions = {
    show,
    jumpTo(anomaly, row) {
      showAnomaly(stage, anomaly);
      timeline.select(row);
      showOperation(stage, row);
      timeline.reveal();
    },
    jumpToTime(anomaly, time) {
      showAnomaly(stage, anomaly);
      const { span } = stage.viewport;
      stage.viewport.show(time - span / 2, time + span / 2);
      timeline.reveal();
    },
  };
  if (firstAnomaly !== undefined) {
    stage.witness = firstAnomaly.operations;
    stage.events = firstAnomaly.events;
  }
  const sections = [
    verdictSection(data, onZoom),
    anomalySection(stage, actions),
    notesSection(data),
    storySection(data, (row) => {
      timeline.select(row);
      showOperation(stage, row);
      timeline.reveal();
    }),
    allowedSection(stage, actions),
    timeline.section,
    checkerSection(data),
    faultSection(data, (from, to) => {
      const padding = Math.max((to - from) / 2, 5e7);
      stage.viewport.show(from - padding, to + padding);
      timeline.reveal();
    }),
    statisticsSection(data),
    runSection(data),
  ].filter((section) => section !== null);
  page.append(...sections);
  const links = LINKS.filter(([id]) => document.getElementById(id) !== null).map(([id, title]) =>
    element('a', { href: `#${id}` }, id === 'run' ? runTitle(data) : title),
  );
  sections[0]?.after(element('nav', { 'aria-label': 'Sections' }, ...links));
  stage.schedule();
}

/** What the section about the run's command is for. */
function runTitle({ replayCommand, replaysExactly }: ReportData): string {
  if (replayCommand === null) return 'Check';
  return replaysExactly ? 'Replay' : 'Run again';
}

const page = document.getElementById('report');
const json = document.getElementById('data')?.textContent;
if (page !== null && json !== null && json !== undefined) render(JSON.parse(json) as ReportData, page);
