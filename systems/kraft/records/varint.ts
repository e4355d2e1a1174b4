/**
 * Reading and writing the big-endian fields and the zigzag varints of records.
 *
 *     const out = new ByteWriter();
 *     out.varint(-3);              // one byte, 0x05
 *     new ByteReader(out.take()).varint() // -3
 *
 *     varint := LEB128 of the zigzag of an integer; here of up to 53 bits, which offsets and timestamps stay below
 *
 * A reader throws {@link RecordError} on what does not fit, and never reads beyond its end; it hands out views.
 */
import { pooledBytes, pooledCopy } from '../../runtime/pooled-bytes.ts';
import { RecordError, type RecordErrorCode } from './errors.ts';

/** A zigzag integer of 54 bits takes eight groups of seven. */
const MAX_VARINT_BYTES = 8;
const MAX_VARINT32_BYTES = 5;

/** The signed 64-bit integer at a place. Throws where a number cannot hold it exactly. @param code - what is wrong then */
export function readInt64(bytes: Uint8Array, at: number, code: RecordErrorCode = 'bad-record'): number {
  const high =
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number);
  const value = high * 0x1_0000_0000 + (readInt32(bytes, at + 4) >>> 0);
  if (!Number.isSafeInteger(value)) throw new RecordError(code, at, 'an integer beyond 2^53');
  return value;
}

export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, Math.floor(value / 0x1_0000_0000));
  writeInt32(bytes, at + 4, value % 0x1_0000_0000);
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function readInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
}

export function writeInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Beyond these the zigzag of an integer is no exact number. */
const VARINT_MIN = -(2 ** 52);
const VARINT_MAX = 2 ** 52 - 1;

/** How many bytes {@link ByteWriter.varint} takes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = zigzag(value); rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

export class ByteWriter {
  private buffer: Uint8Array;
  length = 0;

  constructor(initialBytes = 256) {
    this.buffer = pooledBytes(initialBytes);
  }

  private reserve(count: number): number {
    const start = this.length;
    const needed = start + count;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, start));
      this.buffer = grown;
    }
    this.length = needed;
    return start;
  }

  int8(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  int16(value: number): void {
    const at = this.reserve(2);
    writeInt16(this.buffer, at, value);
  }

  int32(value: number): void {
    const at = this.reserve(4);
    writeInt32(this.buffer, at, value);
  }

  int64(value: number): void {
    const at = this.reserve(8);
    writeInt64(this.buffer, at, value);
  }

  /** @param count - how many bytes of it, from the lowest */
  littleEndian(value: number, count: number): void {
    const at = this.reserve(count);
    for (let i = 0; i < count; i++) this.buffer[at + i] = value >>> (8 * i);
  }

  varint(value: number): void {
    if (value < VARINT_MIN || value > VARINT_MAX)
      throw new RangeError(`a varint of ${value} cannot be read back`);
    this.unsignedVarint(zigzag(value));
  }

  unsignedVarint(value: number): void {
    let at = this.reserve(MAX_VARINT_BYTES);
    const { buffer } = this;
    let rest = value;
    while (rest >= 0x80) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 128);
    }
    buffer[at++] = rest;
    this.length = at;
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** What was written, until more is. */
  get written(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** What was written, as bytes of their own; the writer is empty again. */
  take(): Uint8Array {
    const taken = pooledCopy(this.written);
    this.length = 0;
    return taken;
  }
}

export class ByteReader {
  position: number;
  readonly end: number;
  private readonly source: Uint8Array;

  constructor(source: Uint8Array, start = 0, end = source.length) {
    this.source = source;
    this.position = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  private advance(count: number): number {
    const start = this.position;
    if (count < 0 || count > this.end - start) {
      const what = count < 0 ? `a length of ${count}` : `ends ${count - (this.end - start)} bytes short`;
      throw new RecordError(count < 0 ? 'bad-record' : 'truncated', start, what);
    }
    this.position = start + count;
    return start;
  }

  int8(): number {
    const at = this.advance(1);
    return ((this.source[at] as number) << 24) >> 24;
  }

  uint8(): number {
    return this.source[this.advance(1)] as number;
  }

  /** An unsigned little-endian integer of one to four bytes, as compressed formats have them. */
  littleEndian(count: number): number {
    const at = this.advance(count);
    let value = 0;
    for (let i = count - 1; i >= 0; i--) value = value * 256 + (this.source[at + i] as number);
    return value;
  }

  int16(): number {
    return readInt16(this.source, this.advance(2));
  }

  int32(): number {
    return readInt32(this.source, this.advance(4));
  }

  int64(): number {
    return readInt64(this.source, this.advance(8));
  }

  varint(): number {
    const value = this.unsignedVarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** An integer of 32 bits in at most five bytes: what the Java client reads as lengths and offsets. */
  varint32(): number {
    const start = this.position;
    const value = this.unsignedVarint();
    if (value > 0xffff_ffff || this.position - start > MAX_VARINT32_BYTES) {
      throw new RecordError('bad-record', start, 'a varint beyond 32 bits');
    }
    return (value >>> 1) ^ -(value & 1);
  }

  unsignedVarint(): number {
    const start = this.position;
    const first = start < this.end ? (this.source[start] as number) : 0x80;
    // Most have one byte.
    if (first < 0x80) {
      this.position = start + 1;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const byte = this.source[this.advance(1)] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new RecordError('bad-record', start, 'a varint beyond 2^53');
  }

  raw(count: number): Uint8Array {
    const start = this.advance(count);
    return this.source.subarray(start, start + count);
  }

  skip(count: number): void {
    this.advance(count);
  }

  /** Refuses bytes that are left over. */
  finish(): void {
    if (this.remaining !== 0) {
      throw new RecordError('bad-record', this.position, `${this.remaining} bytes too many`);
    }
  }
}
