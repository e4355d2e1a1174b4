/**
 * A batch that is not good, behind what was flushed: did a crash leave it, or did the disk change it?
 *
 *     const damage = await examineDamage(file, goodBytes, sizeBytes, nextOffset);
 *     // { isTorn: true, behind: null }                                  the end of a write is missing: cut it off
 *     // { isTorn: false, behind: { batches: 500, endOffset: 1000 } }    good batches follow, and nothing was lost: refuse
 *
 * A kill leaves all that was written, or the beginning of the last write. A power loss leaves that, too, or zeros in place of
 * what did not reach the disk: whole writes, and of one that is torn whole sectors, with good batches behind them (see
 * `runtime/disk-model`). So a batch was torn if the file ends inside it, if it begins with zeros, or if a sector from there to the
 * next good batch is nothing but zeros. Bytes that are neither zeros nor those that were written, no crash leaves.
 *
 * A batch of zeros whose bit flipped passes for a torn one, and so does the last batch where its length is what changed.
 */
import type { OpenFile } from '../../runtime/runtime.ts';
import { AT, BATCH_HEADER_BYTES, BATCH_PREFIX_BYTES, batchAt, type RecordBatch } from '../records/batch.ts';
import { RecordError } from '../records/errors.ts';
import { readInt32 } from '../records/varint.ts';
import { scanSegment } from './scan.ts';

export interface Damage {
  /** A crash may have left it. */
  readonly isTorn: boolean;
  /** The good batches that follow somewhere: how many, and the offset behind the last; null where there is none. */
  readonly behind: { readonly batches: number; readonly endOffset: number } | null;
}

/** Of the disk: what is written of one is there whole, or not at all. */
const SECTOR_BYTES = 512;
const OFFSET_BYTES = 8;
/** A multiple of a sector. */
const PIECE_BYTES = 64 * 1024;
/** What looks like a batch, and is none, is read to no end: then nothing is found any more. */
const VAIN_BYTES_MAX = 256 * 1024 * 1024;

const sectorEnd = (position: number): number => (Math.floor(position / SECTOR_BYTES) + 1) * SECTOR_BYTES;
const isZeros = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/**
 * @param position - of the first batch that is not good, or is at an offset that was there before
 * @param nextOffset - that it should have
 */
export async function examineDamage(
  file: OpenFile,
  position: number,
  endBytes: number,
  nextOffset: number,
): Promise<Damage> {
  const { firstBytes, behind } = await findBehind(file, position + 1, endBytes, nextOffset);
  const isLonger = await endsInside(file, position, endBytes);
  const batch = isLonger ? null : await goodBatchAt(file, position, endBytes);
  const isTorn =
    batch === null
      ? (isLonger && behind === null) || (await hasLostSector(file, position, firstBytes, endBytes))
      : isTornOffset(batch.baseOffset, nextOffset, position);
  return { isTorn, behind };
}

/**
 * No CRC covers the offset, so where a power loss took zeros for that and no more (and zeros of the length) the batch
 * looks good.
 */
function isTornOffset(found: number, written: number, position: number): boolean {
  const lostBytes = sectorEnd(position) - position;
  return found === written % 256 ** Math.max(0, OFFSET_BYTES - lostBytes);
}

/** Whether the file ends inside the batch, by its length. */
async function endsInside(file: OpenFile, position: number, endBytes: number): Promise<boolean> {
  const availableBytes = endBytes - position;
  if (availableBytes < BATCH_HEADER_BYTES) return true;
  const header = await file.read(position, BATCH_PREFIX_BYTES);
  return readInt32(header, AT.length) + BATCH_PREFIX_BYTES > availableBytes;
}

