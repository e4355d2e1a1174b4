/**
 * Kafka's primitives: writing and reading big-endian binary data.
 *
 *     const writer = new Writer();
 *     writer.int32(7);
 *     writer.compactString('orders');
 *     const reader = new Reader(writer.take());
 *     reader.int32(); // 7
 *     reader.compactString(); // 'orders'
 *
 *     int8 int16 int32 int64          two's complement, most significant byte first; uint16 and uint32 without a sign
 *     unsignedVarint                  LEB128 of 32 bits; varint, varlong: the same of the zigzag of 32, of 64 bits
 *     string, nullableString          int16 length (−1: null) and UTF-8; the compact ones: unsignedVarint of length + 1
 *     bytes, nullableBytes            int32 length (−1: null) and bytes; the compact ones: unsignedVarint of length + 1
 *     array                           int32 count (−1: null); compact: unsignedVarint of count + 1 (0: null)
 *     uuid                            16 bytes, here as Kafka prints them: 22 characters of base64url without padding
 *
 * An int64 is a `number` here: offsets, timestamps and producer ids stay below 2⁵³, and one beyond is refused when it is
 * read rather than rounded. A Reader throws {@link MalformedError} on anything that does not fit, never reads beyond its
 * end, and hands out views, not copies. A Writer throws {@link EncodeError} for a value that its type cannot hold.
 */

/** The bytes are not what the protocol says. Always caught where the bytes came from outside. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** A value cannot be written as it is: too long, too large, or not to be had in that version. A mistake of the caller. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const TWO_32 = 0x1_0000_0000;
const STRING_BYTES_MAX = 0x7fff;
const VARINT_BYTES_MAX = 5;
const VARLONG_BYTES_MAX = 10;
/** A string below this is read and written without a detour through TextDecoder and TextEncoder, which cost more. */
const SHORT_STRING_BYTES = 64;

/** Above this, what was written is handed out as it lies, without another copy. */
const COPIED_BYTES_MAX = 1 << 12;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE64URL_VALUE = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) BASE64URL_VALUE[BASE64URL.charCodeAt(i)] = i;

const UUID_BYTES = 16;
const UUID_CHARACTERS = 22;

/** All zeros: no topic, no directory. */
export const ZERO_UUID = 'A'.repeat(UUID_CHARACTERS);

/** @returns the 22 characters for 16 bytes, or null where there are not 16 */
export function uuidFromBytes(bytes: Uint8Array): string | null {
  if (bytes.length !== UUID_BYTES) return null;
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 6) {
      bitCount -= 6;
      text += BASE64URL[(bits >>> bitCount) & 63];
    }
    bits &= (1 << bitCount) - 1;
  }
  return text + BASE64URL[(bits << (6 - bitCount)) & 63];
}

/** @returns the 16 bytes, or null where the text is not what {@link uuidFromBytes} makes of any */
export function uuidToBytes(text: string): Uint8Array | null {
  if (text.length !== UUID_CHARACTERS) return null;
  const bytes = new Uint8Array(UUID_BYTES);
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let i = 0; i < UUID_CHARACTERS; i++) {
    const value = BASE64URL_VALUE[text.charCodeAt(i)] ?? -1;
    if (value < 0) return null;
    bits = (bits << 6) | value;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[at++] = bits >>> bitCount;
      bits &= (1 << bitCount) - 1;
    }
  }
  // 22 characters are 132 bits: the last four say nothing, and two texts must not mean the same.
  return bits === 0 ? bytes : null;
}

function checkInteger(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new EncodeError(`${value} is no integer between ${min} and ${max}`);
  }
}

export class Writer {
  /** Replaced when it grows or is taken: do not hold on to it. */
  buffer: Uint8Array;
  length = 0;
  private view: DataView;
  private readonly initialBytes: number;

  constructor(initialBytes = 512) {
    this.initialBytes = initialBytes;
    this.buffer = new Uint8Array(initialBytes);
    this.view = new DataView(this.buffer.buffer);
  }

