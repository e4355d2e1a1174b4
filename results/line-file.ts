/**
 * An append-only file of lines that survives the death of the process: what was appended more than
 * `FLUSH_INTERVAL_MS` ago has been handed to the operating system, so a `kill -9` loses at most that much, and an exit
 * of the process nothing.
 *
 *     const file = new LineFile('history.jsonl', { head: header });
 *     file.append('{"index":0,…}\n');
 *     file.close();
 *
 * It does not fsync: it is the process that dies in a test, not the machine.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { HarnessError } from '../harness/errors.ts';

/** Well under the second that the format promises (docs/ARCHITECTURE.md, "A run directory"). */
const FLUSH_INTERVAL_MS = 200;
const FLUSH_CHARACTERS = 1 << 16;

export interface LineFileOptions {
  /** First lines, on the disk at once. */
  readonly head?: string;
  /** There is a file already: lines go behind its own, the last of which is whole. */
  readonly isContinued?: boolean;
  /**
   * Flushed before this file, whatever happens: on the disk it is never behind. When it grows full, this file is
   * flushed with it: else a fast one would fill the disk before a line of a slow one is on it.
   */
  readonly ahead?: LineFile;
}

const openFiles = new Set<LineFile>();

export class LineFile {
  readonly path: string;
  readonly #descriptor: number;
  readonly #timer: NodeJS.Timeout;
  readonly #ahead: LineFile | undefined;
  #follower: LineFile | undefined;
  #pending: string[] = [];
  #pendingCharacters = 0;
  /** Of a flush that nobody called for; the next call throws it. */
  #failure: HarnessError | null = null;
  #closed = false;

  /**
   * Makes the file, unless it is continued.
   *
   * @throws HarnessError `io` when there is one already, or it cannot be made or opened
   */
  constructor(path: string, { head = '', isContinued = false, ahead }: LineFileOptions = {}) {
    this.path = path;
    this.#ahead = ahead;
    if (ahead !== undefined) ahead.#follower = this;
    try {
      this.#descriptor = openSync(path, isContinued ? 'a' : 'wx');
    } catch (error) {
      throw HarnessError.from(error, 'io', `cannot create ${path}`);
    }
    // A writer that falls silent leaves nothing behind in memory.
    this.#timer = setInterval(() => this.#flushUnasked(), FLUSH_INTERVAL_MS).unref();
    if (openFiles.size === 0) process.on('exit', flushAll);
    openFiles.add(this);
    this.#pending.push(head);
    try {
      this.flush();
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /**
   * Adds text that ends with a newline.
   *
   * @throws HarnessError `io` when the disk is full or gone, maybe some lines later; what was flushed before stays
   */
  append(text: string): void {
    if (this.#failure !== null) throw this.#failure;
    this.#pending.push(text);
    this.#pendingCharacters += text.length;
    if (this.#pendingCharacters >= FLUSH_CHARACTERS) (this.#follower ?? this).flush();
  }

  /** @throws HarnessError `io` when the disk is full or gone */
  flush(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#ahead?.flush();
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
      this.#failure = HarnessError.from(error, 'io', `cannot write ${this.path}`);
      throw this.#failure;
    }
  }

  /** Idempotent. Throws as `flush` does; the file is closed nevertheless. */
  close(): void {
    if (this.#closed) return;
    try {
      this.flush();
    } finally {
      this.#release();
    }
  }

  /** @internal */
  flushAtExit(): void {
    this.#flushUnasked();
  }

  #flushUnasked(): void {
    try {
      this.flush();
    } catch {
      // Kept in #failure for whoever appends next.
    }
  }

  #release(): void {
    this.#closed = true;
    if (this.#ahead !== undefined) this.#ahead.#follower = undefined;
    clearInterval(this.#timer);
    openFiles.delete(this);
    if (openFiles.size === 0) process.off('exit', flushAll);
    closeSync(this.#descriptor);
  }
}

function flushAll(): void {
  for (const file of openFiles) file.flushAtExit();
}
