/**
 * Where decompressed bytes go: grows as they come, and refuses more than it was told. So no header's claim of a size
 * makes an allocation, and a bomb ends at the limit.
 *
 *     const sink = new ByteSink(1000);
 *     sink.raw(literals);
 *     sink.repeat(4, 12); // twelve bytes that stood four bytes ago, overlapping
 */
import { RecordError } from './errors.ts';

export class ByteSink {
  private buffer: Uint8Array;
  length = 0;
  private readonly maxBytes: number;

  constructor(maxBytes: number, expectedBytes = 4096) {
    this.maxBytes = maxBytes;
    this.buffer = new Uint8Array(Math.min(maxBytes, expectedBytes));
  }

  private reserve(count: number): number {
    const start = this.length;
    const needed = start + count;
    if (needed > this.maxBytes) {
      throw new RecordError('too-large', 0, `the records decompress to more than ${this.maxBytes} bytes`);
    }
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.min(this.maxBytes, Math.max(needed, this.buffer.length * 2)));
      grown.set(this.buffer.subarray(0, start));
      this.buffer = grown;
    }
    this.length = needed;
    return start;
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /**
   * Appends `count` bytes from `distance` bytes ago; where they overlap, what was just appended is repeated.
   *
   * @param floor - bytes before it are another block's, and out of reach
   * @returns false where that is before the floor
   */
  repeat(distance: number, count: number, floor = 0): boolean {
    if (distance <= 0 || distance > this.length - floor) return false;
    const at = this.reserve(count);
    const { buffer } = this;
    if (distance >= count) buffer.copyWithin(at, at - distance, at - distance + count);
    else for (let i = at; i < at + count; i++) buffer[i] = buffer[i - distance] as number;
    return true;
  }

  take(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}
