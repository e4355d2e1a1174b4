/**
 * Histories of transactions, as short as they can be written.
 *
 *     concurrently('ax1 ry', 'ay1 rx')  // two transactions at once: T1 appended 1 to x and read y as []
 *     sequentially('ax1', 'rx1 ax2')    // the second was invoked after the first had completed
 *     'ax1 !'  failed · 'ax1 ?' in doubt · 'p7 ax1' of process 7; by default every transaction is of its own process
 */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../../harness/history/operation.ts';

export type Row = readonly [process: number, type: OperationType, value: Json];

interface Written {
  readonly process: number | undefined;
  readonly type: OperationType;
  readonly asked: readonly Json[];
  readonly answer: readonly Json[];
}

function parse(text: string): Written {
  let process: number | undefined;
  let type: OperationType = 'ok';
  const asked: Json[] = [];
  const answer: Json[] = [];
  for (const word of text.split(' ')) {
    if (word.startsWith('p')) process = Number(word.slice(1));
    else if (word === '!') type = 'fail';
    else if (word === '?') type = 'info';
    else if (word.startsWith('a')) {
      asked.push(['append', word.charAt(1), Number(word.slice(2))]);
      answer.push(['append', word.charAt(1), Number(word.slice(2))]);
    } else {
      asked.push(['r', word.charAt(1), null]);
      answer.push(['r', word.charAt(1), Array.from(word.slice(2), Number)]);
    }
  }
  return { process, type, asked, answer: type === 'ok' ? answer : asked };
}

let fresh = 1000;

export function concurrently(...texts: readonly string[]): Row[] {
  const transactions = texts
    .map(parse)
    .map((written) => ({ ...written, process: written.process ?? fresh++ }));
  return [
    ...transactions.map(({ process, asked }): Row => [process, 'invoke', asked]),
    ...transactions.map(({ process, type, answer }): Row => [process, type, answer]),
  ];
}

export function sequentially(...texts: readonly string[]): Row[] {
  return texts.flatMap((text) => concurrently(text));
}

export function historyOfRows(rows: readonly Row[]): History {
  return new History(
    rows.map(([process, type, value], index): Operation => ({
      index,
      time: index,
      process,
      type,
      f: 'txn',
      value,
    })),
  );
}
