/**
 * A node of the simulated cluster: a host with a disk and a clock, and at most one process on it.
 *
 *     node.boot();                           // a new incarnation of the program on the same disk
 *     node.kill({ loseUnsynced: true });     // as if the plug were pulled
 *     node.boot();                           // recovers from what is left
 */
import type { TraceEvent } from '../../history/trace.ts';
import { HarnessError } from '../../errors.ts';
import { randomStream, type Random } from '../../random.ts';
import { msToNs } from '../../units.ts';
import type { KillOptions, Observed } from '../cluster.ts';
import {
  type NodeConfig,
  type NodeProgram,
  type NodeStatus,
  type RunningNode,
  SHUTDOWN_LIMIT_MS,
} from '../../../systems/runtime/node-program.ts';
import type { LogLevel } from '../../../systems/runtime/runtime.ts';
import { formatLogLine, isLogged } from '../../../systems/runtime/log-line.ts';
import { EVENT } from './event-queue.ts';
import { Datagram, type Network } from './network.ts';
import { NodeLog } from './node-log.ts';
import { FileEvent, SimFiles, type DiskDevice } from './sim-files.ts';
import { CallbackEvent, ProcessEvent, SimProcess, TimerEvent, type Host } from './sim-process.ts';
import { SimRuntime } from './sim-runtime.ts';

/** What a node tells the cluster that it is part of. */
export interface NodeHooks {
  trace(node: string, event: TraceEvent): void;
  log(node: string, line: string): void;
  /** Its own code has ended it. */
  crashed(node: string, reason: string): void;
  invariantViolated(node: string, message: string): void;
  afterStep(node: string): void;
}

/** A node that writes less often than this is idle. */
const WORK_WAIT_MAX_MS = 50;

export class SimNode {
  readonly host: Host;
  readonly device: DiskDevice;
  readonly log = new NodeLog();
  readonly #network: Network;
  readonly #seed: number;
  readonly #program: NodeProgram;
  readonly #config: NodeConfig;
  readonly #hooks: NodeHooks;
  readonly #logLevel: LogLevel;
  readonly #kills: Random;
  /** Told once, when the process begins to write. */
  #onWork: (() => void) | null = null;
  #incarnation = 0;
  #process: SimProcess | null = null;
  #running: RunningNode | null = null;
  /** Off after the first violation of an incarnation: an impossible state stays impossible. */
  #checksInvariants = false;
  /** Timers that drifts moved since the clock was reset last. */
  #timersMoved = 0;

