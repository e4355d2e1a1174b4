/**
 * What went over the simulated network (`messages.jsonl`): of small runs only, so that a diagram can be drawn of them.
 *
 *     {"format":"shaketable-messages","version":1}
 *     {"from":"n1","to":"n2","sent":176236364,"arrived":176801212,"fate":"arrived","text":"vote? term 1"}
 *
 * In the order in which they were sent. No checker reads it.
 */
import { HarnessError } from '../errors.ts';
import {
  encodeHeader,
  type LineFile,
  type LineFormat,
  readLines,
  type ReadOptions,
} from './versioned-lines.ts';

/**
 * - `dropped`: the network refused it: a cut, or a loss.
 * - `unseen`: nobody was there to take it, or the run ended first.
 */
const FATES = ['arrived', 'dropped', 'unseen'] as const;

export interface MessageRecord {
  readonly from: string;
  readonly to: string;
  /** Nanoseconds since the run began. */
  readonly sent: number;
  /** When the receiver saw it whole; null when it did not. */
  readonly arrived: number | null;
  readonly fate: (typeof FATES)[number];
  /** For people. */
  readonly text: string;
  /** It says nothing new. */
  readonly isRoutine?: true;
  /** The network made it of another. */
  readonly isCopy?: true;
}

const MESSAGE_FORMAT: LineFormat<MessageRecord> = {
  name: 'shaketable-messages',
  version: 1,
  decode: decodeRecord,
};

/** The whole of a `messages.jsonl`. */
export function encodeMessages(records: readonly MessageRecord[]): string {
  return encodeHeader(MESSAGE_FORMAT, {}) + records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** @throws HarnessError `bad-format` or `unsupported-version` with the line and what is wrong */
export function decodeMessages(bytes: Uint8Array, options: ReadOptions = {}): LineFile<MessageRecord> {
  return readLines(bytes, MESSAGE_FORMAT, options);
}

function decodeRecord(value: unknown): MessageRecord {
  const record = value as Partial<MessageRecord> | null;
  if (
    typeof record !== 'object' ||
    record === null ||
    typeof record.from !== 'string' ||
    typeof record.to !== 'string' ||
    typeof record.sent !== 'number' ||
    typeof record.text !== 'string' ||
    !FATES.some((fate) => fate === record.fate) ||
    !(record.arrived === null || typeof record.arrived === 'number')
  ) {
    throw new HarnessError(
      'bad-format',
      'a message must be {"from": …, "to": …, "sent": …, "arrived": …, "fate": …, "text": …}',
    );
  }
  return record as MessageRecord;
}
