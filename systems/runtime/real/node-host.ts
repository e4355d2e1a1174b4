/**
 * The process that runs one of our node programs for the harness: the node's side of the control channel (`control.ts`).
 *
 *     import { startNodeHost } from '…/systems/runtime/real/node-host.ts';
 *     startNodeHost(raft.program);     // the main module of the process; the first line of its standard input starts the node
 *
 * It ends with its standard input, so that no node outlives its harness: exit code 0 after SIGTERM, 70 otherwise. A program that
 * crashes (by `runtime.crash`, an exception, an unhandled rejection) has said why in its trace and in its last log line.
 * SIGINT is ignored: a terminal sends it to all, and the harness decides. What the program prints goes to standard error.
 */
import { EXIT, messageOf } from '../../../harness/errors.ts';
import { randomStream, type Random } from '../../../harness/random.ts';
import { type NodeProgram, type NodeStatus, type RunningNode, SHUTDOWN_LIMIT_MS } from '../node-program.ts';
import { openControlPipe, standStill } from './control-pipe.ts';
import { counterKey, type NodeEvent, type NodeRequest, type NodeStart } from './control.ts';
import { FaultCounters } from './fault-counters.ts';
import { parseRequest, RequestError } from './node-request.ts';
import { createRealRuntime, describe, type RealRuntime } from './real-runtime.ts';
import { momentOfWork, strike } from './strike.ts';

/** How often it looks at the node's status and state, and at the time. */
const TICK_MS = 25;
/** Ticks that are further apart were a pause, or a machine that is too busy to tell the difference. */
const PAUSE_MS = 100;
/** After a strike it waits to be killed; a harness that has not by then is gone. */
const STRUCK_MS = 10_000;
/** Of a request. */
const LINE_CHARACTERS_MAX = 16 * 1024 * 1024;

export function startNodeHost(program: NodeProgram): void {
  const host = new NodeHost(program);
  let rest = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') host.receive(line);
    if (rest.length > LINE_CHARACTERS_MAX) rest = '';
  });
  process.stdin.on('end', () => host.exit());
  process.stdin.on('error', () => host.exit());
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => host.terminate());
  process.on('uncaughtException', (thrown) => host.crash(thrown));
  process.on('unhandledRejection', (thrown) => host.crash(thrown));
}

class NodeHost {
  readonly #program: NodeProgram;
  readonly #write: (event: NodeEvent) => void;
  readonly #pauses = new FaultCounters();
  #runtime: RealRuntime | null = null;
  #running: RunningNode | null = null;
  #strikes: Random | null = null;
  #ticks: NodeJS.Timeout | undefined;
  #lastTickMs = 0;
  #lastStatus = '';
  /** Off after the first violation: an impossible state stays impossible. */
  #checksInvariants = true;
  #isTerminated = false;
  #isStruck = false;

  constructor(program: NodeProgram) {
    this.#program = program;
    this.#write = openControlPipe(() => this.exit());
  }

  receive(line: string): void {
    let id = 0;
    try {
      const request = parseRequest(line);
      ({ id } = request);
      this.#do(request);
    } catch (thrown) {
      if (thrown instanceof RequestError) ({ id } = thrown);
      this.#fail(id, thrown);
    }
  }

