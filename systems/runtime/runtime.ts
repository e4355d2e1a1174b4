/**
 * The door through which a node touches the world. Node code imports nothing of `node:*` and calls no
 * global clock, timer or random source; it is given a Runtime when it starts. Two implementations:
 * the simulator's (`harness/cluster/sim`) and the real one (`systems/runtime/real`).
 *
 *     const server = runtime.listen(7000, (connection) => {
 *       connection.onData((bytes) => connection.write(bytes));
 *     });
 *     runtime.setTimer(msToNs(50), () => runtime.log('info', 'fifty milliseconds of my clock went by'));
 *
 * Callbacks run one at a time, never inside the call that registered them. After a crash none runs any more.
 * A node's own clock may be skewed by a fault. Drift changes the rate of `wallMs`, `monotonicNs` and timers. A jump
 * forward moves all three, as after a suspended virtual machine; a jump back moves `wallMs` only, since a
 * monotonic clock never goes back.
 */
import type { Random } from '../../harness/random.ts';
import type { TraceEvent } from '../../harness/history/trace.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

/** Why a connection ended: by `close()` of either side, torn down by the network or a crash, or never accepted. */
export type CloseReason = 'closed' | 'reset' | 'refused' | 'unreachable';

/** An ordered, reliable byte stream, as TCP: chunk boundaries mean nothing. It may stall, and it may reset. */
export interface Connection {
  readonly remote: Address;
  /** Takes ownership of the bytes; pieces leave together. Writes before the connection is open are queued; after its end, dropped. */
  write(...pieces: readonly Uint8Array[]): void;
  /** Bytes written and not yet taken by the network: the sender's back-pressure. */
  readonly bufferedBytes: number;
  onOpen(callback: () => void): void;
  onData(callback: (bytes: Uint8Array) => void): void;
  /**
   * The receiver's back-pressure. False: what arrives waits, and after some of it its sender, too. With the end of the connection
   * it is delivered all the same.
   */
  setReading(isReading: boolean): void;
  /** Called once; nothing is delivered after it. */
  onClose(callback: (reason: CloseReason) => void): void;
  close(): void;
}

export interface Listener {
  readonly port: number;
  close(): void;
}

export interface OpenFile {
  readonly path: string;
  /**
   * Writes at the end, one piece behind the other, and takes ownership of the bytes: nobody may change them. Resolves when the
   * operating system has it, which is *not* durable.
   */
  append(...pieces: readonly Uint8Array[]): Promise<void>;
  /** As {@link append}, elsewhere. */
  write(positionBytes: number, bytes: Uint8Array): Promise<void>;
  read(positionBytes: number, lengthBytes: number): Promise<Uint8Array>;
  truncate(lengthBytes: number): Promise<void>;
  /** fsync. Resolves when all earlier writes of this file are durable; a failed sync must crash the node. */
  sync(): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** Code of a FileError: as POSIX. */
export type FileErrorCode = 'ENOENT' | 'EEXIST' | 'EIO' | 'ENOSPC' | 'EINVAL';

export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;
  readonly path: string;
  constructor(code: FileErrorCode, path: string, message?: string) {
    super(message ?? `${code}: ${path}`);
    this.code = code;
    this.path = path;
  }
}

/** The node's own folder; paths are relative to it, with `/`. Every method rejects with a FileError. */
export interface Files {
  /** `create` makes it when absent; without it ENOENT. The new name is durable only after {@link Files.syncDirectory}. */
  open(path: string, options?: { create?: boolean }): Promise<OpenFile>;
  readAll(path: string): Promise<Uint8Array>;
  exists(path: string): Promise<boolean>;
  /** Names in a directory, sorted; `''` is the node's folder. */
  list(directory: string): Promise<string[]>;
  makeDirectory(path: string): Promise<void>;
  /** Replaces the target atomically; durable only after syncing the directory. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** fsync of the directory itself: makes creations, renames and removals in it durable. */
  syncDirectory(path: string): Promise<void>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a client or another outsider may touch: time, randomness and connections, no disk and no trace. */
export interface Endpoint {
  /** Own host name. */
  readonly host: string;
  /** Monotonic nanoseconds of this host's clock, from an arbitrary start. */
  monotonicNs(): number;
  /** Wall clock, milliseconds since 1970; may jump either way. */
  wallMs(): number;
  setTimer(delayNs: number, callback: () => void): Timer;
  readonly random: Random;
  connect(address: Address): Connection;
}

export interface Runtime extends Endpoint {
  /** Throws `Error` with a clear message when the port is taken. */
  listen(port: number, onConnection: (connection: Connection) => void): Listener;
  /** Sends to a peer's {@link Runtime.onDatagram}: may be lost, duplicated or reordered, never corrupted. At most 64 MiB. */
  sendDatagram(peer: string, bytes: Uint8Array): void;
  /** One handler a node; a later call replaces it. */
  onDatagram(callback: (from: string, bytes: Uint8Array) => void): void;
  readonly files: Files;
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What the node says of itself, for the invariant checkers. Time and node are added. */
  trace(event: TraceEvent): void;
  /** Ends this node as a crash would, with a reason for people: after a failed fsync, a broken invariant, a corrupt log. */
  crash(reason: string): void;
}
