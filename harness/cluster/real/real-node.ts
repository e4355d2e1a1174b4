/**
 * One node in real time: its process, started, ended, stopped and started again; what it says; what it last said of its state.
 *
 *     const node = new RealNode('n1', backend, launcher, hooks);
 *     await node.start();                     // runs; `whenReady` tells when it serves
 *     await node.kill({ loseUnsynced: true });
 *
 * A program of ours is told to start over its control channel; a server that somebody else wrote is started by its command line,
 * and asked for its status from outside. Either way every end of the process is in the trace, with who ended it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { HarnessError } from '../../errors.ts';
import type { TraceEvent } from '../../history/trace.ts';
import type { NodeCommand, NodeStart } from '../../../systems/runtime/real/control.ts';
import type { NodeStatus } from '../../../systems/runtime/node-program.ts';
import type { KillOptions, Observed } from '../cluster.ts';
import type { Backend, Launch, NodeProcess } from './backend.ts';
import { Counters } from './counters.ts';
import { LineDecoder } from './lines.ts';
import { NodeControl } from './node-control.ts';

/** How a node is started, asked anew at each start. */
export interface Launcher {
  readonly isProgram: boolean;
  launch(node: string): Omit<Launch, 'onOutput' | 'onError'>;
  /** Of programs: what they are told as they start. */
  startMessage(node: string, incarnation: number): NodeStart;
  /** Of servers: whether it serves by now. */
  isReady(node: string): Promise<boolean>;
  /** Of servers: what it says of itself; absent when it cannot be asked. */
  status?(node: string): Promise<NodeStatus>;
}

export interface NodeHooks {
  trace(node: string, event: TraceEvent): void;
  log(node: string, line: string): void;
}

/** How long the moment is waited for at which a node writes. */
const WORK_WAIT_MAX_MS = 50;
/** Beyond the wait: to take back what was not synced. */
const STRIKE_TIMEOUT_MS = 10_000;
const TERMINATE_TIMEOUT_MS = 5_000;
const STATUS_INTERVAL_MS = 200;
/** A probe that takes longer says nothing: not ready, not known. */
const PROBE_TIMEOUT_MS = 2_000;
const READY_INTERVAL_MS = 25;
/** Kept for the message of a node that dies as it starts. */
const LAST_LINES = 5;
const LINE_SHOWN_MAX = 300;
/** What a program counts of its pause comes with its next look at the time. */
const PAUSE_REPORT_MS = 500;
const PAUSE_POLL_MS = 10;

interface Running {
  readonly process: NodeProcess;
  /** Null for servers. */
  readonly control: NodeControl | null;
  /** Set before the harness ends it. */
  endedBy: string | null;
  /** It said itself that it stops, and why. */
  saidStop: boolean;
}

export class RealNode {
  readonly name: string;
  /** What faults were seen to do, by fault, over all its processes. */
  readonly counters = new Counters();
  /** Its clock is being skewed. */
  hasClockFault = false;
  readonly #backend: Backend;
  readonly #launcher: Launcher;
  readonly #hooks: NodeHooks;
  #running: Running | null = null;
  #status: NodeStatus | undefined;
  #isPaused = false;
  #incarnation = 0;
  #lastLines: string[] = [];
  /** How its last process ended; null while none has. */
  #lastExit: string | null = null;

  constructor(name: string, backend: Backend, launcher: Launcher, hooks: NodeHooks) {
    this.name = name;
    this.#backend = backend;
    this.#launcher = launcher;
    this.#hooks = hooks;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get status(): NodeStatus | undefined {
    return this.#running === null || this.#isPaused ? undefined : this.#status;
  }

  /**
   * Has a program do something: at once, or before all else when it goes on, where it stands still. One that is down, or dies
   * meanwhile, learns as it starts what is in force.
   */
  async command(command: NodeCommand): Promise<Observed> {
    const control = this.#running?.control ?? null;
    if (control === null) return {};
    if (this.#isPaused) {
      control.tell(command);
      return {};
    }
    try {
      return await control.request(command);
    } catch (error) {
      if (this.isRunning && !this.isPaused) throw error;
      return {};
    }
  }

