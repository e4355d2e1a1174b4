/**
 * One direction between two hosts: how long a message takes, whether it arrives, and the faults that are on it.
 *
 * The link draws its latency from one random stream, its faults from another and where it cuts byte streams from a
 * third, so that a fault that comes or goes does not change what the healthy messages draw.
 */
import { randomStream, type Random } from '../../random.ts';
import { msToNs } from '../../units.ts';
import type { LinkFault, Observed, TrafficCount } from '../cluster.ts';

export interface LatencyOptions {
  /** Least one-way latency. */
  readonly baseMs: number;
  /** Mean of the exponentially distributed time on top of it. */
  readonly tailMs: number;
  /** Throughput of a link, in one direction. */
  readonly bandwidthBytesPerS: number;
}

export interface NetworkOptions extends LatencyOptions {
  /** First wait of a connection before it sends again what did not arrive; doubled each time up to the maximum. */
  readonly retransmitMinMs: number;
  readonly retransmitMaxMs: number;
  /** A connection on which nothing gets through for this long is reset. */
  readonly stallTimeoutMs: number;
  /** An attempt to connect ends as unreachable after this long. */
  readonly connectTimeoutMs: number;
  /** Bytes of a connection that may be under way or unread before writes queue up at the sender. */
  readonly windowBytes: number;
}

/** A datacenter's network: about half a millisecond one way, ten gigabits a second. */
export const DEFAULT_NETWORK: NetworkOptions = {
  baseMs: 0.35,
  tailMs: 0.15,
  bandwidthBytesPerS: 1_250_000_000,
  retransmitMinMs: 200,
  retransmitMaxMs: 3_200,
  stallTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  windowBytes: 256 * 1024,
};

/** Counts what is sent over some links. */
export type TrafficCounter = { -readonly [K in keyof TrafficCount]: TrafficCount[K] };

/** A stream is cut in places where nobody wrote it to be: rarely, but in every run. */
const SPLIT_PROBABILITY = 0.1;
/** No more is read from a socket at once. */
export const CHUNK_BYTES_MAX = 64 * 1024;

export class Link {
  readonly #latency: Random;
  readonly #faults: Random;
  readonly #chunks: Random;
  readonly #baseNs: number;
  readonly #tailNs: number;
  readonly #nsPerByte: number;
  readonly #traffic: TrafficCounter;
  #isCut = false;
  #fault: LinkFault | null = null;
  /** Until when the link is busy with the bytes of earlier messages. */
  #busyUntil = 0;
  #lastDatagramArrival = 0;
  #cutCounters = { messagesDropped: 0, connectionsStalled: 0 };
  #faultCounters = noFaultCounters();

  /** @param traffic - counts what is sent over this link */
  constructor(from: string, to: string, seed: number, options: LatencyOptions, traffic: TrafficCounter) {
    this.#latency = randomStream(seed, 'link', from, to);
    this.#faults = randomStream(seed, 'link-fault', from, to);
    this.#chunks = randomStream(seed, 'link-chunks', from, to);
    this.#baseNs = msToNs(options.baseMs);
    this.#tailNs = msToNs(options.tailMs);
    this.#nsPerByte = 1e9 / options.bandwidthBytesPerS;
    this.#traffic = traffic;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  get isFaulty(): boolean {
    return this.#isCut || this.#fault !== null;
  }

  cut(): void {
    this.#isCut = true;
  }

  /** What the cut did. Idempotent: nothing the second time. */
  heal(): Observed {
    const observed = this.#cutCounters;
    this.#isCut = false;
    this.#cutCounters = { messagesDropped: 0, connectionsStalled: 0 };
    return observed;
  }

  degrade(fault: LinkFault): void {
    this.#fault = fault;
  }

  /** What the degradation did. Idempotent: nothing the second time. */
  restore(): Observed {
    const observed = this.#faultCounters;
    this.#fault = null;
    this.#faultCounters = noFaultCounters();
    this.#lastDatagramArrival = 0; // new datagrams are fast at once, and overtake what was slowed down
    return observed;
  }

