/**
 * Questions about runs, as conditions of SQL. Whatever is asked for is a parameter, never text of a statement.
 *
 *     conditionOf({ system: 'raft', verdict: 'invalid' })   // { where: 'system = ? AND outcome = ?', parameters: ['raft', 'invalid'] }
 */

/** What runs are wanted; what is absent is not asked for. */
export interface RunFilter {
  readonly system?: string;
  readonly workload?: string;
  readonly cluster?: string;
  /** One of the run's nemeses; `none`: it has none. */
  readonly nemesis?: string;
  readonly bug?: string;
  readonly verdict?: string;
  readonly signature?: string;
  /** Of the beginning of the run, inclusive: `2026-11-28`, or more of it. */
  readonly from?: string;
  readonly to?: string;
  /** The beginning of a commit's name. */
  readonly revision?: string;
  /** Anywhere in path, command, sentence, signatures; words with spaces between must all be somewhere. */
  readonly text?: string;
}

export const SORTS = {
  started: 'started_at',
  system: 'system',
  workload: 'workload',
  nemesis: 'nemeses',
  verdict: 'outcome',
  seed: 'seed',
  operations: 'operations',
  available: 'answered_share',
  latency: 'p99_ms',
  revision: 'revision',
} as const;
export type Sort = keyof typeof SORTS;

export interface Order {
  readonly by: Sort;
  readonly isDescending: boolean;
}

export const NEWEST_FIRST: Order = { by: 'started', isDescending: true };

interface Condition {
  /** True where nothing is asked for. */
  readonly where: string;
  readonly parameters: readonly string[];
}

const WORDS_MAX = 16;
/** After every time that begins with the text before it. */
const END = '\u{10ffff}';
const TEXTS = ['path', 'command', "coalesce(sentence, '')"];

export function conditionOf(filter: RunFilter): Condition {
  const parts: string[] = [];
  const parameters: string[] = [];
  const ask = (part: string, ...values: readonly string[]): void => {
    parts.push(part);
    parameters.push(...values);
  };
  const { system, workload, cluster, nemesis, bug, verdict, signature, from, to, revision, text } = filter;
  if (system !== undefined) ask('system = ?', system);
  if (workload !== undefined) ask('workload = ?', workload);
  if (cluster !== undefined) ask('cluster = ?', cluster);
  if (nemesis === 'none') ask("nemeses = '[]'");
  else if (nemesis !== undefined) ask(inList('nemeses'), nemesis);
  if (bug === 'none') ask("bugs = '[]'");
  else if (bug !== undefined) ask(inList('bugs'), bug);
  if (verdict !== undefined) ask('outcome = ?', verdict);
  if (signature !== undefined) {
    ask('path IN (SELECT path FROM failures WHERE signature = ?)', signature);
  }
  if (from !== undefined) ask('started_at >= ?', from);
  if (to !== undefined) ask('started_at <= ?', `${to}${END}`);
  if (revision !== undefined) ask("substr(coalesce(revision, ''), 1, length(?)) = ?", revision, revision);
  for (const word of (text ?? '')
    .split(/\s+/)
    .filter((each) => each !== '')
    .slice(0, WORDS_MAX)) {
    const anywhere = TEXTS.map((column) => `instr(lower(${column}), lower(?)) > 0`).join(' OR ');
    const inSignature = 'path IN (SELECT path FROM failures WHERE instr(lower(signature), lower(?)) > 0)';
    ask(`(${anywhere} OR ${inSignature})`, ...TEXTS.map(() => word), word);
  }
  return { where: parts.length === 0 ? 'TRUE' : parts.join(' AND '), parameters };
}

/** Lists are kept as JSON. */
const inList = (column: string): string => `EXISTS (SELECT 1 FROM json_each(${column}) WHERE value = ?)`;

/** What is unknown comes last, either way; runs that are equal in it come newest first. */
export function orderOf({ by, isDescending }: Order): string {
  const column = SORTS[by];
  return `${column} IS NULL, ${column} ${isDescending ? 'DESC' : 'ASC'}, started_at DESC, path`;
}
