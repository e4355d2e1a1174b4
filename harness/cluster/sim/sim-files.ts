/**
 * The Files of a simulated node: each operation takes virtual time and then happens at once.
 *
 * Operations of one file keep their order, and so do those of names; different files do not wait for each
 * other. An operation takes effect when it completes. When the process is killed, some of those that were
 * under way still happen: as many as chance decides, in order, and nobody hears of them.
 */
import {
  FileError,
  type FileErrorCode,
  type Files,
  type OpenFile,
} from '../../../systems/runtime/runtime.ts';
import { joinedBytes } from '../../../systems/runtime/joined-bytes.ts';
import type { Random } from '../../random.ts';
import { msToNs } from '../../units.ts';
import { EVENT } from './event-queue.ts';
import type { Disk } from '../../../systems/runtime/disk-model/disk.ts';
import type { FileContent } from '../../../systems/runtime/disk-model/file-content.ts';
import type { Scheduler } from './scheduler.ts';
import { ProcessEvent, type SimProcess } from './sim-process.ts';

export interface DiskOptions {
  /** Least time of a read, a write to the page cache, a change of names. */
  readonly operationMs: number;
  /** Least time of an fsync, of a file or a directory. */
  readonly syncMs: number;
  /** Mean of the exponentially distributed time on top, as a part of the least time. */
  readonly tailFactor: number;
  readonly bandwidthBytesPerS: number;
}

/**
 * A cloud volume: two milliseconds for an fsync, on average. Slower than the network on purpose: where an answer could
 * come before the fsync that it must wait for, it will.
 */
export const DEFAULT_DISK: DiskOptions = {
  operationMs: 0.01,
  syncMs: 1,
  tailFactor: 1,
  bandwidthBytesPerS: 1_000_000_000,
};

export type DiskOperation =
  'open' | 'read' | 'write' | 'truncate' | 'sync' | 'list' | 'rename' | 'remove' | 'sync-directory';

/** Decides, for each operation before it starts, how it misbehaves. The place of disk faults. */
export type DiskFaultHook = (
  operation: DiskOperation,
  path: string,
) => { readonly error?: FileErrorCode; readonly delayMs?: number } | undefined;

/** Of the operations that wait for each other, when the last one ends. */
interface Sequence {
  busyUntil: number;
}

/** What outlives a process: the disk and how it behaves. */
export class DiskDevice {
  readonly disk: Disk;
  readonly options: DiskOptions;
  readonly #latency: Random;
  faultHook: DiskFaultHook | null = null;

  constructor(disk: Disk, latency: Random, options: DiskOptions) {
    this.disk = disk;
    this.#latency = latency;
    this.options = options;
  }

  latencyNs(leastMs: number, lengthBytes: number): number {
    const { tailFactor, bandwidthBytesPerS } = this.options;
    const leastNs = msToNs(leastMs);
    const transferNs = (lengthBytes * 1e9) / bandwidthBytesPerS;
    return Math.round(leastNs + transferNs + this.#latency.exponential(leastNs * tailFactor));
  }
}

export class SimFiles implements Files {
  readonly #process: SimProcess;
  readonly #scheduler: Scheduler;
  readonly #device: DiskDevice;
  readonly #names: Sequence = { busyUntil: 0 };
  readonly #sequences = new WeakMap<FileContent, Sequence>();

  constructor(process: SimProcess, scheduler: Scheduler, device: DiskDevice) {
    this.#process = process;
    this.#scheduler = scheduler;
    this.#device = device;
  }

