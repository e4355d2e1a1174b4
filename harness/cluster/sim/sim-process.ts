/**
 * One incarnation of a program on a host: what a kill ends and a pause holds up.
 *
 * Every event that runs a program's code belongs to a process. It does nothing once the process is dead, and
 * waits while it is paused, so that no other part of the simulator has to know of either:
 *
 *     class Greeting extends ProcessEvent {
 *       override deliver(): void { this.process... }   // only ever called on a living, running process
 *     }
 */
import { EVENT, SimEvent, type EventKind, type StepOwner } from './event-queue.ts';
import type { Scheduler } from './scheduler.ts';
import type { HostClock } from '../../../systems/runtime/host-clock.ts';
import type { Link } from './link.ts';
import type { Connection } from '../../../systems/runtime/runtime.ts';

/** A machine on the network. Without a process it answers for the operating system alone; without power not at all. */
export interface Host {
  readonly name: string;
  readonly number: number;
  readonly clock: HostClock;
  process: SimProcess | null;
  powered: boolean;
  /** Links from this host, by the other's name. */
  readonly links: Map<string, Link>;
}

/** A port on which a process accepts connections. */
export interface Listening {
  readonly port: number;
  readonly onConnection: (connection: Connection) => void;
}

/** One side of a connection, as the process has it that holds it. */
export interface OwnedConnection {
  close(): void;
  /** Its process is dead. Returns whether there was another side to find out. */
  abandon(): boolean;
}

/** What the simulator does when a program's code came to rest or failed. */
export interface ProcessHooks {
  afterStep(process: SimProcess): void;
  fail(process: SimProcess, thrown: unknown): void;
}

/** Datagrams that wait for a paused process, as in a socket's receive buffer; more are dropped. */
const DEFERRED_DATAGRAMS_MAX = 1024;

export class SimProcess implements StepOwner {
  readonly host: Host;
  readonly listeners = new Map<number, Listening>();
  readonly connections = new Set<OwnedConnection>();
  onDatagram: ((from: string, bytes: Uint8Array) => void) | null = null;
  /** Under way. */
  fileOperations = 0;
  alive = true;
  paused = false;
  readonly #hooks: ProcessHooks;
  #deferred: ProcessEvent[] = [];
  #deferredDatagrams = 0;
  #droppedDatagrams = 0;

  constructor(host: Host, hooks: ProcessHooks) {
    this.host = host;
    this.#hooks = hooks;
  }

  afterStep(): void {
    if (this.alive) this.#hooks.afterStep(this);
  }

  fail(thrown: unknown): void {
    if (this.alive) this.#hooks.fail(this, thrown);
  }

  defer(event: ProcessEvent): void {
    if (event.kind === EVENT.datagram) {
      if (this.#deferredDatagrams >= DEFERRED_DATAGRAMS_MAX) {
        this.#droppedDatagrams++;
        return;
      }
      this.#deferredDatagrams++;
    }
    this.#deferred.push(event);
  }

  /** Takes back what was held up, in order. */
  takeDeferred(): { events: ProcessEvent[]; droppedDatagrams: number } {
    const taken = { events: this.#deferred, droppedDatagrams: this.#droppedDatagrams };
    this.#deferred = [];
    this.#deferredDatagrams = 0;
    this.#droppedDatagrams = 0;
    return taken;
  }
}

/** An event that runs code of one process. */
export abstract class ProcessEvent extends SimEvent {
  readonly process: SimProcess;

  constructor(kind: EventKind, process: SimProcess, weight: number) {
    super(kind, process.host.number, weight);
    this.process = process;
  }

  override fire(): StepOwner | null {
    const process = this.process;
    if (!process.alive) return null;
    if (process.paused) {
      process.defer(this);
      return null;
    }
    try {
      this.deliver();
    } catch (thrown) {
      process.fail(thrown);
    }
    return process;
  }

  abstract deliver(): void;
}

/** Calls back once, as soon as what runs now has come to rest: never inside the call that asked for it. */
export class CallbackEvent extends ProcessEvent {
  readonly #callback: () => void;

  constructor(process: SimProcess, callback: () => void) {
    super(EVENT.callback, process, 0);
    this.#callback = callback;
  }

  override deliver(): void {
    this.#callback();
  }
}

/** A timer of a process, due by its host's monotonic clock. */
export class TimerEvent extends ProcessEvent {
  readonly dueMonotonicNs: number;
  readonly #scheduler: Scheduler;
  #callback: (() => void) | null;

  constructor(process: SimProcess, scheduler: Scheduler, dueMonotonicNs: number, callback: () => void) {
    super(EVENT.timer, process, 0);
    this.dueMonotonicNs = dueMonotonicNs;
    this.#scheduler = scheduler;
    this.#callback = callback;
  }

  override deliver(): void {
    const callback = this.#callback;
    this.#callback = null;
    callback?.(); // null: cancelled while it was deferred
  }

  /** Idempotent. */
  cancel(): void {
    this.#callback = null;
    this.#scheduler.cancel(this);
  }
}
