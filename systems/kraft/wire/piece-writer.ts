/**
 * A writer that does not copy long bytes, but hands out what was written in pieces.
 *
 *     const writer = new PieceWriter();
 *     writer.bytes(records);   // long
 *     writer.takePieces();     // their length in four bytes, and the records themselves
 */
import { Writer } from './writer.ts';

/** Shorter ones cost more as a piece than as a copy. */
const PIECE_BYTES_MIN = 8 * 1024;

export class PieceWriter extends Writer {
  /** Where in what else was written the long bytes stand. */
  private longs: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  private longBytes = 0;
  private isInSized = false;

  /** Of all that was written. */
  get sizeBytes(): number {
    return this.length + this.longBytes;
  }

  override raw(bytes: Uint8Array): void {
    if (bytes.length < PIECE_BYTES_MIN || this.isInSized) return super.raw(bytes);
    this.longs.push({ at: this.length, bytes });
    this.longBytes += bytes.length;
  }

  /** Its length counts what the buffer has, so that all of it goes there. */
  override sized(write: (writer: this) => void): void {
    const wasInSized = this.isInSized;
    this.isInSized = true;
    super.sized(write);
    this.isInSized = wasInSized;
  }

  /** What was written, as bytes that nothing may change, for the long ones are the caller's; the writer is empty again. */
  takePieces(): readonly Uint8Array[] {
    const { longs } = this;
    const rest = this.take();
    if (longs.length === 0) return [rest];
    this.longs = [];
    this.longBytes = 0;
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const { at, bytes } of longs) {
      if (at > from) pieces.push(rest.subarray(from, at));
      pieces.push(bytes);
      from = at;
    }
    if (rest.length > from) pieces.push(rest.subarray(from));
    return pieces;
  }
}
