/**
 * Charts and pictures of a report as SVG that stands alone, for a README or a ticket: drawn by the code of the page from
 * the same data.
 *
 *     chartNames(data)                    // ['timeline', 'faults', …, 'anomaly-1']
 *     chartSvg(data, 'latency')           // '<svg …'
 */
import { anomalyRange } from '../browser/anomaly-range.ts';
import { axisPanel } from '../browser/axis-panel.ts';
import { commitPanel } from '../browser/commit-panel.ts';
import { faultPanel } from '../browser/fault-panel.ts';
import { drawPanel, frameOf } from '../browser/frame.ts';
import type { Panel, View } from '../browser/frame.ts';
import { graphPicture } from '../browser/graph-picture.ts';
import { latencyPanel } from '../browser/latency-panel.ts';
import { aroundError, linearizationPicture } from '../browser/linearization-picture.ts';
import { nodePanel } from '../browser/node-panel.ts';
import { unpackOperations } from '../browser/operations.ts';
import { partitionPanel } from '../browser/partition-panel.ts';
import { processPanel } from '../browser/process-panel.ts';
import { ratePanel } from '../browser/rate-panel.ts';
import { storyDiagram } from '../browser/story-diagram.ts';
import { svg } from '../browser/svg.ts';
import type { Drawn } from '../browser/svg.ts';
import { termPanel } from '../browser/term-panel.ts';
import { faultKinds, themeFrom } from '../browser/theme.ts';
import { timelinePicture } from '../browser/timeline-picture.ts';
import { Viewport } from '../browser/viewport.ts';
import type { AnomalyRow, PictureRow, ReportData } from '../report-data.ts';
import { lightColours } from '../viewer-script.ts';
import { standAlone } from './markup.ts';
import { sequenceDrawing } from './sequence-drawing.ts';
import { SvgPen } from './svg-pen.ts';

const WIDTH = 1100;
const GAP = 8;

interface Chart {
  readonly isThere: (data: ReportData) => boolean;
  readonly panels: readonly ((view: View) => Panel)[];
}

const always = (): boolean => true;
const hasNodes = ({ nodes }: ReportData): boolean => nodes.length > 0;
const hasTerms = ({ roles }: ReportData): boolean => roles.some(({ term }) => term > 0);

const CHARTS: Readonly<Record<string, Chart>> = {
  timeline: { isThere: always, panels: [faultPanel, processPanel, nodePanel] },
  clients: { isThere: always, panels: [processPanel] },
  faults: { isThere: always, panels: [faultPanel] },
  roles: { isThere: hasNodes, panels: [nodePanel] },
  terms: { isThere: hasTerms, panels: [termPanel] },
  commits: { isThere: ({ commits }) => commits.length > 0, panels: [commitPanel] },
  partitions: { isThere: ({ partitions }) => partitions.length > 0, panels: [partitionPanel] },
  latency: { isThere: always, panels: [latencyPanel] },
  rate: { isThere: always, panels: [ratePanel] },
};

const OF_ANOMALY = /^(anomaly|order)-(\d+)$/;
const STORY = 'story';
/** Of an order that is shown. */
const BARS_BEFORE = 14;
const BARS_AFTER = 3;

/** What {@link chartSvg} draws of this run. */
export function chartNames(data: ReportData): readonly string[] {
  return [
    ...Object.keys(CHARTS).filter((name) => CHARTS[name]?.isThere(data) === true),
    ...(data.story === null ? [] : [STORY]),
    ...data.anomalies.flatMap((anomaly, i) => [
      `anomaly-${i + 1}`,
      ...(orderOf(anomaly) === undefined ? [] : [`order-${i + 1}`]),
    ]),
  ];
}

/**
 * @param name - one of {@link chartNames}; `anomaly-N` is the picture of the Nth anomaly, or the timeline around it where
 *   its checker drew none; `order-N` is how far an order of its operations comes
 * @returns undefined for any other
 */
export function chartSvg(data: ReportData, name: string): string | undefined {
  if (!chartNames(data).includes(name)) return undefined;
  const title = `${data.title}: ${name.replace('-', ' ')}`;
  const view = viewOf(data);
  if (name === STORY && data.story !== null)
    return standAlone(storyDiagram(data.story, data.roles, nowhere), title);
  const [, kind, number] = OF_ANOMALY.exec(name) ?? [];
  const anomaly = data.anomalies[Number(number) - 1];
  if (anomaly === undefined) return standAlone(stacked(view, CHARTS[name]?.panels ?? []), title);
  const order = kind === 'order' ? orderOf(anomaly) : undefined;
  const drawn = order === undefined ? anomalyDrawing(view, anomaly) : pictureDrawing(view, order);
  return standAlone(drawn, `${data.title}: ${anomaly.name}. ${anomaly.explanation}`);
}

const nowhere = (): void => undefined;

/** How far an order comes, where that is not the anomaly's own picture: its end, since a picture does not scroll. */
function orderOf({ morePictures }: AnomalyRow): PictureRow | undefined {
  const picture = morePictures.find((found) => found.kind === 'linearization');
  if (picture === undefined) return undefined;
  return aroundError(picture, BARS_BEFORE, BARS_AFTER);
}

function anomalyDrawing(view: View, anomaly: AnomalyRow): Drawn {
  if (anomaly.picture !== null) return pictureDrawing(view, anomaly.picture);
  const range = anomalyRange(view, anomaly);
  if (range !== null) view.viewport.show(...range);
  const focused: View = { ...view, witness: anomaly.operations, events: anomaly.events };
  return stacked(focused, CHARTS['timeline']?.panels ?? []);
}

function pictureDrawing(view: View, picture: PictureRow): Drawn {
  switch (picture.kind) {
    case 'timeline':
      return timelinePicture(view, picture, nowhere);
    case 'linearization':
      return linearizationPicture(view, picture, { jump: nowhere, hover: nowhere });
    case 'graph':
      return graphPicture(view, picture, nowhere);
    case 'sequence':
      return sequenceDrawing(picture);
  }
}

function viewOf(data: ReportData): View {
  const first = data.anomalies[0];
  return {
    data,
    operations: unpackOperations(data),
    viewport: new Viewport(0, data.duration),
    kinds: faultKinds(data),
    keyFilter: -1,
    selected: -1,
    witness: first?.operations ?? [],
    events: first?.events ?? [],
    allWitnesses: new Set(data.anomalies.flatMap(({ operations }) => operations)),
    isShown: () => true,
  };
}

/** One below the other under an axis of time. */
function stacked(view: View, panels: readonly ((view: View) => Panel)[]): Drawn {
  const colours = lightColours();
  const theme = themeFrom((name) => colours.get(name) ?? '#000000');
  const groups: Drawn[] = [];
  let top = 0;
  for (const [i, panel] of [axisPanel(), ...panels.map((panelOf) => panelOf(view))].entries()) {
    if (panel.height === 0) continue;
    const pen = new SvgPen(`c${i}`);
    const hatch = pen.hatch.bind(pen);
    drawPanel(panel, frameOf(pen, view, { theme, width: WIDTH, height: panel.height, hatch }), view);
    groups.push(svg('g', { transform: `translate(0 ${top})` }, ...pen.elements));
    top += panel.height + GAP;
  }
  return svg('svg', { width: WIDTH, height: top }, ...groups);
}
