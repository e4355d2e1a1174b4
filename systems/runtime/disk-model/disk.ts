/**
 * A model of a node's disk: a tree of files and directories that outlives its processes.
 *
 *     const disk = new Disk(randomStream(seed, 'disk', 'n1'));
 *     disk.open('log', true).write(0, bytes);
 *     disk.losePower();               // the file may be gone: neither it nor its directory was synced
 *
 * Names are as durable as a journaling file system makes them: changes of directories reach the disk in order, at
 * the latest when one of the directories that they touch is synced. A power loss undoes a random suffix of those
 * that did not. A rename is one change: it happened or it did not. Contents are durable on their own
 * (`file-content.ts`): a new name may survive with old content, or a synced file without a name.
 *
 * Everything here happens at once; how long it takes is decided in the simulator's `sim-files.ts`. The real Runtime keeps one
 * beside the real files, to know what a power loss may take (`real/disk-mirror.ts`).
 */
import { FileError } from '../runtime.ts';
import type { Random } from '../../../harness/random.ts';
import { FileContent, type Losses } from './file-content.ts';

class Directory {
  readonly entries = new Map<string, Entry>();
}

type Entry = Directory | FileContent;

/** One atomic change of names. */
interface DirectoryOperation {
  readonly edits: readonly { directory: Directory; name: string; before: Entry | undefined }[];
}

export interface PowerLoss extends Losses {
  directoryOperationsLost: number;
}

/** Older changes become durable on their own when a node never syncs its directories. */
const UNSYNCED_DIRECTORY_OPERATIONS_MAX = 4096;

export class Disk {
  readonly random: Random;
  readonly #root = new Directory();
  #unsynced: DirectoryOperation[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  open(path: string, create: boolean): FileContent {
    const { directory, name } = this.#parent(path);
    const entry = directory.entries.get(name);
    if (entry instanceof Directory) throw new FileError('EINVAL', path, `EINVAL: ${path} is a directory`);
    if (entry !== undefined) return entry;
    if (!create) throw new FileError('ENOENT', path);
    const content = new FileContent();
    this.#change([{ directory, name, after: content }]);
    return content;
  }

  exists(path: string): boolean {
    const parts = partsOf(path);
    let entry: Entry | undefined = this.#root;
    for (const part of parts) entry = entry instanceof Directory ? entry.entries.get(part) : undefined;
    return entry !== undefined;
  }

  list(path: string): string[] {
    return [...this.#directory(path).entries.keys()].sort();
  }

  /** Every name with what it stands for, null for a directory; a directory comes before what is in it. */
  walk(): [path: string, content: FileContent | null][] {
    const found: [string, FileContent | null][] = [];
    const visit = (directory: Directory, prefix: string): void => {
      for (const name of [...directory.entries.keys()].sort()) {
        const entry = directory.entries.get(name)!;
        const path = prefix + name;
        found.push([path, entry instanceof Directory ? null : entry]);
        if (entry instanceof Directory) visit(entry, `${path}/`);
      }
    };
    visit(this.#root, '');
    return found;
  }

  makeDirectory(path: string): void {
    const { directory, name } = this.#parent(path);
    if (directory.entries.has(name)) throw new FileError('EEXIST', path);
    this.#change([{ directory, name, after: new Directory() }]);
  }

  rename(from: string, to: string): void {
    const source = this.#parent(from);
    const target = this.#parent(to);
    const entry = source.directory.entries.get(source.name);
    if (entry === undefined) throw new FileError('ENOENT', from);
    const replaced = target.directory.entries.get(target.name);
    if (replaced === entry) return;
    if (replaced !== undefined && (replaced instanceof Directory || entry instanceof Directory)) {
      throw new FileError('EINVAL', to, `EINVAL: only a file can replace a file: ${from} to ${to}`);
    }
    if (`${to}/`.startsWith(`${from}/`)) {
      throw new FileError('EINVAL', to, `EINVAL: ${from} cannot move into itself`);
    }
    this.#change([
      { ...target, after: entry },
      { ...source, after: undefined },
    ]);
  }

  remove(path: string): void {
    const { directory, name } = this.#parent(path);
    const entry = directory.entries.get(name);
    if (entry === undefined) throw new FileError('ENOENT', path);
    if (entry instanceof Directory && entry.entries.size > 0) {
      throw new FileError('EINVAL', path, `EINVAL: the directory ${path} is not empty`);
    }
    this.#change([{ directory, name, after: undefined }]);
  }

  syncDirectory(path: string): void {
    const directory = this.#directory(path);
    const touches = (operation: DirectoryOperation): boolean =>
      operation.edits.some((edit) => edit.directory === directory);
    this.#unsynced = this.#unsynced.slice(this.#unsynced.findLastIndex(touches) + 1);
  }

  /** What was not synced is lost, in part. */
  losePower(): PowerLoss {
    const losses = { unsyncedBytesLost: 0, unsyncedWritesLost: 0, tornWrites: 0, directoryOperationsLost: 0 };
    const unsynced = this.#unsynced;
    this.#unsynced = [];
    if (unsynced.length > 0) {
      const survive = this.random.integer(0, unsynced.length);
      for (let i = unsynced.length - 1; i >= survive; i--) undo(unsynced[i]!);
      losses.directoryOperationsLost = unsynced.length - survive;
    }
    this.#loseContent(this.#root, losses);
    return losses;
  }

  /** As new. */
  wipe(): void {
    this.#root.entries.clear();
    this.#unsynced = [];
  }

  #loseContent(directory: Directory, losses: PowerLoss): void {
    for (const name of [...directory.entries.keys()].sort()) {
      const entry = directory.entries.get(name)!;
      if (entry instanceof Directory) this.#loseContent(entry, losses);
      else entry.losePower(this.random, losses);
    }
  }

  #change(edits: { directory: Directory; name: string; after: Entry | undefined }[]): void {
    const done = edits.map(({ directory, name, after }) => {
      const before = directory.entries.get(name);
      set(directory, name, after);
      return { directory, name, before };
    });
    this.#unsynced.push({ edits: done });
    if (this.#unsynced.length > UNSYNCED_DIRECTORY_OPERATIONS_MAX) {
      this.#unsynced.splice(0, UNSYNCED_DIRECTORY_OPERATIONS_MAX / 2);
    }
  }

  #directory(path: string): Directory {
    let directory = this.#root;
    for (const part of partsOf(path)) {
      const entry = directory.entries.get(part);
      if (entry === undefined) throw new FileError('ENOENT', path);
      if (!(entry instanceof Directory)) {
        throw new FileError('EINVAL', path, `EINVAL: not a directory: ${path}`);
      }
      directory = entry;
    }
    return directory;
  }

  #parent(path: string): { directory: Directory; name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw new FileError('EINVAL', path, 'EINVAL: the folder of the node itself');
    return { directory: this.#directory(parts.join('/')), name };
  }
}

function undo(operation: DirectoryOperation): void {
  for (const { directory, name, before } of operation.edits.toReversed()) set(directory, name, before);
}

function set(directory: Directory, name: string, entry: Entry | undefined): void {
  if (entry === undefined) directory.entries.delete(name);
  else directory.entries.set(name, entry);
}

function partsOf(path: string): string[] {
  if (path === '') return [];
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new FileError('EINVAL', path, `EINVAL: a path is names with / between them: ${path}`);
  }
  return parts;
}
