/**
 * One direction of a simulated connection: an ordered byte stream over a link that loses and delays.
 *
 * What the link refuses is sent again after a wait that doubles; meanwhile the stream is stalled and what is
 * written queues up. See `connection.ts` for what programs see of it.
 */
import { msToNs } from '../../units.ts';
import type { SentMessage } from '../../../systems/runtime/message-text.ts';
import type { CloseReason } from '../../../systems/runtime/runtime.ts';
import { EVENT, SimEvent, type StepOwner } from './event-queue.ts';
import { CHUNK_BYTES_MAX, type Link } from './link.ts';
import { sampleHash, type Network } from './network.ts';
import type { MessageNote } from './message-log.ts';
import { ProcessEvent, type Host, type SimProcess } from './sim-process.ts';

/** One side of a connection, as its streams know it. */
export interface StreamEnd {
  readonly process: SimProcess;
  received(bytes: Uint8Array): void;
  ended(reason: CloseReason): void;
}

/** Which of all streams it is: of what connection, and in which direction. */
export type StreamIdentity = Pick<SentMessage, 'connection' | 'isAnswer'>;

/** One direction of a connection. */
export class Stream {
  readonly #network: Network;
  readonly #from: StreamEnd;
  readonly #to: StreamEnd;
  readonly #link: Link;
  readonly #back: Link;
  /** Waiting: the stream is stalled, or the window is full. */
  #queue: Uint8Array[] = [];
  queuedBytes = 0;
  /** Under way or unread. */
  #inFlightBytes = 0;
  /** Of these, delivered while no acknowledgement could come back. */
  #unacknowledgedBytes = 0;
  #lastArrival: number;
  #lastSegment: SegmentEvent | null = null;
  #stalledSince = -1;
  #finishing = false;
  #dead = false;
  readonly #identity: StreamIdentity;
  /** Of messages that are written down: what has not arrived whole, with the place of its end in the stream. */
  readonly #notes: { readonly endByte: number; readonly note: MessageNote }[] = [];
  #writtenBytes = 0;
  #arrivedBytes = 0;

  /** @param notBefore - nothing arrives before this: the other side has to know of the connection first */
  constructor(network: Network, from: StreamEnd, to: StreamEnd, notBefore: number, identity: StreamIdentity) {
    this.#identity = identity;
    this.#network = network;
    this.#from = from;
    this.#to = to;
    this.#lastArrival = notBefore;
    this.#link = network.link(from.process.host.name, to.process.host.name);
    this.#back = network.link(to.process.host.name, from.process.host.name);
  }

