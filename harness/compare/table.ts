/**
 * A comparison as text for a terminal: a chapter a measure, a line a scenario, a column a variant.
 *
 *     Acknowledged records that are lost
 *       Clients were told that these records are written, and …
 *
 *       lost, of all that were acknowledged    isr                                raft
 *       power loss of all nodes                37 of 1,198 (3.1 %), in 3 of 3 runs   none of 1,204
 */
import type { Chapter, Comparison, Group } from './comparison.ts';
import { glanceOf } from './glance.ts';

const LINE_COLUMNS = 100;
const GAP = '   ';

export function comparisonText(comparison: Comparison): string {
  const { variants, system, workload, cluster, seeds, chapters } = comparison;
  const names = variants.map(({ name }) => name);
  const width = Math.max(0, ...names.map((name) => name.length));
  return [
    `${titleOf(comparison)}: ${system}, workload ${workload}, cluster ${cluster}, ${seedsText(seeds)}`,
    ...variants.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`),
    ...chapters.flatMap((chapter) => ['', ...chapterText(chapter, names)]),
    ...glanceText(chapters, names),
    ...caveatsOf(comparison).flatMap((caveat, i) => [...(i === 0 ? [''] : []), caveat]),
  ].join('\n');
}

/** `isr, isr-flush and raft compared`. */
export function titleOf({ variants }: Comparison): string {
  const names = variants.map(({ name }) => name);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} compared`;
}

/** `seed 1`, `seeds 1 to 3`. */
export function seedsText(seeds: readonly number[]): string {
  const [first = 0] = seeds;
  return seeds.length === 1 ? `seed ${first}` : `seeds ${first} to ${first + seeds.length - 1}`;
}

/** What is missing, and why: for page and terminal. */
export function caveatsOf({ interrupted, runsDone, runsPlanned, skipped }: Comparison): readonly string[] {
  return [
    ...(interrupted
      ? [`Interrupted: ${runsDone} of ${runsPlanned} runs were done, and only those are in it.`]
      : []),
    ...skipped.map(({ scenario, reason }) => `Not measured: ${scenario}: ${reason}.`),
  ];
}

/** With one chapter there is nothing to be found again. */
function glanceText(chapters: readonly Chapter[], names: readonly string[]): string[] {
  if (chapters.length < 2) return [];
  const lines = glanceOf(chapters).map(({ chapter, question, row, differs }) => {
    if (!differs) return `${chapter.title}: alike`;
    const cells = row.cells.map(({ text }, i) => `${names[i] ?? ''} ${text}`);
    return `${chapter.title}: ${row.title}, ${question}: ${cells.join('; ')}`;
  });
  return [
    '',
    'Where they differ most',
    ...lines.flatMap((line) => wrapped(line).map((part, i) => `  ${i === 0 ? '' : '  '}${part}`)),
  ];
}

function chapterText({ title, meaning, groups, notes }: Chapter, names: readonly string[]): string[] {
  return [
    title,
    ...wrapped(meaning).map((line) => `  ${line}`),
    ...groups.flatMap((group) => ['', ...groupText(group, names)]),
    ...notes.flatMap((note, i) => [...(i === 0 ? [''] : []), ...wrapped(note).map((line) => `  ${line}`)]),
  ];
}

function groupText({ title, rows }: Group, names: readonly string[]): string[] {
  const lines = [[title, ...names], ...rows.map((row) => [row.title, ...row.cells.map(({ text }) => text)])];
  const widths = [title, ...names].map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) => `  ${line.map((text, i) => text.padEnd(widths[i] ?? 0)).join(GAP)}`.trimEnd());
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > LINE_COLUMNS - 2) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