  async open(path: string, options?: { create?: boolean }): Promise<OpenFile> {
    const content = await this.#name('open', path, (disk) => disk.open(path, options?.create === true));
    return new SimFile(this, path, content, this.#sequenceOf(content));
  }

  async readAll(path: string): Promise<Uint8Array> {
    const content = await this.#name('open', path, (disk) => disk.open(path, false));
    const read = (): Uint8Array => content.read(0, content.length);
    return this.submit(this.#sequenceOf(content), 'read', path, content.length, read);
  }

  exists(path: string): Promise<boolean> {
    return this.#name('open', path, (disk) => disk.exists(path));
  }

  list(directory: string): Promise<string[]> {
    return this.#name('list', directory, (disk) => disk.list(directory));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#name('open', path, (disk) => disk.makeDirectory(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#name('rename', from, (disk) => disk.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#name('remove', path, (disk) => disk.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#name('sync-directory', path, (disk) => disk.syncDirectory(path));
  }

  #sequenceOf(content: FileContent): Sequence {
    let sequence = this.#sequences.get(content);
    if (sequence === undefined) {
      sequence = { busyUntil: 0 };
      this.#sequences.set(content, sequence);
    }
    return sequence;
  }

  #name<T>(operation: DiskOperation, path: string, action: (disk: Disk) => T): Promise<T> {
    return this.submit(this.#names, operation, path, 0, () => action(this.#device.disk));
  }

  /** For {@link SimFile}: queues an operation behind those of its sequence. */
  submit<T>(
    sequence: Sequence,
    operation: DiskOperation,
    path: string,
    lengthBytes: number,
    action: () => T,
  ): Promise<T> {
    const device = this.#device;
    const isSync = operation === 'sync' || operation === 'sync-directory';
    const leastMs = isSync ? device.options.syncMs : device.options.operationMs;
    const fault = device.faultHook?.(operation, path);
    const latencyNs = device.latencyNs(leastMs, lengthBytes) + msToNs(fault?.delayMs ?? 0);
    const error = fault?.error;
    const outcome = error === undefined ? action : refuse(error, path);
    return new Promise<T>((resolve, reject) => {
      if (!this.#process.alive) return; // of a dead process nothing completes
      sequence.busyUntil = Math.max(sequence.busyUntil, this.#scheduler.now) + latencyNs;
      const event = new FileEvent(this.#process, lengthBytes, outcome, resolve, reject);
      this.#process.fileOperations++;
      this.#scheduler.at(sequence.busyUntil, event);
    });
  }
}

function refuse(error: FileErrorCode, path: string): () => never {
  return () => {
    throw new FileError(error, path);
  };
}

/** An operation of a file or of names, under way. */
export class FileEvent<T> extends ProcessEvent {
  readonly #action: () => T;
  readonly #resolve: (result: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    process: SimProcess,
    lengthBytes: number,
    action: () => T,
    resolve: (result: T) => void,
    reject: (error: unknown) => void,
  ) {
    super(EVENT.file, process, lengthBytes);
    this.#action = action;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  override deliver(): void {
    this.process.fileOperations--;
    let result: T;
    try {
      result = this.#action();
    } catch (error) {
      this.#reject(error);
      return;
    }
    this.#resolve(result);
  }

  /** Its process was killed, but the operating system had it in hand already. */
  happenUnheard(): void {
    try {
      this.#action();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }
}

class SimFile implements OpenFile {
  readonly path: string;
  readonly #files: SimFiles;
  readonly #content: FileContent;
  readonly #sequence: Sequence;
  #isClosed = false;

  constructor(files: SimFiles, path: string, content: FileContent, sequence: Sequence) {
    this.#files = files;
    this.path = path;
    this.#content = content;
    this.#sequence = sequence;
  }

  append(...pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = joinedBytes(pieces);
    return this.#submit('write', bytes.length, () => this.#content.write(this.#content.length, bytes));
  }

  write(positionBytes: number, bytes: Uint8Array): Promise<void> {
    return this.#submit(
      'write',
      bytes.length,
      () => this.#content.write(positionBytes, bytes),
      positionBytes,
    );
  }

  read(positionBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const read = (): Uint8Array => this.#content.read(positionBytes, lengthBytes);
    return this.#submit('read', lengthBytes, read, positionBytes);
  }

  truncate(lengthBytes: number): Promise<void> {
    return this.#submit('truncate', 0, () => this.#content.truncate(lengthBytes), lengthBytes);
  }

  sync(): Promise<void> {
    return this.#submit('sync', 0, () => this.#content.sync());
  }

  sizeBytes(): Promise<number> {
    return this.#submit('read', 0, () => this.#content.length);
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const closed = this.#submit('open', 0, () => undefined);
    this.#isClosed = true;
    return closed;
  }

  #submit<T>(operation: DiskOperation, lengthBytes: number, action: () => T, position = 0): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(new FileError('EINVAL', this.path, `EINVAL: ${this.path} is closed`));
    }
    if (!Number.isSafeInteger(position) || position < 0 || !(lengthBytes >= 0)) {
      return Promise.reject(new FileError('EINVAL', this.path, `EINVAL: no place in a file: ${position}`));
    }
    return this.#files.submit(this.#sequence, operation, this.path, lengthBytes, action);
  }
}
