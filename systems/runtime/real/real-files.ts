/**
 * The Files of a real node: its data directory, with real fsync.
 *
 * Operations of one open file are done in the order of the calls, one at a time. Every operation goes through
 * {@link Gate}: the place where a disk fault will be injected, and where a dead node's operations end unheard.
 * One handle of a file should append at a time: each counts the length by itself.
 */
import { constants } from 'node:fs';
import {
  access,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, type FileErrorCode, type Files, type OpenFile } from '../runtime.ts';

/** Does an operation and translates what goes wrong; of a dead node it never settles. */
type Gate = <T>(path: string, action: () => Promise<T>) => Promise<T>;

export class RealFiles implements Files {
  readonly #directory: string;
  readonly #gate: Gate;
  readonly #open = new Set<FileHandle>();
  #isClosed = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#gate = async (path, action) => {
      let settle: () => unknown;
      try {
        const result = await action();
        settle = () => result;
      } catch (thrown) {
        const error = fileErrorFrom(thrown, path);
        settle = () => {
          throw error;
        };
      }
      if (this.#isClosed) return new Promise(() => undefined);
      return settle() as Awaited<ReturnType<typeof action>>;
    };
  }

  open(path: string, options?: { create?: boolean }): Promise<OpenFile> {
    return this.#gate(path, async () => {
      const flags = constants.O_RDWR | (options?.create === true ? constants.O_CREAT : 0);
      const handle = await open(this.#locate(path), flags);
      this.#open.add(handle);
      const { size } = await handle.stat();
      return new RealFile(path, handle, size, this.#gate, () => this.#open.delete(handle));
    });
  }

  readAll(path: string): Promise<Uint8Array> {
    return this.#gate(path, async () => new Uint8Array(await readFile(this.#locate(path))));
  }

  exists(path: string): Promise<boolean> {
    return this.#gate(path, () =>
      access(this.#locate(path)).then(
        () => true,
        () => false,
      ),
    );
  }

  list(directory: string): Promise<string[]> {
    return this.#gate(directory, async () => (await readdir(this.#locate(directory))).sort());
  }

  makeDirectory(path: string): Promise<void> {
    return this.#gate(path, () => mkdir(this.#locate(path)));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#gate(from, () => rename(this.#locate(from), this.#locate(to)));
  }

  remove(path: string): Promise<void> {
    return this.#gate(path, async () => {
      try {
        await unlink(this.#locate(path));
      } catch (error) {
        const code = codeOf(error);
        if (code !== 'EISDIR' && code !== 'EPERM') throw error; // what unlink says of a directory
        await rmdir(this.#locate(path));
      }
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#gate(path, async () => {
      const handle = await open(this.#locate(path), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  /** Nothing settles any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const handles = [...this.#open];
    this.#open.clear();
    await Promise.allSettled(handles.map((handle) => handle.close()));
  }

  #locate(path: string): string {
    const isSafe =
      path === '' || path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    if (!isSafe) throw new FileError('EINVAL', path, `EINVAL: a path is names with / between them: ${path}`);
    return join(this.#directory, path);
  }
}

class RealFile implements OpenFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #gate: Gate;
  readonly #onClose: () => void;
  #sizeBytes: number;
  #isClosed = false;
  /** The operation before the next one. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, handle: FileHandle, sizeBytes: number, gate: Gate, onClose: () => void) {
    this.path = path;
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
    this.#gate = gate;
    this.#onClose = onClose;
  }

  append(bytes: Uint8Array): Promise<void> {
    const owned = bytes.slice(); // the caller may use its buffer again
    return this.#inOrder(() => this.#writeAll(this.#sizeBytes, owned));
  }

  write(positionBytes: number, bytes: Uint8Array): Promise<void> {
    const owned = bytes.slice();
    return this.#inOrder(() => this.#writeAll(positionBytes, owned), positionBytes);
  }

  read(positionBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.#inOrder(async () => {
      const length = Math.max(0, Math.min(lengthBytes, this.#sizeBytes - positionBytes));
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await this.#handle.read(bytes, done, length - done, positionBytes + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    }, positionBytes);
  }

  truncate(lengthBytes: number): Promise<void> {
    return this.#inOrder(async () => {
      await this.#handle.truncate(lengthBytes);
      this.#sizeBytes = lengthBytes;
    }, lengthBytes);
  }

  sync(): Promise<void> {
    return this.#inOrder(() => this.#handle.sync());
  }

  sizeBytes(): Promise<number> {
    return this.#inOrder(async () => (await this.#handle.stat()).size);
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const closed = this.#inOrder(() => this.#handle.close());
    this.#isClosed = true;
    this.#onClose();
    return closed;
  }

  async #writeAll(position: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
    if (done > 0) this.#sizeBytes = Math.max(this.#sizeBytes, position + done);
  }

  #inOrder<T>(action: () => Promise<T>, position = 0): Promise<T> {
    const refusal = this.#isClosed
      ? `${this.path} is closed`
      : Number.isSafeInteger(position) && position >= 0
        ? null
        : `no place in a file: ${position}`;
    if (refusal !== null) return Promise.reject(new FileError('EINVAL', this.path, `EINVAL: ${refusal}`));
    const before = this.#last;
    const result = this.#gate(this.path, async () => {
      await before;
      return action();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}

const CODES: Readonly<Record<string, FileErrorCode>> = {
  ENOENT: 'ENOENT',
  EEXIST: 'EEXIST',
  ENOSPC: 'ENOSPC',
  EDQUOT: 'ENOSPC',
  EISDIR: 'EINVAL',
  ENOTDIR: 'EINVAL',
  ENOTEMPTY: 'EINVAL',
  EINVAL: 'EINVAL',
};

/** What the operating system says in words of the contract; what it does not know is a failure of the device. */
function fileErrorFrom(thrown: unknown, path: string): FileError {
  if (thrown instanceof FileError) return thrown;
  const code = CODES[codeOf(thrown) ?? ''] ?? 'EIO';
  return new FileError(
    code,
    path,
    `${code}: ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
  );
}
