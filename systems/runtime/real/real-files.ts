/**
 * The Files of a real node: its data directory, with real fsync.
 *
 *     const files = new RealFiles('data/n1', new DiskMirror('data/n1', random));
 *     files.freeze();               // nothing begins any more, and nothing settles
 *     await files.losePower();      // {unsyncedBytesLost: 512, …}: the directory holds what a power loss left
 *
 * Operations of one open file are done in the order of the calls, one at a time. One handle of a file should append at a time:
 * each counts the length by itself. With a mirror every completed operation is repeated on it, and so that their order is known,
 * operations of one file wait for each other whatever handle they come from, and so do changes of names.
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
import type { PowerLoss } from '../disk-model/disk.ts';
import type { FileContent } from '../disk-model/file-content.ts';
import { FileError, type Files, type OpenFile } from '../runtime.ts';
import type { DiskMirror } from './disk-mirror.ts';
import { codeOf, fileErrorFrom } from './file-errors.ts';
import { RealFile, type FileGate, type Sequence } from './real-file.ts';

/** A disk that does not finish by then is broken in another way. */
const UNDER_WAY_TIMEOUT_MS = 5_000;

export class RealFiles implements Files, FileGate {
  readonly #directory: string;
  readonly #mirror: DiskMirror | null;
  readonly #open = new Set<FileHandle>();
  /** Of changes of names, with a mirror. */
  readonly #names: Sequence = { last: Promise.resolve() };
  readonly #sequences = new WeakMap<FileContent, Sequence>();
  #isClosed = false;
  #underWay = 0;
  #writesUnderWay = 0;
  #onRest: (() => void) | null = null;
  /** Why the mirror cannot be trusted any more. */
  #mirrorFailure: string | null = null;
  /** Told once, when a write or an fsync begins. */
  onWork: (() => void) | null = null;

  constructor(directory: string, mirror: DiskMirror | null = null) {
    this.#directory = directory;
    this.#mirror = mirror;
  }

  get isFrozen(): boolean {
    return this.#isClosed;
  }

  /** Whether a write or an fsync is under way. */
  get isWriting(): boolean {
    return this.#writesUnderWay > 0;
  }

  open(path: string, options?: { create?: boolean }): Promise<OpenFile> {
    const create = options?.create === true;
    return this.#name(
      path,
      async () => {
        const handle = await open(this.#locate(path), constants.O_RDWR | (create ? constants.O_CREAT : 0));
        this.#open.add(handle);
        return { handle, sizeBytes: (await handle.stat()).size };
      },
      ({ handle, sizeBytes }, mirror) => {
        const content = mirror?.disk.open(path, create) ?? null;
        if (mirror !== null) mirror.hasNewNames ||= create;
        if (content !== null) mirror?.touched.add(content);
        const sequence = content === null ? { last: Promise.resolve() } : this.#sequenceOf(content);
        const onClose = (): void => void this.#open.delete(handle);
        return new RealFile({ path, handle, sizeBytes, content, sequence, gate: this, onClose });
      },
    );
  }

