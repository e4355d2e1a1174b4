/**
 * A sweep as test results in JUnit's XML, as CI servers read it: a test case a cell.
 *
 *     sweepJunit(outcome)
 *     // <testsuites><testsuite name="nightly" tests="2" failures="1" …><testcase classname="nightly.raft.register" name="raft register --nemesis kill" time="31.2">…
 *
 * What proves nothing is an error there: JUnit has no word for it.
 */
import type { CellOutcome, SweepOutcome } from './outcome.ts';

export function sweepJunit({ header, cells }: SweepOutcome): string {
  const count = (...states: readonly CellOutcome['state'][]): number =>
    cells.filter(({ state }) => states.includes(state)).length;
  const suite = attributes({
    name: header.name,
    timestamp: header.startedAt,
    tests: cells.length,
    failures: count('failed'),
    errors: count('error', 'unknown'),
    skipped: count('unfinished'),
    time: seconds(cells.reduce((sum, { tookMs }) => sum + tookMs, 0)),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites><testsuite${suite}>`,
    ...cells.map((cell) => testCase(header.name, cell)),
    '</testsuite></testsuites>',
    '',
  ].join('\n');
}

function testCase(name: string, outcome: CellOutcome): string {
  const { cell, tookMs } = outcome;
  const head = attributes({
    classname: `${name}.${cell.system}.${cell.workload}`,
    name: cell.key,
    time: seconds(tookMs),
  });
  return `<testcase${head}>${finding(outcome)}</testcase>`;
}

function finding({ state, sentence, because }: CellOutcome): string {
  if (state === 'passed') return '';
  if (state === 'unfinished') return `<skipped${attributes({ message: sentence })}/>`;
  const tag = state === 'failed' ? 'failure' : 'error';
  const type = state === 'failed' ? (because?.anomaly ?? 'not found') : state;
  const again = because?.again ?? null;
  const text = [
    sentence,
    ...(again === null ? [] : [`again: ${again}`]),
    ...(because?.signatures ?? []).map((signature) => `signature: ${signature}`),
  ].join('\n');
  return `<${tag}${attributes({ message: sentence, type })}>${escapeXml(text)}</${tag}>`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('');
}

/** XML 1.0 has no way to say most control characters: they are left out. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
