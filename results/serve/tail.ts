/**
 * The lines of a file that grows: each is given once, when it is whole.
 *
 *     const tail = new Tail('history.jsonl');
 *     await tail.read((line) => run.takeOperation(line));       // what has come since the last time
 */
import { open, stat } from 'node:fs/promises';

const PIECE_BYTES = 1 << 20;
/** No record is as long: what is longer is passed over. */
const LINE_CHARACTERS_MAX = 1 << 24;

export class Tail {
  readonly #path: string;
  /** Not known before the first reading. */
  #offset: number | null = null;
  readonly #lastBytes: number;
  #decoder = new TextDecoder();
  #rest = '';
  /** The first line is part of one. */
  #isTorn = false;

  /** @param lastBytes - begin so much before the end */
  constructor(path: string, lastBytes = Infinity) {
    this.#path = path;
    this.#lastBytes = lastBytes;
  }

  /** @returns whether there was something; a file that is not there yet is empty */
  async read(onLine: (line: string) => void): Promise<boolean> {
    const found = await stat(this.#path).catch(() => null);
    // To open what is no file may take for ever.
    if (found?.isFile() !== true) return false;
    if (this.#offset === null) {
      this.#offset = Math.max(0, found.size - this.#lastBytes);
      this.#isTorn = this.#offset > 0;
    }
    if (found.size <= this.#offset) return false;
    const file = await open(this.#path, 'r');
    try {
      let isNews = false;
      for (;;) {
        const { bytesRead, buffer } = await file.read(
          Buffer.allocUnsafe(PIECE_BYTES),
          0,
          PIECE_BYTES,
          this.#offset,
        );
        if (bytesRead === 0) return isNews;
        isNews = true;
        this.#offset += bytesRead;
        this.#take(buffer.subarray(0, bytesRead), onLine);
      }
    } finally {
      await file.close();
    }
  }

  #take(bytes: Uint8Array, onLine: (line: string) => void): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_CHARACTERS_MAX) {
      this.#rest = '';
      this.#isTorn = true;
    }
    if (this.#isTorn && lines.length > 0) {
      lines.shift();
      this.#isTorn = false;
    }
    for (const line of lines) if (line !== '') onLine(line);
  }
}
