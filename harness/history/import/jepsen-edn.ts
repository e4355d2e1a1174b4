/**
 * Jepsen's histories in EDN: one vector (or list) of maps, or one map after another. `history.edn`, the data of
 * Knossos, and the key-value histories of Porcupine are such.
 *
 *     {:index 0, :type :invoke, :process 0, :f :cas, :value [1 2], :time 3291485317}
 *     #jepsen.history.Op{:index 1, :type :info, :process 0, :f :cas, :value [1 2], :error :timeout}
 *
 * The order of the operations is that of the file; an `:index` is not needed and not believed.
 */
import { HarnessError } from '../../errors.ts';
import type { Json, OperationError } from '../operation.ts';
import type { TornLine } from '../versioned-lines.ts';
import { EdnError, EdnReader } from './edn.ts';
import { importOperations } from './recorded.ts';
import type { ImportedHistory, RecordedOperation } from './recorded.ts';

/**
 * @throws HarnessError `bad-format` with the line when the text is no EDN or holds something other than operations,
 * `bad-history` when the operations make no history
 */
export function importJepsenEdn(
  text: string,
  fileName: string | undefined,
): ImportedHistory & { readonly torn: TornLine | undefined } {
  const reader = new EdnReader(text);
  const recorded: RecordedOperation[] = [];
  let line = 1;
  let counted = 0;
  /** Lines are counted from form to form, not from the beginning each time. */
  const lineAt = (offset: number): number => {
    for (let at = text.indexOf('\n', counted); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
      line++;
      counted = at + 1;
    }
    return line;
  };
  const refuse = (offset: number, what: string): never => {
    const place = fileName === undefined ? '' : `${fileName}: `;
    throw new HarnessError('bad-format', `${place}line ${lineAt(offset)}: ${what}`);
  };
  let torn: TornLine | undefined;
  let start = 0;
  try {
    const opening = reader.peek();
    const closing = opening === '[' ? ']' : opening === '(' ? ')' : '';
    if (closing !== '') reader.step();
    while (reader.peek() !== closing) {
      start = reader.offset;
      if (reader.atEnd()) throw new EdnError(`the text ends before the closing ${closing}`, start, true);
      const form = reader.read();
      if (!isMap(form)) {
        refuse(
          start,
          `an operation is a map such as {:type :invoke, …}, not ${JSON.stringify(form).slice(0, 60)}`,
        );
      }
      recorded.push(toRecorded(form as Readonly<Record<string, Json>>, lineAt(start)));
    }
    if (closing !== '') {
      start = reader.offset;
      reader.step();
      if (!reader.atEnd()) refuse(reader.offset, 'something follows the end of the history');
    }
  } catch (error) {
    if (!(error instanceof EdnError)) throw error;
    if (!error.truncated || recorded.length === 0) refuse(error.offset, error.message);
    torn = { line: lineAt(start), text: text.slice(start) };
  }
  return { ...importOperations(recorded, fileName), torn };
}

function isMap(form: Json): form is Readonly<Record<string, Json>> {
  return typeof form === 'object' && form !== null && !Array.isArray(form);
}

function toRecorded(map: Readonly<Record<string, Json>>, line: number): RecordedOperation {
  const error = toError(map['error']);
  return {
    line,
    process: map['process'] ?? null,
    type: map['type'] ?? null,
    f: map['f'] ?? null,
    value: map['value'] ?? null,
    ...(map['time'] === undefined ? {} : { time: map['time'] }),
    ...(map['key'] === undefined ? {} : { key: map['key'] }),
    ...(error === undefined ? {} : { error }),
    ...(typeof map['node'] === 'string' ? { node: map['node'] } : {}),
  };
}

/** `:timeout`, `[:temporarily-unavailable "…"]`, `"any text"`, or whatever else Jepsen's clients put there. */
function toError(error: Json | undefined): OperationError | undefined {
  if (error === undefined || error === null) return undefined;
  if (Array.isArray(error) && typeof error[0] === 'string') {
    const [code, ...rest] = error as unknown as readonly [string, ...Json[]];
    return {
      code,
      message: rest.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '),
    };
  }
  if (typeof error === 'string') {
    return /\s/.test(error) ? { code: 'error', message: error } : { code: error };
  }
  return { code: 'error', message: JSON.stringify(error) };
}