  write(bytes: Uint8Array): void {
    if (this.#dead) return;
    this.#link.countSent(bytes.length);
    this.#writeDown(bytes);
    const isClear = this.#stalledSince < 0 && this.#queue.length === 0 && this.#hasRoom(bytes.length);
    if (isClear && this.#passes()) return this.#send(bytes);
    this.#queue.push(bytes);
    this.queuedBytes += bytes.length;
    if (isClear) this.#stall();
  }

  /** No more will be written: the end follows the data. */
  finish(): void {
    this.#finishing = true;
    if (this.#stalledSince < 0) this.#flush();
  }

  abandon(): void {
    this.#dead = true;
    this.#queue = [];
    this.queuedBytes = 0;
  }

  /** A segment has arrived. */
  arrived(bytes: Uint8Array): void {
    this.#arrivedBytes += bytes.length;
    while ((this.#notes[0]?.endByte ?? Infinity) <= this.#arrivedBytes) this.#notes.shift()?.note.arrived();
    this.#acknowledged(bytes.length);
    this.#to.received(bytes);
  }

  /** Tries again after a stall. */
  retransmit(waitedNs: number): void {
    if (this.#dead || this.#stalledSince < 0) return;
    if (!this.#from.process.host.powered) return this.abandon();
    const { scheduler, options } = this.#network;
    if (this.#passes() && !this.#back.isCut) {
      this.#stalledSince = -1;
      this.#inFlightBytes -= this.#unacknowledgedBytes;
      this.#unacknowledgedBytes = 0;
      this.#flush();
    } else if (scheduler.now - this.#stalledSince >= msToNs(options.stallTimeoutMs)) {
      this.abandon();
      this.#endSender();
      this.resetReceiver();
    } else {
      this.#retransmitAfter(Math.min(2 * waitedNs, msToNs(options.retransmitMaxMs)));
    }
  }

  windowOpened(): void {
    if (!this.#dead && this.#stalledSince < 0) this.#flush();
  }

  /** The sender's side is gone without a word of its own: its operating system says so, or time does. */
  resetReceiver(): void {
    const { scheduler, options } = this.#network;
    const says = this.#from.process.host.powered && this.#link.admits();
    const delay = msToNs(options.stallTimeoutMs);
    const arrival = says ? this.#arrival(0) : scheduler.now + delay;
    scheduler.at(arrival, new EndEvent(this.#to, 'reset'));
  }

  #writeDown(bytes: Uint8Array): void {
    this.#writtenBytes += bytes.length;
    const note = this.#network.messages?.sent({
      bytes,
      from: this.#from.process.host.name,
      to: this.#to.process.host.name,
      ...this.#identity,
    });
    if (note) this.#notes.push({ endByte: this.#writtenBytes, note });
  }

  #flush(): void {
    let sent = 0;
    for (const bytes of this.#queue) {
      if (!this.#hasRoom(bytes.length)) break;
      if (!this.#passes()) {
        this.#stall();
        break;
      }
      this.#send(bytes);
      this.queuedBytes -= bytes.length;
      sent++;
    }
    this.#queue.splice(0, sent);
    if (!this.#finishing || this.#queue.length > 0) return;
    if (!this.#passes()) return this.#stall();
    this.#dead = true;
    this.#network.scheduler.at(this.#arrival(0), new EndEvent(this.#to, 'closed'));
  }

  #send(bytes: Uint8Array): void {
    this.#inFlightBytes += bytes.length;
    let rest = bytes;
    for (;;) {
      const length = this.#link.chunkBytes(rest.length);
      if (length === rest.length) return this.#sendChunk(rest);
      this.#sendChunk(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  }

  /** What catches up with what was sent before it is read together with it. */
  #sendChunk(bytes: Uint8Array): void {
    const { scheduler } = this.#network;
    const before = this.#lastArrival;
    const arrival = this.#arrival(bytes.length);
    const last = this.#lastSegment;
    if (last !== null && arrival === before && last.isWaiting && last.join(bytes)) return;
    this.#lastSegment = new SegmentEvent(this, this.#to.process, bytes);
    scheduler.at(arrival, this.#lastSegment);
  }

  /** A chunk larger than the window travels alone. */
  #hasRoom(lengthBytes: number): boolean {
    return (
      this.#inFlightBytes === 0 || this.#inFlightBytes + lengthBytes <= this.#network.options.windowBytes
    );
  }

  #passes(): boolean {
    return this.#to.process.host.powered && this.#link.admits();
  }

  #arrival(lengthBytes: number): number {
    const arrival = this.#link.segmentArrival(this.#network.scheduler.now, lengthBytes);
    this.#lastArrival = Math.max(arrival, this.#lastArrival);
    return this.#lastArrival;
  }

  #acknowledged(lengthBytes: number): void {
    if (this.#back.isCut) {
      this.#unacknowledgedBytes += lengthBytes;
      if (this.#stalledSince < 0) {
        this.#back.admits(); // the acknowledgement, which the cut counts
        this.#stall();
      }
      return;
    }
    this.#inFlightBytes -= lengthBytes;
    if (this.#queue.length === 0 || this.#stalledSince >= 0) return;
    const { scheduler } = this.#network;
    scheduler.at(
      this.#back.segmentArrival(scheduler.now, 0),
      new AcknowledgeEvent(this, this.#from.process.host),
    );
  }

  #stall(): void {
    const { scheduler, options } = this.#network;
    this.#stalledSince = scheduler.now;
    (this.#back.isCut && !this.#link.isCut ? this.#back : this.#link).countStall();
    this.#retransmitAfter(msToNs(options.retransmitMinMs));
  }

  #retransmitAfter(delayNs: number): void {
    this.#network.scheduler.after(delayNs, new RetransmitEvent(this, this.#from.process.host, delayNs));
  }

  /** Data came to a host whose process is gone: its operating system answers, if the answer gets through. */
  answerReset(): void {
    if (!this.#to.process.host.powered || !this.#back.admits()) return;
    const { scheduler } = this.#network;
    scheduler.at(this.#back.segmentArrival(scheduler.now, 0), new EndEvent(this.#from, 'reset'));
  }

  #endSender(): void {
    this.#network.scheduler.after(0, new EndEvent(this.#from, 'reset'));
  }
}

/** A side learns of its end. */
export class EndEvent extends ProcessEvent {
  readonly #connection: StreamEnd;
  readonly #reason: CloseReason;

  constructor(connection: StreamEnd, reason: CloseReason) {
    super(EVENT.end, connection.process, reason.length);
    this.#connection = connection;
    this.#reason = reason;
  }

  override deliver(): void {
    this.#connection.ended(this.#reason);
  }
}

/** Data arrives: at a process, or at an operating system that has to say that the process is gone. */
class SegmentEvent extends ProcessEvent {
  readonly #stream: Stream;
  #bytes: Uint8Array;

  constructor(stream: Stream, receiver: SimProcess, bytes: Uint8Array) {
    super(EVENT.segment, receiver, sampleHash(bytes));
    this.#stream = stream;
    this.#bytes = bytes;
  }

  /** False when it would be more than is read at once. */
  join(bytes: Uint8Array): boolean {
    const length = this.#bytes.length + bytes.length;
    if (length > CHUNK_BYTES_MAX) return false;
    const joined = new Uint8Array(length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
    this.weight = sampleHash(joined);
    return true;
  }

  override fire(): StepOwner | null {
    if (this.process.alive) return super.fire();
    this.#stream.answerReset();
    return null;
  }

  override deliver(): void {
    this.#stream.arrived(this.#bytes);
  }
}

/** An acknowledgement that reopens a full window. */
class AcknowledgeEvent extends SimEvent {
  readonly #stream: Stream;

  constructor(stream: Stream, host: Host) {
    super(EVENT.acknowledge, host.number, 0);
    this.#stream = stream;
  }

  override fire(): null {
    this.#stream.windowOpened();
    return null;
  }
}

class RetransmitEvent extends SimEvent {
  readonly #stream: Stream;
  readonly #waitedNs: number;

  constructor(stream: Stream, host: Host, waitedNs: number) {
    super(EVENT.retransmit, host.number, 0);
    this.#stream = stream;
    this.#waitedNs = waitedNs;
  }

  override fire(): null {
    this.#stream.retransmit(this.#waitedNs);
    return null;
  }
}
