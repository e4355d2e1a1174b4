/**
 * LZ4 in its frame format, as Kafka's clients send it.
 *
 *     decompressLz4(compressLz4(bytes), 1 << 20) // bytes
 *
 *     frame    := 04 22 4d 18 flags:u8 blockSize:u8 [contentSize:u64] headerChecksum:u8 (size:u32 block [checksum:u32])*
 *                 0:u32 [contentChecksum:u32], little endian; the top bit of a size says that the block is not compressed
 *     block    := (token literalLength* literal* offset:u16 matchLength*)*, the last sequence literals only
 *
 * Our own: the libraries in JavaScript write linked blocks, which the Java client refuses, and accept copies from before the
 * beginning. What we write has independent blocks of 64 KiB and a right header checksum. We read linked blocks too, and
 * verify every checksum that a frame has.
 */
import { ByteSink } from './byte-sink.ts';
import { RecordError } from './errors.ts';
import { ByteReader } from './varint.ts';
import { xxh32 } from './xxh32.ts';

const MAGIC = 0x184d2204;
const FLAG = {
  dictionary: 0x01,
  contentChecksum: 0x04,
  contentSize: 0x08,
  blockChecksum: 0x10,
  independent: 0x20,
} as const;
const VERSION = 0x40;
const VERSION_MASK = 0xc0;
const UNCOMPRESSED = 0x8000_0000;

/** Block size code 4. */
const BLOCK_BYTES = 64 * 1024;
const BLOCK_CODE = 4 << 4;
const MIN_MATCH = 4;
/** The last match begins this far from the end at the latest, and the last five bytes are literals: the format says so. */
const LAST_MATCH_BYTES = 12;
const LAST_LITERALS = 5;
const HASH_BITS = 13;

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

function putWord(bytes: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
  return at + 4;
}

export function compressLz4(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  const out = new Uint8Array(15 + blocks * 4 + bytes.length + blocks * (BLOCK_BYTES / 255 + 16));
  putWord(out, 0, MAGIC);
  out[4] = VERSION | FLAG.independent;
  out[5] = BLOCK_CODE;
  out[6] = xxh32(out.subarray(4, 6)) >>> 8;
  let at = 7;
  const table = new Int32Array(1 << HASH_BITS);
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const block = bytes.subarray(from, from + BLOCK_BYTES);
    const end = compressBlock(block, out, at + 4, table.fill(0));
    const size = end - at - 4;
    if (size < block.length) {
      putWord(out, at, size);
      at = end;
    } else {
      putWord(out, at, block.length | UNCOMPRESSED);
      out.set(block, at + 4);
      at += 4 + block.length;
    }
  }
  at = putWord(out, at, 0);
  return out.subarray(0, at);
}

/** Greedy, with a table of the last place of each hash. Returns the end in `out`. */
function compressBlock(block: Uint8Array, out: Uint8Array, start: number, table: Int32Array): number {
  const lastMatch = block.length - LAST_MATCH_BYTES;
  const matchEnd = block.length - LAST_LITERALS;
  let anchor = 0;
  let to = start;
  let at = 0;
  let misses = 0;
  while (at < lastMatch) {
    const four = word(block, at);
    const hash = Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = (table[hash] as number) - 1;
    table[hash] = at + 1;
    if (candidate < 0 || word(block, candidate) !== four) {
      // Where nothing repeats, look less and less often.
      at += 1 + (misses++ >> 6);
      continue;
    }
    misses = 0;
    let length = MIN_MATCH;
    while (at + length < matchEnd && block[candidate + length] === block[at + length]) length++;
    to = putSequence(out, to, block.subarray(anchor, at), length - MIN_MATCH);
    const offset = at - candidate;
    // The offset stands between the literals and the match length.
    to = putMatch(out, to, offset, length - MIN_MATCH);
    at += length;
    anchor = at;
  }
  return putSequence(out, to, block.subarray(anchor), 0);
}

/** Token, length of the literals, and the literals. */
function putSequence(out: Uint8Array, start: number, literals: Uint8Array, matchLength: number): number {
  const { length } = literals;
  out[start] = (Math.min(length, 15) << 4) | Math.min(matchLength, 15);
  const at = putLength(out, start + 1, length);
  out.set(literals, at);
  return at + length;
}