  exit(): never {
    process.exit(this.#isTerminated ? EXIT.valid : EXIT.harness);
  }

  /** Ends in good order. */
  terminate(): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    setTimeout(() => this.exit(), SHUTDOWN_LIMIT_MS);
    void (this.#running?.shutdown?.() ?? Promise.resolve())
      .then(() => {
        clearInterval(this.#ticks);
        return this.#runtime?.close();
      })
      .then(() => this.exit());
  }

  /** The program has failed. */
  crash(thrown: unknown): void {
    if (this.#runtime === null) {
      this.#write({ kind: 'log', line: `crashed: ${describe(thrown)}` });
      this.exit();
    }
    this.#runtime.crash(describe(thrown));
  }

  #do(request: NodeRequest): void {
    if (request.do === 'start') return this.#start(request.id, request.node);
    const runtime = this.#runtime;
    if (runtime === null || this.#running === null) throw new Error('it has not been started');
    if (this.#isStruck) throw new Error('it was struck already');
    const { network, clock } = runtime;
    switch (request.do) {
      case 'cut':
        network.link(request).cut();
        return this.#reply(request.id);
      case 'heal':
        network.link(request).heal();
        return this.#reply(request.id);
      case 'degrade':
        network.link(request).degrade(request.fault);
        return this.#reply(request.id);
      case 'restore':
        network.link(request).restore();
        return this.#reply(request.id);
      case 'bump-clock': {
        const timersMoved = clock.bump(request.offsetMs);
        return this.#reply(request.id, { clockBumpedMs: request.offsetMs, timersMoved });
      }
      case 'drift-clock':
        clock.drift(request.rate);
        return this.#reply(request.id);
      case 'reset-clock':
        clock.reset();
        return this.#reply(request.id);
      case 'strike':
        void this.#strike(runtime, request);
        return;
    }
  }

  #start(id: number, node: NodeStart): void {
    if (this.#runtime !== null) throw new Error('it has been started already');
    const { name } = node.config;
    const runtime = createRealRuntime({
      name,
      peers: node.peers,
      listenHost: node.listenHost,
      dataDirectory: node.dataDirectory,
      seed: node.seed,
      incarnation: node.incarnation,
      logLevel: node.logLevel,
      mirrorsDisk: node.mirrorsDisk ?? true,
      writeTrace: (event) => this.#write({ kind: 'trace', event }),
      writeLog: (line) => this.#write({ kind: 'log', line }),
      onCrash: () => process.exit(EXIT.harness),
    });
    this.#runtime = runtime;
    this.#strikes = randomStream(node.seed, 'strike', name, node.incarnation);
    const { cuts, degraded, clock } = node.faults;
    for (const link of cuts) runtime.network.link(link).cut();
    for (const link of degraded) runtime.network.link(link).degrade(link.fault);
    if (clock.wallOffsetMs !== 0) runtime.clock.bump(clock.wallOffsetMs);
    if (clock.rate !== 1) runtime.clock.drift(clock.rate);
    try {
      this.#running = this.#program(runtime, node.config);
    } catch (thrown) {
      this.#fail(id, thrown);
      this.crash(thrown);
      return;
    }
    this.#reply(id);
    this.#lastTickMs = performance.now();
    this.#look();
    this.#ticks = setInterval(() => this.#tick(), TICK_MS);
  }

  async #strike(runtime: RealRuntime, request: Extract<NodeRequest, { do: 'strike' }>): Promise<void> {
    if (request.atWork && this.#strikes !== null)
      await momentOfWork(runtime.files, request.waitMs, this.#strikes);
    clearInterval(this.#ticks);
    this.#tellCounters();
    this.#isStruck = true;
    try {
      const observed = await strike(runtime, request.loseUnsynced);
      this.#write({ kind: 'reply', id: request.id, observed });
    } catch (thrown) {
      this.#fail(request.id, thrown);
    }
    standStill(STRUCK_MS);
    this.exit();
  }

  #tick(): void {
    const now = performance.now();
    const elapsedMs = now - this.#lastTickMs;
    if (elapsedMs > PAUSE_MS) {
      this.#pauses.add(counterKey.pause, 'eventsDeferred', Math.floor(elapsedMs / TICK_MS) - 1);
    }
    this.#lastTickMs = now;
    this.#look();
    this.#tellCounters();
  }

  #look(): void {
    const running = this.#running;
    if (running === null) return;
    if (this.#checksInvariants) this.#checkInvariants(running);
    let status: NodeStatus;
    try {
      status = running.status();
    } catch (thrown) {
      return this.crash(thrown);
    }
    const text = JSON.stringify(status);
    if (text === this.#lastStatus) return;
    this.#lastStatus = text;
    this.#write({ kind: 'status', status });
  }

  #checkInvariants(running: RunningNode): void {
    try {
      running.invariants?.();
    } catch (thrown) {
      this.#checksInvariants = false;
      const message = describe(thrown);
      this.#runtime?.log('error', `invariant violated: ${message}`);
      this.#runtime?.trace({ kind: 'impossible', message });
    }
  }

  #tellCounters(): void {
    const counters = { ...this.#runtime?.takeCounters(), ...this.#pauses.take() };
    if (Object.keys(counters).length > 0) this.#write({ kind: 'counters', counters });
  }

  /** All that was counted so far is told first: it belongs to the fault that ends here. */
  #reply(id: number, observed: Readonly<Record<string, number>> = {}): void {
    this.#tellCounters();
    this.#write({ kind: 'reply', id, observed });
  }

  #fail(id: number, thrown: unknown): void {
    const error = messageOf(thrown);
    this.#write({ kind: 'reply', id, observed: {}, error });
  }
}
