/**
 * The codecs of record batches, by their numbers in the attributes.
 *
 *     decompress(CODEC.gzip, compress(CODEC.gzip, bytes), 1 << 20) // bytes
 *
 * All of it is synchronous JavaScript, so that it runs in the simulator. Decompression stops at the limit that it was given,
 * whatever the bytes claim.
 */
import crc32 from 'crc-32';
import { gzipSync, Gunzip } from 'fflate';
import { ByteSink } from './byte-sink.ts';
import { RecordError } from './errors.ts';
import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';
import { ByteReader } from './varint.ts';
import { compressZstd, decompressZstd } from './zstd.ts';

export const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** Input is handed to the gzip library in pieces: each may expand a thousandfold before the limit is looked at. */
const GZIP_PIECE_BYTES = 16 * 1024;
/** CRC-32 and length of the content, little endian. */
const GZIP_TRAILER_BYTES = 8;

/** @throws RecordError `bad-compression` for a codec that is none */
export function compress(codec: number, bytes: Uint8Array): Uint8Array {
  switch (codec) {
    case CODEC.none:
      return bytes;
    case CODEC.gzip:
      // A fixed time: the same records must give the same bytes.
      return gzipSync(bytes, { mtime: 0 });
    case CODEC.snappy:
      return compressSnappy(bytes);
    case CODEC.lz4:
      return compressLz4(bytes);
    case CODEC.zstd:
      return compressZstd(bytes);
    default:
      throw unknownCodec(codec);
  }
}

/**
 * The bytes themselves where the codec is none.
 *
 * @throws RecordError `bad-compression`, `truncated`, `too-large`
 */
export function decompress(codec: number, bytes: Uint8Array, maxBytes: number): Uint8Array {
  switch (codec) {
    case CODEC.none:
      return bytes;
    case CODEC.gzip:
      return gunzip(bytes, maxBytes);
    case CODEC.snappy:
      return decompressSnappy(bytes, maxBytes);
    case CODEC.lz4:
      return decompressLz4(bytes, maxBytes);
    case CODEC.zstd:
      return decompressZstd(bytes, maxBytes);
    default:
      throw unknownCodec(codec);
  }
}

function unknownCodec(codec: number): RecordError {
  return new RecordError('bad-compression', 0, `there is no codec ${codec}`);
}

function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const sink = new ByteSink(maxBytes, bytes.length * 3);
  const stream = new Gunzip((chunk) => sink.raw(chunk));
  try {
    for (let at = 0; at < bytes.length; at += GZIP_PIECE_BYTES) {
      // The library keeps and changes what it is given.
      const piece = Uint8Array.prototype.slice.call(bytes, at, at + GZIP_PIECE_BYTES);
      stream.push(piece, at + GZIP_PIECE_BYTES >= bytes.length);
    }
  } catch (thrown) {
    if (thrown instanceof RecordError) throw thrown;
    throw new RecordError('bad-compression', 0, 'gzip that cannot be decoded', { cause: thrown });
  }
  // The library does not look at the trailer, and so not for the end.
  const content = sink.take();
  const at = Math.max(0, bytes.length - GZIP_TRAILER_BYTES);
  const trailer = new ByteReader(bytes, at);
  if (trailer.littleEndian(4) !== crc32.buf(content, 0) >>> 0 || trailer.littleEndian(4) !== content.length) {
    throw new RecordError('bad-compression', at, 'gzip whose trailer does not match its content');
  }
  return content;
}
