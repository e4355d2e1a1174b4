/**
 * One node's disk in memory: what was written, and the part of it that a power loss leaves. Also the state machine that the
 * log feeds, which is a hash of everything applied.
 */
import { assert } from '../../../../harness/errors.ts';
import type { Effect, Fill, QuorumStateData } from '../effects.ts';
import type { ControlRecord, Entry, OffsetAndEpoch, Response } from '../messages.ts';
import { endOffsetOf } from '../messages.ts';
import type { Recovered, StoredSnapshot } from '../state-types.ts';

export interface MemorySnapshot {
  readonly stored: StoredSnapshot;
  readonly bytes: Uint8Array;
}

interface Image {
  quorumState: QuorumStateData;
  logStartOffset: number;
  logStartEpoch: number;
  entries: Entry[];
}

/** Writes of the core to its log or its quorum state. */
export type Write = Extract<Effect, { readonly write: number }>;

const emptyImage = (): Image => ({
  quorumState: { leaderId: -1, leaderEpoch: 0, votedId: -1, votedDirectoryId: null },
  logStartOffset: 0,
  logStartEpoch: 0,
  entries: [],
});

function apply(image: Image, write: Write): void {
  switch (write.kind) {
    case 'persist':
      image.quorumState = write.state;
      break;
    case 'append':
      assert(write.entries[0]?.offset === endOf(image), `an append that is not at ${endOf(image)}`);
      image.entries = [...image.entries, ...write.entries];
      break;
    case 'truncate':
      image.entries = image.entries.filter((entry) => endOffsetOf(entry) <= write.endOffset);
      break;
    case 'reset':
      image.entries = [];
      image.logStartOffset = write.snapshotId.endOffset;
      image.logStartEpoch = write.snapshotId.epoch;
  }
}

function endOf(image: Image): number {
  const last = image.entries[image.entries.length - 1];
  return last === undefined ? image.logStartOffset : endOffsetOf(last);
}

export class MemoryDisk {
  private written = emptyImage();
  private durable = emptyImage();
  pending: Write[] = [];
  snapshot: MemorySnapshot | null = null;
  /** Of a snapshot that is being fetched. */
  private chunks: number[] = [];

  write(write: Write): void {
    apply(this.written, write);
    this.pending.push(write);
  }

  /** Makes the first `count` writes durable. @returns the number of the last */
  sync(count = this.pending.length): number {
    let last = 0;
    for (const write of this.pending.splice(0, count)) {
      apply(this.durable, write);
      last = write.write;
    }
    return last;
  }

  /** What was not durable is gone. */
  crash(): void {
    this.pending = [];
    this.chunks = [];
    this.written = { ...this.durable };
  }

  load(quorumState: QuorumStateData, entries: readonly Entry[]): void {
    this.durable = { quorumState, logStartOffset: 0, logStartEpoch: 0, entries: [...entries] };
    this.crash();
  }

  recover(): Recovered {
    const { quorumState, logStartOffset, logStartEpoch, entries } = this.durable;
    return { quorumState, snapshot: this.snapshot?.stored ?? null, logStartOffset, logStartEpoch, entries };
  }

  /** Deleting is not undone by a crash: whole segments at the beginning, for good. Nothing may be pending. */
  deletePrefix(logStartOffset: number): void {
    for (const image of [this.written, this.durable]) {
      const gone = image.entries.filter((entry) => entry.offset < logStartOffset);
      image.logStartEpoch = gone[gone.length - 1]?.epoch ?? image.logStartEpoch;
      image.entries = image.entries.slice(gone.length);
      image.logStartOffset = Math.max(
        image.logStartOffset,
        Math.min(logStartOffset, endOf(image)),
        logStartOffset,
      );
    }
  }

  /** Batches from this offset on: at least one, then as many as fit where each record weighs one byte. */
  read(fromOffset: number, endOffset: number, maxBytes: number): Entry[] {
    const found: Entry[] = [];
    let size = 0;
    for (const entry of this.written.entries) {
      if (entry.offset < fromOffset || entry.offset >= endOffset) continue;
      size += entry.count;
      if (size > maxBytes && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  get entries(): readonly Entry[] {
    return this.written.entries;
  }

  readSnapshot(snapshotId: OffsetAndEpoch, position: number, maxBytes: number): Uint8Array {
    const { snapshot } = this;
    assert(snapshot?.stored.snapshotId.endOffset === snapshotId.endOffset, 'the snapshot that is asked for');
    return snapshot.bytes.slice(position, position + maxBytes);
  }

  writeChunk(position: number, bytes: Uint8Array): void {
    if (position === 0) this.chunks = [];
    assert(position === this.chunks.length, `a chunk at ${position} behind ${this.chunks.length} bytes`);
    this.chunks.push(...bytes);
  }

  /** The chunks have become a snapshot, which is durable. */
  storeChunks(): StoredSnapshot {
    this.snapshot = decodeSnapshot(Uint8Array.from(this.chunks));
    this.chunks = [];
    return this.snapshot.stored;
  }
}

// A snapshot file: its own description in JSON.

export function encodeSnapshot(stored: Omit<StoredSnapshot, 'size'>): MemorySnapshot {
  const bytes = new TextEncoder().encode(JSON.stringify(stored));
  return { stored: { ...stored, size: bytes.length }, bytes };
}

function decodeSnapshot(bytes: Uint8Array): MemorySnapshot {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as Omit<StoredSnapshot, 'size'>;
  return { stored: { ...stored, size: bytes.length }, bytes };
}

// Hashes

export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export const hashState = (state: number, entry: Entry): number =>
  (Math.imul(state ^ entry.hash, 0x85ebca6b) + endOffsetOf(entry)) >>> 0;

export function encodeControls(controls: readonly ControlRecord[]): { payload: unknown; hash: number } {
  const payload = JSON.stringify(controls);
  return { payload, hash: hashText(payload) };
}

/** What a driver does before a response leaves. */
export function fillIn(disk: MemoryDisk, response: Response, fill: Fill): Response {
  if (fill === null) return response;
  if (fill.kind === 'records') {
    assert(response.api === 'fetch', 'records go into a fetch response');
    return { ...response, records: disk.read(fill.fromOffset, fill.endOffset, fill.maxBytes) };
  }
  assert(response.api === 'fetch-snapshot', 'bytes go into a fetch-snapshot response');
  return { ...response, unalignedRecords: disk.readSnapshot(fill.snapshotId, fill.position, fill.maxBytes) };
}
