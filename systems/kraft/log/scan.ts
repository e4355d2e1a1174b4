/**
 * Reading a segment file batch by batch, in pieces of a bounded size.
 *
 *     const { goodBytes, problem } = await scanSegment(file, 0, sizeBytes, (batch, position) => index.note(batch, position));
 *     // problem: null, or what is wrong at goodBytes
 */
import type { OpenFile } from '../../runtime/runtime.ts';
import {
  AT,
  BATCH_HEADER_BYTES,
  BATCH_PREFIX_BYTES,
  batchAt,
  verifyCrc,
  type RecordBatch,
} from '../records/batch.ts';
import { RecordError } from '../records/errors.ts';
import { readInt32 } from '../records/varint.ts';

const PIECE_BYTES = 1024 * 1024;

export interface ScanResult {
  /** All batches that begin below this position are good. */
  readonly goodBytes: number;
  readonly problem: string | null;
}

export interface ScanOptions {
  /** Compare CRCs; true by default. */
  readonly verify?: boolean;
  readonly pieceBytes?: number;
}

/**
 * @param onBatch - may say `false` to stop there: the batch then counts as not read
 * @param endBytes - what lies behind is not looked at
 */
export async function scanSegment(
  file: OpenFile,
  fromBytes: number,
  endBytes: number,
  onBatch: (batch: RecordBatch, position: number) => boolean | void,
  options: ScanOptions = {},
): Promise<ScanResult> {
  const pieceBytes = options.pieceBytes ?? PIECE_BYTES;
  let position = fromBytes;
  let wanted = pieceBytes;
  while (position < endBytes) {
    const piece = await file.read(position, Math.min(wanted, endBytes - position));
    wanted = pieceBytes;
    const isLast = position + piece.length >= endBytes || piece.length === 0;
    let at = 0;
    while (at < piece.length) {
      const missing = isLast ? 0 : missingBytes(piece, at);
      if (missing > 0) {
        // The next piece begins with this batch, and has all of it.
        wanted = Math.max(pieceBytes, piece.length - at + missing);
        break;
      }
      try {
        const batch = batchAt(piece, at);
        if (options.verify !== false) verifyCrc(batch);
        if (onBatch(batch, position + at) === false) return { goodBytes: position + at, problem: null };
        at += batch.sizeBytes;
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        return { goodBytes: position + at, problem: error.message };
      }
    }
    position += at;
    if (isLast) break;
  }
  return { goodBytes: position, problem: position < endBytes ? 'the file is shorter than it was' : null };
}

/** How many bytes of the batch at a place are not in the piece. A length that no batch can have is left to its check. */
function missingBytes(piece: Uint8Array, at: number): number {
  const available = piece.length - at;
  if (available < BATCH_HEADER_BYTES) return BATCH_HEADER_BYTES - available;
  if (piece[at + AT.magic] !== 2) return 0;
  return Math.max(0, readInt32(piece, at + AT.length) + BATCH_PREFIX_BYTES - available);
}
