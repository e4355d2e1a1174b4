/**
 * One open file of a real node: its operations in the order of the calls, and each repeated on the mirror's file if there is one.
 */
import type { FileHandle } from 'node:fs/promises';
import type { FileContent } from '../disk-model/file-content.ts';
import { joinedBytes } from '../joined-bytes.ts';
import { FileError, type OpenFile } from '../runtime.ts';

/** Operations that are done one after the other. */
export interface Sequence {
  last: Promise<unknown>;
}

/** What an operation goes through: `RealFiles`. */
export interface FileGate {
  run<T, R>(path: string, action: () => Promise<T>, happened: (result: T) => R): Promise<R>;
  runWrite(path: string, action: () => Promise<void>, repeat: () => void): Promise<void>;
  /** The node is dead: an fsync that completes now came too late. */
  readonly isFrozen: boolean;
}

export interface RealFileParts {
  readonly path: string;
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Its mirror. */
  readonly content: FileContent | null;
  readonly sequence: Sequence;
  readonly gate: FileGate;
  readonly onClose: () => void;
}

export class RealFile implements OpenFile {
  readonly path: string;
  readonly #parts: RealFileParts;
  readonly #handle: FileHandle;
  #sizeBytes: number;
  #isClosed = false;

  constructor(parts: RealFileParts) {
    this.path = parts.path;
    this.#parts = parts;
    this.#handle = parts.handle;
    this.#sizeBytes = parts.sizeBytes;
  }

  append(...pieces: readonly Uint8Array[]): Promise<void> {
    return this.#write(() => this.#sizeBytes, pieces);
  }

  write(positionBytes: number, bytes: Uint8Array): Promise<void> {
    return this.#write(() => positionBytes, [bytes], positionBytes);
  }

  read(positionBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.#inOrder(positionBytes, () =>
      this.#parts.gate.run(
        this.path,
        async () => {
          const length = Math.max(0, Math.min(lengthBytes, this.#sizeBytes - positionBytes));
          const bytes = new Uint8Array(length);
          let done = 0;
          while (done < length) {
            const { bytesRead } = await this.#handle.read(bytes, done, length - done, positionBytes + done);
            if (bytesRead === 0) break;
            done += bytesRead;
          }
          return bytes.subarray(0, done);
        },
        (bytes) => bytes,
      ),
    );
  }

  truncate(lengthBytes: number): Promise<void> {
    return this.#change(lengthBytes, 'write', async () => {
      await this.#handle.truncate(lengthBytes);
      this.#sizeBytes = lengthBytes;
      return (content) => content.truncate(lengthBytes);
    });
  }

  sync(): Promise<void> {
    return this.#change(0, 'sync', async () => {
      await this.#handle.sync();
      return (content) => content.sync();
    });
  }

  sizeBytes(): Promise<number> {
    return this.#inOrder(0, () =>
      this.#parts.gate.run(
        this.path,
        () => this.#handle.stat(),
        ({ size }) => size,
      ),
    );
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const close = (): Promise<void> => this.#handle.close();
    const closed = this.#inOrder(0, () => this.#parts.gate.run(this.path, close, this.#parts.onClose));
    this.#isClosed = true;
    return closed;
  }

  #write(placeOf: () => number, pieces: readonly Uint8Array[], position = 0): Promise<void> {
    return this.#change(position, 'write', async () => {
      const place = placeOf();
      let end = place;
      for (let rest = behind(pieces, 0); rest.length > 0;) {
        const { bytesWritten } = await this.#handle.writev(rest, end);
        end += bytesWritten;
        rest = behind(rest, bytesWritten);
      }
      if (end > place) this.#sizeBytes = Math.max(this.#sizeBytes, end);
      return (content) => content.write(place, joinedBytes(pieces));
    });
  }

  /** @param action - changes the file, and says what does the same to its mirror */
  #change(
    position: number,
    operation: 'write' | 'sync',
    action: () => Promise<(content: FileContent) => void>,
  ): Promise<void> {
    const { gate, content } = this.#parts;
    return this.#inOrder(position, () => {
      let again: ((content: FileContent) => void) | null = null;
      return gate.runWrite(
        this.path,
        async () => void (again = await action()),
        () => {
          const isTooLate = operation === 'sync' && gate.isFrozen;
          if (content !== null && !isTooLate) again?.(content);
        },
      );
    });
  }

  #inOrder<T>(position: number, action: () => Promise<T>): Promise<T> {
    const refusal = this.#isClosed
      ? `${this.path} is closed`
      : Number.isSafeInteger(position) && position >= 0
        ? null
        : `no place in a file: ${position}`;
    if (refusal !== null) return Promise.reject(new FileError('EINVAL', this.path, `EINVAL: ${refusal}`));
    const { sequence } = this.#parts;
    const result = sequence.last.then(action);
    sequence.last = result.catch(() => undefined);
    return result;
  }
}

/** What is left of pieces behind so many bytes; the first of them is not empty. */
function behind(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  const first = pieces.findIndex(({ length }) => {
    const isLeft = length > left;
    if (!isLeft) left -= length;
    return isLeft;
  });
  if (first === -1) return [];
  const rest = pieces.slice(first);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}
