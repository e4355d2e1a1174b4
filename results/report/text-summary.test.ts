import { expect, test } from 'vitest';
import { collectReportData } from './collect-data.ts';
import { sampleRun } from './sample.ts';
import { textSummary } from './text-summary.ts';

const REPLAY = 'npx shaketable replay results/runs/raft-register/20260301T021500Z-7';

test.each(['valid', 'invalid', 'unknown'] as const)('%s: fits 100 columns', (verdict) => {
  const summary = textSummary(collectReportData(sampleRun({ verdict })));
  for (const line of summary.split('\n')) {
    if (!line.includes(REPLAY)) expect(line.length, line).toBeLessThanOrEqual(100);
  }
  expect(summary).toMatch(new RegExp(`^${verdict.toUpperCase()}  `));
  expect(summary).toContain('lossy × 1: 1 NEVER TOOK EFFECT');
});

test('a row of a table is one line: columns that have no room are left out', () => {
  const data = collectReportData(sampleRun({ verdict: 'valid', hostile: false }));
  const functions = data.functions.map((row, i) => ({ ...row, f: `${i}\u001b[2J a long name of one` }));
  for (const width of [100, 80, 70]) {
    const lines = textSummary({ ...data, functions }, { width }).split('\n');
    const first = lines.findIndex((line) => line.startsWith('  operations'));
    const table = lines.slice(first, first + functions.length + 1);
    expect(table[0]).toMatch(/ f .* answered  +p50/);
    expect(table[0]?.includes('max')).toBe(width === 100);
    table.slice(1).forEach((line, i) => expect(line).toMatch(new RegExp(`^ {14}${i}\\\\u001b.* %  `)));
    for (const line of table) expect(line.length).toBeLessThanOrEqual(width);
    expect(lines[first + table.length]).toMatch(/^ {2}errors/);
  }
});

test('names each anomaly with its sentence, and the command that replays it on one line', () => {
  const data = collectReportData(sampleRun({ verdict: 'invalid', hostile: false }));
  const summary = textSummary(data);
  const words = summary.replace(/\s+/g, ' ');
  for (const { name, checker, explanation } of data.anomalies) {
    expect(words).toContain(`${name} (${checker}): ${explanation}`);
  }
  expect(summary.split('\n').some((line) => line.endsWith(REPLAY))).toBe(true);
});

test('a command too long for a line stays on one, for copying', () => {
  const replayCommand = `npx shaketable replay ${'x'.repeat(150)}`;
  const data = collectReportData({ ...sampleRun({ verdict: 'valid' }), replayCommand });
  expect(textSummary(data)).toContain(replayCommand);
});

test('hostile values cannot drive the terminal', () => {
  const run = sampleRun({ verdict: 'invalid' });
  const [first] = run.verdicts;
  const anomalies = [{ name: 'x\u001b[2J', explanation: '\u202Egnihton\r\n', operations: [] }];
  const verdicts = [{ checker: first?.checker ?? '', valid: false, anomalies }];
  const summary = textSummary(collectReportData({ ...run, verdicts }));
  for (const character of '\u001b\u202e\r') expect(summary).not.toContain(character);
  expect(summary).toContain('\\u001b[2J');
});

test('colours are opt-in and change nothing else', () => {
  const data = collectReportData(sampleRun({ verdict: 'invalid' }));
  const coloured = textSummary(data, { colour: true });
  expect(coloured).toContain('\u001b[1;31mINVALID');
  // eslint-disable-next-line no-control-regex
  expect(coloured.replace(/\u001b\[[\d;]*m/g, '')).toBe(textSummary(data));
});

test('tells what the options allow, and draws what can be drawn', () => {
  const run = sampleRun({ verdict: 'valid', hostile: false });
  const allowed = Array.from({ length: 5 }, (_, i) => ({
    name: `stale-${i}`,
    explanation: 'It was behind.',
    operations: [],
  }));
  const picture = {
    kind: 'graph' as const,
    nodes: [{ label: 'T1' }, { label: 'T2' }],
    edges: [{ from: 0, to: 1, label: 'ww' }],
  };
  const anomalies = [{ name: 'G0', explanation: 'A cycle.', operations: [], picture }];
  const verdicts = [{ checker: 'c', valid: false as const, anomalies, allowed }];
  const summary = textSummary(collectReportData({ ...run, valid: false, verdicts }));
  expect(summary).toMatch(/ {2}anomalies {3}G0 \(c\): A cycle\.\n +T1 --ww--> T2\n/);
  expect(summary).toMatch(/ {2}allowed {5}stale-0 \(c\): It was behind\.\n/);
  expect(summary).toContain('… and 2 more that the options allow');
});
