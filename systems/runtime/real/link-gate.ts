/**
 * The gate of one direction between two nodes: what the harness does to it, and what it does to what wants through.
 *
 *     const link = new LinkGate({ from: 'n1', to: 'n2' }, random, counters);
 *     link.cut();
 *     link.admits();          // false, and counted
 *     link.heal();            // streams that were stalled go on at once
 *     link.degrade({ delayMs: 100, jitterMs: 50 });
 *     link.slowMs();          // 100 … 150, and counted
 *
 * The same faults as the simulator's (`harness/cluster/sim/link.ts`), on top of whatever the real network does. A gate that
 * nobody has touched draws nothing and counts nothing: `isIdle` is all that a message asks of it.
 */
import type { Random } from '../../../harness/random.ts';
import type { LinkFault } from '../link-fault.ts';
import { counterKey, type Link } from './control.ts';
import type { FaultCounters } from './fault-counters.ts';

/** Mean of how much later a copy arrives: as the simulator's, four times a datacenter's latency. */
const DUPLICATE_TAIL_MS = 2;

export class LinkGate {
  /** When the last datagram arrives that was not held back: later ones arrive no earlier. */
  lastDatagramMs = 0;
  readonly #random: Random;
  readonly #counters: FaultCounters;
  readonly #cutKey: string;
  readonly #linkKey: string;
  readonly #waiting = new Set<() => void>();
  #isCut = false;
  #fault: LinkFault | null = null;

  constructor(link: Link, random: Random, counters: FaultCounters) {
    this.#random = random;
    this.#counters = counters;
    this.#cutKey = counterKey.cut(link);
    this.#linkKey = counterKey.link(link);
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Nothing has to be asked of it. */
  get isIdle(): boolean {
    return !this.#isCut && this.#fault === null;
  }

  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
    this.#wake();
  }

  degrade(fault: LinkFault): void {
    this.#fault = fault;
    this.#wake();
  }

  restore(): void {
    this.#fault = null;
    this.lastDatagramMs = 0; // new datagrams are fast at once, and overtake what was slowed down
    this.#wake();
  }

  /** Whether a message that is sent now gets through; counts it when it does not. */
  admits(): boolean {
    if (this.#isCut) {
      this.#counters.add(this.#cutKey, 'messagesDropped');
      return false;
    }
    if (this.#random.chance(this.#fault?.lossProbability ?? 0)) {
      this.#counters.add(this.#linkKey, 'messagesDropped');
      return false;
    }
    return true;
  }

  /** A connection had to wait because {@link admits} refused. */
  countStall(): void {
    if (this.#isCut) this.#counters.add(this.#cutKey, 'connectionsStalled');
    else if (this.#fault !== null) this.#counters.add(this.#linkKey, 'connectionsStalled');
  }

  /** How much the fault delays the next message; counts it. */
  slowMs(): number {
    const { delayMs = 0, jitterMs = 0 } = this.#fault ?? {};
    if (delayMs <= 0 && jitterMs <= 0) return 0;
    this.#counters.add(this.#linkKey, 'messagesDelayed');
    return delayMs + (jitterMs > 0 ? this.#random.float() * jitterMs : 0);
  }

  /**
   * How much longer the fault holds the next message back, so that later ones overtake it: mostly not at all.
   *
   * @param count - what it counts as: a datagram is reordered, a part of a stream only delayed
   */
  heldMs(count: 'messagesReordered' | 'messagesDelayed'): number {
    const { reorderProbability = 0, reorderMs = 0 } = this.#fault ?? {};
    if (!this.#random.chance(reorderProbability)) return 0;
    const heldMs = this.#random.float() * reorderMs;
    if (heldMs > 0) this.#counters.add(this.#linkKey, count);
    return heldMs;
  }

  /** Whether the fault sends this datagram once more, and how much later; counts it. */
  duplicateAfterMs(): number | null {
    if (!this.#random.chance(this.#fault?.duplicateProbability ?? 0)) return null;
    this.#counters.add(this.#linkKey, 'messagesDuplicated');
    return this.#random.exponential(DUPLICATE_TAIL_MS);
  }

  /** Calls back once, after the wait or as soon as a fault of this link ends or changes. Returns what cancels it. */
  afterwards(waitMs: number, callback: () => void): () => void {
    const cancel = (): void => {
      clearTimeout(timeout);
      this.#waiting.delete(fire);
    };
    const fire = (): void => {
      cancel();
      callback();
    };
    const timeout = setTimeout(fire, waitMs);
    this.#waiting.add(fire);
    return cancel;
  }

  #wake(): void {
    for (const fire of [...this.#waiting]) fire();
  }
}
