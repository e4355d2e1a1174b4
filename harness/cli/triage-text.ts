/** What `shaketable triage` prints: for people, and for machines. */
import type { Accepted } from '../../results/triage/baseline.ts';
import type { AbsentFailure, FailureGroup, Rate, Triage, TriageCounts } from '../../results/triage/triage.ts';
import type { Problem, TriagedRun } from '../../results/triage/triaged-runs.ts';
import { formatCount, plural } from '../../results/report/browser/format.ts';
import { printable, wrap } from '../../results/report/printable.ts';
import { againCommand } from './replay-command.ts';

const WIDTH = 100;
const LABEL_WIDTH = 7;
const NAME_WIDTH = 12;
/** Of the explanation of an anomaly; the example's report has it whole. */
const MAX_EXPLANATION_CHARACTERS = 300;
const MAX_PROBLEMS = 5;

export interface TriageTextInput {
  readonly report: Triage;
  readonly problems: readonly Problem[];
  readonly folders: readonly string[];
  readonly sinceMs: number | null;
  /** Where the baseline is from; null without one. */
  readonly baseline: string | null;
  readonly colour: boolean;
}

const COLOURS = { NEW: '31', KNOWN: '33', FIXED: '32', UNRUN: '2' } as const;

export function triageText({
  report,
  problems,
  folders,
  sinceMs,
  baseline,
  colour,
}: TriageTextInput): string {
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { groups, fixed, notRun, counts } = report;
  const count = (state: FailureGroup['state']): number =>
    groups.filter((each) => each.state === state).length;
  const where = `${folders.join(', ')}${sinceMs === null ? '' : ` since ${dateText(sinceMs)}`}`;
  const lines = [
    paint(
      '1',
      `${plural(count('new'), 'new failure')}, ${formatCount(count('known'))} known, ${formatCount(fixed.length)} fixed in ${where}`,
    ),
    ...wrap(`${countsText(counts)}; baseline: ${baseline ?? 'none yet'}`, WIDTH, ''),
  ];
  const entry = (
    label: keyof typeof COLOURS,
    signature: string,
    rows: readonly (readonly [string, string])[],
  ): void => {
    lines.push('', `${paint(COLOURS[label], label.padEnd(LABEL_WIDTH))}${paint('1', signature)}`);
    for (const [name, text] of rows) lines.push(...row(name, text));
  };
  for (const group of groups) {
    if (group.companionOf !== null) continue;
    const companions = groups.filter(({ companionOf }) => companionOf === group.signature);
    entry(group.state === 'new' ? 'NEW' : 'KNOWN', group.signature, groupRows(group, companions));
  }
  for (const absent of fixed) entry('FIXED', absent.accepted.signature, fixedRows(absent));
  for (const { accepted } of notRun) {
    entry('UNRUN', accepted.signature, [['', notRunText(accepted)]]);
  }
  if (problems.length > 0) {
    lines.push('', `${plural(problems.length, 'folder')} could not be read:`);
    lines.push(...problems.slice(0, MAX_PROBLEMS).map(({ reason }) => `  ${printable(reason)}`));
    if (problems.length > MAX_PROBLEMS)
      lines.push(`  … and ${problems.length - MAX_PROBLEMS} more: --json has all`);
  }
  return lines.join('\n');
}

type Row = readonly [name: string, text: string];

function groupRows(group: FailureGroup, companions: readonly FailureGroup[]): readonly Row[] {
  const { accepted, shape, explanation, signature } = group;
  const others = companions.map((each): Row => [
    'with it',
    `${formatCount(each.failures)} × ${each.signature}`,
  ]);
  if (accepted !== null) {
    return [['because', reasonText(accepted)], ...seenRows(group), ...others, ...exampleRows(group.example)];
  }
  const option = others.length > 0 ? ' --with-companions' : '';
  return [
    ['', shape],
    ['', cut(explanation)],
    ...seenRows(group),
    ...others,
    ...exampleRows(group.example),
    ['accept', `npx shaketable triage accept ${signature}${option} --reason '…'`],
  ];
}

const reasonText = ({ reason, acceptedAt }: Accepted): string =>
  `${reason} (accepted ${acceptedAt.slice(0, 10)})`;

function seenRows({ firstMs, lastMs, revisions, rates }: FailureGroup): readonly Row[] {
  const at = (ms: number, revision: string | null): string =>
    `${dateText(ms)}${revision === null ? '' : ` at ${revision}`}`;
  const first = revisions.first === revisions.last ? dateText(firstMs) : at(firstMs, revisions.first);
  const last = at(lastMs, revisions.last);
  const rateText = ({ failures, runs, nemesis }: Rate): string =>
    `${formatCount(failures)} of ${plural(runs, 'run')} under ${nemesis}`;
  return [
    ['seen', firstMs === lastMs ? last : `first ${first}, last ${last}`],
    ['came in', rates.map(rateText).join(', ')],
  ];
}

