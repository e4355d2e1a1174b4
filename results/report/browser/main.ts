/**
 * The viewer: reads the data of its page and builds everything that is seen, first what the summary tells, then what needs the
 * operations. Data reaches the page as text nodes and
 * canvas text only.
 */
import type { AnomalyRow, ReportData, ReportDetails, ReportSummary } from '../report-data.ts';
import { anomalyRange } from './anomaly-range.ts';
import { allowedSection, anomalySection } from './anomaly-section.ts';
import type { AnomalyActions } from './anomaly-section.ts';
import { comparisonSection } from './comparison-section.ts';
import { element } from './dom.ts';
import { showAnomaly, showOperation } from './focus.ts';
import { unpackOperations } from './operations.ts';
import { Stage } from './stage.ts';
import { storySection } from './story-section.ts';
import { checkerSection, faultSection, runSection, statisticsSection } from './table-sections.ts';
import { timelineSection } from './timeline-section.ts';
import { notesSection, verdictSection } from './verdict-section.ts';

/** Around a fault that is shown. */
const MIN_PADDING_NS = 5e7;

const LINKS = [
  ['anomalies', 'Anomalies'],
  ['story', 'Story'],
  ['allowed', 'Allowed'],
  ['timeline', 'Timeline'],
  ['checkers', 'Checkers'],
  ['faults', 'Faults'],
  ['statistics', 'Statistics'],
  ['comparison', 'Run before'],
  ['run', 'Replay'],
] as const;

/** What is not there until the details are. */
interface Charts {
  zoomToAnomaly(): void;
  show(from: number, to: number): void;
}

function render(summary: ReportSummary, packed: string, page: HTMLElement): void {
  let charts: Charts | undefined;
  const hasWitness = summary.anomalies.some(
    ({ operations, events }) => operations.length > 0 || events.length > 0,
  );
  const onZoom = hasWitness ? () => charts?.zoomToAnomaly() : null;
  const reading = element('p', { class: 'hint', role: 'status' }, 'Reading the operations…');
  const notes = notesSection(summary);
  const end = checkerSection(summary);
  const comparison = comparisonSection(summary);
  const header = verdictSection(summary, onZoom);
  page.append(header, reading, ...(notes === null ? [] : [notes]), end);
  page.append(
    faultSection(summary, (from, to) => charts?.show(from, to)),
    statisticsSection(summary),
    ...(comparison === null ? [] : [comparison]),
    runSection(summary),
  );
  // The verdict is on the screen before the operations are unpacked.
  setTimeout(() => void unpack(packed).then(fill), 0);
  const fill = (details: ReportDetails): void => {
    const sections = renderDetails({ ...summary, ...details }, onZoom);
    charts = sections;
    reading.replaceWith(...sections.above);
    end.before(...sections.below);
    const links = LINKS.filter(([id]) => document.getElementById(id) !== null).map(([id, title]) =>
      element('a', { href: `#${id}` }, id === 'run' ? runTitle(summary) : title),
    );
    header.after(element('nav', { 'aria-label': 'Sections' }, ...links));
    // Where the address says, now that it is there.
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
    sections.stage.schedule();
  };
}

/** @returns sections above the notes and below them, and what moves the charts */
function renderDetails(data: ReportData, onZoom: (() => void) | null) {
  const stage = new Stage(data, unpackOperations(data));
  const firstAnomaly = data.anomalies.find((anomaly) => anomalyRange(stage, anomaly) !== null);
  const show = (anomaly: AnomalyRow): void => {
    showAnomaly(stage, anomaly);
    timeline.reveal();
  };
  const timeline = timelineSection(stage, onZoom);
  const jump = (row: number): void => {
    timeline.select(row);
    showOperation(stage, row);
    timeline.reveal();
  };
  const actions: AnomalyActions = {
    show,
    jumpTo(anomaly, row) {
      showAnomaly(stage, anomaly);
      jump(row);
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
  const present = (sections: readonly (HTMLElement | null)[]): readonly HTMLElement[] =>
    sections.filter((section) => section !== null);
  return {
    stage,
    above: present([anomalySection(stage, actions), storySection(data, jump)]),
    below: present([allowedSection(stage, actions), timeline.section]),
    zoomToAnomaly(): void {
      if (firstAnomaly !== undefined) show(firstAnomaly);
    },
    show(from: number, to: number): void {
      const padding = Math.max((to - from) / 2, MIN_PADDING_NS);
      stage.viewport.show(from - padding, to + padding);
      timeline.reveal();
    },
  };
}

/** Details as build-report.ts packs them: JSON, raw DEFLATE, Base64. */
async function unpack(packed: string): Promise<ReportDetails> {
  const characters = atob(packed);
  // A loop: Uint8Array.from with a function takes twenty times as long.
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return (await new Response(stream).json()) as ReportDetails;
}

/** What the section about the run's command is for. */
function runTitle({ replayCommand, replaysExactly }: ReportSummary): string {
  if (replayCommand === null) return 'Check';
  return replaysExactly ? 'Replay' : 'Run again';
}

const page = document.getElementById('report');
const textOf = (id: string): string | undefined => document.getElementById(id)?.textContent ?? undefined;
const [json, packed] = [textOf('data'), textOf('details')];
if (page !== null && json !== undefined && packed !== undefined)
  render(JSON.parse(json) as ReportSummary, packed, page);
