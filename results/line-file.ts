/**
 * An append-only file of lines that survives the death of the process: what was appended more than
 * `FLUSH_INTERVAL_MS` ago has been handed to the operating system, so a `kill -9` loses at most that much.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { HarnessError } from '../harness/errors.ts';

/** Well under the second that the format promises (docs/ARCHITECTURE.md, "A run directory"). */
const FLUSH_INTERVAL_MS = 200;
const FLUSH_CHARACTERS = 1 << 16;

export class LineFile {
  readonly path: string;
  readonly #descriptor: number;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #lastFlushMs: number;
  #closed = false;

  constructor(path: string) {
    this.path = path;
    this.#lastFlushMs = performance.now();
    try {
      this.#descriptor = openSync(path, 'wx');
    } catch (error) {
      throw HarnessError.from(error, 'io', `cannot create ${path}`);
    }
  }

  /** Adds text that ends with a newline. */
  append(text: string): void {
    this.#pending.push(text);
    this.#pendingCharacters += text.length;
    if (
      this.#pendingCharacters >= FLUSH_CHARACTERS ||
      performance.now() - this.#lastFlushMs >= FLUSH_INTERVAL_MS
    ) {
      this.flush();
    }
  }

  /** @throws HarnessError `io` when the disk is full or gone; what was flushed before stays. */
  flush(): void {
    this.#lastFlushMs = performance.now();
    if (this.#pending.length === 0) return;
    const bytes = Buffer.from(this.#pending.join(''));
    this.#pending = [];
    this.#pendingCharacters = 0;
    try {
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    } catch (error) {
      throw HarnessError.from(error, 'io', `cannot write ${this.path}`);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.flush();
    } finally {
      closeSync(this.#descriptor);
    }
  }
}
