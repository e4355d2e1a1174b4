/**
 * What nodes say to each other, and its bytes. A datagram is one message; it may be lost, repeated or overtaken,
 * so every message makes sense alone.
 *
 *     message := type:u8 term:varint body
 *     1 pre-vote request    lastIndex lastTerm                  term is the one that an election would have
 *     2 pre-vote reply      granted:u8                          granted: that future term; refused: the voter's own
 *     3 vote request        lastIndex lastTerm
 *     4 vote reply          granted:u8
 *     5 append              prevIndex prevTerm commit round count (term payload:bytes)*
 *     6 append reply        round rejected:u8 then
 *                           accepted: verified match           refused: prevIndex hintIndex hintTerm hintFirst
 *     7 snapshot chunk      round index snapshotTerm total checksum:u32 offset chunk:bytes
 *     8 snapshot reply      round index offset installed:u8
 *     9                     reserved: TimeoutNow
 *
 * All numbers without a type are varints. {@link decodeMessage} throws MalformedError for anything else.
 */
import { MalformedError, Reader, Writer } from './bytes.ts';
import type { LogEntry } from './log.ts';
import { newEntry, NO_ENTRIES } from './log.ts';

export interface VoteRequest {
  readonly kind: 'pre-vote' | 'vote';
  readonly term: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface VoteReply {
  readonly kind: 'pre-vote-reply' | 'vote-reply';
  readonly term: number;
  readonly granted: boolean;
}

export interface Append {
  readonly kind: 'append';
  readonly term: number;
  readonly prevIndex: number;
  readonly prevTerm: number;
  /** The leader's commit index. */
  readonly commit: number;
  /** The leader's heartbeat round, for ReadIndex. */
  readonly round: number;
  readonly entries: readonly LogEntry[];
}

export interface AppendReply {
  readonly kind: 'append-reply';
  readonly term: number;
  readonly round: number;
  readonly rejected: boolean;
  /** Accepted: the last index known equal to the leader's. */
  readonly verified: number;
  /** Accepted: the last index equal to the leader's and durable. */
  readonly match: number;
  /** Refused: the probe's previous index, which tells the probe. */
  readonly prevIndex: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
  readonly hintFirst: number;
}

export interface SnapshotChunk {
  readonly kind: 'snapshot';
  readonly term: number;
  readonly round: number;
  /** What the snapshot covers. */
  readonly index: number;
  readonly snapshotTerm: number;
  readonly totalBytes: number;
  /** CRC-32C of the whole; with index and size it names the snapshot, whoever sends it. */
  readonly checksum: number;
  readonly offsetBytes: number;
  readonly chunk: Uint8Array;
}

export interface SnapshotReply {
  readonly kind: 'snapshot-reply';
  readonly term: number;
  readonly round: number;
  readonly index: number;
  /** Everything before this has arrived. */
  readonly offsetBytes: number;
  readonly installed: boolean;
}

export type Message = VoteRequest | VoteReply | Append | AppendReply | SnapshotChunk | SnapshotReply;

const TYPE = {
  'pre-vote': 1,
  'pre-vote-reply': 2,
  vote: 3,
  'vote-reply': 4,
  append: 5,
  'append-reply': 6,
  snapshot: 7,
  'snapshot-reply': 8,
} as const;

const writer = new Writer(4096);

/** The message's bytes, not shared with any other. */
export function encodeMessage(message: Message): Uint8Array {
  writer.length = 0;
  writer.u8(TYPE[message.kind]);
  writer.varint(message.term);
  switch (message.kind) {
    case 'pre-vote':
    case 'vote':
      writer.varint(message.lastIndex);
      writer.varint(message.lastTerm);
      break;
    case 'pre-vote-reply':
    case 'vote-reply':
      writer.u8(message.granted ? 1 : 0);
      break;
    case 'append':
      writer.varint(message.prevIndex);
      writer.varint(message.prevTerm);
      writer.varint(message.commit);
      writer.varint(message.round);
      writer.varint(message.entries.length);
      for (const entry of message.entries) {
        writer.varint(entry.term);
        writer.bytes(entry.payload);
      }
      break;
    case 'append-reply':
      writeAppendReply(message);
      break;
    case 'snapshot':
      writer.varint(message.round);
      writer.varint(message.index);
      writer.varint(message.snapshotTerm);
      writer.varint(message.totalBytes);
      writer.u32(message.checksum);
      writer.varint(message.offsetBytes);
      writer.bytes(message.chunk);
      break;
    case 'snapshot-reply':
      writer.varint(message.round);
      writer.varint(message.index);
      writer.varint(message.offsetBytes);
      writer.u8(message.installed ? 1 : 0);
  }
  return writer.take();
}

function writeAppendReply(message: AppendReply): void {
  writer.varint(message.round);
  writer.u8(message.rejected ? 1 : 0);
  if (message.rejected) {
    writer.varint(message.prevIndex);
    writer.varint(message.hintIndex);
    writer.varint(message.hintTerm);
    writer.varint(message.hintFirst);
  } else {
    writer.varint(message.verified);
    writer.varint(message.match);
  }
}

/** @throws MalformedError */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  const type = reader.u8();
  const term = reader.varint();
  const message = readBody(reader, type, term);
  reader.finish();
  return message;
}

