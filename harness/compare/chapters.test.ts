import { describe, expect, it } from 'vitest';
import { chaptersOf } from './chapters.ts';
import type { Sample } from './comparison.ts';
import { bytesText, numberText, percentText, secondsText, shareText } from './figures.ts';
import { glanceOf } from './glance.ts';
import { spreadOf } from './quantiles.ts';
import { describeScenario, planOfFaults, type Scenario } from './scenario.ts';
import { comparisonOf } from './testing/made-up-comparison.ts';
import { comparisonText } from './table.ts';

const SCENARIO: Scenario = {
  name: 'power-loss-all',
  title: 'power loss of all nodes',
  measures: ['loss'],
  concurrency: 10,
  rate: 100,
  timeLimitS: 13,
  quietS: 5,
  faults: [
    { nemesis: 'power-loss', atS: 4, forS: 1.5, target: 'all' },
    { nemesis: 'slow', atS: 7, parameters: { nodes: ['n3'], link: { delayMs: 50 } } },
  ],
  options: { partitions: 3 },
};

const loss = (variant: string, seed: number, lost: number, undecided = 0): Sample => ({
  scenario: SCENARIO.name,
  variant,
  seed,
  measured: { loss: { acknowledged: 100, lost, undecided, anomalies: lost > 0 ? ['unseen'] : [] } },
});

describe('a chapter', () => {
  const input = { variants: ['isr', 'raft'], scenarios: [SCENARIO] };

  it('adds up the seeds, and tells in how many of them', () => {
    const samples = [loss('isr', 1, 10), loss('raft', 1, 0), loss('isr', 2, 0), loss('raft', 2, 0, 3)];
    const [chapter, ...others] = chaptersOf({ ...input, samples });
    expect(others).toEqual([]);
    expect(chapter?.groups[0]?.rows[0]?.cells).toEqual([
      { text: '10 of 200 (5 %), in 1 of 2 runs', value: 0.05 },
      { text: 'none of 200; 3 unknown', value: 0 },
    ]);
    expect(chapter?.notes).toEqual(['power loss of all nodes, isr: checkers found unseen.']);
  });

  it('has an empty cell where there is no run yet', () => {
    const [chapter] = chaptersOf({ ...input, samples: [loss('isr', 1, 0)] });
    expect(chapter?.groups[0]?.rows[0]?.cells.map(({ text }) => text)).toEqual(['none of 100', '–']);
  });
});

describe('at a glance', () => {
  it('is the row in which the variants differ most', () => {
    const { chapters } = comparisonOf();
    expect(glanceOf(chapters).map(({ row, differs }) => [row.title, differs])).toEqual([
      ['power loss of all nodes', true],
      ['all nodes fast', false],
    ]);
  });
});

describe('what nobody knows', () => {
  it('has no value, and is seen at a glance', () => {
    const samples = [loss('isr', 1, 0, 100), loss('raft', 1, 0)];
    const chapters = chaptersOf({ variants: ['isr', 'raft'], scenarios: [SCENARIO], samples });
    expect(chapters[0]?.groups[0]?.rows[0]?.cells[0]).toEqual({
      text: 'none of 100; 100 unknown',
      value: null,
    });
    expect(glanceOf(chapters)[0]?.differs).toBe(true);
  });
});

describe('the table', () => {
  it('reads as it stands in testdata', async () => {
    await expect(comparisonText(comparisonOf())).toMatchFileSnapshot('testdata/table.txt');
  });
});

describe('a scenario', () => {
  it('becomes a plan of faults, with the verbs of the nemeses', () => {
    const verbsOf = (nemesis: string) => (nemesis === 'slow' ? ['degrade', 'restore'] : ['kill', 'restart']);
    expect(planOfFaults(SCENARIO, verbsOf)).toEqual([
      { time: 4e9, process: 'nemesis', f: 'kill', value: { fault: 'power-loss', faultId: 1, target: 'all' } },
      { time: 5.5e9, process: 'nemesis', f: 'restart', value: { fault: 'power-loss', faultId: 1 } },
      {
        time: 7e9,
        process: 'nemesis',
        f: 'degrade',
        value: { parameters: { fault: 'slow', faultId: 2, nodes: ['n3'], link: { delayMs: 50 } } },
      },
    ]);
  });

  it('is told in words', () => {
    expect(describeScenario(SCENARIO)).toBe(
      '100 operations a second by 10 clients for 13 s, then 5 s of rest; power-loss all at 4 s for 1.5 s; ' +
        'slow {"nodes":["n3"],"link":{"delayMs":50}} at 7 s, for good; partitions=3',
    );
  });
});

describe('figures', () => {
  it('are short', () => {
    expect([0, 3, 1198, 1234567, 0.5, 12.34, 123.4].map(numberText)).toEqual([
      ...['0', '3', '1,198', '1,234,567', '0.50', '12.3', '123'],
    ]);
    expect([0.05, 1, 0.333, 0.031].map(percentText)).toEqual(['5 %', '100 %', '33 %', '3.1 %']);
    expect([shareText(0, 40), shareText(40, 40), shareText(3, 40)]).toEqual([
      'none of 40',
      'all 40',
      '3 of 40 (7.5 %)',
    ]);
    expect([0, 0.0234, 1.3249].map(secondsText)).toEqual(['0 s', '23 ms', '1.32 s']);
    expect([812, 5123].map(bytesText)).toEqual(['812 B', '5.12 KB']);
  });

  it('quantiles are values that were seen', () => {
    expect(spreadOf([])).toBeNull();
    expect(spreadOf([4, 1, 3, 2])).toEqual({ count: 4, median: 2, p99: 4, max: 4 });
    const many = Array.from({ length: 200 }, (_, i) => i + 1);
    expect(spreadOf(many)).toEqual({ count: 200, median: 100, p99: 198, max: 200 });
  });
});