  private reserve(count: number): number {
    const start = this.length;
    const needed = start + count;
    this.length = needed;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed + this.initialBytes, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, start));
      this.buffer = grown;
      this.view = new DataView(grown.buffer);
    }
    return start;
  }

  boolean(value: boolean): void {
    this.buffer[this.reserve(1)] = value ? 1 : 0;
  }

  int8(value: number): void {
    checkInteger(value, -0x80, 0x7f);
    this.buffer[this.reserve(1)] = value;
  }

  int16(value: number): void {
    checkInteger(value, -0x8000, 0x7fff);
    const at = this.reserve(2);
    this.view.setInt16(at, value);
  }

  uint16(value: number): void {
    checkInteger(value, 0, 0xffff);
    const at = this.reserve(2);
    this.view.setUint16(at, value);
  }

  int32(value: number): void {
    checkInteger(value, -0x8000_0000, 0x7fff_ffff);
    const at = this.reserve(4);
    this.view.setInt32(at, value);
  }

  uint32(value: number): void {
    checkInteger(value, 0, 0xffff_ffff);
    const at = this.reserve(4);
    this.view.setUint32(at, value);
  }

  int64(value: number): void {
    checkInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const at = this.reserve(8);
    this.view.setInt32(at, Math.floor(value / TWO_32));
    // The conversion to 32 bits is modulo 2³², of negative numbers too.
    this.view.setInt32(at + 4, value | 0);
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
    if (length < SHORT_STRING_BYTES) {
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
    if (length < SHORT_STRING_BYTES) {
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
    this.buffer[this.reserve(1)] = 0;
  }

  /** Overwrites four bytes that were written before: a length that is known at the end. */
  patchInt32(position: number, value: number): void {
    this.view.setInt32(position, value);
  }

  /** Overwrites four bytes that were written before: a checksum. */
  patchUint32(position: number, value: number): void {
    this.view.setUint32(position, value);
  }

  /** What was written, as bytes that nothing will change; the writer is empty again. */
  take(): Uint8Array {
    const { length } = this;
    this.length = 0;
    if (length <= COPIED_BYTES_MAX) return this.buffer.slice(0, length);
    const taken = this.buffer.subarray(0, length);
    this.buffer = new Uint8Array(this.initialBytes);
    this.view = new DataView(this.buffer.buffer);
    return taken;
  }
}

export class Reader {
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
    if (count > this.end - start) throw new MalformedError(`ends ${count - (this.end - start)} bytes short`);
    this.position = start + count;
    return start;
  }

  private byte(): number {
    return this.source[this.advance(1)] as number;
  }

  /** As Kafka does, everything but 0 is true. */
  boolean(): boolean {
    return this.byte() !== 0;
  }

  int8(): number {
    return (this.byte() << 24) >> 24;
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  uint16(): number {
    const at = this.advance(2);
    return ((this.source[at] as number) << 8) | (this.source[at + 1] as number);
  }

  int32(): number {
    const at = this.advance(4);
    const { source } = this;
    return (
      ((source[at] as number) << 24) |
      ((source[at + 1] as number) << 16) |
      ((source[at + 2] as number) << 8) |
      (source[at + 3] as number)
    );
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): number {
    const high = this.int32();
    const value = high * TWO_32 + this.uint32();
    if (!Number.isSafeInteger(value)) throw new MalformedError('an int64 beyond 2^53');
    return value;
  }

  unsignedVarint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.byte();
    if (last > 0x0f) throw new MalformedError('a varint of more than 32 bits');
    return (value | (last << 28)) >>> 0;
  }

  varint(): number {
    const zigzag = this.unsignedVarint();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  varlong(): number {
    let byte = this.byte();
    const low = byte & 0x7f;
    let high = 0;
    let scale = 1;
    for (let count = 1; byte >= 0x80; count++) {
      if (count === VARLONG_BYTES_MAX) throw new MalformedError('a varlong of more than 64 bits');
      byte = this.byte();
      high += (byte & 0x7f) * scale;
      scale *= 128;
    }
    const magnitude = high * 64 + (low >>> 1);
    const value = (low & 1) === 0 ? magnitude : -magnitude - 1;
    if (!Number.isSafeInteger(value)) throw new MalformedError('a varlong beyond 2^53');
    return value;
  }

  /** @param count - at least 0 */
  raw(count: number): Uint8Array {
    const start = this.advance(count);
    return this.source.subarray(start, start + count);
  }

  private text(length: number): string {
    const start = this.advance(length);
    if (length < SHORT_STRING_BYTES) {
      const { source } = this;
      let text = '';
      for (let i = start; i < start + length; i++) {
        const code = source[i] as number;
        if (code >= 0x80) return this.utf8(start, length);
        text += String.fromCharCode(code);
      }
      return text;
    }
    return this.utf8(start, length);
  }

  private utf8(start: number, length: number): string {
    try {
      return decoder.decode(this.source.subarray(start, start + length));
    } catch (cause) {
      throw new MalformedError('text that is not UTF-8', { cause });
    }
  }

  private static notNull<T>(value: T | null): T {
    if (value === null) throw new MalformedError('null where there must be a value');
    return value;
  }

  string(): string {
    return Reader.notNull(this.nullableString());
  }

  nullableString(): string | null {
    const length = this.int16();
    if (length >= 0) return this.text(length);
    if (length === -1) return null;
    throw new MalformedError(`a string of ${length} bytes`);
  }

  compactString(): string {
    return Reader.notNull(this.compactNullableString());
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1;
    if (length < 0) return null;
    if (length > STRING_BYTES_MAX) throw new MalformedError(`a string of ${length} bytes`);
    return this.text(length);
  }

  bytes(): Uint8Array {
    return Reader.notNull(this.nullableBytes());
  }

  nullableBytes(): Uint8Array | null {
    const length = this.int32();
    if (length >= 0) return this.raw(length);
    if (length === -1) return null;
    throw new MalformedError(`${length} bytes`);
  }

  compactBytes(): Uint8Array {
    return Reader.notNull(this.compactNullableBytes());
  }

  compactNullableBytes(): Uint8Array | null {
    const length = this.unsignedVarint() - 1;
    return length < 0 ? null : this.raw(length);
  }

  uuid(): string {
    return uuidFromBytes(this.raw(UUID_BYTES)) as string;
  }

  /**
   * The number of an array's elements; −1 for null. More than fit into what remains is an error before anything is
   * allocated for them.
   * @param elementBytesMin - how short an element can be
   */
  arrayLength(elementBytesMin: number): number {
    return this.checkedCount(this.int32(), elementBytesMin);
  }

  compactArrayLength(elementBytesMin: number): number {
    return this.checkedCount(this.unsignedVarint() - 1, elementBytesMin);
  }

  private checkedCount(count: number, elementBytesMin: number): number {
    if (count < -1) throw new MalformedError(`an array of ${count} elements`);
    if (count * Math.max(1, elementBytesMin) > this.remaining) {
      throw new MalformedError(`an array of ${count} elements in ${this.remaining} bytes`);
    }
    return count;
  }

  /** Skips the tagged fields of a structure that has none that we know. */
  skipTags(): void {
    const count = this.unsignedVarint();
    let previous = -1;
    for (let i = 0; i < count; i++) {
      previous = this.tag(previous);
      this.raw(this.unsignedVarint());
    }
  }

  /** The next tag, which is larger than the one before it (KIP-482). */
  tag(previous: number): number {
    const tag = this.unsignedVarint();
    if (tag <= previous) throw new MalformedError(`tag ${tag} after tag ${previous}`);
    return tag;
  }

  /** Refuses bytes that are left over. */
  finish(): void {
    if (this.position !== this.end) throw new MalformedError(`${this.remaining} bytes too many`);
  }
}
