/**
 * The run on a terminal, at most 100 columns by default: verdict, anomalies, figures, faults.
 *
 * Control characters in what the system said are shown escaped, so that a hostile value cannot drive the terminal.
 */
import { formatCount, formatDuration, formatShare, formatTime, plural } from './browser/format.ts';
import { cutText } from './operation-columns.ts';
import { explanationLines, printable, wrap } from './printable.ts';
import { OUTCOMES } from './report-data.ts';
import type {
  AnomalyRow,
  FaultRow,
  FunctionRow,
  OperationColumns,
  PictureRow,
  ReportData,
  VerdictWord,
} from './report-data.ts';
import { type Bar, drawAsText } from './text-picture.ts';

const DEFAULT_WIDTH = 100;
const MAX_ANOMALIES = 5;
const MAX_ALLOWED = 3;
const MAX_ERRORS = 4;
const MAX_FUNCTION_CHARACTERS = 16;
const LABEL_WIDTH = 12;
/** Between columns. */
const GAP = 2;

export interface TextSummaryOptions {
  /** ANSI colours; off by default. */
  readonly colour?: boolean;
  /** Columns; the command that replays it is never broken. */
  readonly width?: number;
}

const VERDICT_COLOUR: Readonly<Record<VerdictWord, string>> = { valid: '32', invalid: '31', unknown: '33' };

export function textSummary(data: Omit<ReportData, 'summary'>, options: TextSummaryOptions = {}): string {
  const { width = DEFAULT_WIDTH } = options;
  const paint = (code: string, text: string): string =>
    options.colour === true ? `\u001b[${code}m${text}\u001b[0m` : text;
  const lines: string[] = [];
  const [first = '', ...rest] = wrap(`${data.verdict.toUpperCase()}  ${data.headline}`, width, '');
  const word = data.verdict.length;
  lines.push(
    paint(`1;${VERDICT_COLOUR[data.verdict]}`, first.slice(0, word)) + paint('1', first.slice(word)),
  );
  lines.push(...rest.map((line) => paint('1', line)));

  const room = width - LABEL_WIDTH - 2;
  const put = (label: string, texts: readonly string[]): void => {
    texts.forEach((text, i) =>
      lines.push(`  ${paint('2', (i === 0 ? label : '').padEnd(LABEL_WIDTH))}${text}`),
    );
  };
  const section = (label: string, texts: readonly string[]): void =>
    put(
      label,
      texts.flatMap((text) => wrap(text, room, '  ')),
    );
  section('run', [data.facts.map(({ name, value }) => `${name.toLowerCase()} ${value}`).join(' · ')]);
  let decoded: readonly Bar[] | undefined;
  const bars = (): readonly Bar[] => (decoded ??= barsOf(data.operations));
  for (const [i, anomaly] of data.anomalies.slice(0, MAX_ANOMALIES).entries()) {
    section(
      i === 0 ? 'anomalies' : '',
      explanationLines(`${anomaly.name} (${anomaly.checker}): ${anomaly.explanation}`),
    );
    const drawn = isToldAgain(data.anomalies, i)
      ? []
      : drawnLines(anomaly.picture, bars, width - LABEL_WIDTH - 4);
    for (const line of drawn)
      lines.push(`${' '.repeat(LABEL_WIDTH + 4)}${cutText(line, width - LABEL_WIDTH - 4)}`);
  }
  section('', moreAnomalies(data));
  section('allowed', allowedLines(data));
  section('checkers', [
    data.verdicts.map(({ checker, verdict }) => `${checker} ${verdict}`).join(' · ') || 'none',
  ]);
  put('operations', functionTable(data.functions, room));
  section('errors', errorLines(data));
  section('faults', faultLines(data.faults));
  section('notes', data.notes);
  // Never broken over lines: it is there to be copied.
  const [label, command] =
    data.replayCommand === null
      ? ['checked by', data.commandLine]
      : [data.replaysExactly ? 'replay' : 'again', data.replayCommand];
  lines.push(`  ${paint('2', label.padEnd(LABEL_WIDTH))}${printable(command)}`);
  return lines.join('\n');
}

function drawnLines(
  picture: PictureRow | null,
  bars: () => readonly Bar[],
  width: number,
): readonly string[] {
  return picture === null ? [] : drawAsText(picture, (row) => bars()[row] ?? null, width);
}

/** What the nodes believed takes many lines: the first of a kind shows it. */
function isToldAgain(anomalies: readonly AnomalyRow[], i: number): boolean {
  const { picture, name } = anomalies[i] ?? { picture: null, name: '' };
  const isOfNodes = picture?.kind === 'sequence' && picture.caption !== null;
  return isOfNodes && anomalies.slice(0, i).some((other) => other.name === name);
}

