/**
 * Snapshots of the metadata log, by id: the offset and leader epoch of what they contain (KIP-630).
 *
 *     00000000000000000100-0000000003.checkpoint         all records below offset 100, the last of them of epoch 3
 *     00000000000000000100-0000000003.checkpoint.part    one that is being written or fetched
 *
 *     const snapshots = await SnapshotStore.open(files, '__cluster_metadata-0');
 *     const writer = await snapshots.create({ endOffset: 100, epoch: 3 });
 *     await writer.append(batches);
 *     await writer.freeze();                          // it exists now, and is durable
 *     await snapshots.read({ endOffset: 100, epoch: 3 }, 0, 1 << 20);
 *
 * It has its folder with the log: the log is then cut with `deleteRecords(endOffset)`, or begun anew behind a fetched
 * snapshot with `truncateFullyAndStartAt(endOffset)`. A snapshot is record batches, checked before it counts.
 */
import { assert } from '../../../harness/errors.ts';
import type { Files, OpenFile } from '../../runtime/runtime.ts';
import type { RecordBatch } from '../records/batch.ts';
import { joinPath } from './durable-files.ts';
import { LogCorruptError } from './errors.ts';
import { scanSegment } from './scan.ts';

export interface SnapshotId {
  /** After the last offset that is in it. */
  readonly endOffset: number;
  readonly epoch: number;
}

export interface SnapshotPiece {
  readonly bytes: Uint8Array;
  /** Of the whole snapshot. */
  readonly sizeBytes: number;
}

const NAME = /^(\d{20})-(\d{10})\.checkpoint$/;
const PART = '.part';

const nameOf = ({ endOffset, epoch }: SnapshotId): string =>
  `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`;

/** By end offset, then epoch. */
export function compareSnapshots(a: SnapshotId, b: SnapshotId): number {
  return a.endOffset - b.endOffset || a.epoch - b.epoch;
}

function idOf(name: string): SnapshotId | null {
  const match = NAME.exec(name);
  return match === null ? null : { endOffset: Number(match[1]), epoch: Number(match[2]) };
}

export class SnapshotStore {
  private readonly files: Files;
  private readonly directory: string;
  /** Ascending. */
  private ids: SnapshotId[];

  private constructor(files: Files, directory: string, ids: SnapshotId[]) {
    this.files = files;
    this.directory = directory;
    this.ids = ids;
  }

  /** The folder is the log's, and there. Snapshots that were not finished go. */
  static async open(files: Files, directory: string): Promise<SnapshotStore> {
    const names = await files.list(directory);
    for (const name of names.filter((candidate) => candidate.endsWith(`.checkpoint${PART}`))) {
      await files.remove(joinPath(directory, name));
    }
    // One that a killed process renamed is seen, and yet not durable.
    await files.syncDirectory(directory);
    return new SnapshotStore(
      files,
      directory,
      names.flatMap((name) => idOf(name) ?? []),
    );
  }

  get latest(): SnapshotId | null {
    return this.ids.at(-1) ?? null;
  }

  get earliest(): SnapshotId | null {
    return this.ids[0] ?? null;
  }

  list(): readonly SnapshotId[] {
    return this.ids;
  }

  has(id: SnapshotId): boolean {
    return this.ids.some((candidate) => compareSnapshots(candidate, id) === 0);
  }

  /** Begins a snapshot; what was written of one of this id before is forgotten. One writer for an id at a time. */
  async create(id: SnapshotId): Promise<SnapshotWriter> {
    const path = joinPath(this.directory, nameOf(id));
    const file = await this.files.open(path + PART, { create: true });
    await file.truncate(0);
    return new SnapshotWriter(id, file, {
      finish: async () => {
        await this.files.rename(path + PART, path);
        await this.files.syncDirectory(this.directory);
        if (!this.has(id)) this.ids = [...this.ids, id].sort(compareSnapshots);
      },
      abandon: () => this.files.remove(path + PART),
    });
  }

  /** Bytes of a snapshot, from a position on: empty at its end. Null where there is no such snapshot. */
  async read(id: SnapshotId, positionBytes: number, maxBytes: number): Promise<SnapshotPiece | null> {
    if (!this.has(id)) return null;
    const file = await this.files.open(joinPath(this.directory, nameOf(id)));
    try {
      const sizeBytes = await file.sizeBytes();
      return { bytes: await file.read(positionBytes, maxBytes), sizeBytes };
    } finally {
      await file.close();
    }
  }

  /** All its batches, in order. @throws LogCorruptError */
  async load(id: SnapshotId, onBatch: (batch: RecordBatch) => void): Promise<void> {
    const path = joinPath(this.directory, nameOf(id));
    const file = await this.files.open(path);
    try {
      await verify(file, path, onBatch);
    } finally {
      await file.close();
    }
  }

  /** Removes those before an end offset. Resolves with how many went. */
  async deleteBefore(endOffset: number): Promise<number> {
    const old = this.ids.filter((id) => id.endOffset < endOffset);
    this.ids = this.ids.filter((id) => id.endOffset >= endOffset);
    for (const id of old) await this.files.remove(joinPath(this.directory, nameOf(id)));
    if (old.length > 0) await this.files.syncDirectory(this.directory);
    return old.length;
  }
}

async function verify(
  file: OpenFile,
  path: string,
  onBatch: (batch: RecordBatch) => void = () => undefined,
): Promise<void> {
  const { goodBytes, problem } = await scanSegment(file, 0, await file.sizeBytes(), (batch) => {
    onBatch(batch);
  });
  if (problem !== null) throw new LogCorruptError(path, goodBytes, problem);
}

interface Ending {
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

export class SnapshotWriter {
  readonly id: SnapshotId;
  private readonly file: OpenFile;
  private readonly ending: Ending;
  private writtenBytes = 0;
  private isEnded = false;

  constructor(id: SnapshotId, file: OpenFile, ending: Ending) {
    this.id = id;
    this.file = file;
    this.ending = ending;
  }

  /** Where the next bytes go: what a follower asks its leader for. */
  get sizeBytes(): number {
    return this.writtenBytes;
  }

  /** Any cut of the bytes, in order; they must be whole batches when it is frozen. */
  async append(bytes: Uint8Array): Promise<void> {
    assert(!this.isEnded, 'the snapshot is being written');
    this.writtenBytes += bytes.length;
    await this.file.append(bytes);
  }

  /** Checks it and makes it exist. @throws LogCorruptError where its bytes are not whole batches: it is then abandoned */
  async freeze(): Promise<void> {
    assert(!this.isEnded, 'the snapshot is being written');
    this.isEnded = true;
    try {
      await verify(this.file, this.file.path);
    } catch (error) {
      await this.file.close();
      await this.ending.abandon();
      throw error;
    }
    await this.file.sync();
    await this.file.close();
    await this.ending.finish();
  }

  async abandon(): Promise<void> {
    assert(!this.isEnded, 'the snapshot is being written');
    this.isEnded = true;
    await this.file.close();
    await this.ending.abandon();
  }
}
