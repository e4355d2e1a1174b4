/**
 * Operations that others recorded as maps of EDN or objects of JSON, one after another or all in one collection.
 * Jepsen's and Maelstrom's `history.edn`, the data of Knossos, and the key-value histories of Porcupine are such.
 *
 *     {:index 0, :type :invoke, :process 0, :f :cas, :value [1 2], :time 3291485317}
 *     #jepsen.history.Op{:index 1, :type :info, :process 0, :f :cas, :value [1 2], :error :timeout}
 *     {"type": "ok", "process": 3, "f": "read", "value": 7}
 *
 * The order of the operations is that of the file; an index is not needed and not believed.
 */
import type { Json, OperationError, Position } from '../operation.ts';
import { excerpt } from '../versioned-lines.ts';
import type { TornLine } from '../versioned-lines.ts';
import { EdnReader } from './edn.ts';
import { readForms } from './form.ts';
import { JsonReader } from './json.ts';
import { Importer } from './recorded.ts';
import type { ImportedHistory, RecordedOperation } from './recorded.ts';

type Fields = Readonly<Record<string, Json>>;

/**
 * @throws HarnessError `bad-format` with the line when the text is of no such notation or holds something other than
 * operations, `bad-history` when the operations make no history
 */
export function importEdn(chunks: Iterable<Uint8Array>, fileName: string | undefined): ImportedHistory {
  const reader = new EdnReader();
  return importForms(reader, chunks, new Importer(fileName), (value) => reader.isTuple(value));
}

/** As {@link importEdn}, of JSON. */
export function importJson(chunks: Iterable<Uint8Array>, fileName: string | undefined): ImportedHistory {
  return importForms(new JsonReader(), chunks, new Importer(fileName), () => false);
}

function importForms(
  reader: EdnReader | JsonReader,
  chunks: Iterable<Uint8Array>,
  importer: Importer,
  isTuple: (value: Json) => boolean,
): ImportedHistory {
  let torn: TornLine | undefined;
  const problem = {
    refuse: (line: number, what: string): never => importer.refuse('bad-format', line, what),
    torn: (found: TornLine) => {
      torn = found;
    },
  };
  for (const { form, line } of readForms(reader, chunks, problem)) {
    if (!isMap(form)) {
      const example = reader instanceof EdnReader ? '{:type :invoke, …}' : '{"type": "invoke", …}';
      const found = excerpt(JSON.stringify(form));
      problem.refuse(line, `an operation is a map such as ${example}, not ${found}`);
    }
    importer.push(toRecorded(form as Fields, line, isTuple));
  }
  return importer.finish(torn);
}

function isMap(form: Json): form is Fields {
  return typeof form === 'object' && form !== null && !Array.isArray(form);
}

function toRecorded(map: Fields, line: number, isTuple: (value: Json) => boolean): RecordedOperation {
  const error = toError(map['error']);
  const value = map['value'] ?? null;
  const position = toPosition(map['position']);
  const rebalanced = toRebalanced(map['rebalance-log']);
  return {
    line,
    process: map['process'] ?? null,
    type: map['type'] ?? null,
    f: map['f'] ?? null,
    value,
    isTuple: isTuple(value),
    time: map['time'],
    key: map['key'],
    isFinal: map['final?'] === true,
    ...(error === undefined ? {} : { error }),
    ...(typeof map['node'] === 'string' ? { node: map['node'] } : {}),
    ...(position === undefined ? {} : { position }),
    ...(rebalanced === undefined ? {} : { rebalanced }),
    ...(map['link'] === undefined ? {} : { link: map['link'] }),
  };
}

/** `{"index": 7, "term": 2}`, or as Jepsen's causal test has it, a number. */
function toPosition(position: Json | undefined): Position | undefined {
  if (typeof position === 'number' && Number.isSafeInteger(position)) return { index: position };
  if (position === undefined || !isMap(position)) return undefined;
  const { index, term } = position;
  if (typeof index !== 'number' || !Number.isSafeInteger(index)) return undefined;
  return typeof term === 'number' && Number.isSafeInteger(term) ? { index, term } : { index };
}

/** `[{:type :revoked, :keys [3 7]} …]`: the partitions of all of them. */
function toRebalanced(log: Json | undefined): readonly Json[] | undefined {
  if (!Array.isArray(log)) return undefined;
  return (log as readonly Json[]).flatMap((event) => {
    const keys = isMap(event) ? event['keys'] : undefined;
    return Array.isArray(keys) ? (keys as readonly Json[]) : [];
  });
}

/** `:timeout`, `[:temporarily-unavailable "…"]`, `"any text"`, `{"code": …}`, or whatever else clients put there. */
export function toError(error: Json | undefined): OperationError | undefined {
  if (error === undefined || error === null) return undefined;
  if (Array.isArray(error) && typeof error[0] === 'string') {
    const [code, ...rest] = error as unknown as readonly [string, ...Json[]];
    const message = rest.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ');
    return { code, message };
  }
  if (typeof error === 'string') {
    return /\s/.test(error) ? { code: 'error', message: error } : { code: error };
  }
  if (isMap(error) && typeof error['code'] === 'string') {
    const { code, message } = error;
    return typeof message === 'string' ? { code, message } : { code };
  }
  return { code: 'error', message: JSON.stringify(error) };
}