/** @param untilBytes - where the next good batch begins: what was lost of this one begins before */
async function hasLostSector(
  file: OpenFile,
  position: number,
  untilBytes: number,
  endBytes: number,
): Promise<boolean> {
  const head = await file.read(position, Math.min(BATCH_HEADER_BYTES, endBytes - position));
  const lostBytes = sectorEnd(position) - position;
  // Zeros of the offset alone say nothing: it may have them, and the CRC does not cover it.
  if (isZeros(head.subarray(0, lostBytes > OFFSET_BYTES ? lostBytes : head.length))) return true;
  for (let from = sectorEnd(position); from < untilBytes; from += PIECE_BYTES) {
    const piece = await file.read(from, Math.min(PIECE_BYTES, endBytes - from));
    for (let at = 0; at < piece.length && from + at < untilBytes; at += SECTOR_BYTES) {
      if (isZeros(piece.subarray(at, at + SECTOR_BYTES))) return true;
    }
  }
  return false;
}

/** The good batches from a position on, and where the first begins: at the end if there is none. */
async function findBehind(
  file: OpenFile,
  fromBytes: number,
  endBytes: number,
  nextOffset: number,
): Promise<Pick<Damage, 'behind'> & { readonly firstBytes: number }> {
  const search = { vainBytes: 0 };
  let firstBytes = endBytes;
  let batches = 0;
  let endOffset = nextOffset;
  for (let position = fromBytes; ;) {
    const found = await findBatch(file, position, endBytes, endOffset, search);
    if (found === null) break;
    firstBytes = Math.min(firstBytes, found);
    const { goodBytes } = await scanSegment(file, found, endBytes, (batch) => {
      if (batch.baseOffset < endOffset) return false;
      batches++;
      endOffset = batch.lastOffset + 1;
      return true;
    });
    position = goodBytes;
  }
  return { firstBytes, behind: batches === 0 ? null : { batches, endOffset } };
}

/** Where the next good batch begins whose offset is at least this; null where there is none. */
async function findBatch(
  file: OpenFile,
  fromBytes: number,
  endBytes: number,
  offsetMin: number,
  search: { vainBytes: number },
): Promise<number | null> {
  const step = PIECE_BYTES - BATCH_HEADER_BYTES;
  for (let from = fromBytes; from + BATCH_HEADER_BYTES <= endBytes; from += step) {
    const piece = await file.read(from, Math.min(PIECE_BYTES, endBytes - from));
    for (let at = 0; at < step; at++) {
      at = piece.indexOf(2, at + AT.magic) - AT.magic;
      if (at < 0 || at + BATCH_HEADER_BYTES > piece.length) break;
      const sizeBytes = readInt32(piece, at + AT.length) + BATCH_PREFIX_BYTES;
      if (sizeBytes < BATCH_HEADER_BYTES || from + at + sizeBytes > endBytes) continue;
      if (!isOffsetFrom(piece, at, offsetMin)) continue;
      const isHere = at + sizeBytes <= piece.length;
      if (isHere ? isGoodBatch(piece, at) : (await goodBatchAt(file, from + at, endBytes)) !== null) {
        return from + at;
      }
      search.vainBytes += sizeBytes;
      if (search.vainBytes > VAIN_BYTES_MAX) return null;
    }
  }
  return null;
}

function isOffsetFrom(bytes: Uint8Array, at: number, offsetMin: number): boolean {
  const high = readInt32(bytes, at);
  const offset = high * 2 ** 32 + (readInt32(bytes, at + 4) >>> 0);
  return high >= 0 && Number.isSafeInteger(offset) && offset >= offsetMin;
}

function isGoodBatch(bytes: Uint8Array, at: number): boolean {
  try {
    return batchAt(bytes, at).isValid();
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return false;
  }
}

async function goodBatchAt(file: OpenFile, position: number, endBytes: number): Promise<RecordBatch | null> {
  const found: RecordBatch[] = [];
  const onBatch = (batch: RecordBatch): boolean => {
    found.push(batch);
    return false;
  };
  await scanSegment(file, position, endBytes, onBatch, { pieceBytes: BATCH_HEADER_BYTES });
  return found[0] ?? null;
}
