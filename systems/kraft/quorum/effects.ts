/**
 * What the core asks of the world, in the order in which it is to be done.
 *
 * Effects with a `write` number go to disk, in that order; when everything up to a number is durable, log and quorum state
 * alike, the driver says so with the input `stored`. One number stands for append, flush and quorum-state together, so that
 * "is this durable" is one comparison everywhere, and the driver may flush as rarely as it likes. What must wait for
 * the disk is held back inside the core.
 *
 * Records are not in the core: it keeps where epochs begin, and a fetch response says which range the driver reads for it.
 * Such a response never waits, so the range is still what it was when the core decided.
 */
import type { TraceEvent } from '../../../harness/history/trace.ts';
import type { Entry, OffsetAndEpoch, PeerRequest, Response } from './messages.ts';

/** Whom a response goes to: the driver's own, passed through. */
export type RequestToken = number | object;

/** The file `quorum-state`. */
export interface QuorumStateData {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly votedId: number;
  readonly votedDirectoryId: string | null;
}

/** What the driver reads from its disk into a response before it sends it. */
export type Fill =
  | null
  /** Whole batches from `fromOffset` on, before `endOffset`, at least one, then as many as fit: `records`. */
  | {
      readonly kind: 'records';
      readonly fromOffset: number;
      readonly endOffset: number;
      readonly maxBytes: number;
    }
  /** Bytes of a snapshot: `unalignedRecords`. */
  | {
      readonly kind: 'snapshot';
      readonly snapshotId: OffsetAndEpoch;
      readonly position: number;
      readonly maxBytes: number;
    };

export type Effect =
  /** To be answered with `receiveResponse` or `requestFailed`; both may be missing, then it times out. */
  | {
      readonly kind: 'request';
      readonly to: number;
      readonly correlationId: number;
      readonly request: PeerRequest;
    }
  | {
      readonly kind: 'respond';
      readonly token: RequestToken;
      readonly response: Response;
      readonly fill: Fill;
    }
  /** To a temporary file, synced, renamed. */
  | { readonly kind: 'persist'; readonly write: number; readonly state: QuorumStateData }
  | { readonly kind: 'append'; readonly write: number; readonly entries: readonly Entry[] }
  /** Records at this offset and after it go. */
  | { readonly kind: 'truncate'; readonly write: number; readonly endOffset: number }
  /** A durable snapshot replaces the whole log, which begins and ends at its end offset. */
  | { readonly kind: 'reset'; readonly write: number; readonly snapshotId: OffsetAndEpoch }
  /** A durable snapshot covers the log before this offset: its segments may go. */
  | { readonly kind: 'delete-prefix'; readonly logStartOffset: number }
  /** Bytes of a snapshot that is being fetched, for its temporary file; position 0 begins it anew. */
  | {
      readonly kind: 'snapshot-chunk';
      readonly snapshotId: OffsetAndEpoch;
      readonly position: number;
      readonly bytes: Uint8Array;
    }
  /** All bytes are there: to be made durable under its name, then `snapshotStored`. */
  | { readonly kind: 'store-snapshot'; readonly snapshotId: OffsetAndEpoch; readonly size: number }
  /** A fetched snapshot is durable and replaces the state that was applied so far. */
  | { readonly kind: 'load-snapshot'; readonly snapshotId: OffsetAndEpoch }
  /** Everything before this offset is committed: the driver may apply it. */
  | { readonly kind: 'high-watermark'; readonly offset: number }
  | { readonly kind: 'leader'; readonly leaderId: number | null; readonly epoch: number }
  | { readonly kind: 'trace'; readonly event: TraceEvent }
  /** The node must stop: its state is not what it must be. */
  | { readonly kind: 'crash'; readonly reason: string };