function exampleRows(example: TriagedRun): readonly Row[] {
  const { path, operations } = example;
  const { command, isExact } = commandOf(example);
  const size = operations === null ? '' : ` (${plural(operations, 'record')})`;
  return [
    ['example', path === null ? '' : `${path}${size}`],
    [isExact ? 'replay' : 'again', command],
  ];
}

/** What does a run again, and whether that does exactly the same. */
function commandOf({ path, cluster, commandLine, seed }: TriagedRun): {
  readonly command: string;
  readonly isExact: boolean;
} {
  if (path === null) return { command: `npx ${commandLine}`, isExact: false };
  const { replayCommand, replaysExactly } = againCommand({ cluster, commandLine, seed }, path);
  return { command: replayCommand, isExact: replaysExactly };
}

function fixedRows({ accepted, runs }: AbsentFailure): readonly Row[] {
  const { failures, runs: before } = accepted;
  const rate =
    failures === undefined || before === undefined
      ? ''
      : ` (it came in ${formatCount(failures)} of ${formatCount(before)} before)`;
  return [
    ['because', reasonText(accepted)],
    ['', `it did not come in ${plural(runs, 'run')} since it was accepted${rate}`],
    ['forget', `npx shaketable triage forget ${accepted.signature}`],
  ];
}

function notRunText({ nemeses }: Accepted): string {
  const under = nemeses === undefined ? '' : ` under ${nemeses.join(' or ')}`;
  return `its system and workload were not run${under} since it was accepted`;
}

/** Commands and paths are there to be copied, and stay on one line. */
const UNBROKEN: ReadonlySet<string> = new Set(['with it', 'example', 'replay', 'again', 'accept', 'forget']);

function row(name: string, text: string): readonly string[] {
  if (text === '') return [];
  const indent = ' '.repeat(LABEL_WIDTH);
  const width = name === '' ? WIDTH - LABEL_WIDTH : WIDTH - LABEL_WIDTH - NAME_WIDTH;
  const lines = UNBROKEN.has(name) ? [printable(text)] : wrap(printable(text), width, '');
  return lines.map((line, i) =>
    name === '' ? `${indent}${line}` : `${indent}${(i === 0 ? name : '').padEnd(NAME_WIDTH)}${line}`,
  );
}

function countsText(counts: TriageCounts): string {
  const { runs, valid, invalid, unknown, undecided, planted, fromPlans } = counts;
  const parts = [
    `${formatCount(valid)} valid`,
    `${formatCount(invalid)} invalid`,
    ...(unknown > 0 ? [`${formatCount(unknown)} unknown`] : []),
    ...(undecided > 0 ? [`${formatCount(undecided)} without a verdict`] : []),
  ];
  const others = [
    ...(planted > 0 ? [`${formatCount(planted)} with planted bugs, left out: --with-bugs`] : []),
    ...(fromPlans > 0 ? [`${formatCount(fromPlans)} from plans, examples at most`] : []),
  ];
  const left = others.length > 0 ? ` (and ${others.join('; ')})` : '';
  return `${plural(runs, 'run')}: ${parts.join(', ')}${left}`;
}

const cut = (text: string): string =>
  text.length > MAX_EXPLANATION_CHARACTERS ? `${text.slice(0, MAX_EXPLANATION_CHARACTERS - 1)}…` : text;

/** To the minute: `2026-11-28 03:12 UTC`. */
const dateText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

export function triageJson({ report, problems, folders, sinceMs, baseline }: TriageTextInput): unknown {
  const { groups, fixed, notRun, counts } = report;
  const groupJson = ({ firstMs, lastMs, example, ...group }: FailureGroup): unknown => ({
    ...group,
    first: new Date(firstMs).toISOString(),
    last: new Date(lastMs).toISOString(),
    example: {
      path: example.path,
      seed: example.seed,
      operations: example.operations,
      again: commandOf(example).command,
    },
  });
  return {
    folders,
    since: sinceMs === null ? null : new Date(sinceMs).toISOString(),
    baseline,
    counts,
    new: groups.filter(({ state }) => state === 'new').map(groupJson),
    known: groups.filter(({ state }) => state === 'known').map(groupJson),
    fixed,
    notRun,
    problems,
  };
}
