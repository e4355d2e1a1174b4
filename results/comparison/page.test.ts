import { describe, expect, it } from 'vitest';
import { comparisonOf } from '../../harness/compare/testing/made-up-comparison.ts';
import { axisOf, barOf, scaleOf } from './bars.ts';
import { renderComparison } from './page.ts';

describe('the page of a comparison', () => {
  const html = renderComparison(comparisonOf());

  it('runs nothing, loads nothing, and lets no text become markup', () => {
    expect(html).toContain("default-src 'none'; style-src 'sha256-");
    expect(html).not.toMatch(/<script|style="|https?:/);
    expect(html).toContain('lost-write &#60;unseen&#62;');
  });

  it('shows what differs, every figure, what is missing, how it was run, and the runs that were kept', () => {
    const text = html
      .replace(/<style>.*<\/style>/s, '')
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ');
    for (const said of [
      'isr and raft compared',
      'Seeds 1 to 3',
      'a Raft group protocol=raft',
      '194 of 900 (22 %), in 3 of 3 runs',
      'Latency with one slow replica alike',
      '2.0 ms, at most 4.0 ms',
      'Not measured: restarted cleanly: the cluster cannot.',
      'power loss of all nodes power-loss-all 100 operations a second',
    ]) {
      expect(text).toContain(said);
    }
    expect(html).toContain('<a href="runs/a/report.html">power-loss-all, isr, seed 1</a>');
  });

  it('says when it was interrupted', () => {
    const cut = renderComparison(comparisonOf({ interrupted: true, runsDone: 5 }));
    expect(cut).toContain('Interrupted: 5 of 12 runs were done, and only those are in it.');
  });
});

describe('bars', () => {
  const [loss, latency] = comparisonOf().chapters.map(({ groups }) => groups[0]?.rows ?? []);

  it('share an axis that ends at a round number', () => {
    expect(scaleOf(loss ?? [])).toEqual({ max: 0.25, unit: 'share' });
    expect(scaleOf(latency ?? [])).toEqual({ max: 5, unit: 'ms' });
    expect(scaleOf([])).toEqual({ max: 1, unit: 'number' });
    expect(axisOf({ max: 0.25, unit: 'share' })).toMatch(/>0 %<.*>13 %<.*>25 %</);
  });

  it('end at the median, reach to the largest, and have a dot a value', () => {
    const scale = { max: 4, unit: 'ms' } as const;
    const cell = latency?.[0]?.cells[0];
    const bar = barOf(cell ?? { text: '', value: null }, scale, 'a "name"');
    expect(bar).toContain('width="226.0"');
    expect(bar).toContain('x1="226.0" x2="452.0"');
    expect(bar.match(/<circle/g)).toHaveLength(3);
    expect(bar).toContain('aria-label="a &#34;name&#34;"');
    expect(barOf({ text: '–', value: null }, scale, '')).not.toContain('<rect');
    expect(barOf({ text: '0', value: 0 }, scale, '')).toContain('width="1.5"');
  });
});
