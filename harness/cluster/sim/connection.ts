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
 * - `close()` lets everything that was written arrive first.
 *
 * Not modelled: half-closed connections, congestion control, sequence numbers.
 */
import { msToNs } from '../../units.ts';
import type { Address, CloseReason, Connection } from '../../../systems/runtime/runtime.ts';
import { EVENT, SimEvent, type StepOwner } from './event-queue.ts';
import { sampleHash, type Network } from './network.ts';
import {
  CallbackEvent,
  ProcessEvent,
  type Host,
  type Listening,
  type OwnedConnection,
  type SimProcess,
} from './sim-process.ts';
import type { Link } from './link.ts';

/** First port that the operating system gives to the connecting side. */
const EPHEMERAL_PORT = 49_152;

type State = 'connecting' | 'open' | 'closing' | 'ended';

/** One side of a connection. */
export class SimConnection implements Connection, OwnedConnection {
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
  /** Arrived before anyone listened. */
  #unread: Uint8Array[] = [];
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

  write(bytes: Uint8Array): void {
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

  onClose(callback: (reason: CloseReason) => void): void {
    this.#onClose = callback;
    if (this.#state === 'ended') this.#soon(() => this.#fireClose());
  }

  close(): void {
    if (!this.process.alive || this.isEnded) return;
    this.#state = 'closing';
    this.#out?.finish();
    this.#early = [];
    this.#earlyBytes = 0;
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
    if (this.#onData === null || this.#unread.length > 0) this.#unread.push(bytes);
    else this.#onData(bytes);
  }

  /** Both sides' view of the end; only the first one counts. */
  ended(reason: CloseReason): void {
    if (this.#state === 'ended') return;
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

  #soon(callback: () => void): void {
    this.#network.scheduler.after(0, new CallbackEvent(this.process, callback));
  }

  #fireOpen(): void {
    const callback = this.#onOpen;
    this.#onOpen = null;
    callback?.();
  }

  #fireUnread(): void {
    const unread = this.#unread;
    this.#unread = [];
    for (const bytes of unread) if (!this.isEnded) this.#onData?.(bytes);
  }

  #fireClose(): void {
    if (this.#onClose === null || this.#endReason === null) return;
    const callback = this.#onClose;
    this.#onClose = null;
    callback(this.#endReason);
  }
}

/** One direction of a connection. */
export class Stream {
  readonly #network: Network;
  readonly #from: SimConnection;
  readonly #to: SimConnection;
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
  #stalledSince = -1;
  #finishing = false;
  #dead = false;

  /** @param notBefore - nothing arrives before this: the other side has to know of the connection first */
  constructor(network: Network, from: SimConnection, to: SimConnection, notBefore: number) {
    this.#network = network;
    this.#from = from;
    this.#to = to;
    this.#lastArrival = notBefore;
    this.#link = network.link(from.process.host.name, to.process.host.name);
    this.#back = network.link(to.process.host.name, from.process.host.name);
  }

  write(bytes: Uint8Array): void {
    if (this.#dead) return;
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
    const { scheduler } = this.#network;
    scheduler.at(this.#arrival(bytes.length), new SegmentEvent(this, this.#to.process, bytes));
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

/** Opens a connection: a handshake that is tried again while the network refuses it. */
export function connect(network: Network, process: SimProcess, address: Address): Connection {
  const connection = new SimConnection(network, process, address);
  new Handshake(network, connection, address).attempt(msToNs(network.options.retransmitMinMs));
  return connection;
}

class Handshake {
  readonly #network: Network;
  readonly #connection: SimConnection;
  readonly #address: Address;
  readonly #deadline: number;

  constructor(network: Network, connection: SimConnection, address: Address) {
    this.#network = network;
    this.#connection = connection;
    this.#address = address;
    this.#deadline = network.scheduler.now + msToNs(network.options.connectTimeoutMs);
  }

  attempt(waitNs: number): void {
    const { scheduler, options } = this.#network;
    const connection = this.#connection;
    if (connection.isEnded || !connection.process.alive) return;
    if (scheduler.now >= this.#deadline) {
      scheduler.after(0, new EndEvent(connection, 'unreachable'));
      return;
    }
    const own = connection.process.host;
    const host = this.#network.host(this.#address.host);
    const there = this.#network.link(own.name, this.#address.host);
    if (host?.powered === true && there.admits()) {
      const arrival = there.segmentArrival(scheduler.now, 0);
      scheduler.at(arrival, new ConnectEvent(host, () => this.#requested(host, waitNs)));
    } else {
      there.countStall();
      const next = Math.min(2 * waitNs, msToNs(options.retransmitMaxMs));
      const at = Math.min(scheduler.now + waitNs, this.#deadline);
      scheduler.at(at, new ConnectEvent(own, () => this.attempt(next)));
    }
  }

  /** The request reached the host: accepted, refused, or lost on the way back. */
  #requested(host: Host, waitNs: number): void {
    const network = this.#network;
    const { scheduler } = network;
    const connection = this.#connection;
    if (connection.isEnded || !connection.process.alive) return;
    const own = connection.process.host;
    const back = network.link(host.name, own.name);
    if (!host.powered || !back.admits()) {
      back.countStall();
      const at = Math.min(scheduler.now + waitNs, Math.max(this.#deadline, scheduler.now));
      scheduler.at(at, new ConnectEvent(own, () => this.attempt(2 * waitNs)));
      return;
    }
    const answer = back.segmentArrival(scheduler.now, 0);
    const listening = host.process?.listeners.get(this.#address.port);
    if (host.process === null || listening === undefined) {
      scheduler.at(answer, new EndEvent(connection, 'refused'));
      return;
    }
    const accepted = new SimConnection(network, host.process, { host: own.name, port: EPHEMERAL_PORT });
    connection.attach(new Stream(network, connection, accepted, scheduler.now));
    accepted.attach(new Stream(network, accepted, connection, answer));
    scheduler.after(0, new AcceptEvent(accepted, listening));
    scheduler.at(answer, new OpenEvent(connection));
  }
}

/** A step of a handshake, taken by operating systems. */
class ConnectEvent extends SimEvent {
  readonly #step: () => void;

  constructor(host: Host, step: () => void) {
    super(EVENT.connect, host.number, 0);
    this.#step = step;
  }

  override fire(): null {
    this.#step();
    return null;
  }
}

class AcceptEvent extends ProcessEvent {
  readonly #connection: SimConnection;
  readonly #listening: Listening;

  constructor(connection: SimConnection, listening: Listening) {
    super(EVENT.accept, connection.process, listening.port);
    this.#connection = connection;
    this.#listening = listening;
  }

  override deliver(): void {
    this.#connection.opened();
    this.#listening.onConnection(this.#connection);
  }
}

class OpenEvent extends ProcessEvent {
  readonly #connection: SimConnection;

  constructor(connection: SimConnection) {
    super(EVENT.open, connection.process, 0);
    this.#connection = connection;
  }

  override deliver(): void {
    this.#connection.opened();
  }
}

class EndEvent extends ProcessEvent {
  readonly #connection: SimConnection;
  readonly #reason: CloseReason;

  constructor(connection: SimConnection, reason: CloseReason) {
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
  readonly #bytes: Uint8Array;

  constructor(stream: Stream, receiver: SimProcess, bytes: Uint8Array) {
    super(EVENT.segment, receiver, sampleHash(bytes));
    this.#stream = stream;
    this.#bytes = bytes;
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