function putMatch(out: Uint8Array, start: number, offset: number, matchLength: number): number {
  out[start] = offset;
  out[start + 1] = offset >>> 8;
  return putLength(out, start + 2, matchLength);
}

/** What of a length does not fit into the token's four bits. */
function putLength(out: Uint8Array, start: number, length: number): number {
  if (length < 15) return start;
  let at = start;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) out[at++] = 255;
  out[at++] = rest;
  return at;
}

/** @throws RecordError */
export function decompressLz4(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const sink = new ByteSink(maxBytes, bytes.length * 3);
  const reader = new ByteReader(bytes);
  const { flags, contentSize } = readFrameHeader(reader, bytes);
  for (;;) {
    const size = reader.littleEndian(4);
    if (size === 0) break;
    const at = reader.position;
    const block = reader.raw(size & ~UNCOMPRESSED);
    if ((flags & FLAG.blockChecksum) !== 0) check(reader, block, 'block');
    // An independent block may not reach into the one before it.
    const floor = (flags & FLAG.independent) !== 0 ? sink.length : 0;
    if (size >= UNCOMPRESSED) sink.raw(block);
    else decompressBlock(bytes, at, at + size, sink, floor);
  }
  const content = sink.take();
  if ((flags & FLAG.contentChecksum) !== 0) check(reader, content, 'content');
  if (contentSize !== null && contentSize !== content.length) {
    throw bad(reader.position, `an LZ4 frame has ${content.length} bytes and claims ${contentSize}`);
  }
  reader.finish();
  return content;
}

function readFrameHeader(
  reader: ByteReader,
  bytes: Uint8Array,
): { readonly flags: number; readonly contentSize: number | null } {
  if (reader.littleEndian(4) !== MAGIC) throw bad(0, 'no LZ4 frame begins here');
  const start = reader.position;
  const flags = reader.uint8();
  const blockCode = reader.uint8();
  if ((flags & VERSION_MASK) !== VERSION || (flags & FLAG.dictionary) !== 0 || (blockCode & 0x8f) !== 0) {
    throw bad(start, `an LZ4 frame with flags ${flags} and block descriptor ${blockCode}`);
  }
  let contentSize: number | null = null;
  if ((flags & FLAG.contentSize) !== 0) {
    contentSize = reader.littleEndian(4) + reader.littleEndian(4) * 0x1_0000_0000;
  }
  const end = reader.position;
  const checksum = reader.uint8();
  // Old Kafka clients hashed the magic, too (KAFKA-3160).
  const expected = (xxh32(bytes.subarray(start, end)) >>> 8) & 0xff;
  const historic = (xxh32(bytes.subarray(start - 4, end)) >>> 8) & 0xff;
  if (checksum !== expected && checksum !== historic) throw bad(end, 'the checksum of an LZ4 frame header');
  return { flags, contentSize };
}

function check(reader: ByteReader, content: Uint8Array, what: string): void {
  const at = reader.position;
  if (reader.littleEndian(4) !== xxh32(content))
    throw bad(at, `the checksum of an LZ4 ${what} does not match`);
}

function decompressBlock(bytes: Uint8Array, start: number, end: number, sink: ByteSink, floor: number): void {
  const reader = new ByteReader(bytes, start, end);
  for (;;) {
    const token = reader.uint8();
    sink.raw(reader.raw(readLength(reader, token >>> 4)));
    if (reader.remaining === 0) return;
    const at = reader.position;
    const offset = reader.littleEndian(2);
    const length = readLength(reader, token & 15) + MIN_MATCH;
    if (!sink.repeat(offset, length, floor)) throw bad(at, `an LZ4 copy from ${offset} bytes before`);
  }
}

function readLength(reader: ByteReader, nibble: number): number {
  let length = nibble;
  if (nibble < 15) return length;
  for (;;) {
    const more = reader.uint8();
    length += more;
    if (more < 255) return length;
  }
}

function bad(at: number, message: string): RecordError {
  return new RecordError('bad-compression', at, message);
}
