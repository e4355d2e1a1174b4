/**
 * A client: what turns one invocation into one completion against one system. Single-threaded: the
 * interpreter invokes again only after the promise settled, or after it gave up on it and closed the client.
 */
import type { Json, OperationError, Position } from '../history/operation.ts';

export interface Invocation {
  readonly f: string;
  readonly key?: string | number;
  readonly value: Json;
}

export interface Completion {
  /** An answer that leaves open whether it happened is `info`, never `fail`. */
  readonly type: 'ok' | 'fail' | 'info';
  /** Same shape as the invocation's; the invocation's own where absent. */
  readonly value?: Json;
  readonly error?: OperationError;
  readonly position?: Position;
}

export interface Client {
  /** A rejection is recorded as `info` with code `client-crashed`. */
  invoke(invocation: Invocation): Promise<Completion>;
  /** Releases what it holds; idempotent; a pending invocation may then never settle. */
  close(): void;
}
