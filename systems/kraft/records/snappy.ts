/**
 * Snappy, raw and in the framing of the xerial library, in which Java clients send it.
 *
 *     decompressSnappy(compressSnappy(bytes), 1 << 20) // bytes
 *
 *     xerial := 82 'SNAPPY' 00 version:i32 compatible:i32 (length:i32 raw)*
 *     raw    := uncompressed length:varint element*
 *
 * Compressing is the library's. Reading is our own, because the library's reader believes lengths: hostile ones send it
 * round for ever, or give bytes that nobody wrote.
 */
import snappy from 'snappyjs';
import { ByteSink } from './byte-sink.ts';
import { RecordError } from './errors.ts';
import { ByteReader, ByteWriter } from './varint.ts';

const XERIAL_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);
const XERIAL_HEADER_BYTES = 16;
const XERIAL_VERSION = 1;
/** As the Java library cuts it. */
const BLOCK_BYTES = 32 * 1024;

/** In xerial framing, which every client reads. */
export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(XERIAL_HEADER_BYTES + bytes.length / 2 + 64);
  writer.raw(XERIAL_MAGIC);
  writer.int32(XERIAL_VERSION);
  writer.int32(XERIAL_VERSION);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    // A copy of exactly this type: the library looks at the constructor.
    const block = snappy.compress(Uint8Array.prototype.slice.call(bytes, at, at + BLOCK_BYTES));
    writer.int32(block.length);
    writer.raw(block);
  }
  return writer.take();
}

/** @throws RecordError */
export function decompressSnappy(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const sink = new ByteSink(maxBytes, bytes.length * 3);
  if (!XERIAL_MAGIC.every((byte, i) => bytes[i] === byte)) {
    block(new ByteReader(bytes), sink);
    return sink.take();
  }
  const reader = new ByteReader(bytes, XERIAL_MAGIC.length);
  const [version, compatible] = [reader.int32(), reader.int32()];
  if (version < 1 || compatible > XERIAL_VERSION) {
    throw new RecordError('bad-compression', XERIAL_MAGIC.length, `snappy framing of version ${compatible}`);
  }
  while (reader.remaining > 0) {
    const raw = reader.raw(reader.int32());
    block(new ByteReader(raw), sink);
  }
  return sink.take();
}

/** One raw block. */
function block(reader: ByteReader, sink: ByteSink): void {
  const floor = sink.length;
  const expected = reader.unsignedVarint();
  while (reader.remaining > 0) {
    const tag = reader.uint8();
    const high = tag >>> 2;
    switch (tag & 3) {
      case 0: {
        const length = high < 60 ? high : reader.littleEndian(high - 59);
        sink.raw(reader.raw(length + 1));
        break;
      }
      case 1:
        copy(reader, sink, ((high >>> 3) << 8) | reader.uint8(), (high & 7) + 4, floor);
        break;
      case 2:
        copy(reader, sink, reader.littleEndian(2), high + 1, floor);
        break;
      default:
        copy(reader, sink, reader.littleEndian(4), high + 1, floor);
    }
  }
  const actual = sink.length - floor;
  if (actual !== expected) {
    throw new RecordError('bad-compression', 0, `a snappy block has ${actual} bytes and claims ${expected}`);
  }
}

function copy(reader: ByteReader, sink: ByteSink, distance: number, count: number, floor: number): void {
  if (!sink.repeat(distance, count, floor)) {
    throw new RecordError('bad-compression', reader.position, `a snappy copy from ${distance} bytes before`);
  }
}
