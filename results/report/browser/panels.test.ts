/** What charts draw, told by a pen that writes SVG: no browser. */
import { describe, expect, test } from 'vitest';
import { collectReportData } from '../collect-data.ts';
import { SvgPen } from '../elsewhere/svg-pen.ts';
import type { ReportData } from '../report-data.ts';
import { sampleRun } from '../sample.ts';
import { axisPanel } from './axis-panel.ts';
import { drawPanel, fitName, frameOf } from './frame.ts';
import type { Panel, View } from './frame.ts';
import { latencyPanel } from './latency-panel.ts';
import { FAIL, INFO, OK, unpackOperations } from './operations.ts';
import { overviewPanel } from './overview-panel.ts';
import { partitionPanel } from './partition-panel.ts';
import type { Drawn } from './svg.ts';
import { faultKinds, themeFrom } from './theme.ts';
import { Viewport } from './viewport.ts';

const THEME = themeFrom((name) => name);
const DATA = collectReportData(sampleRun({ verdict: 'invalid', hostile: false, operations: 600 }));

function viewOf(data: ReportData): View {
  return {
    ...{ data, operations: unpackOperations(data), viewport: new Viewport(0, data.duration) },
    ...{ kinds: faultKinds(data), keyFilter: -1, selected: -1, witness: [], events: [] },
    ...{ allWitnesses: new Set(), isShown: () => true },
  };
}

function drawn(view: View, panel: Panel) {
  const pen = new SvgPen('test');
  const frame = frameOf(pen, view, { theme: THEME, width: 1000, height: panel.height, hatch: () => 'hatch' });
  drawPanel(panel, frame, view);
  const all = (parts: readonly (Drawn | string)[]): readonly Drawn[] =>
    parts.flatMap((part) => (typeof part === 'string' ? [] : [part, ...all(part.children)]));
  const elements = all(pen.elements);
  const texts = elements
    .filter(({ tag }) => tag === 'text')
    .map(({ children }) => children.filter((child) => typeof child === 'string').join(''));
  const heightOf = (colour: string): number =>
    elements
      .filter(({ tag, attributes }) => tag === 'rect' && attributes['fill'] === colour)
      .reduce((sum, { attributes }) => sum + Number(attributes['height']), 0);
  return { frame, texts, heightOf };
}

describe('the overview', () => {
  test('stacks each outcome in its own colour', () => {
    const view = viewOf(DATA);
    const panel = overviewPanel(view);
    expect([OK, FAIL, INFO].filter((outcome) => !view.operations.outcome.includes(outcome))).toEqual([]);
    const { heightOf } = drawn(view, panel);
    // The colours of faults have other names here.
    for (const colour of ['ok', 'fail', 'info']) expect(heightOf(colour)).toBeGreaterThan(10);
  });

  test('says when the run begins and ends, whatever the charts below show; their axis says that it is theirs', () => {
    const view = viewOf(DATA);
    view.viewport.show(20e9, 21e9);
    const { texts } = drawn(view, overviewPanel(view));
    expect(texts).toEqual(['whole run', '0.000 s', `${(DATA.duration / 1e9).toFixed(3)} s`]);
    expect(drawn(view, axisPanel('in view')).texts[0]).toBe('in view');
  });
});

describe('partitions', () => {
  test('a leader that has been deposed and does not know it is told in words', () => {
    const [first] = DATA.partitions;
    const leaders = [
      { node: 0, epoch: 1, start: 1e9, end: 9e9 },
      { node: 1, epoch: 2, start: 5e9, end: 20e9 },
    ];
    const view = viewOf({ ...DATA, partitions: first === undefined ? [] : [{ ...first, leaders }] });
    const panel = partitionPanel(view);
    const { frame } = drawn(view, panel);
    const at = (time: number) => panel.hit?.(frame, frame.x(time), 25)?.lines.slice(1, -1);
    expect(at(2e9)).toEqual(['leader n1 in epoch 1']);
    expect(at(6e9)).toEqual(['leader n1 in epoch 1: deposed, and does not know it', 'leader n2 in epoch 2']);
    expect(at(10e9)).toEqual(['leader n2 in epoch 2']);
  });

  test('a long name keeps its end', () => {
    const shown = fitName(new SvgPen('test'), '__consumer_offsets-12', 106);
    expect(shown).toMatch(/^__cons\w+…\w+-12$/);
    expect(fitName(new SvgPen('test'), 't0-1', 106)).toBe('t0-1');
  });
});

describe('latency', () => {
  test('what took no time lies below the scale, and does not stretch it', () => {
    const duration = DATA.operations.duration.map((each, i) => (each >= 0 && i % 10 === 0 ? 0 : each));
    const scaleOf = (data: ReportData) => drawn(viewOf(data), latencyPanel(viewOf(data))).texts;
    const scale = scaleOf(DATA);
    expect(scale).not.toContain('0');
    expect(scale).toContain('1 ms');
    const withZeros = scaleOf({ ...DATA, operations: { ...DATA.operations, duration } });
    expect(withZeros.filter((text) => text === '0')).toHaveLength(new Set(DATA.operations.f).size);
    expect(withZeros[0]).toBe(scale[0]);
    expect(scale).toEqual(expect.arrayContaining(withZeros.filter((text) => text !== '0')));
  });
});
