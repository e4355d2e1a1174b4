/**
 * Control records: what brokers and the quorum write into logs for each other, and no client sees.
 *
 *     const batch = encodeControlBatch([{ type: 'commit', coordinatorEpoch: 3 }], { producerId: 7, producerEpoch: 0, … });
 *     decodeControlBatch(batchAt(batch, 0)) // [{ type: 'commit', coordinatorEpoch: 3 }]
 *
 *     key    := version:i16 type:i16
 *     marker := version:i16 coordinatorEpoch:i32              types 0 (abort) and 1 (commit)
 *     others := version:i16 and the message's other fields in the flexible encoding: compact arrays and strings, tags
 *
 * The quorum's records are those of KIP-595 (LeaderChange), KIP-630 (SnapshotHeader, SnapshotFooter) and KIP-853
 * (KRaftVersion, KRaftVoters). A type from the future decodes to `unknown`.
 */
import { AT, type RecordBatch } from './batch.ts';
import { BatchBuilder, type BatchOptions } from './batch-builder.ts';
import { RecordError } from './errors.ts';
import { readRecords } from './record.ts';
import { ByteReader, ByteWriter } from './varint.ts';

export interface Voter {
  readonly id: number;
  /** Sixteen bytes as 32 hexadecimal digits. */
  readonly directoryId: string;
}

export interface VoterEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface VoterDescription extends Voter {
  readonly endpoints: readonly VoterEndpoint[];
  readonly minKRaftVersion: number;
  readonly maxKRaftVersion: number;
}

export type ControlRecord =
  /** The end of a transaction: its records before this one count, or do not. */
  | { readonly type: 'commit' | 'abort'; readonly coordinatorEpoch: number }
  /** The first record of a leader's epoch. */
  | {
      readonly type: 'leader-change';
      readonly leaderId: number;
      readonly voters: readonly Voter[];
      readonly grantingVoters: readonly Voter[];
    }
  | { readonly type: 'snapshot-header'; readonly lastContainedLogTimestampMs: number }
  | { readonly type: 'snapshot-footer' }
  | { readonly type: 'kraft-version'; readonly kraftVersion: number }
  | { readonly type: 'kraft-voters'; readonly voters: readonly VoterDescription[] }
  | { readonly type: 'unknown'; readonly code: number };

const CODE = {
  abort: 0,
  commit: 1,
  'leader-change': 2,
  'snapshot-header': 3,
  'snapshot-footer': 4,
  'kraft-version': 5,
  'kraft-voters': 6,
} as const;

type Encodable = Exclude<ControlRecord, { type: 'unknown' }>;
const KEY_VERSION = 0;
/** Of LeaderChange: the first with the voters' directories. */
const LEADER_CHANGE_VERSION = 1;
const DIRECTORY_ID_BYTES = 16;
const NO_DIRECTORY = '0'.repeat(2 * DIRECTORY_ID_BYTES);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A control batch of one record or several. Markers need the producer's id and epoch in the options. */
export function encodeControlBatch(
  records: readonly Encodable[],
  options: BatchOptions & { readonly timestampMs: number },
): Uint8Array {
  const builder = new BatchBuilder({ ...options, isControl: true });
  for (const record of records) {
    const key = new ByteWriter(4);
    key.int16(KEY_VERSION);
    key.int16(CODE[record.type]);
    builder.append({ key: key.take(), value: encodeValue(record), timestampMs: options.timestampMs });
  }
  return builder.build();
}

/** @throws RecordError */
export function decodeControlBatch(batch: RecordBatch): ControlRecord[] {
  if (!batch.isControl) throw new RecordError('bad-record', AT.attributes, 'not a control batch');
  const records: ControlRecord[] = [];
  for (const { key, value } of readRecords(batch)) {
    if (key === null || value === null) {
      throw new RecordError('bad-record', AT.records, 'a control record without key or value');
    }
    const keyReader = new ByteReader(key);
    keyReader.int16();
    records.push(decodeValue(keyReader.int16(), new ByteReader(value)));
  }
  return records;
}

function encodeValue(record: Encodable): Uint8Array {
  const out = new ByteWriter(64);
  switch (record.type) {
    case 'commit':
    case 'abort':
      out.int16(0);
      out.int32(record.coordinatorEpoch);
      return out.take();
    case 'leader-change':
      out.int16(LEADER_CHANGE_VERSION);
      out.int32(record.leaderId);
      for (const voters of [record.voters, record.grantingVoters]) writeArray(out, voters, writeVoter);
      break;
    case 'snapshot-header':
      out.int16(0);
      out.int64(record.lastContainedLogTimestampMs);
      break;
    case 'snapshot-footer':
      out.int16(0);
      break;
    case 'kraft-version':
      out.int16(0);
      out.int16(record.kraftVersion);
      break;
    case 'kraft-voters':
      out.int16(0);
      writeArray(out, record.voters, writeDescription);
  }
  writeNoTags(out);
  return out.take();
}

