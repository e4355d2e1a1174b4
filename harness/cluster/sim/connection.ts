/**
 * Connections of the simulated network: two ordered byte streams, as TCP has them.
 *
 * - What a link refuses (a cut, a loss, a host without power) is sent again after a wait that doubles; meanwhile the
 *   stream stalls, and what is written queues up (`bufferedBytes`). After `stallTimeoutMs` without success the
 *   sender gives up with `reset`.
 * - A link that is cut in the other direction only carries data but no acknowledgements: the stream stalls after
 *   the data that went through.
 * - A paused process accepts (its operating system does), but reads nothing: its peer's writes queue up
 *   behind the window.
 * - When a process dies, its operating system resets its connections. When its host loses power nobody does: the
 *   peer finds out from an answer to its data once the host is up again, or after `stallTimeoutMs`.
 * - `close()` lets everything that was written arrive first; before the connection is open it drops what waits, and
 *   resets the other side.
 * - What is written is cut and joined on its way: the boundaries of chunks mean nothing.
 *
 * - A program that does not read (`setReading`) holds nobody up: there is room for whatever arrives.
 *
 * Not modelled: half-closed connections, congestion control, sequence numbers.
 */
import type { Address, CloseReason, Connection } from '../../../systems/runtime/runtime.ts';
import { joinedBytes } from '../../../systems/runtime/joined-bytes.ts';
import type { Network } from './network.ts';
import { CallbackEvent, type OwnedConnection, type SimProcess } from './sim-process.ts';
import { EndEvent, type Stream, type StreamEnd } from './stream.ts';

type State = 'connecting' | 'open' | 'closing' | 'ended';

/** One side of a connection. */
export class SimConnection implements Connection, OwnedConnection, StreamEnd {
  readonly remote: Address;
  readonly process: SimProcess;
  readonly #network: Network;
  /** What this side sends; null until the other side exists. */
  #out: Stream | null = null;
  #state: State = 'connecting';
  #endReason: CloseReason | null = null;
  /** Written before the connection was open. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  /** Arrived before anyone listened, or while nobody reads. */
  #unread: Uint8Array[] = [];
  #isReading = true;
  #onOpen: (() => void) | null = null;
  #onData: ((bytes: Uint8Array) => void) | null = null;
  #onClose: ((reason: CloseReason) => void) | null = null;

  constructor(network: Network, process: SimProcess, remote: Address) {
    this.#network = network;
    this.process = process;
    this.remote = remote;
    process.connections.add(this);
  }

  get isEnded(): boolean {
    return this.#state === 'ended' || this.#state === 'closing';
  }

  get bufferedBytes(): number {
    return this.#earlyBytes + (this.#out?.queuedBytes ?? 0);
  }

  write(...pieces: readonly Uint8Array[]): void {
    const bytes = joinedBytes(pieces);
    if (!this.process.alive || bytes.length === 0) return;
    if (this.#state === 'open') this.#out!.write(bytes);
    else if (this.#state === 'connecting') {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
    }
  }

  onOpen(callback: () => void): void {
    this.#onOpen = callback;
    if (this.#state === 'open') this.#soon(() => this.#fireOpen());
  }

  onData(callback: (bytes: Uint8Array) => void): void {
    this.#onData = callback;
    if (this.#unread.length > 0) this.#soon(() => this.#fireUnread());
  }

  setReading(isReading: boolean): void {
    if (this.#isReading === isReading) return;
    this.#isReading = isReading;
    if (isReading && this.#unread.length > 0) this.#soon(() => this.#fireUnread());
  }

  onClose(callback: (reason: CloseReason) => void): void {
    this.#onClose = callback;
    if (this.#state === 'ended') this.#soon(() => this.#fireClose());
  }

  close(): void {
    if (!this.process.alive || this.isEnded) return;
    if (this.#state === 'open') this.#out!.finish();
    else this.#dropEarly();
    this.#state = 'closing';
    this.#network.scheduler.after(0, new EndEvent(this, 'closed'));
  }

  // What follows is for the simulator, not for the program.

  /** The other side exists, and `out` leads to it. On the connecting side it opens later. */
  attach(out: Stream): void {
    this.#out = out;
  }

  opened(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    for (const bytes of early) this.#out!.write(bytes);
    this.#fireOpen();
  }

  received(bytes: Uint8Array): void {
    if (this.isEnded) return;
    if (this.#onData === null || !this.#isReading || this.#unread.length > 0) this.#unread.push(bytes);
    else this.#onData(bytes);
  }

  /** Both sides' view of the end; only the first one counts. */
  ended(reason: CloseReason): void {
    if (this.#state === 'ended') return;
    if (reason === 'closed') this.#fireUnread({ isLast: true }); // what came before the end comes before it here, too
    const flushing = this.#state === 'closing';
    this.#state = 'ended';
    this.#endReason = reason;
    this.process.connections.delete(this);
    if (!flushing) this.#out?.abandon();
    this.#unread = [];
    this.#fireClose();
  }

  /** Its process died: this side falls silent, the other one finds out. Returns whether there was another side. */
  abandon(): boolean {
    const out = this.#out;
    const wasOpen = out !== null && !this.isEnded;
    this.#state = 'ended';
    if (wasOpen) {
      out.abandon();
      out.resetReceiver();
    }
    return wasOpen;
  }

  /** What waited for the opening is dropped. The other side, if it has accepted, must not take that for an orderly end. */
  #dropEarly(): void {
    this.#early = [];
    this.#earlyBytes = 0;
    this.#out?.abandon();
    this.#out?.resetReceiver();
  }

  #soon(callback: () => void): void {
    this.#network.scheduler.after(0, new CallbackEvent(this.process, callback));
  }

  #fireOpen(): void {
    const callback = this.#onOpen;
    this.#onOpen = null;
    callback?.();
  }

  #fireUnread({ isLast = false } = {}): void {
    if (this.#onData === null) return;
    while (this.#unread.length > 0 && (this.#isReading || isLast) && !this.isEnded)
      this.#onData(this.#unread.shift()!);
  }

  #fireClose(): void {
    if (this.#onClose === null || this.#endReason === null) return;
    const callback = this.#onClose;
    this.#onClose = null;
    callback(this.#endReason);
  }
}
