/**
 * Files on the simulator's disk, without its clock: each operation happens a moment after the call, and is counted. After a
 * given number of operations the power fails, wherever the log is then: nothing completes any more, and the disk loses what
 * was not synced.
 *
 *     const disk = new Disk(randomStream(seed, 'disk'));
 *     const files = new MemoryFiles(disk, { operationsUntilPowerLoss: 17 });
 *     await Promise.race([work(files), files.powerLost]);
 *     const again = new MemoryFiles(disk);
 */
import type { Disk } from '../../../runtime/disk-model/disk.ts';
import type { FileContent } from '../../../runtime/disk-model/file-content.ts';
import { joinedBytes } from '../../../runtime/joined-bytes.ts';
import { FileError, type Files, type OpenFile } from '../../../runtime/runtime.ts';

export class MemoryFiles implements Files {
  readonly disk: Disk;
  operations = 0;
  syncs = 0;
  readonly powerLost: Promise<'power lost'>;
  private readonly operationsMax: number;
  private isDead = false;
  private onPowerLoss: (value: 'power lost') => void = () => undefined;
  /** Thrown by every write and fsync from now on. */
  failure: FileError | null = null;

  constructor(disk: Disk, options: { readonly operationsUntilPowerLoss?: number } = {}) {
    this.disk = disk;
    this.operationsMax = options.operationsUntilPowerLoss ?? Number.MAX_SAFE_INTEGER;
    this.powerLost = new Promise((resolve) => (this.onPowerLoss = resolve));
  }

  /** The process is gone; the disk has what it was given. */
  kill(): void {
    this.isDead = true;
  }

  losePower(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.disk.losePower();
    this.onPowerLoss('power lost');
  }

  async run<T>(action: () => T): Promise<T> {
    await Promise.resolve();
    if (!this.isDead && ++this.operations > this.operationsMax) this.losePower();
    if (this.isDead) return new Promise<never>(() => undefined);
    return action();
  }

  async change(action: () => void): Promise<void> {
    return this.run(() => {
      if (this.failure !== null) throw this.failure;
      action();
    });
  }

  async open(path: string, options?: { create?: boolean }): Promise<OpenFile> {
    return this.run(() => new MemoryFile(this, path, this.disk.open(path, options?.create === true)));
  }

  async readAll(path: string): Promise<Uint8Array> {
    return this.run(() => {
      const content = this.disk.open(path, false);
      return content.read(0, content.length);
    });
  }

  exists(path: string): Promise<boolean> {
    return this.run(() => this.disk.exists(path));
  }

  list(directory: string): Promise<string[]> {
    return this.run(() => this.disk.list(directory));
  }

  makeDirectory(path: string): Promise<void> {
    return this.change(() => this.disk.makeDirectory(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.change(() => this.disk.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.change(() => this.disk.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.change(() => this.disk.syncDirectory(path));
  }
}

class MemoryFile implements OpenFile {
  readonly path: string;
  private readonly files: MemoryFiles;
  private readonly content: FileContent;
  private isClosed = false;

  constructor(files: MemoryFiles, path: string, content: FileContent) {
    this.files = files;
    this.path = path;
    this.content = content;
  }

  private assertOpen(): void {
    if (this.isClosed) throw new FileError('EINVAL', this.path, `EINVAL: ${this.path} is closed`);
  }

  private async run<T>(action: () => T): Promise<T> {
    this.assertOpen();
    return this.files.run(action);
  }

  private async change(action: () => void): Promise<void> {
    this.assertOpen();
    return this.files.change(action);
  }

  append(...pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = joinedBytes(pieces);
    return this.change(() => this.content.write(this.content.length, bytes));
  }

  write(positionBytes: number, bytes: Uint8Array): Promise<void> {
    return this.change(() => this.content.write(positionBytes, bytes));
  }

  read(positionBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.run(() => this.content.read(positionBytes, lengthBytes));
  }

  truncate(lengthBytes: number): Promise<void> {
    return this.change(() => this.content.truncate(lengthBytes));
  }

  sync(): Promise<void> {
    return this.change(() => {
      this.files.syncs++;
      this.content.sync();
    });
  }

  sizeBytes(): Promise<number> {
    return this.run(() => this.content.length);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    return this.files.run(() => undefined);
  }
}
