/**
 * What a power loss may take from a real data directory: the simulator's model of a disk, kept in memory beside it.
 *
 *     const mirror = new DiskMirror('data/n1', randomStream(seed, 'disk', 'n1'));   // what is there now is durable
 *     mirror.disk.open('log', true).write(0, bytes);     // repeats each operation that was done to the real files
 *     mirror.losePower();                                // and takes from the real files what was not synced
 *
 * The operating system has long been given the bytes that a node wrote and did not sync, and a SIGKILL takes none of them back:
 * only who remembers what was synced can. The mirror holds all the data of the node once more, and what was not synced twice,
 * so that a node's memory grows with its data. Links, devices and files that others put there are not touched.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../harness/random.ts';
import { Disk, type PowerLoss } from '../disk-model/disk.ts';
import type { FileContent } from '../disk-model/file-content.ts';

export class DiskMirror {
  readonly disk: Disk;
  /** Opened since it was loaded: the others are as they were. */
  readonly touched = new Set<FileContent>();
  /** Some name was made, moved or removed since: any file may be another one. */
  hasNewNames = false;
  readonly #directory: string;

  constructor(directory: string, random: Random) {
    this.#directory = directory;
    this.disk = new Disk(random);
    this.#load('');
  }

  /** Loses what was not synced, in part, as the model draws it; when it returns the real directory is what is left. */
  losePower(): PowerLoss {
    const before = this.disk.walk();
    const lost = this.disk.losePower();
    const after = new Map(this.disk.walk());
    // From the leaves to the root, what is gone, or what was a file and is a directory again.
    for (const [path] of before.toReversed()) {
      const content = after.get(path);
      if (content === undefined || this.#kindOf(path) !== kind(content)) this.#remove(path);
    }
    for (const [path, content] of after) {
      if (content === null) mkdirSync(join(this.#directory, path), { recursive: true });
      else if (this.hasNewNames || this.touched.has(content)) this.#put(path, content);
    }
    return lost;
  }

  #load(prefix: string): void {
    for (const entry of readdirSync(join(this.#directory, prefix), { withFileTypes: true })) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        this.disk.makeDirectory(path);
        this.#load(path);
      } else if (entry.isFile()) {
        const content = this.disk.open(path, true);
        content.write(0, readFileSync(join(this.#directory, path)));
        content.sync();
      }
    }
    this.disk.syncDirectory(prefix);
  }

  #put(path: string, content: FileContent): void {
    const bytes = content.read(0, content.length);
    const place = join(this.#directory, path);
    const isThere = this.#kindOf(path) === 'file' && readFileSync(place).equals(bytes);
    if (!isThere) writeFileSync(place, bytes);
  }

  #remove(path: string): void {
    const place = join(this.#directory, path);
    try {
      if (this.#kindOf(path) === 'directory') rmdirSync(place);
      else unlinkSync(place);
    } catch (error) {
      // It is gone already, or others put their files into it.
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error;
    }
  }

  #kindOf(path: string): 'file' | 'directory' | null {
    const stats = statSync(join(this.#directory, path), { throwIfNoEntry: false });
    return stats === undefined ? null : stats.isDirectory() ? 'directory' : 'file';
  }
}

const kind = (content: FileContent | null): 'file' | 'directory' => (content === null ? 'directory' : 'file');
