/**
 * What clients and nodes say to each other over a byte stream.
 *
 *     frame   := length:u32 content                              length counts the content
 *     request := requestId:varint body
 *     body    := 1 … | 2 …                                       a payload (`payload.ts`): register, or a command
 *              | 16 key:string                                   read
 *     reply   := requestId:varint code:u8 shape
 *     shape   := 0 | 1 term index | 2 value | 3 leader:string    nothing, a position, what was read, who leads
 *
 * A client numbers its requests; replies may come in another order. {@link FrameReader} takes chunks of any size and
 * throws MalformedError at a frame that is too large; whoever reads then ends the connection.
 */
import type { Json } from '../../harness/history/operation.ts';
import { MalformedError, Reader, Writer } from './bytes.ts';
import type { Payload } from './payload.ts';
import { FIRST_REQUEST_KIND, readPayload, writePayload } from './payload.ts';
import { readValue, writeValue } from './values.ts';

const READ = FIRST_REQUEST_KIND;
const LENGTH_BYTES = 4;

export type Request =
  | { readonly kind: 'read'; readonly requestId: number; readonly key: string }
  /** `bytes` are the payload's own, a view into the frame. */
  | {
      readonly kind: 'propose';
      readonly requestId: number;
      readonly bytes: Uint8Array;
      readonly payload: Payload;
    };

export interface ClientReply {
  readonly requestId: number;
  readonly code: number;
  readonly term: number;
  readonly index: number;
  readonly value: Json;
  readonly leader: string | null;
}

const SHAPE = { none: 0, position: 1, value: 2, leader: 3 } as const;

const writer = new Writer(1024);

function beginFrame(requestId: number): void {
  writer.length = 0;
  writer.u32(0);
  writer.varint(requestId);
}

function endFrame(): Uint8Array {
  writer.patchU32(0, writer.length - LENGTH_BYTES);
  return writer.take();
}

/** @throws MalformedError for a value that JSON cannot carry */
export function encodeRead(requestId: number, key: string): Uint8Array {
  beginFrame(requestId);
  writer.u8(READ);
  writer.string(key);
  return endFrame();
}

/** @throws MalformedError for a value that JSON cannot carry */
export function encodeProposal(requestId: number, payload: Payload): Uint8Array {
  beginFrame(requestId);
  writePayload(writer, payload);
  return endFrame();
}

/**
 * @param bytes - the frame's content is bytes `begin` to `end` of it
 * @throws MalformedError
 */
export function decodeRequest(bytes: Uint8Array, begin = 0, end = bytes.length): Request {
  const reader = new Reader(bytes, begin, end);
  const requestId = reader.varint();
  const start = reader.position;
  if (start < end && bytes[start] === READ) {
    reader.u8();
    const key = reader.string();
    reader.finish();
    return { kind: 'read', requestId, key };
  }
  const payload = readPayload(reader);
  reader.finish();
  if (payload.kind === 'noop') throw new MalformedError('a client does not propose no-ops');
  return { kind: 'propose', requestId, bytes: bytes.subarray(start, end), payload };
}

/** The number of a request whose rest is malformed; 0 where even that cannot be read. */
export function requestIdOf(bytes: Uint8Array, begin = 0, end = bytes.length): number {
  try {
    return new Reader(bytes, begin, end).varint();
  } catch (error) {
    if (error instanceof MalformedError) return 0;
    throw error;
  }
}

export function encodePosition(requestId: number, code: number, term: number, index: number): Uint8Array {
  beginFrame(requestId);
  writer.u8(code);
  writer.u8(SHAPE.position);
  writer.varint(term);
  writer.varint(index);
  return endFrame();
}

export function encodeReadReply(requestId: number, value: Json): Uint8Array {
  beginFrame(requestId);
  writer.u8(0);
  writer.u8(SHAPE.value);
  writeValue(writer, value);
  return endFrame();
}

export function encodeRefusal(requestId: number, code: number, leader: string | null): Uint8Array {
  beginFrame(requestId);
  writer.u8(code);
  if (leader === null) {
    writer.u8(SHAPE.none);
  } else {
    writer.u8(SHAPE.leader);
    writer.string(leader);
  }
  return endFrame();
}

/**
 * @param bytes - the frame's content is bytes `begin` to `end` of it
 * @throws MalformedError
 */
export function decodeReply(bytes: Uint8Array, begin = 0, end = bytes.length): ClientReply {
  const reader = new Reader(bytes, begin, end);
  const requestId = reader.varint();
  const code = reader.u8();
  const shape = reader.u8();
  let term = 0;
  let index = 0;
  let value: Json = null;
  let leader: string | null = null;
  switch (shape) {
    case SHAPE.none:
      break;
    case SHAPE.position:
      term = reader.varint();
      index = reader.varint();
      break;
    case SHAPE.value:
      value = readValue(reader);
      break;
    case SHAPE.leader:
      leader = reader.string();
      break;
    default:
      throw new MalformedError(`unknown reply shape ${shape}`);
  }
  reader.finish();
  return { requestId, code, term, index, value, leader };
}

/** A frame's content: bytes `begin` to `end`. They stay as they are. */
type FrameHandler = (bytes: Uint8Array, begin: number, end: number) => void;

/** Cuts a byte stream into frames. */
export class FrameReader {
  private readonly maxFrameBytes: number;
  private readonly onFrame: FrameHandler;
  /** What has come of a frame that is not complete; null between frames. */
  private partial: Uint8Array | null = null;

  constructor(maxFrameBytes: number, onFrame: FrameHandler) {
    this.maxFrameBytes = maxFrameBytes;
    this.onFrame = onFrame;
  }

  /**
   * Hands every complete frame on.
   * @throws MalformedError for a frame beyond the limit
   */
  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.partial !== null) {
      bytes = new Uint8Array(this.partial.length + chunk.length);
      bytes.set(this.partial);
      bytes.set(chunk, this.partial.length);
      this.partial = null;
    }
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = new Reader(bytes, at).u32();
      if (length > this.maxFrameBytes) {
        throw new MalformedError(`frame of ${length} bytes; at most ${this.maxFrameBytes}`);
      }
      const start = at + LENGTH_BYTES;
      if (bytes.length - start < length) break;
      at = start + length;
      this.onFrame(bytes, start, at);
    }
    if (at < bytes.length) this.partial = bytes.subarray(at);
  }
}
