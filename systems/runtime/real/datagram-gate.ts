/**
 * Datagrams on their way to one peer, through the gate of that direction: dropped, delayed, doubled, overtaken.
 *
 *     const gate = new DatagramGate(link, (bytes) => write(bytes));
 *     gate.send(bytes);      // written at once while the link is idle
 *
 * Delayed datagrams keep their order, unless the fault holds one back; the end of a slow fault lets new ones overtake, too. What
 * is delayed when the link is cut does not leave any more.
 */
import type { LinkGate } from './link-gate.ts';

interface Delayed {
  readonly dueMs: number;
  readonly bytes: Uint8Array;
}

/** Beyond this what is sent is dropped, as a full queue of a router would. */
const DELAYED_BYTES_MAX = 64 * 1024 * 1024;

export class DatagramGate {
  readonly #link: LinkGate;
  readonly #deliver: (bytes: Uint8Array) => void;
  /** By due time; of equal ones the first sent first. */
  #delayed: Delayed[] = [];
  #delayedBytes = 0;
  #timeout: NodeJS.Timeout | undefined;

  constructor(link: LinkGate, deliver: (bytes: Uint8Array) => void) {
    this.#link = link;
    this.#deliver = deliver;
  }

  send(bytes: Uint8Array): void {
    const link = this.#link;
    if (link.isIdle) return this.#deliver(bytes);
    if (!link.admits()) return;
    const now = performance.now();
    const arrivalMs = now + link.slowMs();
    const heldMs = link.heldMs('messagesReordered');
    if (heldMs === 0) link.lastDatagramMs = Math.max(arrivalMs, link.lastDatagramMs);
    this.#deliverAt(heldMs === 0 ? link.lastDatagramMs : arrivalMs + heldMs, now, bytes);
    const laterMs = link.duplicateAfterMs();
    if (laterMs !== null) this.#deliverAt(now + link.slowMs() + laterMs, now, bytes);
  }

  close(): void {
    clearTimeout(this.#timeout);
    this.#delayed = [];
    this.#delayedBytes = 0;
  }

  #deliverAt(dueMs: number, now: number, bytes: Uint8Array): void {
    if (dueMs <= now) return this.#deliver(bytes);
    if (this.#delayedBytes + bytes.length > DELAYED_BYTES_MAX) return;
    this.#delayedBytes += bytes.length;
    const delayed = this.#delayed;
    let at = delayed.length;
    while (at > 0 && delayed[at - 1]!.dueMs > dueMs) at--;
    delayed.splice(at, 0, { dueMs, bytes });
    if (at === 0) this.#arm(now);
  }

  #arm(now: number): void {
    clearTimeout(this.#timeout);
    const first = this.#delayed[0];
    if (first !== undefined) this.#timeout = setTimeout(() => this.#release(), Math.ceil(first.dueMs - now));
  }

  #release(): void {
    const now = performance.now();
    const due = this.#delayed.findIndex(({ dueMs }) => dueMs > now);
    const released = this.#delayed.splice(0, due < 0 ? this.#delayed.length : due);
    this.#arm(now);
    for (const { bytes } of released) {
      this.#delayedBytes -= bytes.length;
      if (!this.#link.isCut || this.#link.admits()) this.#deliver(bytes);
    }
  }
}