  /** A program sends a message: a datagram, or what it writes at once to a connection. */
  countSent(lengthBytes: number): void {
    this.#traffic.messages++;
    this.#traffic.bytes += lengthBytes;
  }

  /** Whether a message that is sent now gets through; counts it when it does not. */
  admits(): boolean {
    if (this.#isCut) {
      this.#cutCounters.messagesDropped++;
      return false;
    }
    const loss = this.#fault?.lossProbability;
    if (loss !== undefined && this.#faults.chance(loss)) {
      this.#faultCounters.messagesDropped++;
      return false;
    }
    return true;
  }

  /** A connection had to wait because {@link admits} refused. */
  countStall(): void {
    if (this.#isCut) this.#cutCounters.connectionsStalled++;
    else if (this.#fault !== null) this.#faultCounters.connectionsStalled++;
  }

  /** When a datagram that is sent now arrives: in order, unless the fault holds it back. */
  datagramArrival(now: number, lengthBytes: number): number {
    const arrival = this.#arrival(now, lengthBytes);
    const heldNs = this.#heldNs();
    if (heldNs > 0) {
      this.#faultCounters.messagesReordered++;
      return arrival + heldNs;
    }
    this.#lastDatagramArrival = Math.max(arrival, this.#lastDatagramArrival);
    return this.#lastDatagramArrival;
  }

  /** When a part of a byte stream arrives; the stream keeps its own order, so that holding it back only delays it. */
  segmentArrival(now: number, lengthBytes: number): number {
    const arrival = this.#arrival(now, lengthBytes);
    const heldNs = this.#heldNs();
    if (heldNs > 0) this.#faultCounters.messagesDelayed++;
    return arrival + heldNs;
  }

  /** Whether the fault sends this datagram once more; counts it. */
  duplicates(): boolean {
    const probability = this.#fault?.duplicateProbability;
    if (probability === undefined || !this.#faults.chance(probability)) return false;
    this.#faultCounters.messagesDuplicated++;
    return true;
  }

  /** When the copy arrives: later than later messages, perhaps, or before the one that it is a copy of. */
  duplicateArrival(now: number): number {
    const slowNs = this.#fault === null ? 0 : this.#slowNs(this.#fault);
    const tailNs = this.#faults.exponential(4 * (this.#baseNs + this.#tailNs));
    return now + this.#baseNs + slowNs + Math.round(tailNs);
  }

  /** How many bytes of a stream travel together, of so many that were written: not always all. */
  chunkBytes(lengthBytes: number): number {
    if (lengthBytes > 1 && this.#chunks.chance(SPLIT_PROBABILITY)) {
      return this.#chunks.integer(1, Math.min(lengthBytes - 1, CHUNK_BYTES_MAX));
    }
    return Math.min(lengthBytes, CHUNK_BYTES_MAX);
  }

  #arrival(now: number, lengthBytes: number): number {
    const departure = Math.max(now, this.#busyUntil) + lengthBytes * this.#nsPerByte;
    this.#busyUntil = departure;
    const arrival = departure + this.#baseNs + this.#latency.exponential(this.#tailNs);
    return Math.ceil(this.#fault === null ? arrival : arrival + this.#slowNs(this.#fault));
  }

  #slowNs(fault: LinkFault): number {
    const { delayMs = 0, jitterMs = 0 } = fault;
    if (delayMs <= 0 && jitterMs <= 0) return 0;
    this.#faultCounters.messagesDelayed++;
    return msToNs(delayMs + (jitterMs > 0 ? this.#faults.float() * jitterMs : 0));
  }

  #heldNs(): number {
    const fault = this.#fault;
    if (fault === null) return 0;
    const { reorderProbability = 0, reorderMs = 0 } = fault;
    return this.#faults.chance(reorderProbability) ? msToNs(this.#faults.float() * reorderMs) : 0;
  }
}

function noFaultCounters(): Record<
  'messagesDropped' | 'messagesDelayed' | 'messagesDuplicated' | 'messagesReordered' | 'connectionsStalled',
  number
> {
  return {
    messagesDropped: 0,
    messagesDelayed: 0,
    messagesDuplicated: 0,
    messagesReordered: 0,
    connectionsStalled: 0,
  };
}
