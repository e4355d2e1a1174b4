import { describe, expect, test } from 'vitest';
import { collectReportData } from '../collect-data.ts';
import { samplePictures } from '../sample-pictures.ts';
import { HOSTILE_TEXTS, sampleRun } from '../sample.ts';
import { chartNames, chartSvg } from './charts.ts';
import { pngOf } from './png.ts';

const run = collectReportData(sampleRun({ verdict: 'invalid', operations: 600 }));
const pictures = collectReportData(samplePictures(` ${HOSTILE_TEXTS.join(' ')}`));

describe('chartSvg', () => {
  test('names what a run has: no roles of a history without nodes', () => {
    expect(chartNames(run)).toEqual(
      'timeline clients faults roles terms commits partitions latency rate anomaly-1 anomaly-2'.split(' '),
    );
    expect(chartNames(pictures)).toEqual(
      'timeline clients faults latency rate anomaly-1 order-1 anomaly-2 anomaly-3 anomaly-4 anomaly-5'.split(
        ' ',
      ),
    );
    expect(chartSvg(run, 'anomaly-3')).toBeUndefined();
    expect(chartSvg(run, 'constructor')).toBeUndefined();
  });

  test.each([
    ...chartNames(run).map((name) => ['a run', run, name] as const),
    ...chartNames(pictures).map((name) => ['pictures', pictures, name] as const),
  ])('%s: %# stands alone, and hostile words stay words', async (_, data, name) => {
    const svg = chartSvg(data, name) ?? '';
    // Nothing of the page's: no custom property, no address but of its own parts, no element that acts.
    expect(svg).not.toMatch(/var\(|currentColor|<(script|img|image|foreignObject|a|use)\b/i);
    const elements = svg.replace(/>[^<]*</g, '><');
    expect(elements.replace(/="[^"]*"/g, '')).not.toMatch(/href|\son\w/i);
    const ids = [...elements.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    // What refers to a part that is not there is not drawn at all.
    for (const [, address] of elements.matchAll(/url\(([^)]*)\)/g)) {
      expect(ids.map((id) => `#${id}`)).toContain(address);
    }
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    // resvg refuses what is no XML.
    const png = await pngOf(svg);
    expect(Buffer.from(png.subarray(1, 4)).toString()).toBe('PNG');
    expect(png.length).toBeGreaterThan(1_000);
    expect(chartSvg(data, name)).toBe(svg);
  });

  test('an anomaly has the words of its operations; the timeline those of the faults', () => {
    expect(chartSvg(pictures, 'anomaly-1')).toContain('write x 1');
    expect(chartSvg(pictures, 'anomaly-4')).toContain('✕ missing');
    expect(chartSvg(run, 'timeline')).toContain('leader, term 1');
    expect(chartSvg(run, 'faults')).toContain('paused n3');
  });

  test('what is unknown is hatched, within the bounds of its chart; arrows have a head', () => {
    expect(chartSvg(run, 'clients')).toContain('<pattern id="c1-hatch-0"');
    expect(chartSvg(run, 'clients')).toMatch(
      /<g clip-path="url\(#c1-clip-\d+\)">.*fill="url\(#c1-hatch-0\)"/,
    );
    expect(chartSvg(pictures, 'anomaly-1')).toMatch(/<marker id="arrow".*marker-end="url\(#arrow\)"/s);
  });
});
