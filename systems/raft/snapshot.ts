/**
 * A snapshot: everything that the log up to an index came to, as one block of bytes. The same bytes are the file
 * on disk and what a leader sends in chunks to a follower that is too far behind.
 *
 *     snapshot := magic:u32 version:u8 checksum:u32 body        the checksum is CRC-32C of the body
 *     body     := index term prefixHash:u32 stateHash:u32 configuration state
 *     configuration := three lists of names (voters, outgoing, learners), each with its length
 *     state    := count (key value)* count (session: six varints)*
 */
import { MalformedError, Reader, Writer } from './bytes.ts';
import { checksum } from './hash.ts';
import type { Configuration } from './quorum.ts';
import { StateMachine } from './state-machine.ts';

const MAGIC = 0x53525453; // "STRS"
const VERSION = 1;
const HEADER_BYTES = 9;

export interface SnapshotMeta {
  /** The last entry that it covers. */
  readonly index: number;
  readonly term: number;
  readonly prefixHash: number;
  readonly stateHash: number;
  readonly configuration: Configuration;
}

/** A snapshot in its encoded form. */
export interface Snapshot extends SnapshotMeta {
  readonly bytes: Uint8Array;
  /** CRC-32C of all bytes, which names it in a transfer. */
  readonly checksum: number;
}

export function encodeSnapshot(meta: SnapshotMeta, machine: StateMachine, withSessions: boolean): Snapshot {
  const writer = new Writer(4096);
  writer.u32(MAGIC);
  writer.u8(VERSION);
  writer.u32(0);
  writer.varint(meta.index);
  writer.varint(meta.term);
  writer.u32(meta.prefixHash);
  writer.u32(meta.stateHash);
  for (const names of [meta.configuration.voters, meta.configuration.outgoing, meta.configuration.learners]) {
    writer.varint(names.length);
    for (const name of names) writer.string(name);
  }
  machine.write(writer, withSessions);
  writer.patchU32(5, checksum(writer.buffer.subarray(HEADER_BYTES, writer.length)));
  const bytes = writer.take();
  return { ...meta, bytes, checksum: checksum(bytes) };
}

/** @throws MalformedError for anything but a whole, undamaged snapshot of a known version */
export function decodeSnapshot(
  bytes: Uint8Array,
  maxSessions: number,
): { snapshot: Snapshot; machine: StateMachine } {
  const reader = new Reader(bytes);
  if (reader.u32() !== MAGIC) throw new MalformedError('no snapshot: wrong first bytes');
  const version = reader.u8();
  if (version !== VERSION)
    throw new MalformedError(`snapshot version ${version}; this node reads ${VERSION}`);
  if (reader.u32() !== checksum(bytes.subarray(HEADER_BYTES)))
    throw new MalformedError('snapshot checksum does not match');
  const index = reader.varint();
  const term = reader.varint();
  const prefixHash = reader.u32();
  const stateHash = reader.u32();
  const voters = readNames(reader);
  if (voters.length === 0) throw new MalformedError('snapshot without voters');
  const configuration = { voters, outgoing: readNames(reader), learners: readNames(reader) };
  const machine = StateMachine.restore(reader, maxSessions);
  reader.finish();
  return {
    snapshot: { index, term, prefixHash, stateHash, configuration, bytes, checksum: checksum(bytes) },
    machine,
  };
}

function readNames(reader: Reader): string[] {
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedError(`${count} names in ${reader.remaining} bytes`);
  const names: string[] = [];
  for (let i = 0; i < count; i++) names.push(reader.string());
  return names;
}
