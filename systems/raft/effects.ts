/**
 * What the core asks of the world, in the order in which it is to be done.
 *
 * Effects with a `write` number go to disk, in order; when everything up to a number is durable, the driver says so with
 * the input `stored`. Whatever must wait for that is held back inside the core, not here.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { TraceEvent } from '../../harness/history/trace.ts';
import type { LogEntry } from './log.ts';
import type { Message } from './messages.ts';
import type { Snapshot } from './snapshot.ts';

/** Whom a reply goes to: the driver's own, passed through. */
export type ReplyToken = number | object;

/** What a client is told. */
export interface Reply {
  readonly kind: 'reply';
  readonly token: ReplyToken;
  readonly code: number;
  /** Of a command's entry; 0 where there is none. */
  readonly index: number;
  readonly term: number;
  /** Of a read that succeeded. */
  readonly value: Json;
  readonly isRead: boolean;
  /** With `not-leader`: who leads, where it is known. */
  readonly leader: string | null;
}

export type Effect =
  | { readonly kind: 'send'; readonly to: string; readonly message: Message }
  | {
      readonly kind: 'persist';
      readonly write: number;
      readonly term: number;
      readonly votedFor: string | null;
    }
  | { readonly kind: 'append'; readonly write: number; readonly entries: readonly LogEntry[] }
  | { readonly kind: 'truncate'; readonly write: number; readonly fromIndex: number }
  /** The log is empty and begins after this index: a snapshot replaced it. */
  | { readonly kind: 'reset'; readonly write: number; readonly index: number; readonly term: number }
  /** To be answered with the input `snapshot-saved` when it is durable. */
  | { readonly kind: 'save-snapshot'; readonly snapshot: Snapshot }
  /** A durable snapshot covers the log up to here: its files may go. */
  | { readonly kind: 'compact'; readonly index: number }
  | Reply
  | { readonly kind: 'trace'; readonly event: TraceEvent }
  /** The node must stop: its state is not what it must be. */
  | { readonly kind: 'crash'; readonly reason: string };