/** Each message's first field is its version. */
function decodeValue(code: number, reader: ByteReader): ControlRecord {
  const version = reader.int16();
  switch (code) {
    case CODE.abort:
    case CODE.commit:
      return { type: code === CODE.commit ? 'commit' : 'abort', coordinatorEpoch: reader.int32() };
    case CODE['leader-change']: {
      const readOne = (): Voter => readVoter(reader, version >= LEADER_CHANGE_VERSION);
      const leaderId = reader.int32();
      const voters = readArray(reader, readOne);
      const grantingVoters = readArray(reader, readOne);
      skipTags(reader);
      return { type: 'leader-change', leaderId, voters, grantingVoters };
    }
    case CODE['snapshot-header']: {
      const lastContainedLogTimestampMs = reader.int64();
      skipTags(reader);
      return { type: 'snapshot-header', lastContainedLogTimestampMs };
    }
    case CODE['snapshot-footer']:
      skipTags(reader);
      return { type: 'snapshot-footer' };
    case CODE['kraft-version']: {
      const kraftVersion = reader.int16();
      skipTags(reader);
      return { type: 'kraft-version', kraftVersion };
    }
    case CODE['kraft-voters']: {
      const voters = readArray(reader, () => readDescription(reader));
      skipTags(reader);
      return { type: 'kraft-voters', voters };
    }
    default:
      return { type: 'unknown', code };
  }
}

// Pieces of messages

function writeVoter(out: ByteWriter, voter: Voter): void {
  out.int32(voter.id);
  writeDirectoryId(out, voter.directoryId);
  writeNoTags(out);
}

function readVoter(reader: ByteReader, hasDirectory: boolean): Voter {
  const id = reader.int32();
  const directoryId = hasDirectory ? readDirectoryId(reader) : NO_DIRECTORY;
  skipTags(reader);
  return { id, directoryId };
}

function writeDescription(out: ByteWriter, voter: VoterDescription): void {
  out.int32(voter.id);
  writeDirectoryId(out, voter.directoryId);
  writeArray(out, voter.endpoints, (_, endpoint) => {
    writeString(out, endpoint.name);
    writeString(out, endpoint.host);
    out.int16(endpoint.port);
    writeNoTags(out);
  });
  out.int16(voter.minKRaftVersion);
  out.int16(voter.maxKRaftVersion);
  writeNoTags(out);
  writeNoTags(out);
}

function readDescription(reader: ByteReader): VoterDescription {
  const id = reader.int32();
  const directoryId = readDirectoryId(reader);
  const endpoints = readArray(reader, () => {
    const endpoint = { name: readString(reader), host: readString(reader), port: reader.int16() & 0xffff };
    skipTags(reader);
    return endpoint;
  });
  const [minKRaftVersion, maxKRaftVersion] = [reader.int16(), reader.int16()];
  skipTags(reader);
  skipTags(reader);
  return { id, directoryId, endpoints, minKRaftVersion, maxKRaftVersion };
}

function writeArray<T>(
  out: ByteWriter,
  items: readonly T[],
  write: (out: ByteWriter, item: T) => void,
): void {
  out.unsignedVarint(items.length + 1);
  for (const item of items) write(out, item);
}

function readArray<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.unsignedVarint() - 1;
  const items: T[] = [];
  // Each takes bytes, so that a count that lies ends at the end of them.
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}

function writeString(out: ByteWriter, text: string): void {
  const bytes = encoder.encode(text);
  out.unsignedVarint(bytes.length + 1);
  out.raw(bytes);
}

const readString = (reader: ByteReader): string => decoder.decode(reader.raw(reader.unsignedVarint() - 1));

function writeDirectoryId(out: ByteWriter, hex: string): void {
  for (let i = 0; i < DIRECTORY_ID_BYTES; i++) out.int8(Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

const readDirectoryId = (reader: ByteReader): string =>
  [...reader.raw(DIRECTORY_ID_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const writeNoTags = (out: ByteWriter): void => out.unsignedVarint(0);

function skipTags(reader: ByteReader): void {
  const count = reader.unsignedVarint();
  for (let i = 0; i < count; i++) {
    reader.unsignedVarint();
    reader.raw(reader.unsignedVarint());
  }
}