  /**
   * Starts its process. Of a program it resolves when the program runs, of a server when the process does.
   *
   * @throws HarnessError `io` when it ended at once, with its last words
   */
  async start(): Promise<void> {
    const { name } = this;
    if (this.#running !== null)
      throw new HarnessError('nemesis', `${name} is running: kill it before you restart it`);
    this.#status = undefined;
    this.#lastLines = [];
    this.#lastExit = null;
    const prints = new LineDecoder((line) => this.#log(line));
    const errors = new LineDecoder((line) => this.#log(line));
    let running: Running | null = null;
    const control = this.#launcher.isProgram
      ? new NodeControl(name, (text) => running?.process.write(text), {
          trace: (event) => this.#trace(running, event),
          log: (line) => this.#log(line),
          status: (status) => {
            if (this.#running === running) this.#status = status;
          },
          counters: (counters) => {
            for (const [key, observed] of Object.entries(counters)) this.counters.add(key, observed);
          },
        })
      : null;
    const process = await this.#backend.start({
      ...this.#launcher.launch(name),
      onOutput: (bytes) => (control === null ? prints.push(bytes) : control.receive(bytes)),
      onError: (bytes) => errors.push(bytes),
    });
    const started: Running = { process, control, endedBy: null, saidStop: false };
    running = started;
    this.#running = started;
    void process.exited.then(({ description }) => {
      prints.end();
      errors.end();
      control?.end(description);
      this.#onExit(started, description);
    });
    if (control === null) {
      void this.#watchStatus(started);
      return;
    }
    try {
      const node = this.#launcher.startMessage(name, this.#incarnation++);
      await control.request({ do: 'start', node }, STRIKE_TIMEOUT_MS);
    } catch (error) {
      await this.#end(started, 'did not start');
      throw new HarnessError(
        'io',
        `${name} did not start: ${HarnessError.from(error).message}${this.#lastWords()}`,
        {
          cause: error,
        },
      );
    }
  }

  /**
   * Waits until it serves.
   *
   * @throws HarnessError `io` that says how it ended, or what was waited for, with its last words
   */
  async whenReady(timeoutMs: number): Promise<void> {
    const { name } = this;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (this.#running === null) {
        throw new HarnessError(
          'io',
          `${name} died as it started: it ${this.#lastExit ?? 'ended'}${this.#lastWords()}`,
        );
      }
      if (await this.#isReady()) return;
      if (performance.now() > deadline) {
        const waitedFor = this.#launcher.isProgram
          ? `its status says ${JSON.stringify(this.#status ?? null)}`
          : 'it runs, and does not answer on its port or as its isReady asks';
        throw new HarnessError(
          'io',
          `${name} was not ready within ${timeoutMs / 1000} s: ${waitedFor}${this.#lastWords()}`,
        );
      }
      await delay(READY_INTERVAL_MS);
    }
  }

  async kill(options: KillOptions): Promise<Observed> {
    const running = this.#running;
    let observed: Observed = { processesKilled: 0 };
    if (running !== null) {
      const control = this.#isPaused ? null : running.control;
      const strikes = options.loseUnsynced === true || options.atWork === true;
      running.endedBy = options.loseUnsynced === true ? 'killed with loss of power' : 'killed';
      const struck = strikes && control !== null ? await this.#strike(control, options) : {};
      if (struck['strikesFailed'] !== undefined) running.endedBy = 'killed';
      if (options.terminate === true) await this.#terminate(running);
      else await this.#end(running, running.endedBy);
      observed = { ...struck, processesKilled: 1 };
    }
    if (options.remove === true || options.wipe === true)
      observed = { ...observed, ...(await this.#backend.remove(this.name)) };
    if (options.wipe === true) observed = { ...observed, ...(await this.#backend.wipe(this.name)) };
    return observed;
  }

  async pause(): Promise<Observed> {
    const running = this.#running;
    if (running === null || this.#isPaused) return { processesPaused: 0 };
    await running.process.pause();
    this.#isPaused = true;
    // Ticks that a busy machine made it miss before are not this pause's.
    this.counters.take('pause');
    return { processesPaused: 1 };
  }

  /** `processesStopped` is the kernel's word, `eventsDeferred` what the program itself noticed. */
  async resume(): Promise<Observed> {
    const running = this.#running;
    if (running === null || !this.#isPaused) return { processesResumed: 0, eventsDeferred: 0 };
    await running.process.resume();
    this.#isPaused = false;
    const deadline = performance.now() + PAUSE_REPORT_MS;
    const noticed = (): boolean => (this.counters.get('pause')['eventsDeferred'] ?? 0) > 0;
    while (running.control !== null && this.#running === running && !noticed()) {
      if (performance.now() > deadline) break;
      await delay(PAUSE_POLL_MS);
    }
    return { processesResumed: 1, processesStopped: 1, ...this.counters.take('pause') };
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    if (this.#isPaused) await running.process.resume();
    this.#isPaused = false;
    running.endedBy ??= 'stopped at the end of the run';
    if (running.control === null) await this.#terminate(running);
    else await this.#end(running, running.endedBy);
  }

  /** What it printed last, for a message. */
  #lastWords(): string {
    return this.#lastLines.length === 0
      ? ' (it printed nothing)'
      : `; its last lines:\n${this.#lastLines.map((line) => `    ${shown(line)}`).join('\n')}`;
  }

  async #isReady(): Promise<boolean> {
    if (this.#launcher.isProgram) {
      const status = this.#status;
      return status !== undefined && status.role !== 'starting' && status.isServing !== false;
    }
    try {
      return await within(PROBE_TIMEOUT_MS, this.#launcher.isReady(this.name));
    } catch {
      return false; // not yet
    }
  }

  async #watchStatus(running: Running): Promise<void> {
    if (this.#launcher.status === undefined) return;
    while (this.#running === running) {
      let status: NodeStatus | undefined;
      try {
        status = this.#isPaused
          ? this.#status
          : await within(PROBE_TIMEOUT_MS, this.#launcher.status(this.name));
      } catch {
        status = undefined; // cannot be asked now
      }
      if (this.#running !== running) return;
      const isNews = status !== undefined && status.role !== this.#status?.role;
      this.#status = status;
      if (isNews && status !== undefined) this.#traceRole(status);
      await delay(STATUS_INTERVAL_MS);
    }
  }

  /** So that the report shows who led, of servers too. */
  #traceRole({ role, term, leader }: NodeStatus): void {
    if (role !== 'leader' && role !== 'follower' && role !== 'candidate') return;
    this.#hooks.trace(this.name, { kind: 'role', role, term, leader });
  }

  /** Lets it stand still at the right moment. What it does not answer is no reason not to end it. */
  async #strike(
    control: NodeControl,
    { atWork = false, loseUnsynced = false }: KillOptions,
  ): Promise<Observed> {
    try {
      return await control.request(
        { do: 'strike', atWork, waitMs: WORK_WAIT_MAX_MS, loseUnsynced },
        STRIKE_TIMEOUT_MS,
      );
    } catch {
      return { strikesFailed: 1 };
    }
  }

  async #terminate(running: Running): Promise<void> {
    running.endedBy ??= 'terminated';
    await running.process.terminate();
    const isGone = await Promise.race([
      running.process.exited.then(() => true),
      delay(TERMINATE_TIMEOUT_MS, false, { ref: false }),
    ]);
    if (!isGone) await this.#end(running, running.endedBy);
  }

  async #end(running: Running, why: string): Promise<void> {
    running.endedBy ??= why;
    await running.process.kill();
    await running.process.exited;
  }

  #onExit(running: Running, description: string): void {
    if (this.#running !== running) return;
    this.#running = null;
    this.#isPaused = false;
    this.#lastExit = description;
    const { endedBy } = running;
    this.#log(`(${endedBy ?? description})`);
    if (running.saidStop) return;
    const stop =
      endedBy === null
        ? { by: 'node' as const, reason: description }
        : { by: 'harness' as const, reason: endedBy };
    this.#hooks.trace(this.name, { kind: 'stop', ...stop });
  }

  #trace(running: Running | null, event: TraceEvent): void {
    if (event.kind === 'stop' && running !== null) running.saidStop = true;
    this.#hooks.trace(this.name, event);
  }

  #log(line: string): void {
    this.#lastLines = [...this.#lastLines, line].slice(-LAST_LINES);
    this.#hooks.log(this.name, line);
  }
}

/** A line of somebody else's on our terminal: no escapes, not endless. */
function shown(line: string): string {
  const plain = line.replaceAll(/[\p{Cc}\p{Cf}\ufffd]/gu, '\u00b7');
  return plain.length > LINE_SHOWN_MAX ? `${plain.slice(0, LINE_SHOWN_MAX)}…` : plain;
}

/** Rejects when it takes longer. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
