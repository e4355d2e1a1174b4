/**
 * Reads a history of any format that Shaketable knows; what it is shows in its content, not in its name.
 *
 *     const { history, format, notes, torn } = readHistory(bytes, { fileName: 'etcd_002.log' });
 *
 * The bytes may come in pieces: the text is never in memory as a whole.
 */
import { HarnessError } from '../../errors.ts';
import { decodeHistory } from '../json-lines.ts';
import { excerpt } from '../versioned-lines.ts';
import type { LineHeader, ReadOptions } from '../versioned-lines.ts';
import { importJepsenLog, isJepsenLog } from './jepsen-log.ts';
import { importEdn, importJson } from './operations.ts';
import type { ImportedHistory } from './recorded.ts';

export { readResults } from './results.ts';

export type HistoryFormat = 'shaketable' | 'jepsen-edn' | 'jepsen-log' | 'json';

export interface ReadHistory extends ImportedHistory {
  readonly format: HistoryFormat;
  /** Of our own format. */
  readonly header: LineHeader | null;
}

/** How much of a file decides its format: a log may begin with the settings of the test. */
const SAMPLE_BYTES = 1 << 20;

/**
 * @throws HarnessError `bad-format` for a file that is none of these, or broken; `unsupported-version`;
 * `bad-history` when the operations make no history. The message names the line.
 */
export function readHistory(
  input: Uint8Array | Iterable<Uint8Array>,
  options: ReadOptions = {},
): ReadHistory {
  const { fileName } = options;
  const { sample, chunks } = takeSample(input instanceof Uint8Array ? [input] : input);
  const format = detectFormat(sample, fileName);
  switch (format) {
    case 'shaketable':
      return { ...decodeHistory(chunks, options), format, notes: [] };
    case 'json':
      return { ...importJson(chunks, fileName), format, header: null };
    case 'jepsen-log':
      return { ...importJepsenLog(chunks, fileName), format, header: null };
    case 'jepsen-edn':
      return { ...importEdn(chunks, fileName), format, header: null };
  }
}

/** The beginning, and all of it again. */
function takeSample(input: Iterable<Uint8Array>): {
  readonly sample: Uint8Array;
  readonly chunks: Iterable<Uint8Array>;
} {
  const rest: Iterator<Uint8Array, unknown> = input[Symbol.iterator]();
  const taken: Uint8Array[] = [];
  let length = 0;
  while (length < SAMPLE_BYTES) {
    const next = rest.next();
    if (next.done === true) break;
    taken.push(next.value);
    length += next.value.length;
  }
  const sample = new Uint8Array(Math.min(length, SAMPLE_BYTES));
  let filled = 0;
  for (const part of taken) {
    sample.set(part.subarray(0, SAMPLE_BYTES - filled), filled);
    filled += part.length;
  }
  function* chunks(): Generator<Uint8Array, void, undefined> {
    // Each is forgotten once it was read.
    while (taken.length > 0) yield taken.shift() as Uint8Array;
    for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
  }
  return { sample, chunks: chunks() };
}

/** @throws HarnessError `bad-format` when it is none that is known */
export function detectFormat(bytes: Uint8Array, fileName?: string): HistoryFormat {
  const sample = new TextDecoder().decode(bytes.subarray(0, SAMPLE_BYTES));
  const start = sample.replace(/^(?:[\s,]|;.*(?:\n|$))+/, '');
  if (/^\{\s*"format"\s*:/.test(start) || /^\{\s*\}/.test(start)) return 'shaketable';
  if (/^(?:\[\s*)?\{\s*"(?:[^"\\]|\\.)*"\s*:/.test(start)) return 'json';
  // Comments, and nothing else so far, are of EDN.
  if (/^[[({#]/.test(start) || (start === '' && sample.includes(';'))) return 'jepsen-edn';
  if (isJepsenLog(sample)) return 'jepsen-log';
  const place = fileName === undefined ? '' : `${fileName}: `;
  const found = start === '' ? 'the file is empty' : `it begins with ${excerpt(start)}`;
  throw new HarnessError(
    'bad-format',
    `${place}this is no history that Shaketable knows (history.jsonl, EDN, JSON, history.txt, Jepsen log): ${found}`,
  );
}
