/**
 * Frames on a byte stream: each message after its length.
 *
 *     frame    = length payload
 *     length   = 4 bytes, unsigned, big-endian; of the payload alone
 *
 *     const decoder = new FrameDecoder((payload) => …);
 *     socket.on('data', (chunk) => decoder.push(chunk));
 */

/** As {@link Runtime.sendDatagram} promises. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;
const HEADER_BYTES = 4;

export function encodeFrameHeader(payloadBytes: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, payloadBytes);
  return header;
}

export class FrameDecoder {
  readonly #onFrame: (payload: Uint8Array) => void;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #payload: Uint8Array | null = null;
  #payloadBytes = 0;

  constructor(onFrame: (payload: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /**
   * Each payload is a fresh array that its receiver may keep.
   *
   * @throws RangeError when a length is above the maximum: the other side speaks something else
   */
  push(chunk: Uint8Array): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.#payload === null) {
        const taken = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - position);
        this.#header.set(chunk.subarray(position, position + taken), this.#headerBytes);
        this.#headerBytes += taken;
        position += taken;
        if (this.#headerBytes < HEADER_BYTES) return;
        this.#startPayload(new DataView(this.#header.buffer).getUint32(0));
      } else {
        const taken = Math.min(this.#payload.length - this.#payloadBytes, chunk.length - position);
        this.#payload.set(chunk.subarray(position, position + taken), this.#payloadBytes);
        this.#payloadBytes += taken;
        position += taken;
      }
      if (this.#payload !== null && this.#payloadBytes === this.#payload.length) this.#finishPayload();
    }
  }

  #startPayload(length: number): void {
    if (length > FRAME_BYTES_MAX) {
      throw new RangeError(`a frame of ${length} bytes: at most ${FRAME_BYTES_MAX} are possible`);
    }
    this.#payload = new Uint8Array(length);
    this.#payloadBytes = 0;
    this.#headerBytes = 0;
  }

  #finishPayload(): void {
    const payload = this.#payload!;
    this.#payload = null;
    this.#onFrame(payload);
  }
}
