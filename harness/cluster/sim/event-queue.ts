/**
 * The simulator's queue: events ordered by (virtual time, order of scheduling).
 *
 *     queue.push(event, 1_000_000);
 *     const next = queue.pop();       // the earliest; of equal times the one that was pushed first
 *     queue.cancel(other);            // lazily: it is skipped when its turn comes
 *
 * A 4-ary heap whose keys lie in typed arrays. Cancelled events stay until their time or until they are
 * more than half of the heap, whichever is first, so that cancelling costs nothing and memory stays bounded
 * by twice the events that are alive. It knows nothing of nodes or of what an event does.
 */
import { assert } from '../../errors.ts';

/** What an event is, for the event hash and for counting what a kill dropped. */
export const EVENT = {
  harnessTimer: 1,
  timer: 2,
  datagram: 3,
  connect: 4,
  accept: 5,
  open: 6,
  segment: 7,
  end: 8,
  retransmit: 9,
  acknowledge: 10,
  file: 11,
  callback: 12,
} as const;

export type EventKind = (typeof EVENT)[keyof typeof EVENT];

/** Whoever's code an event ran: told when that code, microtasks included, has come to rest or has failed. */
export interface StepOwner {
  afterStep(): void;
  /** What its code threw, or rejected without anyone handling it. */
  fail(thrown: unknown): void;
}

const IDLE = 0;
const QUEUED = 1;
const CANCELLED = 2;

export abstract class SimEvent {
  readonly kind: EventKind;
  /** Number of the host that it concerns; −1 for the harness. Goes into the event hash. */
  readonly host: number;
  /** Anything that distinguishes equal kinds at equal times: a length, a sample of the bytes. Goes into the event hash. */
  weight: number;
  /** Kept by the queue. */
  state = IDLE;

  constructor(kind: EventKind, host: number, weight: number) {
    this.kind = kind;
    this.host = host;
    this.weight = weight;
  }

  get isWaiting(): boolean {
    return this.state === QUEUED;
  }

  /** Does it. Returns whose code it ran, or null when it ran none. */
  abstract fire(): StepOwner | null;
}

interface Place {
  readonly event: SimEvent;
  readonly time: number;
  readonly sequence: number;
}

function inOrder(places: Place[]): SimEvent[] {
  return places.sort((a, b) => a.time - b.time || a.sequence - b.sequence).map((place) => place.event);
}

const ARITY = 4;
const INITIAL_CAPACITY = 1024;
/** Below this many cancelled events a compaction is not worth its time. */
const COMPACT_ABOVE = 1024;

export class EventQueue {
  #times = new Float64Array(INITIAL_CAPACITY);
  #sequences = new Float64Array(INITIAL_CAPACITY);
  #events: SimEvent[] = [];
  #size = 0;
  #cancelled = 0;
  #nextSequence = 0;
  /** Time of the event that {@link pop} returned last. */
  poppedTime = 0;

  /** Events that are waiting, without cancelled ones. */
  get length(): number {
    return this.#size - this.#cancelled;
  }

  /** Places that the heap holds, cancelled events included. */
  get heapSize(): number {
    return this.#size;
  }

  push(event: SimEvent, time: number): void {
    assert(event.state === IDLE, 'an event was scheduled twice');
    event.state = QUEUED;
    if (this.#size === this.#times.length) this.#grow();
    this.#siftUp(this.#size++, event, time, this.#nextSequence++);
  }

  /** Idempotent; an event that is not waiting is left alone. */
  cancel(event: SimEvent): void {
    if (event.state !== QUEUED) return;
    event.state = CANCELLED;
    this.#cancelled++;
    if (this.#cancelled > COMPACT_ABOVE && this.#cancelled * 2 > this.#size) this.takeWhere(() => false);
  }

  /** The earliest event, out of the queue; undefined when none is left. */
  pop(): SimEvent | undefined {
    while (this.#size > 0) {
      const event = this.#events[0]!;
      this.poppedTime = this.#times[0]!;
      this.#removeTop();
      if (event.state === QUEUED) {
        event.state = IDLE;
        return event;
      }
      this.#cancelled--;
      event.state = IDLE;
    }
    return undefined;
  }

  /** All waiting events that match, in the order in which they will come. Linear in the heap: for faults. */
  find(matches: (event: SimEvent) => boolean): SimEvent[] {
    const found: Place[] = [];
    for (let i = 0; i < this.#size; i++) {
      const event = this.#events[i]!;
      if (event.state === QUEUED && matches(event)) {
        found.push({ event, time: this.#times[i]!, sequence: this.#sequences[i]! });
      }
    }
    return inOrder(found);
  }

  /** Takes out all waiting events that match, in the order in which they would have come. Linear in the heap: for faults. */
  takeWhere(matches: (event: SimEvent, time: number) => boolean): SimEvent[] {
    const taken: Place[] = [];
    const size = this.#size;
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const event = this.#events[i]!;
      const time = this.#times[i]!;
      const sequence = this.#sequences[i]!;
      if (event.state === CANCELLED) {
        event.state = IDLE;
      } else if (matches(event, time)) {
        event.state = IDLE;
        taken.push({ event, time, sequence });
      } else {
        this.#events[kept] = event;
        this.#times[kept] = time;
        this.#sequences[kept] = sequence;
        kept++;
      }
    }
    this.#size = kept;
    this.#events.length = kept;
    this.#cancelled = 0;
    // In place: what lies before a place is already a heap when it is sifted up.
    for (let i = 1; i < kept; i++) {
      this.#siftUp(i, this.#events[i]!, this.#times[i]!, this.#sequences[i]!);
    }
    return inOrder(taken);
  }

  #siftUp(from: number, event: SimEvent, time: number, sequence: number): void {
    const times = this.#times;
    const sequences = this.#sequences;
    const events = this.#events;
    let place = from;
    while (place > 0) {
      const parent = ((place - 1) / ARITY) | 0;
      const parentTime = times[parent]!;
      if (parentTime < time || (parentTime === time && sequences[parent]! < sequence)) break;
      times[place] = parentTime;
      sequences[place] = sequences[parent]!;
      events[place] = events[parent]!;
      place = parent;
    }
    times[place] = time;
    sequences[place] = sequence;
    events[place] = event;
  }

  #removeTop(): void {
    const times = this.#times;
    const sequences = this.#sequences;
    const events = this.#events;
    const size = --this.#size;
    const event = events.pop()!;
    if (size === 0) return;
    const time = times[size]!;
    const sequence = sequences[size]!;
    let place = 0;
    for (;;) {
      const first = place * ARITY + 1;
      if (first >= size) break;
      const end = first + ARITY < size ? first + ARITY : size;
      let least = first;
      let leastTime = times[first]!;
      for (let child = first + 1; child < end; child++) {
        const childTime = times[child]!;
        if (childTime < leastTime || (childTime === leastTime && sequences[child]! < sequences[least]!)) {
          least = child;
          leastTime = childTime;
        }
      }
      if (time < leastTime || (time === leastTime && sequence < sequences[least]!)) break;
      times[place] = leastTime;
      sequences[place] = sequences[least]!;
      events[place] = events[least]!;
      place = least;
    }
    times[place] = time;
    sequences[place] = sequence;
    events[place] = event;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const sequences = new Float64Array(times.length);
    times.set(this.#times);
    sequences.set(this.#sequences);
    this.#times = times;
    this.#sequences = sequences;
  }
}
