/**
 * Writes Kafka's primitives (see bytes.ts).
 *
 *     const writer = new Writer();
 *     writer.int16(-1);
 *     writer.take(); // ff ff
 */
import { pooledBytes, pooledCopy } from '../../runtime/pooled-bytes.ts';
import { EncodeError } from './codec-error.ts';
import { uuidToBytes } from './uuid.ts';

const encoder = new TextEncoder();

const TWO_32 = 0x1_0000_0000;
const STRING_BYTES_MAX = 0x7fff;
const VARINT_BYTES_MAX = 5;
const VARLONG_BYTES_MAX = 10;
/** A string below this is written without a detour through TextEncoder, which costs more, while it is ASCII. */
const SHORT_STRING_LENGTH = 64;

/** Above this, what was written is handed out as it lies, without another copy. */
const COPIED_BYTES_MAX = 1 << 12;

function checkInteger(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new EncodeError(`${value} is no integer between ${min} and ${max}`);
  }
}

export class Writer {
  /** Replaced when it grows or is taken: do not hold on to it. */
  buffer: Uint8Array;
  length = 0;
  private readonly initialBytes: number;

  constructor(initialBytes = 512) {
    this.initialBytes = initialBytes;
    this.buffer = pooledBytes(initialBytes);
  }

  /** May replace the buffer: whoever writes into it looks it up afterwards. */
  private reserve(count: number): number {
    const start = this.length;
    const needed = start + count;
    this.length = needed;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed + this.initialBytes, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, start));
      this.buffer = grown;
    }
    return start;
  }

  boolean(value: boolean): void {
    const at = this.reserve(1);
    this.buffer[at] = value ? 1 : 0;
  }

  int8(value: number): void {
    checkInteger(value, -0x80, 0x7f);
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  int16(value: number): void {
    checkInteger(value, -0x8000, 0x7fff);
    this.put16(this.reserve(2), value);
  }

  uint16(value: number): void {
    checkInteger(value, 0, 0xffff);
    this.put16(this.reserve(2), value);
  }

  int32(value: number): void {
    checkInteger(value, -0x8000_0000, 0x7fff_ffff);
    this.put32(this.reserve(4), value);
  }

  uint32(value: number): void {
    checkInteger(value, 0, 0xffff_ffff);
    this.put32(this.reserve(4), value);
  }

  int64(value: number): void {
    checkInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const at = this.reserve(8);
    this.put32(at, Math.floor(value / TWO_32));
    // The conversion to 32 bits is modulo 2³², of negative numbers too.
    this.put32(at + 4, value | 0);
  }

  /** @param value - 0 … 2³²−1 */
  unsignedVarint(value: number): void {
    checkInteger(value, 0, 0xffff_ffff);
    this.varint32(value >>> 0);
  }

  private varint32(value: number): void {
    let at = this.reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[at++] = rest;
    this.length = at;
  }

  varint(value: number): void {
    checkInteger(value, -0x8000_0000, 0x7fff_ffff);
    this.varint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  varlong(value: number): void {
    if (value >= -0x4000_0000 && value <= 0x3fff_ffff) {
      this.varint(value);
      return;
    }
    checkInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    // The zigzag has 54 bits: its lowest seven are split off while it is still exact, in two parts.
    let low: number;
    let high: number;
    if (value >= 0) {
      low = (value % 64) * 2;
      high = Math.floor(value / 64);
    } else {
      const rest = -(value + 1);
      low = (rest % 64) * 2 + 1;
      high = Math.floor(rest / 64);
    }
    let at = this.reserve(VARLONG_BYTES_MAX);
    this.buffer[at++] = low | 0x80;
    while (high >= 0x80) {
      this.buffer[at++] = (high % 128) | 0x80;
      high = Math.floor(high / 128);
    }
    this.buffer[at++] = high;
    this.length = at;
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  string(text: string): void {
    const { length } = text;
    if (length < SHORT_STRING_LENGTH) {
      const start = this.length;
      this.int16(length);
      if (this.ascii(text)) return;
      this.length = start;
    }
    const bytes = encoder.encode(text);
    if (bytes.length > STRING_BYTES_MAX) throw new EncodeError(`a string of ${bytes.length} bytes`);
    this.int16(bytes.length);
    this.raw(bytes);
  }

  nullableString(text: string | null): void {
    if (text === null) this.int16(-1);
    else this.string(text);
  }

  compactString(text: string): void {
    const { length } = text;
    if (length < SHORT_STRING_LENGTH) {
      const start = this.length;
      this.varint32(length + 1);
      if (this.ascii(text)) return;
      this.length = start;
    }
    const bytes = encoder.encode(text);
    if (bytes.length > STRING_BYTES_MAX) throw new EncodeError(`a string of ${bytes.length} bytes`);
    this.compactBytes(bytes);
  }

  compactNullableString(text: string | null): void {
    if (text === null) this.varint32(0);
    else this.compactString(text);
  }

  /** @returns whether the text was ASCII, and is written */
  private ascii(text: string): boolean {
    const { length } = text;
    const at = this.reserve(length);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      this.buffer[at + i] = code;
    }
    return true;
  }

  bytes(bytes: Uint8Array): void {
    this.int32(bytes.length);
    this.raw(bytes);
  }

  nullableBytes(bytes: Uint8Array | null): void {
    if (bytes === null) this.int32(-1);
    else this.bytes(bytes);
  }

  compactBytes(bytes: Uint8Array): void {
    this.varint32(bytes.length + 1);
    this.raw(bytes);
  }

  compactNullableBytes(bytes: Uint8Array | null): void {
    if (bytes === null) this.varint32(0);
    else this.compactBytes(bytes);
  }

  uuid(text: string): void {
    const bytes = uuidToBytes(text);
    if (bytes === null) throw new EncodeError(`“${text}” is no UUID of 22 characters of base64url`);
    this.raw(bytes);
  }

  /** No tagged fields. */
  emptyTags(): void {
    const at = this.reserve(1);
    this.buffer[at] = 0;
  }

  /** What `write` writes, with its length in front as an unsigned varint. */
  sized(write: (writer: this) => void): void {
    const start = this.length;
    this.reserve(1);
    write(this);
    const size = this.length - start - 1;
    if (size < 0x80) {
      this.buffer[start] = size;
      return;
    }
    // The length takes more than the one byte: what was written moves up.
    const moved = varintBytes(size) - 1;
    this.reserve(moved);
    const end = this.length;
    this.buffer.copyWithin(start + 1 + moved, start + 1, start + 1 + size);
    this.length = start;
    this.varint32(size);
    this.length = end;
  }

  /** Overwrites four bytes that were written before: a length that is known at the end, or a checksum. */
  patchInt32(position: number, value: number): void {
    this.put32(position, value);
  }

  private put16(at: number, value: number): void {
    this.buffer[at] = value >>> 8;
    this.buffer[at + 1] = value;
  }

  private put32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  /** What was written, as bytes that nothing will change; the writer is empty again. */
  take(): Uint8Array {
    const taken = this.buffer.subarray(0, this.length);
    this.length = 0;
    if (taken.length <= COPIED_BYTES_MAX) return pooledCopy(taken);
    this.buffer = pooledBytes(this.initialBytes);
    return taken;
  }
}

function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest >>>= 7) count++;
  return count;
}
