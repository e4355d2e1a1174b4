/**
 * The operations in a log of Jepsen's, as Porcupine's test data has them: process, type, function and value,
 * separated by tabs or blanks. A value is EDN; after `:info` and `:fail` it may be the error instead.
 *
 *     INFO  jepsen.util - 3	:invoke	:cas	[4 2]
 *     INFO  jepsen.util - 3	:info	:cas	:timed-out
 *
 * Other lines of the log are passed over and counted. In these logs a compare-and-set fails when the register held
 * another value than it expected, so such a failure gets the code `precondition-failed`.
 */
import { HarnessError } from '../../errors.ts';
import type { Json, OperationError } from '../operation.ts';
import type { TornLine } from '../versioned-lines.ts';
import { EdnError, EdnReader } from './edn.ts';
import { importOperations } from './recorded.ts';
import type { ImportedHistory, RecordedOperation } from './recorded.ts';

/** Something that a logger of Jepsen's says of a process. */
const OPERATION_LINE = /jepsen\.\S+ +- +(\d+|:nemesis)\s+:(.*)$/;
const REST = /^(\S+)\s+:(\S+)\s+(.+)$/;

/** Whether the text looks like such a log. */
export function isJepsenLog(text: string): boolean {
  return text.split('\n').some((line) => OPERATION_LINE.test(line));
}

/** @throws HarnessError `bad-format` or `bad-history` with the line and what is wrong */
export function importJepsenLog(
  text: string,
  fileName: string | undefined,
): ImportedHistory & { readonly torn: TornLine | undefined } {
  const recorded: RecordedOperation[] = [];
  const lines = text.split('\n');
  const endsTorn = lines.at(-1) !== '';
  let passedOver = 0;
  let torn: TornLine | undefined;
  lines.forEach((content, i) => {
    if (content.trim() === '') return;
    const found = OPERATION_LINE.exec(content.trimEnd());
    if (found === null) {
      if (endsTorn && i === lines.length - 1) torn = { line: i + 1, text: content };
      else passedOver++;
      return;
    }
    try {
      recorded.push(readOperation(found[1] as string, found[2] as string, i + 1));
    } catch (error) {
      if (!(error instanceof EdnError)) throw error;
      if (endsTorn && i === lines.length - 1) {
        torn = { line: i + 1, text: content };
        return;
      }
      const place = fileName === undefined ? '' : `${fileName}: `;
      throw new HarnessError('bad-format', `${place}line ${i + 1}: ${error.message}`);
    }
  });
  const { history, notes } = importOperations(recorded, fileName);
  const more = passedOver === 0 ? [] : [`${passedOver} lines of the log are no operations`];
  return { history, notes: [...notes, ...more], torn };
}

function readOperation(process: string, rest: string, line: number): RecordedOperation {
  const [, type, f, text] = REST.exec(rest) ?? [];
  if (type === undefined || f === undefined || text === undefined) {
    throw new EdnError('an operation is PROCESS :TYPE :F VALUE', 0);
  }
  const reader = new EdnReader(text);
  const isError = text.startsWith(':') && (type === 'info' || type === 'fail');
  const value = reader.read();
  if (!reader.atEnd())
    throw new EdnError(`something follows the value ${JSON.stringify(value)}`, reader.offset);
  const error = errorOf(type, f, isError ? value : null);
  return {
    line,
    process: process === ':nemesis' ? 'nemesis' : Number(process),
    type,
    f,
    value: isError ? null : value,
    ...(error === undefined ? {} : { error }),
  };
}

function errorOf(type: string, f: string, said: Json): OperationError | undefined {
  if (typeof said === 'string') return { code: said };
  return type === 'fail' && f === 'cas' ? { code: 'precondition-failed' } : undefined;
}
