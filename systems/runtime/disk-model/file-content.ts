/**
 * The bytes of one file of the model, and what a power loss may do to them.
 *
 *     content.write(0, bytes);     // readable at once, durable no earlier than the next sync()
 *     content.sync();              // all of it is durable now
 *     content.write(4, more);
 *     content.losePower(random);   // `more` survives wholly, in part, or not at all; `bytes` survive for certain
 *
 * Every unsynced write keeps what it takes to undo and to repeat it: a power loss undoes them all, which gives the
 * durable content, and repeats those that reached the disk. Which do is drawn: none, a prefix with the last of them
 * torn, or any of them in order with holes of zeros where an earlier one is missing (a file system may write
 * blocks back in any order). A torn write ends early, or has its length and some of its sectors, with what was there
 * before (zeros, in a file that grew) in place of the others: a length alone proves nothing. Bytes that nobody wrote
 * never appear.
 */
import type { Random } from '../../../harness/random.ts';

interface UnsyncedWrite {
  /** Undefined for a truncation to `position`. */
  readonly bytes: Uint8Array | undefined;
  readonly position: number;
  readonly lengthBefore: number;
  /** What lay from `position` on, as far as it was overwritten or cut off. */
  readonly overwritten: Uint8Array;
}

export interface Losses {
  unsyncedBytesLost: number;
  unsyncedWritesLost: number;
  tornWrites: number;
}

/** An operating system writes back on its own sooner or later: so much may stay unsynced, older writes become durable. */
const UNSYNCED_WRITES_MAX = 4096;
const UNSYNCED_BYTES_MAX = 64 * 1024 * 1024;
/** What a disk writes wholly or not at all. */
const SECTOR_BYTES = 512;
const EMPTY = new Uint8Array(0);

export class FileContent {
  #data = EMPTY;
  #length = 0;
  #unsynced: UnsyncedWrite[] = [];
  #unsyncedBytes = 0;

  get length(): number {
    return this.#length;
  }

  get unsyncedWrites(): number {
    return this.#unsynced.length;
  }

  /** A copy; shorter at the end of the file. */
  read(position: number, length: number): Uint8Array {
    return this.#data.slice(position, Math.min(position + length, this.#length));
  }

  /** Keeps the bytes: the caller hands them over. Writing behind the end fills the gap with zeros. */
  write(position: number, bytes: Uint8Array): void {
    const overwritten = position < this.#length ? this.read(position, bytes.length) : EMPTY;
    this.#remember({ bytes, position, lengthBefore: this.#length, overwritten });
    this.#put(position, bytes);
  }

  truncate(length: number): void {
    const overwritten = this.read(length, this.#length);
    this.#remember({ bytes: undefined, position: length, lengthBefore: this.#length, overwritten });
    this.#resize(length);
  }

  sync(): void {
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
  }

  losePower(random: Random, losses: Losses): void {
    const writes = this.#unsynced;
    this.sync();
    if (writes.length === 0) return;
    for (let i = writes.length - 1; i >= 0; i--) this.#undo(writes[i]!);
    const survivors = drawSurvivors(random, writes.length);
    const last = survivors.lastIndexOf(true);
    writes.forEach((write, i) => {
      const { bytes, position } = write;
      if (survivors[i] !== true) {
        losses.unsyncedWritesLost++;
        losses.unsyncedBytesLost += bytes?.length ?? 0;
      } else if (bytes === undefined) {
        this.#resize(position);
      } else if (i === last && bytes.length > 0 && random.chance(0.5)) {
        losses.tornWrites++;
        losses.unsyncedBytesLost += this.#tear(position, bytes, random);
      } else {
        this.#put(position, bytes);
      }
    });
  }

  /** Returns how many bytes did not reach the disk. */
  #tear(position: number, bytes: Uint8Array, random: Random): number {
    const end = position + bytes.length;
    if (sectorEnd(position) >= end || random.chance(0.5)) {
      const survived = random.integer(0, bytes.length - 1);
      this.#put(position, bytes.subarray(0, survived));
      return bytes.length - survived;
    }
    if (end > this.#length) this.#resize(end);
    let lost = 0;
    for (let from = position; from < end;) {
      const to = Math.min(sectorEnd(from), end);
      if (random.chance(0.5)) this.#put(from, bytes.subarray(from - position, to - position));
      else lost += to - from;
      from = to;
    }
    return lost;
  }

  #remember(write: UnsyncedWrite): void {
    this.#unsynced.push(write);
    this.#unsyncedBytes += heldBytes(write);
    if (this.#unsynced.length > UNSYNCED_WRITES_MAX || this.#unsyncedBytes > UNSYNCED_BYTES_MAX) {
      const writtenBack = this.#unsynced.splice(0, Math.ceil(this.#unsynced.length / 2));
      for (const old of writtenBack) this.#unsyncedBytes -= heldBytes(old);
    }
  }

  #undo(write: UnsyncedWrite): void {
    // Also shortens: what lay behind the old end was written later and is undone already.
    this.#resize(write.lengthBefore);
    this.#put(write.position, write.overwritten);
  }

  #put(position: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (position + bytes.length > this.#length) this.#resize(position + bytes.length);
    this.#data.set(bytes, position);
  }

  #resize(length: number): void {
    if (length > this.#data.length) {
      const data = new Uint8Array(Math.max(length, 2 * this.#data.length, 256));
      data.set(this.#data.subarray(0, this.#length));
      this.#data = data;
    } else if (length === 0) {
      this.#data = EMPTY;
    } else if (length < this.#length) {
      this.#data.fill(0, length, this.#length); // a later extension must find zeros
    }
    this.#length = length;
  }
}

/** Where the sector of this byte ends. */
const sectorEnd = (position: number): number => (Math.floor(position / SECTOR_BYTES) + 1) * SECTOR_BYTES;

function heldBytes(write: UnsyncedWrite): number {
  return (write.bytes?.length ?? 0) + write.overwritten.length;
}

/** Which of the unsynced writes reached the disk. */
function drawSurvivors(random: Random, count: number): boolean[] {
  const survivors = new Array<boolean>(count).fill(false);
  switch (random.integer(0, 3)) {
    case 0:
      return survivors;
    case 1:
      return survivors.map(() => random.chance(0.5));
    default:
      return survivors.fill(true, 0, random.integer(0, count));
  }
}
