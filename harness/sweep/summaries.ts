/**
 * A sweep in words: for the terminal, for the page of a CI job (Markdown), for machines.
 *
 *     sweepText(outcome)      // 'FAILED  raft register --nemesis kill  nonlinearizable: …'
 */
import { failuresOf, type SweepFailure } from './failures.ts';
import type { CellOutcome, CellState, SweepOutcome } from './outcome.ts';

export const CELL_WORDS: Readonly<Record<CellState, string>> = {
  passed: 'ok',
  failed: 'FAILED',
  unknown: 'unknown',
  error: 'ERROR',
  unfinished: 'open',
};
const WORD_LENGTH = Math.max(...Object.values(CELL_WORDS).map((word) => word.length));

/** One line, two where something must be looked at. */
export function cellText({ cell, state, sentence, because }: CellOutcome): string {
  const line = `${CELL_WORDS[state].padEnd(WORD_LENGTH)}  ${cell.key}  ${sentence}`;
  const again = because?.again ?? null;
  return again === null ? line : `${line}\n${' '.repeat(WORD_LENGTH)}  again: ${again}`;
}

/** `12 cells: 10 passed, 2 failed · 240 seeds: 238 valid, 2 invalid`. */
export function totalsText({ cells }: SweepOutcome): string {
  if (cells.length === 0) return '0 seeds: this shard has none';
  const states = (['passed', 'failed', 'error', 'unknown', 'unfinished'] as const)
    .map((state) => [state, cells.filter((cell) => cell.state === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const outcomes = (['valid', 'invalid', 'unknown', 'error'] as const)
    .map((outcome) => [outcome, sum(cells.map(({ counts }) => counts[outcome]))] as const)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`);
  const seeds = sum(cells.map(({ records }) => records.length));
  return `${counted(cells.length, 'cell')}: ${states.join(', ')} · ${counted(seeds, 'seed')}${outcomes.length > 0 ? `: ${outcomes.join(', ')}` : ''}`;
}

export function sweepMarkdown(outcome: SweepOutcome): string {
  const { header, cells } = outcome;
  const rows = cells.map(
    ({ cell, state, sentence, records, tookMs }) =>
      `| ${CELL_WORDS[state]} | \`${inTable(cell.key)}\` | ${records.length} | ${Math.round(tookMs / 1000)} s | ${inTable(sentence)} |`,
  );
  const failures = cells.filter(
    ({ state }) => state === 'failed' || state === 'error' || state === 'unknown',
  );
  return [
    `# ${header.name}: ${CELL_WORDS[outcome.state]}`,
    '',
    `${totalsText(outcome)}. Shaketable ${header.shaketableVersion}, ${header.gitRevision ?? 'no git revision'}, ${header.startedAt}${shardText(outcome)}.`,
    '',
    '| | cell | seeds | took | |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...signatureLines(failuresOf(outcome)),
    ...failures.flatMap(({ cell, sentence, because }) => [
      `## ${cell.key}`,
      '',
      sentence,
      '',
      ...againLines(because?.again ?? null),
    ]),
  ].join('\n');
}

export function sweepJson(outcome: SweepOutcome): string {
  const { header, state, cells } = outcome;
  const { cells: _, ...head } = header;
  return `${JSON.stringify({ ...head, state, failures: failuresOf(outcome), cells }, null, 2)}\n`;
}

export function shardText({ header: { shard } }: SweepOutcome): string {
  return shard === null ? '' : `, shard ${shard.index} of ${shard.count}`;
}

function signatureLines(failures: readonly SweepFailure[]): readonly string[] {
  if (failures.length === 0) return [];
  return [
    '| signature | runs | cells | example |',
    '| --- | --- | --- | --- |',
    ...failures.map(
      ({ signature, runs, cells, example }) =>
        `| ${signature === null ? 'none' : `\`${inTable(signature)}\``} | ${runs} | ${cells.length} | seed ${example.seed} of \`${inTable(example.cell)}\` |`,
    ),
    '',
  ];
}

const againLines = (again: string | null): readonly string[] =>
  again === null ? [] : ['```sh', again, '```', ''];
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
const inTable = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
