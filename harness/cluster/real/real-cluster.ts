/**
 * A cluster of real processes: children of this one, or in containers; what they have in common.
 *
 *     const cluster = new RealCluster({ system: raft, nodes: ['n1', 'n2', 'n3'], backend, bundle, … });
 *     await cluster.start();
 *     await cluster.kill('n1');                 // SIGKILL
 *     await cluster.restart('n1');              // on the same data
 *     await cluster.stop();                     // nothing is left
 *
 * The clock of the run is this machine's, and zero when all nodes serve. Trace records carry the time at which they came
 * here: in order for each node, and no proof of any order between nodes.
 */
import { HarnessError } from '../../errors.ts';
import type { TraceEvent, TraceRecord } from '../../history/trace.ts';
import type { Client } from '../../interpreter/client.ts';
import { randomStream } from '../../random.ts';
import type { NodeCommand, NodeStart } from '../../../systems/runtime/real/control.ts';
import { createRealEndpoint, type RealEndpoint } from '../../../systems/runtime/real/real-endpoint.ts';
import { counterKey } from '../../../systems/runtime/real/control.ts';
import type { NodeStatus } from '../../../systems/runtime/node-program.ts';
import type { Address } from '../../../systems/runtime/runtime.ts';
import { capabilitiesOf } from '../capabilities.ts';
import type { Capability, Cluster, KillOptions, LinkFault, NodeLimits, Observed } from '../cluster.ts';
import type { Backend } from './backend.ts';
import type { RealClusterOptions } from './options.ts';
import { loadPackage } from './package-loader.ts';
import { type Launcher, RealNode } from './real-node.ts';
import { RealLinks } from './real-links.ts';
import { RealTime } from './real-time.ts';
import { programLauncher, serverLauncher } from './launchers.ts';

const DEFAULT_READY_TIMEOUT_MS = 60_000;

/** How a node's clock is wrong; it outlives the node's processes. */
interface ClockFault {
  wallOffsetMs: number;
  rate: number;
  /** When the offset was so. */
  sinceMs: number;
}

const trueClock = (): ClockFault => ({ wallOffsetMs: 0, rate: 1, sinceMs: performance.now() });

const clockAtStart = ({ wallOffsetMs, rate }: ClockFault) => ({ wallOffsetMs, rate });

export class RealCluster implements Cluster {
  readonly kind: 'process' | 'docker';
  readonly nodes: readonly string[];
  readonly capabilities: ReadonlySet<Capability>;
  readonly clock = new RealTime();
  readonly #options: RealClusterOptions;
  readonly #backend: Backend;
  readonly #launcher: Launcher;
  readonly #nodes = new Map<string, RealNode>();
  readonly #links: RealLinks;
  readonly #clocks = new Map<string, ClockFault>();
  readonly #clients = new Map<number, RealEndpoint>();
  readonly #traceCallbacks: ((record: TraceRecord) => void)[] = [];
  #state: 'new' | 'started' | 'stopped' = 'new';

