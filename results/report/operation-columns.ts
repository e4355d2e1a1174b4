/**
 * Packs the clients' operations into columns of numbers, a few bytes an attribute, so that a report of 50,000
 * operations stays a file that can be mailed.
 *
 * Values are kept as text and cut when long (a list that grows with every append would otherwise make the report
 * quadratic): the history holds them in full.
 */
import type { History, OperationPair } from '../../harness/history/history.ts';
import type { Json, Operation, OperationError } from '../../harness/history/operation.ts';
import { OUTCOMES } from './report-data.ts';
import type { OperationColumns, Outcome } from './report-data.ts';

/** Longer values are cut: more than this nobody reads on a chart. */
const MAX_VALUE_CHARACTERS = 240;

const NONE = -1;

/** Each distinct text once; columns refer to it by number. */
export class TextTable {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  add(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.texts.length;
    this.texts.push(text);
    this.#numbers.set(text, number);
    return number;
  }
}

export interface PackedOperations {
  readonly columns: OperationColumns;
  readonly threads: number;
  /** The row of an operation of the history, invocation or completion; undefined for the nemesis's. */
  rowOf(index: number): number | undefined;
}

/** A key as it is shown: the number 1 and the text "1" differ. */
export function keyText(key: string | number): string {
  return typeof key === 'number' || /^\d+$/.test(key) ? JSON.stringify(key) : key;
}

/**
 * @param concurrency - threads of the clients; without it a process that is new takes the row of one that is retired
 */
export function packOperations(
  history: History,
  texts: TextTable,
  concurrency: number | undefined,
): PackedOperations {
  const rows = new Map<number, number>();
  const columns = {
    start: [] as number[],
    duration: [] as number[],
    invocation: [] as number[],
    completion: [] as number[],
    process: [] as number[],
    thread: [] as number[],
    outcome: [] as number[],
    f: [] as number[],
    key: [] as number[],
    input: [] as number[],
    output: [] as number[],
    error: [] as number[],
    node: [] as number[],
  };
  let lastTime = 0;
  let lastIndex = 0;
  let threads = 0;
  const pairs = history.pairs();
  const threadOf =
    concurrency === undefined ? threadsOf(pairs) : (process: number): number => process % concurrency;
  for (const [row, { invocation, completion }] of pairs.entries()) {
    const process = invocation.process as number;
    const thread = threadOf(process, invocation.index);
    threads = Math.max(threads, thread + 1);
    rows.set(invocation.index, row);
    if (completion !== undefined) rows.set(completion.index, row);
    const input = valueText(invocation.value);
    const output = completion === undefined ? null : valueText(completion.value);
    const key = invocation.key ?? completion?.key;
    const node = completion?.node ?? invocation.node;
    const error = completion?.error;
    columns.start.push(invocation.time - lastTime);
    columns.duration.push(completion === undefined ? NONE : completion.time - invocation.time);
    columns.invocation.push(invocation.index - lastIndex);
    columns.completion.push(completion === undefined ? 0 : completion.index - invocation.index);
    columns.process.push(process);
    columns.thread.push(thread);
    columns.outcome.push(OUTCOMES.indexOf(outcomeOf(completion)));
    columns.f.push(texts.add(invocation.f));
    columns.key.push(key === undefined ? NONE : texts.add(keyText(key)));
    columns.input.push(input === null ? NONE : texts.add(input));
    columns.output.push(output === null || output === input ? NONE : texts.add(output));
    columns.error.push(error === undefined ? NONE : texts.add(errorText(error)));
    columns.node.push(node === undefined ? NONE : texts.add(node));
    lastTime = invocation.time;
    lastIndex = invocation.index;
  }
  return {
    columns: { count: pairs.length, ...columns },
    threads,
    rowOf: (index) => rows.get(index),
  };
}

/** Gives each process a row; where one has ended with an unknown outcome, the next that is new. */
function threadsOf(pairs: readonly OperationPair[]): (process: number, index: number) => number {
  const retiredAt = new Map<number, number>();
  for (const { invocation, completion } of pairs) {
    retiredAt.set(
      invocation.process as number,
      completion?.type === 'info' ? completion.index : Number.POSITIVE_INFINITY,
    );
  }
  const owners: number[] = [];
  const rows = new Map<number, number>();
  return (process, index) => {
    let row = rows.get(process);
    if (row === undefined) {
      row = owners.findIndex((owner) => (retiredAt.get(owner) ?? 0) < index);
      if (row < 0) row = owners.length;
      owners[row] = process;
      rows.set(process, row);
    }
    return row;
  };
}

export function outcomeOf(completion: Operation | undefined): Outcome {
  if (completion === undefined || completion.type === 'invoke') return 'pending';
  return completion.type;
}

export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return `${text.slice(0, maxCharacters)}… (${text.length} characters)`;
}

function valueText(value: Json): string | null {
  return value === null ? null : cutText(JSON.stringify(value), MAX_VALUE_CHARACTERS);
}

function errorText(error: OperationError): string {
  const text = error.message === undefined ? error.code : `${error.code}: ${error.message}`;
  return cutText(text, MAX_VALUE_CHARACTERS);
}