  readAll(path: string): Promise<Uint8Array> {
    return this.run(path, async () => new Uint8Array(await readFile(this.#locate(path))), done);
  }

  exists(path: string): Promise<boolean> {
    const isThere = (): Promise<boolean> =>
      access(this.#locate(path)).then(
        () => true,
        () => false,
      );
    return this.run(path, async () => isThere(), done);
  }

  list(directory: string): Promise<string[]> {
    return this.run(directory, async () => (await readdir(this.#locate(directory))).sort(), done);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#change(
      path,
      async () => mkdir(this.#locate(path)),
      ({ disk }) => disk.makeDirectory(path),
    );
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(
      from,
      async () => rename(this.#locate(from), this.#locate(to)),
      ({ disk }) => disk.rename(from, to),
    );
  }

  remove(path: string): Promise<void> {
    const remove = async (): Promise<void> => {
      try {
        await unlink(this.#locate(path));
      } catch (error) {
        const code = codeOf(error);
        if (code !== 'EISDIR' && code !== 'EPERM') throw error; // what unlink says of a directory
        await rmdir(this.#locate(path));
      }
    };
    return this.#change(path, remove, ({ disk }) => disk.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    const sync = async (): Promise<void> => {
      const handle = await open(this.#locate(path), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    };
    return this.#name(path, sync, (_, mirror) => {
      if (!this.#isClosed) mirror?.disk.syncDirectory(path);
    });
  }

  /** Nothing begins and nothing settles any more; what is under way still happens. */
  freeze(): void {
    this.#isClosed = true;
  }

  async close(): Promise<void> {
    this.freeze();
    await this.#rest().catch(() => undefined); // a disk that hangs must not hang who closes it
    const handles = [...this.#open];
    this.#open.clear();
    await Promise.allSettled(handles.map((handle) => handle.close()));
  }

  /**
   * Of frozen files: waits for what is under way, and then takes from the directory what was not synced. An fsync that is under way
   * came too late.
   *
   * @throws Error when it cannot be done: there is no mirror, or it is out of step
   */
  async losePower(): Promise<PowerLoss> {
    await this.#rest();
    if (this.#mirror === null) throw new Error('nobody has kept what is synced of this disk');
    if (this.#mirrorFailure !== null) throw new Error(this.#mirrorFailure);
    return this.#mirror.losePower();
  }

  // What follows is for the open files.

  /** Does an operation, of a dead node never; then what is to be said of it, also of a dead one's. */
  async run<T, R>(path: string, action: () => Promise<T>, happened: (result: T) => R): Promise<R> {
    if (this.#isClosed) return new Promise<never>(() => undefined);
    let settle: () => R;
    this.#underWay++;
    try {
      const result = happened(await action());
      settle = () => result;
    } catch (thrown) {
      const error = fileErrorFrom(thrown, path);
      settle = () => {
        throw error;
      };
    }
    if (--this.#underWay === 0) this.#onRest?.();
    if (this.#isClosed) return new Promise<never>(() => undefined);
    return settle();
  }

  async runWrite(path: string, action: () => Promise<void>, repeat: () => void): Promise<void> {
    this.#writesUnderWay++;
    const { onWork } = this;
    this.onWork = null;
    onWork?.();
    try {
      await this.run(path, action, repeat);
    } finally {
      this.#writesUnderWay--;
    }
  }

  #sequenceOf(content: FileContent): Sequence {
    let sequence = this.#sequences.get(content);
    if (sequence === undefined) this.#sequences.set(content, (sequence = { last: Promise.resolve() }));
    return sequence;
  }

  #change(path: string, action: () => Promise<void>, repeat: (mirror: DiskMirror) => void): Promise<void> {
    return this.#name(path, action, (_, mirror) => {
      if (mirror === null) return;
      mirror.hasNewNames = true;
      repeat(mirror);
    });
  }

  /** An operation on names: with a mirror one after the other. */
  #name<T, R>(
    path: string,
    action: () => Promise<T>,
    happened: (result: T, mirror: DiskMirror | null) => R,
  ): Promise<R> {
    const mirror = this.#mirror;
    if (mirror === null) return this.run(path, action, (result) => happened(result, null));
    const before = this.#names.last;
    const result = before.then(() =>
      this.run(path, action, (done) => {
        try {
          return happened(done, mirror);
        } catch (thrown) {
          this.#mirrorFailure ??= `the mirror of ${path} is out of step with the disk: ${String(thrown)}`;
          throw thrown;
        }
      }),
    );
    this.#names.last = result.catch(() => undefined);
    return result;
  }

  #rest(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`the disk is still busy after ${UNDER_WAY_TIMEOUT_MS} ms`));
      const timeout = setTimeout(late, UNDER_WAY_TIMEOUT_MS);
      this.#onRest = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
  }

  #locate(path: string): string {
    const isSafe =
      path === '' || path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    if (!isSafe) throw new FileError('EINVAL', path, `EINVAL: a path is names with / between them: ${path}`);
    return join(this.#directory, path);
  }
}

const done = <T>(result: T): T => result;
