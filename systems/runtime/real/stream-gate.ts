/**
 * One direction of a connection between two nodes, through the gate of that direction: an ordered byte stream that may be slow and
 * may stall, but loses nothing.
 *
 *     const gate = new StreamGate(link, { deliver: (bytes) => socket.write(bytes), end: () => socket.end(), giveUp });
 *     gate.open();
 *     gate.push(bytes);     // delivered at once while the link is idle
 *
 * What the link refuses is tried again after a wait that doubles, or as soon as the fault ends; meanwhile the stream is stalled,
 * and what is pushed waits in order. A cut holds back what is delayed as well. After `STALL_TIMEOUT_MS` without success the
 * connection is given up. The same as the simulator's streams, without their windows and acknowledgements.
 */
import type { LinkGate } from './link-gate.ts';

/** As the simulator's `NetworkOptions`: how a TCP sender behaves, with a stall timeout of a busy server. */
export const RETRANSMIT_MIN_MS = 200;
export const RETRANSMIT_MAX_MS = 3_200;
const STALL_TIMEOUT_MS = 10_000;

export interface StreamGateHooks {
  deliver(bytes: Uint8Array): void;
  /** All that was pushed is delivered, and it was the last. */
  end(): void;
  giveUp(): void;
}

interface Item {
  /** Null: the end. */
  readonly bytes: Uint8Array | null;
  dueMs: number;
}

export class StreamGate {
  readonly #link: LinkGate;
  readonly #hooks: StreamGateHooks;
  readonly #items: Item[] = [];
  /** Of the items, the first so many are under way: they arrive when they are due. */
  #underWay = 0;
  #heldBytes = 0;
  #lastDueMs = 0;
  #isOpen = false;
  #isClosed = false;
  #stalledSinceMs = 0;
  /** While it is stalled. */
  #cancelRetry: (() => void) | null = null;
  #arrival: NodeJS.Timeout | undefined;

  constructor(link: LinkGate, hooks: StreamGateHooks) {
    this.#link = link;
    this.#hooks = hooks;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Both sides know of the connection: what waited sets off. */
  open(): void {
    this.#isOpen = true;
    this.#pump(RETRANSMIT_MIN_MS);
  }

  push(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isOpen && this.#items.length === 0 && this.#link.isIdle) return this.#hooks.deliver(bytes);
    this.#heldBytes += bytes.length;
    this.#add(bytes);
  }

  /** No more will be pushed. */
  end(): void {
    if (!this.#isClosed) this.#add(null);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    clearTimeout(this.#arrival);
    this.#items.length = 0;
    this.#underWay = 0; // it may be closed by what it delivers
    this.#heldBytes = 0;
  }

  #add(bytes: Uint8Array | null): void {
    this.#items.push({ bytes, dueMs: 0 });
    if (this.#cancelRetry === null) this.#pump(RETRANSMIT_MIN_MS);
  }

  /**
   * Sends what it may and delivers what is due.
   *
   * @param waitMs - before it tries again, if it is refused at once
   */
  #pump(waitMs: number): void {
    if (!this.#isOpen) return;
    const now = performance.now();
    while (this.#underWay < this.#items.length) {
      if (!this.#link.admits()) {
        this.#stall(now, waitMs);
        break;
      }
      this.#stalledSinceMs = 0;
      waitMs = RETRANSMIT_MIN_MS;
      const dueMs = now + this.#link.slowMs() + this.#link.heldMs('messagesDelayed');
      this.#lastDueMs = Math.max(dueMs, this.#lastDueMs);
      this.#items[this.#underWay++]!.dueMs = this.#lastDueMs;
    }
    this.#deliverDue(now);
  }

  #deliverDue(now: number): void {
    while (this.#underWay > 0 && this.#items[0]!.dueMs <= now) {
      if (this.#link.isCut) return this.#holdBack(now);
      const { bytes } = this.#items.shift()!;
      this.#underWay--;
      if (bytes === null) this.#hooks.end();
      else {
        this.#heldBytes -= bytes.length;
        this.#hooks.deliver(bytes);
      }
    }
    clearTimeout(this.#arrival);
    if (this.#underWay > 0) {
      const waitMs = Math.ceil(this.#items[0]!.dueMs - now);
      this.#arrival = setTimeout(() => this.#deliverDue(performance.now()), waitMs);
    }
  }

  /** The link was cut while it was under way: as if it had not set off. */
  #holdBack(now: number): void {
    this.#underWay = 0;
    this.#link.admits(); // counts what the cut holds back
    if (this.#cancelRetry === null) this.#stall(now, RETRANSMIT_MIN_MS);
  }

  #stall(now: number, waitMs: number): void {
    if (this.#stalledSinceMs === 0) {
      this.#stalledSinceMs = now;
      this.#link.countStall();
    }
    if (now - this.#stalledSinceMs >= STALL_TIMEOUT_MS) {
      this.close();
      this.#hooks.giveUp();
      return;
    }
    this.#cancelRetry = this.#link.afterwards(waitMs, () => {
      this.#cancelRetry = null;
      this.#pump(Math.min(2 * waitMs, RETRANSMIT_MAX_MS));
    });
  }
}
