/**
 * Reads Kafka's primitives (see bytes.ts).
 *
 *     const reader = new Reader(Uint8Array.of(0xff, 0xff));
 *     reader.int16(); // -1
 *     reader.int16(); // throws MalformedError
 */
import { MalformedError } from './codec-error.ts';
import { UUID_BYTES, uuidAt } from './uuid.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const TWO_32 = 0x1_0000_0000;
const STRING_BYTES_MAX = 0x7fff;
const VARLONG_BYTES_MAX = 10;
/** A string below this is read without a detour through TextDecoder, which costs more, while it is ASCII. */
const SHORT_STRING_BYTES = 64;
/** Short strings that were read: names of topics and clients come again and again. A power of two. */
const KNOWN_STRINGS = 1024;
const knownStrings: (string | undefined)[] = new Array<string | undefined>(KNOWN_STRINGS);
const FNV_PRIME = 0x01000193;

function hasCodes(text: string, source: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== source[start + i]) return false;
  return true;
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
      let hash = length;
      for (let i = start; i < start + length; i++) {
        const code = source[i] as number;
        if (code >= 0x80) return this.utf8(start, length);
        hash = Math.imul(hash ^ code, FNV_PRIME);
      }
      const place = (hash ^ (hash >>> 16)) & (KNOWN_STRINGS - 1);
      const known = knownStrings[place];
      if (known?.length === length && hasCodes(known, source, start)) return known;
      return (knownStrings[place] = String.fromCharCode(...source.subarray(start, start + length)));
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
    return uuidAt(this.source, this.advance(UUID_BYTES));
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
