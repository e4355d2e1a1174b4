/**
 * Writing and reading compact binary data.
 *
 *     const writer = new Writer();
 *     writer.varint(300);
 *     writer.string('x');
 *     const reader = new Reader(writer.take());
 *     reader.varint(); // 300
 *
 * Grammar of the primitives: `u8` and `u32` (little endian) and `f64` (little endian IEEE 754) are fixed;
 * `varint` is LEB128 of an integer in 0 … 2⁵³−1; `bytes` is a varint length and that many bytes; `string` is
 * `bytes` of UTF-8. A Reader throws {@link MalformedError} on anything that does not fit, and never reads beyond
 * its end; it hands out views, not copies.
 */
import { pooledCopy } from '../runtime/pooled-bytes.ts';

/** The bytes are not what the grammar says. Always caught where the bytes came from outside. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** An integer of 53 bits takes eight groups of seven. */
const MAX_VARINT_BYTES = 8;

export class Writer {
  /** Replaced when it grows: do not hold on to it. */
  buffer: Uint8Array;
  length = 0;
  private view: DataView;

  constructor(initialBytes = 512) {
    this.buffer = new Uint8Array(initialBytes);
    this.view = new DataView(this.buffer.buffer);
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Overwrites four bytes that were written before. */
  patchU32(position: number, value: number): void {
    this.view.setUint32(position, value, true);
  }

  /** Overwrites eight bytes that were written before. */
  patchF64(position: number, value: number): void {
    this.view.setFloat64(position, value, true);
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** @param value - an integer in 0 … 2⁵³−1 */
  varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80;
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  string(text: string): void {
    const length = text.length;
    this.reserve(length + MAX_VARINT_BYTES);
    const start = this.length;
    if (length < 0x80) {
      // Short ASCII, which most keys and names are, without a detour through the encoder.
      this.buffer[this.length++] = length;
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80) {
          this.length = start;
          this.bytes(encoder.encode(text));
          return;
        }
        this.buffer[this.length++] = code;
      }
      return;
    }
    this.bytes(encoder.encode(text));
  }

  /** What was written, as bytes of their own; the writer is empty again. */
  take(): Uint8Array {
    const taken = pooledCopy(this.buffer.subarray(0, this.length));
    this.length = 0;
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

  u8(): number {
    return this.source[this.advance(1)] as number;
  }

  u32(): number {
    const at = this.advance(4);
    const source = this.source;
    return (
      ((source[at] as number) |
        ((source[at + 1] as number) << 8) |
        ((source[at + 2] as number) << 16) |
        ((source[at + 3] as number) << 24)) >>>
      0
    );
  }

  f64(): number {
    const at = this.advance(8);
    return new DataView(this.source.buffer, this.source.byteOffset + at, 8).getFloat64(0, true);
  }

  varint(): number {
    let value = this.u8();
    if (value < 0x80) return value;
    value &= 0x7f;
    let scale = 128;
    for (let count = 1; count < MAX_VARINT_BYTES; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new MalformedError('integer beyond 2^53');
  }

  raw(count: number): Uint8Array {
    const start = this.advance(count);
    return this.source.subarray(start, start + count);
  }

  bytes(): Uint8Array {
    return this.raw(this.varint());
  }

  string(): string {
    const length = this.varint();
    const start = this.advance(length);
    if (length < 32) {
      let text = '';
      for (let i = start; i < start + length; i++) {
        const code = this.source[i] as number;
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

  /** Refuses bytes that are left over. */
  finish(): void {
    if (this.position !== this.end) throw new MalformedError(`${this.remaining} bytes too many`);
  }
}
