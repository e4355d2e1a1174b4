/**
 * Zstandard: reading by a library, writing as stored blocks.
 *
 *     decompressZstd(compressZstd(bytes), 1 << 20) // bytes
 *
 *     frame := 28 b5 2f fd descriptor:u8 [window:u8] [contentSize:u8|u16|u32|u64] block* [checksum:u32], little endian
 *     block := header:u24 byte*; header is last:1 type:2 size:21 from the lowest bit
 *
 * There is no synchronous compressor in JavaScript or WebAssembly that loads without waiting, and a cluster of ours seldom
 * compresses: producers do. So we write valid frames whose blocks are stored, or one byte repeated, which every decoder
 * reads. Before the library sees a frame, its blocks are walked here: the library allocates the window that a header
 * asks for.
 */
import { Decompress } from 'fzstd';
import { ByteSink } from './byte-sink.ts';
import { RecordError } from './errors.ts';
import { ByteReader, ByteWriter } from './varint.ts';

const MAGIC = 0xfd2fb528;
/** The most that a block may have, or come to. */
const BLOCK_BYTES = 128 * 1024;
const BLOCK = { raw: 0, repeated: 1, compressed: 2 } as const;
/** Single segment, content size of four bytes, no checksum, no dictionary. */
const DESCRIPTOR = 0xa0;
/** What producers' compressors use at their highest levels; a larger window is refused. */
const MAX_WINDOW_BYTES = 32 * 1024 * 1024;

export function compressZstd(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(bytes.length + 32);
  writer.littleEndian(MAGIC, 4);
  writer.int8(DESCRIPTOR);
  writer.littleEndian(bytes.length, 4);
  let at = 0;
  do {
    const block = bytes.subarray(at, at + BLOCK_BYTES);
    at += BLOCK_BYTES;
    const last = at >= bytes.length ? 1 : 0;
    const first = block[0];
    const isOneByte = first !== undefined && block.every((byte) => byte === first);
    const type = isOneByte ? BLOCK.repeated : BLOCK.raw;
    writer.littleEndian(last | (type << 1) | (block.length << 3), 3);
    writer.raw(isOneByte ? block.subarray(0, 1) : block);
  } while (at < bytes.length);
  return writer.take();
}

/** @throws RecordError */
export function decompressZstd(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const end = walkFrame(bytes, maxBytes);
  if (end !== bytes.length) throw bad(end, `${bytes.length - end} bytes after a zstd frame`);
  const sink = new ByteSink(maxBytes, bytes.length * 3);
  try {
    // What the library hands out is its own window, and it may be used again.
    new Decompress((chunk) => sink.raw(chunk)).push(bytes, true);
  } catch (thrown) {
    if (thrown instanceof RecordError) throw thrown;
    throw new RecordError('bad-compression', 0, 'zstd blocks that cannot be decoded', { cause: thrown });
  }
  return sink.take();
}

/** The end of the frame, as its headers tell. */
function walkFrame(bytes: Uint8Array, maxBytes: number): number {
  const reader = new ByteReader(bytes);
  if (reader.littleEndian(4) !== MAGIC) throw bad(0, 'no zstd frame begins here');
  const descriptor = reader.uint8();
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x0b) !== 0) throw bad(4, 'a zstd frame with a dictionary or reserved bits');
  let windowBytes = 0;
  if (!isSingleSegment) {
    const window = reader.uint8();
    windowBytes = 2 ** (10 + (window >>> 3)) * (1 + (window & 7) / 8);
  }
  const sizeCode = descriptor >>> 6;
  const contentBytes = readContentSize(reader, sizeCode === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeCode);
  if (isSingleSegment) windowBytes = contentBytes;
  if (contentBytes > maxBytes) throw new RecordError('too-large', 4, `${contentBytes} bytes of records`);
  if (windowBytes > Math.max(MAX_WINDOW_BYTES, maxBytes))
    throw bad(4, `a zstd window of ${windowBytes} bytes`);
  for (let isLast = false; !isLast;) {
    const at = reader.position;
    const header = reader.littleEndian(3);
    isLast = (header & 1) === 1;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type > BLOCK.compressed || size > BLOCK_BYTES)
      throw bad(at, `a zstd block of type ${type}, ${size} bytes`);
    reader.raw(type === BLOCK.repeated ? 1 : size);
  }
  if ((descriptor & 0x04) !== 0) reader.raw(4);
  return reader.position;
}

function readContentSize(reader: ByteReader, count: number): number {
  switch (count) {
    case 0:
      return 0;
    case 2:
      return reader.littleEndian(2) + 256;
    case 8:
      return reader.littleEndian(4) + reader.littleEndian(4) * 0x1_0000_0000;
    default:
      return reader.littleEndian(count);
  }
}

function bad(at: number, message: string): RecordError {
  return new RecordError('bad-compression', at, message);
}
