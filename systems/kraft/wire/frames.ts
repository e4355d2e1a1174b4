/**
 * Frames on a stream of bytes: an int32 length and that many bytes.
 *
 *     const frames = new FrameReader(DEFAULT_FRAME_BYTES_MAX, (frame) => handle(frame));
 *     frames.push(chunk); // chunks begin and end anywhere
 *
 * A frame that came in one piece is handed on as a view into its chunk; one that did not is collected in a buffer of its
 * own, which doubles until it has the frame's size: copying is linear in what came, however it was cut, and memory is
 * bounded by what came, not by what a length promises.
 */
import { joinedBytes } from '../../runtime/joined-bytes.ts';
import { MalformedError } from './codec-error.ts';
import { PieceWriter } from './piece-writer.ts';
import type { Writer } from './writer.ts';

export const LENGTH_BYTES = 4;

/** Kafka's default of `socket.request.max.bytes`. */
export const DEFAULT_FRAME_BYTES_MAX = 104_857_600;

/** So much is allocated on the word of a length alone. */
const TRUSTED_BYTES = 1 << 12;

export type FrameHandler = (frame: Uint8Array) => void;

const EMPTY = new Uint8Array(0);

export class FrameReader {
  private readonly frameBytesMax: number;
  private readonly onFrame: FrameHandler;
  /** An incomplete frame's first bytes, its length not included; only as much as came is in use. */
  private frame = EMPTY;
  private frameBytes = 0;
  /** What the incomplete frame will have; null while its length is incomplete itself. */
  private wantedBytes: number | null = null;
  /** As much of it as came. */
  private length = 0;
  private lengthBytes = 0;

  constructor(frameBytesMax: number, onFrame: FrameHandler) {
    this.frameBytesMax = frameBytesMax;
    this.onFrame = onFrame;
  }

  /** Bytes that came of a frame that is not complete. */
  get pendingBytes(): number {
    return this.lengthBytes + this.frameBytes;
  }

  /**
   * Hands on every frame that is complete.
   * @throws MalformedError for a length that is negative or too large: the connection must end, for what follows cannot
   *   be told apart any more
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.wantedBytes === null) {
        at += this.takeLength(chunk, at);
        if (this.wantedBytes === null) continue;
      }
      const wanted = this.wantedBytes;
      if (this.frameBytes === 0 && chunk.length - at >= wanted) {
        const frame = chunk.subarray(at, at + wanted);
        at += wanted;
        this.begin();
        this.onFrame(frame);
        continue;
      }
      const part = chunk.subarray(at, at + wanted - this.frameBytes);
      at += part.length;
      this.collect(part, wanted);
      if (this.frameBytes < wanted) return;
      const frame = this.frame;
      this.begin();
      this.onFrame(frame);
    }
  }

  private begin(): void {
    this.frame = EMPTY;
    this.frameBytes = 0;
    this.wantedBytes = null;
    this.length = 0;
    this.lengthBytes = 0;
  }

  /** @returns how many bytes of the chunk it took; with the fourth of the length the frame's size is known */
  private takeLength(chunk: Uint8Array, at: number): number {
    let taken = 0;
    while (this.lengthBytes < LENGTH_BYTES && at + taken < chunk.length) {
      this.length = (this.length << 8) | (chunk[at + taken++] as number);
      this.lengthBytes++;
    }
    if (this.lengthBytes === LENGTH_BYTES) {
      const wanted = this.length;
      if (wanted < 0 || wanted > this.frameBytesMax) {
        throw new MalformedError(`a frame of ${wanted} bytes; at most ${this.frameBytesMax}`);
      }
      this.wantedBytes = wanted;
      // A frame of nothing is complete with its length, of which nothing may follow.
      if (wanted === 0) {
        this.begin();
        this.onFrame(EMPTY);
      }
    }
    return taken;
  }

  private collect(part: Uint8Array, wanted: number): void {
    const needed = this.frameBytes + part.length;
    if (needed > this.frame.length) {
      const grown = new Uint8Array(Math.min(wanted, Math.max(TRUSTED_BYTES, needed * 2)));
      grown.set(this.frame.subarray(0, this.frameBytes));
      this.frame = grown;
    }
    this.frame.set(part, this.frameBytes);
    this.frameBytes = needed;
  }
}

/** Between two frames; null while one is written, and after a write that failed in the middle. */
let idleWriter: PieceWriter | null = null;

/** A frame of what `write` writes, its length included, in pieces: long bytes are not copied. */
export function encodeFramePieces(write: (writer: Writer) => void): readonly Uint8Array[] {
  const writer = idleWriter ?? new PieceWriter();
  idleWriter = null;
  writer.int32(0);
  write(writer);
  writer.patchInt32(0, writer.sizeBytes - LENGTH_BYTES);
  const pieces = writer.takePieces();
  idleWriter = writer;
  return pieces;
}

/** The same as one. */
export const encodeFrame = (write: (writer: Writer) => void): Uint8Array =>
  joinedBytes(encodeFramePieces(write));