  /** @param options - the backend is prepared already, so that its capabilities are known */
  constructor(options: RealClusterOptions) {
    const { system, nodes, backend } = options;
    this.#options = options;
    this.#backend = backend;
    this.kind = backend.kind;
    this.nodes = [...nodes];
    this.capabilities = new Set([...capabilitiesOf(backend.kind, system), ...backend.extraCapabilities]);
    const isProgram = system.program !== undefined;
    this.#launcher = isProgram
      ? programLauncher(options, (node, incarnation) => this.#startMessage(node, incarnation))
      : serverLauncher(options);
    const hooks = {
      trace: (node: string, event: TraceEvent) => this.#trace(node, event),
      log: (node: string, line: string) => options.onLog?.(node, line),
    };
    for (const name of nodes) {
      this.#nodes.set(name, new RealNode(name, backend, this.#launcher, hooks));
      this.#clocks.set(name, trueClock());
    }
    this.#links = new RealLinks(this.#nodes, backend.network ?? null, isProgram);
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new HarnessError('internal', `the cluster is ${this.#state} already`);
    this.#state = 'started';
    const nodes = [...this.#nodes.values()];
    const { readyTimeoutMs = DEFAULT_READY_TIMEOUT_MS } = this.#options;
    await Promise.all(
      nodes.map(async (node) => {
        await node.start();
        await node.whenReady(readyTimeoutMs);
      }),
    );
    this.clock.begin();
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    for (const endpoint of this.#clients.values()) endpoint.close();
    this.#clients.clear();
    try {
      await Promise.allSettled([...this.#nodes.values()].map((node) => node.stop()));
      await this.#collectFiles();
    } finally {
      await this.#backend.close();
    }
  }

  status(node: string): NodeStatus | undefined {
    return this.#node(node).status;
  }

  isRunning(node: string): boolean {
    return this.#node(node).isRunning;
  }

  isPaused(node: string): boolean {
    return this.#node(node).isPaused;
  }

  kill(node: string, options: KillOptions = {}): Promise<Observed> {
    return this.#node(node).kill(options);
  }

  /** Resolves when its process runs: in the middle of a partition it may not serve for long. */
  async restart(node: string): Promise<Observed> {
    const target = this.#node(node);
    try {
      await target.start();
    } catch (error) {
      this.#options.onLog?.(node, HarnessError.from(error).message);
    }
    return { processesStarted: target.isRunning ? 1 : 0 };
  }

  pause(node: string): Promise<Observed> {
    return this.#node(node).pause();
  }

  resume(node: string): Promise<Observed> {
    return this.#node(node).resume();
  }

  cut(from: string, to: string): Promise<void> {
    return this.#links.cut(from, to);
  }

  heal(from: string, to: string): Promise<Observed> {
    return this.#links.heal(from, to);
  }

  degrade(from: string, to: string, fault: LinkFault): Promise<void> {
    return this.#links.degrade(from, to, fault);
  }

  restore(from: string, to: string): Promise<Observed> {
    return this.#links.restore(from, to);
  }

  async bumpClock(node: string, offsetMs: number): Promise<Observed> {
    this.#clockOf(node).wallOffsetMs += offsetMs;
    if (this.#backend.clocks !== undefined) {
      await this.#setBackendClock(node);
      return { clockBumpedMs: offsetMs };
    }
    const observed = await this.#tellClock(node, { do: 'bump-clock', offsetMs });
    return { clockBumpedMs: offsetMs, ...observed };
  }

  async driftClock(node: string, rate: number): Promise<void> {
    this.#clockOf(node).rate = rate;
    if (this.#backend.clocks !== undefined) await this.#setBackendClock(node);
    else await this.#tellClock(node, { do: 'drift-clock', rate });
  }

  async resetClock(node: string): Promise<Observed> {
    this.#clocks.set(node, trueClock());
    if (this.#backend.clocks !== undefined) return this.#backend.clocks.reset(node);
    await this.#tellClock(node, { do: 'reset-clock' });
    return this.#node(node).counters.take(counterKey.clock);
  }

  async limit(node: string, limits: NodeLimits): Promise<void> {
    if (this.#backend.limit === undefined) throw this.#cannot('limit its nodes');
    await this.#backend.limit(this.#node(node).name, limits);
  }

  async unlimit(node: string): Promise<Observed> {
    if (this.#backend.unlimit === undefined) throw this.#cannot('limit its nodes');
    return this.#backend.unlimit(this.#node(node).name);
  }

  async openClient(node: string, clientId: number): Promise<Client> {
    const { system, seed, options } = this.#options;
    const { name } = this.#node(node);
    if (this.#clients.has(clientId)) throw new HarnessError('client', `client ${clientId} is open already`);
    const logical = (host: string): Address => ({ host, port: system.clientPort });
    // What a client throws in a callback of its own has nobody to catch it: its operation must end nevertheless.
    let crash: (thrown: unknown) => void = () => undefined;
    const crashed = new Promise<never>((_resolve, reject) => (crash = reject));
    crashed.catch(() => undefined);
    const endpoint = createRealEndpoint({
      host: `client-${clientId}`,
      onError: (thrown) => crash(thrown),
      random: randomStream(seed, 'client', clientId),
      resolve: ({ host, port }) =>
        this.#nodes.has(host) ? this.#backend.locate(host, port) : { host, port },
    });
    this.#clients.set(clientId, endpoint);
    const close = (): void => {
      this.#clients.delete(clientId);
      endpoint.close();
    };
    try {
      const client = await system.openClient(endpoint, {
        node: name,
        address: logical(name),
        addresses: new Map(this.nodes.map((other) => [other, logical(other)])),
        locate: (other, port = system.clientPort) => this.#backend.locate(this.#node(other).name, port),
        clientId,
        options,
        loadPackage,
      });
      return {
        invoke: (invocation) => Promise.race([client.invoke(invocation), crashed]),
        close: () => {
          client.close();
          close();
        },
      };
    } catch (thrown) {
      close();
      throw HarnessError.from(thrown, 'client', `${system.name} could not open a client of ${node}`);
    }
  }

  onTrace(callback: (record: TraceRecord) => void): void {
    this.#traceCallbacks.push(callback);
  }

  async #tellClock(node: string, command: NodeCommand): Promise<Observed> {
    const target = this.#node(node);
    // What an earlier fault did, and was told too late, is not this one's.
    if (command.do !== 'reset-clock' && !target.hasClockFault) target.counters.take(counterKey.clock);
    target.hasClockFault = command.do !== 'reset-clock';
    return target.command(command);
  }

  #startMessage(node: string, incarnation: number): NodeStart {
    const { options, bugs, seed } = this.#options;
    const place = this.#backend.place(node);
    return {
      config: { name: node, peers: this.nodes, options, bugs },
      peers: this.#backend.peers(node),
      listenHost: place.listenHost,
      dataDirectory: place.dataDirectory,
      seed,
      incarnation,
      faults: { ...this.#links.inForceAt(node), clock: clockAtStart(this.#clockOf(node)) },
    };
  }

  async #setBackendClock(node: string): Promise<void> {
    const { wallOffsetMs, rate } = this.#clockOf(node);
    await this.#backend.clocks?.set(node, { offsetMs: wallOffsetMs, rate });
  }

  /** What cannot be had is no reason to lose the verdict. */
  async #collectFiles(): Promise<void> {
    const { system, logFolder } = this.#options;
    if (logFolder === undefined) return;
    const logFiles = system.server?.logFiles ?? [];
    const collect = async (node: string): Promise<void> => {
      try {
        if (logFiles.length > 0) await this.#backend.collect(node, logFiles, logFolder(node));
        await this.#backend.collectData?.(node, logFolder(node));
      } catch (error) {
        this.#options.onLog?.(node, `(its files were not collected: ${HarnessError.from(error).message})`);
      }
    };
    await Promise.all(this.nodes.map(collect));
  }

  #trace(node: string, event: TraceEvent): void {
    const record: TraceRecord = { node, time: this.clock.now(), event };
    for (const callback of this.#traceCallbacks) callback(record);
  }

  /** As it is by now: what a drift has added is in its offset. */
  #clockOf(node: string): ClockFault {
    const clock = this.#clocks.get(this.#node(node).name)!;
    const nowMs = performance.now();
    clock.wallOffsetMs += (clock.rate - 1) * (nowMs - clock.sinceMs);
    clock.sinceMs = nowMs;
    return clock;
  }

  #cannot(what: string): HarnessError {
    return new HarnessError('missing-capability', `the ${this.kind} cluster cannot ${what}`);
  }

  #node(name: string): RealNode {
    const node = this.#nodes.get(name);
    if (node === undefined) {
      throw new HarnessError('unknown-name', `no node is called ${name}: there are ${this.nodes.join(', ')}`);
    }
    return node;
  }
}