  constructor(
    network: Network,
    seed: number,
    host: Host,
    device: DiskDevice,
    program: NodeProgram,
    config: NodeConfig,
    hooks: NodeHooks,
    logLevel: LogLevel,
  ) {
    this.#network = network;
    this.#seed = seed;
    this.#kills = randomStream(seed, 'kill', host.name);
    this.host = host;
    this.device = device;
    this.#program = program;
    this.#config = config;
    this.#hooks = hooks;
    this.#logLevel = logLevel;
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  get isPaused(): boolean {
    return this.#process?.paused === true;
  }

  status(): NodeStatus | undefined {
    if (this.#running === null || this.#process === null || this.#process.paused) return undefined;
    try {
      return this.#running.status();
    } catch (thrown) {
      this.#process.fail(thrown);
      return undefined;
    }
  }

  /**
   * Starts the program, as an event of its own at this very instant. When that is over the node is down if the program
   * crashed at once.
   */
  async boot(): Promise<void> {
    const { name } = this.host;
    if (this.#process !== null) {
      throw new HarnessError('nemesis', `${name} is running: kill it before you restart it`);
    }
    const process = new SimProcess(this.host, {
      afterStep: () => this.#afterStep(),
      fail: (_process, thrown) => this.#crash(process, describe(thrown)),
    });
    this.#process = process;
    this.host.process = process;
    this.host.powered = true;
    const random = randomStream(this.#seed, 'node', name, this.#incarnation++);
    const files = new SimFiles(process, this.#network.scheduler, this.device);
    const runtime = new SimRuntime(this.#network, process, random, files, {
      log: (level, message, fields) => this.#addLog(level, message, fields),
      trace: (event) => this.#hooks.trace(name, event),
      crash: (reason) => this.#crash(process, reason),
    });
    const start = (): void => {
      const running = this.#program(runtime, this.#config);
      if (!process.alive) return;
      this.#running = running;
      this.#checksInvariants = running.invariants !== undefined;
    };
    const { scheduler } = this.#network;
    scheduler.after(0, new CallbackEvent(process, start));
    await scheduler.sleep(0);
  }

  /** Ends the process, also a paused one. Of a node that is down only the unsynced writes are left to lose. */
  kill(options: KillOptions): Observed {
    const losesPower = options.loseUnsynced === true;
    const process = this.#process;
    if (losesPower) this.host.powered = false;
    const counters = process === null ? NOTHING_KILLED : this.#end(process);
    if (process !== null) {
      const reason = losesPower
        ? 'killed with loss of power'
        : options.terminate === true
          ? 'terminated'
          : 'killed';
      this.#addLog('info', reason);
      this.#hooks.trace(this.host.name, { kind: 'stop', by: 'harness', reason });
    }
    if (options.wipe === true) {
      this.device.disk.wipe();
      return { ...counters, disksWiped: 1 };
    }
    return losesPower ? { ...counters, ...this.device.disk.losePower() } : counters;
  }

  /** Asks the program to end in good order, and waits until it has, or its time is up. The process is still there then. */
  shutDown(): Promise<void> {
    const { scheduler } = this.#network;
    const process = this.#process;
    const running = this.#running;
    if (process === null || running?.shutdown === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = scheduler.setTimer(msToNs(SHUTDOWN_LIMIT_MS), resolve);
      const end = (): void => {
        timer.cancel();
        resolve();
      };
      // An event of its own: one that is paused is asked when it goes on.
      scheduler.after(0, new CallbackEvent(process, () => void running.shutdown?.().then(end, end)));
    });
  }

  /** Until a little after the process next has a file operation under way, or until it has had none for long enough. */
  async awaitWork(): Promise<void> {
    const { scheduler } = this.#network;
    const process = this.#process;
    if (process === null) return;
    if (process.fileOperations === 0) {
      await new Promise<void>((resolve) => {
        const giveUp = scheduler.setTimer(msToNs(WORK_WAIT_MAX_MS), resolve);
        this.#onWork = () => {
          this.#onWork = null;
          giveUp.cancel();
          scheduler.setTimer(0, resolve);
        };
      });
      this.#onWork = null;
    }
    // Anywhere in the write, its fsync, and the messages that go with them.
    await scheduler.sleep(this.#kills.integer(0, msToNs(2 * this.device.options.syncMs)));
  }

  pause(): Observed {
    const process = this.#process;
    if (process === null || process.paused) return { processesPaused: 0 };
    process.paused = true;
    return { processesPaused: 1 };
  }

  resume(): Observed {
    const process = this.#process;
    if (process?.paused !== true) return { processesResumed: 0, eventsDeferred: 0, datagramsDropped: 0 };
    process.paused = false;
    const { events, droppedDatagrams } = process.takeDeferred();
    const { scheduler } = this.#network;
    // What arrives at this very instant comes after what has waited, or a byte stream would lose its order.
    const arriving = scheduler.queue.takeWhere(
      (event, time) => time <= scheduler.now && event instanceof ProcessEvent && event.process === process,
    );
    for (const event of [...events, ...arriving]) scheduler.after(0, event);
    return { processesResumed: 1, eventsDeferred: events.length, datagramsDropped: droppedDatagrams };
  }

  bumpClock(offsetMs: number): Observed {
    this.host.clock.bump(this.#network.scheduler.now, offsetMs);
    return { clockBumpedMs: offsetMs, timersMoved: offsetMs > 0 ? this.#moveTimers() : 0 };
  }

  driftClock(rate: number): void {
    this.host.clock.drift(this.#network.scheduler.now, rate);
    this.#timersMoved += this.#moveTimers();
  }

  resetClock(): Observed {
    const { clock } = this.host;
    const clockReads = clock.skewedReads;
    const hadDrift = clock.rate !== 1;
    clock.reset(this.#network.scheduler.now);
    const timersMoved = this.#timersMoved + (hadDrift ? this.#moveTimers() : 0);
    this.#timersMoved = 0;
    return { clockReads, timersMoved };
  }

  /** Plans the process's timers anew by its clock. */
  #moveTimers(): number {
    const { scheduler } = this.#network;
    const process = this.#process;
    if (process === null) return 0;
    const timers = scheduler.queue.takeWhere(
      (event) => event instanceof TimerEvent && event.process === process,
    ) as TimerEvent[];
    for (const timer of timers) scheduler.at(this.host.clock.trueTimeOf(timer.dueMonotonicNs), timer);
    return timers.length;
  }

  /** The process and everything that was on its way to it is no more. */
  #end(process: SimProcess): Observed {
    const { scheduler } = this.#network;
    process.alive = false;
    this.#process = null;
    this.#running = null;
    this.#checksInvariants = false;
    this.host.process = null;
    const queued = scheduler.queue.takeWhere(
      (event) => event instanceof ProcessEvent && event.process === process,
    ) as ProcessEvent[];
    const pending = [...process.takeDeferred().events, ...queued];
    const files = pending.filter((event) => event instanceof FileEvent);
    const happened = this.device.disk.random.integer(0, files.length);
    for (const event of files.slice(0, happened)) event.happenUnheard();
    // It may have died in the middle of sending: what it sent last may not have left.
    const unsentShare = this.#kills.float();
    const sent = scheduler.queue.find((event) => event instanceof Datagram && event.sender === process);
    const unsent = sent.filter(() => this.#kills.chance(unsentShare));
    for (const event of unsent) scheduler.cancel(event);
    let connectionsReset = 0;
    for (const connection of process.connections) if (connection.abandon()) connectionsReset++;
    process.connections.clear();
    return {
      processesKilled: 1,
      timersDropped: pending.filter((event) => event.kind === EVENT.timer).length,
      datagramsDropped: pending.filter((event) => event.kind === EVENT.datagram).length,
      datagramsUnsent: unsent.length,
      fileOperationsDropped: files.length,
      connectionsReset,
    };
  }

  #crash(process: SimProcess, reason: string): void {
    if (!process.alive) return;
    this.#addLog('error', `crashed: ${reason}`);
    this.#end(process);
    this.#hooks.trace(this.host.name, { kind: 'stop', by: 'node', reason });
    this.#hooks.crashed(this.host.name, reason);
  }

  #afterStep(): void {
    const { name } = this.host;
    if (this.#onWork !== null && this.#process !== null && this.#process.fileOperations > 0) this.#onWork();
    if (this.#checksInvariants) {
      try {
        this.#running?.invariants?.();
      } catch (thrown) {
        this.#checksInvariants = false;
        const message = describe(thrown);
        this.#addLog('error', `invariant violated: ${message}`);
        this.#hooks.trace(name, { kind: 'impossible', message });
        this.#hooks.invariantViolated(name, message);
      }
    }
    this.#hooks.afterStep(name);
  }

  #addLog(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (!isLogged(level, this.#logLevel)) return;
    const line = formatLogLine(this.#network.scheduler.now, level, message, fields);
    this.log.add(line);
    this.#hooks.log(this.host.name, line);
  }
}

const NOTHING_KILLED: Observed = {
  processesKilled: 0,
  timersDropped: 0,
  datagramsDropped: 0,
  datagramsUnsent: 0,
  fileOperationsDropped: 0,
  connectionsReset: 0,
};

/** Where a node's monotonic clock starts: different on each, since nobody may compare them. */
export function monotonicStartNs(seed: number, name: string): number {
  return msToNs(randomStream(seed, 'clock', name).integer(0, 86_400_000));
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.name === 'Error' ? thrown.message : `${thrown.name}: ${thrown.message}`;
}
