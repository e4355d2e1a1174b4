/**
 * Operations a line, as Jepsen prints them: `history.txt` of its stores, its logs, and the logs that Porcupine's test data
 * has of it. Process, type, function and value, separated by tabs or blanks, and in `history.txt` the error behind them.
 * Values are EDN; after `:info` and `:fail` a keyword in the value's place is the error.
 *
 *     3	:invoke	:cas	[4 2]
 *     3	:fail	:cas	[4 2]	:did-not-match
 *     INFO  jepsen.util - 3	:info	:cas	:timed-out
 *
 * Other lines are passed over and counted. In logs a compare-and-set fails when the register held another value than it
 * expected, so such a failure gets the code `precondition-failed`; not so in `history.txt`, where the error says why.
 */
import type { Json, OperationError } from '../operation.ts';
import type { TornLine } from '../versioned-lines.ts';
import { EdnReader } from './edn.ts';
import { FormError, readTextLines } from './form.ts';
import { toError } from './operations.ts';
import { Importer } from './recorded.ts';
import type { ImportedHistory, RecordedOperation } from './recorded.ts';

/** Something that is said of a process, by a logger of Jepsen's or with nothing before it. */
const OPERATION_LINE = /^(.*jepsen\.\S+?(?: +-|:) *)?\s*(\d+|:nemesis)\s+:(.*)$/;
const REST = /^(\S+)\s+:(\S+)\s+(.+)$/;

/** Whether the text looks like that. */
export function isJepsenLog(text: string): boolean {
  return text.split('\n').some((line) => OPERATION_LINE.test(line.trimEnd()));
}

/** @throws HarnessError `bad-format` or `bad-history` with the line and what is wrong */
export function importJepsenLog(chunks: Iterable<Uint8Array>, fileName: string | undefined): ImportedHistory {
  const importer = new Importer(fileName);
  let passedOver = 0;
  let torn: TornLine | undefined;
  for (const { text, line, isTorn } of readTextLines(chunks)) {
    if (text.trim() === '') continue;
    const found = OPERATION_LINE.exec(text.trimEnd());
    if (found === null) {
      if (isTorn) torn = { line, text };
      else passedOver++;
      continue;
    }
    const [, logger, process = '', rest = ''] = found;
    try {
      importer.push(readOperation(process, rest, line, logger !== undefined));
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      if (isTorn) torn = { line, text };
      else importer.refuse('bad-format', line, error.message);
    }
  }
  if (passedOver > 0) importer.note(`${passedOver} lines of the log are no operations`);
  return importer.finish(torn);
}

function readOperation(process: string, rest: string, line: number, isLogged: boolean): RecordedOperation {
  const [, type, f, text] = REST.exec(rest) ?? [];
  if (type === undefined || f === undefined || text === undefined) {
    throw new FormError('an operation is PROCESS :TYPE :F VALUE', 0);
  }
  const reader = new EdnReader(text);
  const isError = text.startsWith(':') && (type === 'info' || type === 'fail');
  const value = reader.read();
  const behind = reader.atEnd() ? '' : text.slice(reader.offset);
  if (behind !== '' && (isLogged || type === 'invoke')) {
    throw new FormError(`something follows the value ${JSON.stringify(value)}`, reader.offset);
  }
  const error = behind === '' ? errorOf(type, f, isError ? value : null, isLogged) : readError(behind);
  return {
    line,
    process: process === ':nemesis' ? 'nemesis' : Number(process),
    type,
    f,
    value: isError ? null : value,
    isTuple: reader.isTuple(value),
    ...(error === undefined ? {} : { error }),
  };
}

function errorOf(type: string, f: string, said: Json, isLogged: boolean): OperationError | undefined {
  if (typeof said === 'string') return { code: said };
  return isLogged && type === 'fail' && f === 'cas' ? { code: 'precondition-failed' } : undefined;
}

/** A keyword or a vector of EDN, or words. */
function readError(text: string): OperationError | undefined {
  try {
    const reader = new EdnReader(text);
    const error = reader.read();
    if (reader.atEnd()) return toError(error);
  } catch {
    // Words of an exception.
  }
  return { code: 'error', message: text };
}
