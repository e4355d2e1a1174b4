/**
 * Reads a history of any format that Shaketable knows; what it is shows in its content, not in its name.
 *
 *     const { history, format, notes, torn } = readHistory(bytes, { fileName: 'etcd_002.log' });
 */
import { HarnessError } from '../../errors.ts';
import type { History } from '../history.ts';
import { decodeHistory } from '../json-lines.ts';
import { excerpt } from '../versioned-lines.ts';
import type { LineHeader, ReadOptions, TornLine } from '../versioned-lines.ts';
import { importJepsenEdn } from './jepsen-edn.ts';
import { importJepsenLog, isJepsenLog } from './jepsen-log.ts';

export type HistoryFormat = 'shaketable' | 'jepsen-edn' | 'jepsen-log';

export interface ReadHistory {
  readonly history: History;
  readonly format: HistoryFormat;
  /** What the importer changed or presumed, in sentences. */
  readonly notes: readonly string[];
  /** The incomplete last record, when the writer was killed. */
  readonly torn: TornLine | undefined;
  /** Of our own format. */
  readonly header: LineHeader | null;
}

/** How much of a file decides its format. */
const SAMPLE_BYTES = 1 << 16;

/**
 * @throws HarnessError `bad-format` for a file that is none of these, or broken; `unsupported-version`;
 * `bad-history` when the operations make no history. The message names the line.
 */
export function readHistory(bytes: Uint8Array, options: ReadOptions = {}): ReadHistory {
  const { fileName } = options;
  const format = detectFormat(bytes, fileName);
  if (format === 'shaketable') return { ...decodeHistory(bytes, options), format, notes: [] };
  const text = new TextDecoder().decode(bytes);
  const imported =
    format === 'jepsen-log' ? importJepsenLog(text, fileName) : importJepsenEdn(text, fileName);
  return { ...imported, format, header: null };
}

/** @throws HarnessError `bad-format` when it is none that is known */
export function detectFormat(bytes: Uint8Array, fileName?: string): HistoryFormat {
  const sample = new TextDecoder().decode(bytes.subarray(0, SAMPLE_BYTES));
  const start = sample.replace(/^(?:[\s,]|;.*(?:\n|$))+/, '');
  if (/^\{\s*["}]/.test(start)) return 'shaketable';
  if (/^[[({#]/.test(start)) return 'jepsen-edn';
  if (isJepsenLog(sample)) return 'jepsen-log';
  const place = fileName === undefined ? '' : `${fileName}: `;
  const found = start === '' ? 'the file is empty' : `it begins with ${excerpt(start)}`;
  throw new HarnessError(
    'bad-format',
    `${place}this is no history that Shaketable knows (history.jsonl, Jepsen EDN, Jepsen log): ${found}`,
  );
}