/** By row. */
function barsOf({ count, invocation, completion, process, outcome }: OperationColumns): readonly Bar[] {
  let start = 0;
  return Array.from({ length: count }, (_, row) => {
    start += invocation[row] ?? 0;
    const name = OUTCOMES[outcome[row] ?? 0];
    const end = name === 'info' || name === 'pending' ? null : start + (completion[row] ?? 0);
    return { process: process[row] ?? 0, start, end };
  });
}

/** What was found and is not judged: by the options, not by chance. */
function allowedLines(data: Omit<ReportData, 'summary'>): readonly string[] {
  const lines = data.allowed
    .slice(0, MAX_ALLOWED)
    .map(({ name, checker, explanation }) => `${name} (${checker}): ${explanation}`);
  const total = data.verdicts.reduce((sum, verdict) => sum + verdict.allowedCount, 0);
  const more = total - lines.length;
  return more > 0 ? [...lines, `… and ${formatCount(more)} more that the options allow`] : lines;
}

function moreAnomalies(data: Omit<ReportData, 'summary'>): readonly string[] {
  const total = data.verdicts.reduce((sum, verdict) => sum + verdict.anomalyCount, 0);
  const more = total - Math.min(MAX_ANOMALIES, data.anomalies.length);
  return more > 0 ? [`… and ${formatCount(more)} more`] : [];
}

/** Columns aligned, as many as there is room for; `answered` counts refusals, which are answers. */
function functionTable(rows: readonly FunctionRow[], room: number): readonly string[] {
  const table = [
    ['f', 'ok', 'fail', 'info', 'answered', 'p50', 'p99', 'max'],
    ...rows.map((row) => [
      shortened(printable(row.f ?? 'all')),
      formatCount(row.ok),
      formatCount(row.fail),
      formatCount(row.info),
      formatShare((row.ok + row.refused) / row.invoked),
      ...(row.latency === null
        ? ['–', '–', '–']
        : [0, 2, 3].map((i) => formatDuration(row.latency?.[i] ?? 0))),
    ]),
  ];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  const totals = widths.map((_, i) => widths.slice(0, i + 1).reduce((sum, each) => sum + each + GAP, -GAP));
  const shown = totals.filter((total) => total <= room).length;
  return table.map((cells) =>
    cells
      .slice(0, shown)
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}

const shortened = (name: string): string =>
  name.length > MAX_FUNCTION_CHARACTERS ? `${name.slice(0, MAX_FUNCTION_CHARACTERS - 1)}…` : name;

/** By code, whatever the function. */
function errorLines(data: Omit<ReportData, 'summary'>): readonly string[] {
  const counts = new Map<string, number>();
  for (const { code, outcome, count } of data.errors) {
    const name = `${code} (${outcome})`;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const rows = [...counts].sort(([, a], [, b]) => b - a);
  const shown = rows.slice(0, MAX_ERRORS).map(([name, count]) => `${name} ${formatCount(count)}`);
  const more = rows.length - shown.length;
  if (more > 0) shown.push(plural(more, 'other', 'others'));
  return shown.length === 0 ? [] : [shown.join(' · ')];
}

/** One line a kind: how many, how long in all, what was seen of them. */
function faultLines(faults: readonly FaultRow[]): readonly string[] {
  const kinds = new Map<string, FaultRow[]>();
  for (const fault of faults) {
    const known = kinds.get(fault.fault);
    if (known === undefined) kinds.set(fault.fault, [fault]);
    else known.push(fault);
  }
  return [...kinds].map(([kind, rows]) => {
    const idle = rows.filter((row) => row.tookEffect === false).length;
    const counters = new Map<string, number>();
    for (const row of rows) {
      for (const { name, value } of row.observed)
        counters.set(name, (counters.get(name) ?? 0) + Number(value));
    }
    const seen = [...counters]
      .filter(([, value]) => value > 0)
      .map(([name, value]) => `${name} ${formatCount(value)}`);
    const open = rows.filter((row) => row.end === null);
    return [
      `${kind} × ${formatCount(rows.length)}`,
      ...(seen.length > 0 ? [seen.join(', ')] : []),
      ...(idle > 0 ? [`${formatCount(idle)} NEVER TOOK EFFECT`] : []),
      ...(open.length > 0 ? [`still in force since ${formatTime(open[0]?.start ?? 0)}`] : []),
    ].join(': ');
  });
}