function readBody(reader: Reader, type: number, term: number): Message {
  switch (type) {
    case TYPE['pre-vote']:
    case TYPE.vote:
      return {
        kind: type === TYPE.vote ? 'vote' : 'pre-vote',
        term,
        lastIndex: reader.varint(),
        lastTerm: reader.varint(),
      };
    case TYPE['pre-vote-reply']:
    case TYPE['vote-reply']:
      return {
        kind: type === TYPE['vote-reply'] ? 'vote-reply' : 'pre-vote-reply',
        term,
        granted: readFlag(reader),
      };
    case TYPE.append:
      return {
        kind: 'append',
        term,
        prevIndex: reader.varint(),
        prevTerm: reader.varint(),
        commit: reader.varint(),
        round: reader.varint(),
        entries: readEntries(reader),
      };
    case TYPE['append-reply']:
      return readAppendReply(reader, term);
    case TYPE.snapshot:
      return {
        kind: 'snapshot',
        term,
        round: reader.varint(),
        index: reader.varint(),
        snapshotTerm: reader.varint(),
        totalBytes: reader.varint(),
        checksum: reader.u32(),
        offsetBytes: reader.varint(),
        chunk: reader.bytes(),
      };
    case TYPE['snapshot-reply']:
      return {
        kind: 'snapshot-reply',
        term,
        round: reader.varint(),
        index: reader.varint(),
        offsetBytes: reader.varint(),
        installed: readFlag(reader),
      };
    default:
      throw new MalformedError(`unknown message type ${type}`);
  }
}

function readFlag(reader: Reader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw new MalformedError(`flag ${flag}`);
  return flag === 1;
}

function readEntries(reader: Reader): readonly LogEntry[] {
  const count = reader.varint();
  if (count === 0) return NO_ENTRIES;
  if (count > reader.remaining) throw new MalformedError(`${count} entries in ${reader.remaining} bytes`);
  const entries: LogEntry[] = [];
  for (let i = 0; i < count; i++) entries.push(newEntry(reader.varint(), reader.bytes()));
  return entries;
}

function readAppendReply(reader: Reader, term: number): AppendReply {
  const round = reader.varint();
  const rejected = readFlag(reader);
  return {
    kind: 'append-reply',
    term,
    round,
    rejected,
    verified: rejected ? 0 : reader.varint(),
    match: rejected ? 0 : reader.varint(),
    prevIndex: rejected ? reader.varint() : 0,
    hintIndex: rejected ? reader.varint() : 0,
    hintTerm: rejected ? reader.varint() : 0,
    hintFirst: rejected ? reader.varint() : 0,
  };
}
