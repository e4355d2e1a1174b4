/**
 * Between the quorum core's entries and record batches: metadata records and control records as bytes, and back.
 *
 *     const { payload, hash } = encodeMetadata([{ type: 'no-op' }], wallMs);
 *     const entries = entriesOf(fetchedBytes);       // places, epochs, hashes and control records
 *     metadataOf(batch);                             // the records of a batch of data
 *
 * An entry's hash is the batch's CRC, which covers neither its offset nor its epoch. Directories are text in the core and in
 * requests, 32 hexadecimal digits in control records.
 */
import { decodeRecord, encodeRecord } from '../../controller/record-codec.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import type { ControlRecord, Entry, Voter } from '../../quorum/messages.ts';
import { BatchBuilder } from '../../records/batch-builder.ts';
import { RecordBatch, readBatches } from '../../records/batch.ts';
import type { ControlRecord as StoredControl, VoterDescription } from '../../records/control.ts';
import { decodeControlBatch, encodeControlBatch } from '../../records/control.ts';
import { RecordError } from '../../records/errors.ts';
import { readRecords } from '../../records/record.ts';
import { uuidFromBytes, uuidToBytes, ZERO_UUID } from '../../wire/uuid.ts';

/** What our own nodes understand: static and dynamic voters (KIP-853). */
const KRAFT_VERSIONS = { minKRaftVersion: 0, maxKRaftVersion: 1 } as const;

export interface EncodedBatch {
  readonly payload: Uint8Array;
  readonly hash: number;
}

const encodedBatch = (payload: Uint8Array): EncodedBatch => ({
  payload,
  hash: new RecordBatch(payload).crc,
});

/** @param timestampMs - whole milliseconds since 1970 */
export function encodeMetadata(records: readonly MetadataRecord[], timestampMs: number): EncodedBatch {
  const builder = new BatchBuilder();
  for (const record of records) builder.append({ value: encodeRecord(record), timestampMs });
  return encodedBatch(builder.build());
}

export function encodeControls(controls: readonly ControlRecord[], timestampMs: number): EncodedBatch {
  return encodedBatch(encodeControlBatch(controls.map(storedControl), { timestampMs }));
}

/**
 * The records of a batch of data.
 *
 * @throws RecordError
 * @throws MalformedError where a record is none that this version knows
 */
export function metadataOf(batch: RecordBatch): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const { value } of readRecords(batch)) {
    if (value === null) throw new RecordError('bad-record', 0, 'a metadata record without a value');
    records.push(decodeRecord(value));
  }
  return records;
}

/**
 * Whole batches as entries, their CRCs compared. Each is a copy, so that what they came in may go.
 *
 * @throws RecordError
 */
export function entriesOf(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  for (const batch of readBatches(bytes.slice(), { verify: true })) entries.push(entryOf(batch, batch.bytes));
  return entries;
}

export function entryOf(batch: RecordBatch, payload: unknown): Entry {
  return {
    offset: batch.baseOffset,
    count: batch.lastOffsetDelta + 1,
    epoch: batch.leaderEpoch,
    hash: batch.crc,
    controls: batch.isControl ? decodeControlBatch(batch).map(controlOf) : [],
    payload,
  };
}

// Control records

function storedControl(control: ControlRecord): Exclude<StoredControl, { type: 'unknown' }> {
  switch (control.type) {
    case 'leader-change': {
      const voter = (id: number) => ({ id, directoryId: hexOf(null) });
      return {
        type: 'leader-change',
        leaderId: control.leaderId,
        voters: control.voters.map(voter),
        grantingVoters: control.grantingVoters.map(voter),
      };
    }
    case 'kraft-version':
      return { type: 'kraft-version', kraftVersion: control.kRaftVersion };
    case 'voters':
      return { type: 'kraft-voters', voters: control.voters.map(describeVoter) };
  }
}

const describeVoter = ({ voterId, voterDirectoryId, listeners }: Voter): VoterDescription => ({
  id: voterId,
  directoryId: hexOf(voterDirectoryId),
  endpoints: listeners,
  ...KRAFT_VERSIONS,
});

/** The quorum reads what concerns voters; each record keeps its place, as offsets count them. */
export function controlOf(control: StoredControl): ControlRecord {
  switch (control.type) {
    case 'leader-change':
      return {
        type: 'leader-change',
        leaderId: control.leaderId,
        voters: control.voters.map(({ id }) => id),
        grantingVoters: control.grantingVoters.map(({ id }) => id),
      };
    case 'kraft-version':
      return { type: 'kraft-version', kRaftVersion: control.kraftVersion };
    case 'kraft-voters':
      return { type: 'voters', voters: control.voters.map(voterOf) };
    default:
      return { type: 'leader-change', leaderId: -1, voters: [], grantingVoters: [] };
  }
}

const voterOf = ({ id, directoryId, endpoints }: VoterDescription): Voter => ({
  voterId: id,
  voterDirectoryId: directoryOf(directoryId),
  listeners: endpoints,
});

const UUID_HEX_DIGITS = 32;

function hexOf(directoryId: string | null): string {
  const bytes = directoryId === null ? null : uuidToBytes(directoryId);
  if (bytes === null) return '0'.repeat(UUID_HEX_DIGITS);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function directoryOf(hex: string): string | null {
  const bytes = Uint8Array.from({ length: UUID_HEX_DIGITS / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
  const text = uuidFromBytes(bytes);
  return text === ZERO_UUID ? null : text;
}
