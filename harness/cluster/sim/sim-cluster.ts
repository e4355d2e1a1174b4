/**
 * The simulated cluster: nodes as objects in this process, on virtual time and a simulated network, disk and clock.
 *
 *     const cluster = new SimCluster({ system: raft, nodes: ['n1', 'n2', 'n3'], seed: 42 });
 *     await cluster.run(async () => {
 *       await cluster.start();
 *       const client = await cluster.openClient('n1', 0);
 *       await cluster.cut('n1', 'n2');
 *       await client.invoke({ f: 'write', key: 'x', value: 1 });
 *     });
 *     cluster.eventHash;     // the same in every run with seed 42
 *
 * All that is asynchronous happens inside {@link SimCluster.run}, which drives virtual time. A run is a pure function of
 * (code, seed, options). The cluster decides nothing about faults: nemeses do, through the Cluster contract.
 */
import { assert, HarnessError } from '../../errors.ts';
import type { Json } from '../../history/operation.ts';
import type { MessageRecord } from '../../history/messages.ts';
import type { TraceEvent, TraceRecord } from '../../history/trace.ts';
import type { Client } from '../../interpreter/client.ts';
import { randomStream } from '../../random.ts';
import type { NodeStatus } from '../../../systems/runtime/node-program.ts';
import type { Address, LogLevel } from '../../../systems/runtime/runtime.ts';
import type { System } from '../../../systems/system.ts';
import { capabilitiesOf } from '../capabilities.ts';
import { loadPackage } from '../real/package-loader.ts';
import type { Capability, Clock, Cluster, KillOptions, LinkFault, Observed, Traffic } from '../cluster.ts';
import { HostClock } from '../../../systems/runtime/host-clock.ts';
import { Disk } from '../../../systems/runtime/disk-model/disk.ts';
import { DEFAULT_NETWORK, type NetworkOptions } from './link.ts';
import { MessageLog } from './message-log.ts';
import { CLIENT_HOST_PREFIX, Network } from './network.ts';
import { EPOCH_MS, Scheduler } from './scheduler.ts';
import { SimClientHost } from './sim-client-host.ts';
import { DEFAULT_DISK, DiskDevice, type DiskFaultHook, type DiskOptions } from './sim-files.ts';
import { monotonicStartNs, SimNode } from './sim-node.ts';

export interface SimClusterOptions {
  readonly system: System;
  /** In order; every node learns of all. */
  readonly nodes: readonly string[];
  readonly seed: number;
  /** Options of the system. */
  readonly options?: { readonly [name: string]: Json };
  /** Bugs that every node runs with. */
  readonly bugs?: readonly string[];
  readonly network?: Partial<NetworkOptions>;
  readonly disk?: Partial<DiskOptions>;
  /** Writes down what goes over the network: {@link SimCluster.messages}. */
  readonly recordsMessages?: boolean;
  /** Lines below this are neither kept nor made; default `info`. */
  readonly logLevel?: LogLevel;
  /** After every step of a node: each event that ran its code, microtasks included. */
  readonly onStep?: (node: string) => void;
  /** A node found its own state impossible: the first time in each of its incarnations. */
  readonly onInvariantViolation?: (node: string, message: string) => void;
  /** Every log line as it comes; {@link SimCluster.logs} holds the last ones only. */
  readonly onLog?: (node: string, line: string) => void;
}

/** Something that a node did not survive, or should not have. */
export interface NodeIncident {
  readonly node: string;
  /** Nanoseconds since the run began. */
  readonly time: number;
  readonly message: string;
}

/** Incidents that are kept; a node that crashes at every restart would fill the memory. */
const INCIDENTS_MAX = 1000;

export class SimCluster implements Cluster {
  readonly kind = 'sim';
  readonly nodes: readonly string[];
  readonly capabilities: ReadonlySet<Capability>;
  readonly clock: Clock;
  readonly #options: SimClusterOptions;
  readonly #scheduler = new Scheduler();
  readonly #network: Network;
  readonly #messages: MessageLog | null;
  readonly #nodes = new Map<string, SimNode>();
  readonly #addresses: ReadonlyMap<string, Address>;
  readonly #clients = new Map<number, SimClientHost>();
  readonly #crashes: NodeIncident[] = [];
  readonly #violations: NodeIncident[] = [];
  readonly #traceCallbacks: ((record: TraceRecord) => void)[] = [];
  #state: 'new' | 'started' | 'stopped' = 'new';

  constructor(options: SimClusterOptions) {
    const { system, nodes, seed } = options;
    assert(new Set(nodes).size === nodes.length, 'two nodes have one name');
    this.#options = options;
    this.capabilities = capabilitiesOf('sim', system);
    this.nodes = [...nodes];
    const scheduler = this.#scheduler;
    this.clock = {
      now: () => scheduler.now,
      setTimer: (delayNs, callback) => scheduler.setTimer(delayNs, callback),
      sleep: (delayNs) => scheduler.sleep(delayNs),
    };
    this.#messages =
      options.recordsMessages === true
        ? new MessageLog(
            () => scheduler.now,
            () => system.describeMessages?.(),
          )
        : null;
    const network = { ...DEFAULT_NETWORK, ...options.network };
    this.#network = new Network(scheduler, seed, network, this.#messages);
    this.#addresses = new Map(nodes.map((name) => [name, { host: name, port: system.clientPort }]));
    nodes.forEach((name, number) => this.#nodes.set(name, this.#createNode(name, number)));
  }

  /** Of all events so far: equal for equal (code, seed, options). */
  get eventHash(): string {
    return this.#scheduler.eventHash;
  }

  get eventCount(): number {
    return this.#scheduler.eventCount;
  }

  /** Nodes that ended by their own code, at most the first thousand. */
  get crashes(): readonly NodeIncident[] {
    return this.#crashes;
  }

  /** What the nodes' own `invariants()` found, at most the first thousand. */
  get invariantViolations(): readonly NodeIncident[] {
    return this.#violations;
  }

  /**
   * Drives virtual time until `main` settles. May be called again: time goes on from where it stood.
   *
   * @throws HarnessError `internal` when nothing is left to happen while `main` is pending
   */
  run<T>(main: () => Promise<T>): Promise<T> {
    return this.#scheduler.run(main);
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new HarnessError('internal', `the cluster is ${this.#state} already`);
    this.#state = 'started';
    await Promise.all([...this.#nodes.values()].map((node) => node.boot()));
    const [crash] = this.#crashes;
    if (crash !== undefined) {
      throw new HarnessError('internal', `${crash.node} crashed as it started: ${crash.message}`);
    }
  }

  stop(): Promise<void> {
    return settled(() => {
      if (this.#state === 'stopped') return;
      this.#state = 'stopped';
      for (const clientId of [...this.#clients.keys()]) this.#closeClient(clientId);
      for (const node of this.#nodes.values()) node.kill({});
    });
  }

  status(node: string): NodeStatus | undefined {
    return this.#node(node).status();
  }

  isRunning(node: string): boolean {
    return this.#node(node).isRunning;
  }

  isPaused(node: string): boolean {
    return this.#node(node).isPaused;
  }

  async kill(node: string, options: KillOptions = {}): Promise<Observed> {
    if (options.remove === true) {
      throw new HarnessError('missing-capability', 'the sim cluster has no containers to remove');
    }
    if (options.terminate === true) await this.#node(node).shutDown();
    if (options.atWork === true) await this.#node(node).awaitWork();
    return this.#node(node).kill(options);
  }

  async restart(node: string): Promise<Observed> {
    await this.#node(node).boot();
    return { processesStarted: this.isRunning(node) ? 1 : 0 };
  }

  pause(node: string): Promise<Observed> {
    return settled(() => this.#node(node).pause());
  }

  resume(node: string): Promise<Observed> {
    return settled(() => this.#node(node).resume());
  }

  cut(from: string, to: string): Promise<void> {
    return settled(() => this.#network.cut(from, to));
  }

  heal(from: string, to: string): Promise<Observed> {
    return settled(() => this.#network.heal(from, to));
  }

  degrade(from: string, to: string, fault: LinkFault): Promise<void> {
    return settled(() => this.#network.degrade(from, to, fault));
  }

  restore(from: string, to: string): Promise<Observed> {
    return settled(() => this.#network.restore(from, to));
  }

  bumpClock(node: string, offsetMs: number): Promise<Observed> {
    return settled(() => this.#node(node).bumpClock(offsetMs));
  }

  driftClock(node: string, rate: number): Promise<void> {
    return settled(() => this.#node(node).driftClock(rate));
  }

  resetClock(node: string): Promise<Observed> {
    return settled(() => this.#node(node).resetClock());
  }

  /** Decides how the node's disk misbehaves from now on; null: not at all. */
  setDiskFault(node: string, hook: DiskFaultHook | null): void {
    this.#node(node).device.faultHook = hook;
  }

  limit(): Promise<never> {
    return Promise.reject(new HarnessError('missing-capability', 'the sim cluster cannot limit its nodes'));
  }

  unlimit(): Promise<never> {
    return this.limit();
  }

  async openClient(node: string, clientId: number): Promise<Client> {
    const { system, seed, options = {} } = this.#options;
    const address = this.#addresses.get(this.#node(node).host.name)!;
    if (this.#clients.has(clientId)) throw new HarnessError('client', `client ${clientId} is open already`);
    const host = new SimClientHost(this.#network, clientId, this.nodes.length, seed);
    this.#clients.set(clientId, host);
    let client: Client;
    try {
      const context = {
        node,
        address,
        addresses: this.#addresses,
        locate: (host: string, port = system.clientPort): Address => ({ host, port }),
        clientId,
        options,
        loadPackage,
      };
      client = await system.openClient(host.endpoint, context);
    } catch (thrown) {
      this.#closeClient(clientId);
      throw HarnessError.from(thrown, 'client', `${system.name} could not open a client of ${node}`);
    }
    return {
      invoke: (invocation) => client.invoke(invocation),
      close: () => {
        client.close();
        this.#closeClient(clientId);
      },
    };
  }

  onTrace(callback: (record: TraceRecord) => void): void {
    this.#traceCallbacks.push(callback);
  }

  traffic(): Traffic {
    return this.#network.traffic();
  }

  /** What went over the network so far; empty where it is not recorded. */
  get messages(): readonly MessageRecord[] {
    return this.#messages?.records ?? [];
  }

  /** The last lines of the node's log. */
  logs(node: string): readonly string[] {
    return this.#node(node).log.lines;
  }

  #closeClient(clientId: number): void {
    const host = this.#clients.get(clientId);
    if (host === undefined) return;
    this.#clients.delete(clientId);
    host.close();
  }

  #createNode(name: string, number: number): SimNode {
    const { system, seed, options = {}, bugs = [], onStep, logLevel = 'info' } = this.#options;
    const { program } = system;
    if (program === undefined) {
      throw new HarnessError(
        'usage',
        `${system.name} is a server of its own, which cannot be simulated: use --cluster process or docker`,
      );
    }
    if (name.startsWith(CLIENT_HOST_PREFIX)) {
      throw new HarnessError('usage', `a node cannot be called ${name}: clients are`);
    }
    const clock = new HostClock(monotonicStartNs(seed, name), EPOCH_MS);
    const host = this.#network.addHost(name, number, clock);
    const disk = new Disk(randomStream(seed, 'disk', name));
    const device = new DiskDevice(disk, randomStream(seed, 'disk-latency', name), {
      ...DEFAULT_DISK,
      ...this.#options.disk,
    });
    const config = { name, peers: this.nodes, options, bugs };
    return new SimNode(
      this.#network,
      seed,
      host,
      device,
      program,
      config,
      {
        trace: (node, event) => this.#trace(node, event),
        log: (node, line) => this.#options.onLog?.(node, line),
        crashed: (node, message) => this.#note(this.#crashes, node, message),
        invariantViolated: (node, message) => {
          this.#note(this.#violations, node, message);
          this.#options.onInvariantViolation?.(node, message);
        },
        afterStep: onStep ?? (() => undefined),
      },
      logLevel,
    );
  }

  #trace(node: string, event: TraceEvent): void {
    if (this.#traceCallbacks.length === 0) return;
    const record: TraceRecord = { node, time: this.#scheduler.now, event };
    for (const callback of this.#traceCallbacks) callback(record);
  }

  #note(incidents: NodeIncident[], node: string, message: string): void {
    if (incidents.length < INCIDENTS_MAX) incidents.push({ node, time: this.#scheduler.now, message });
  }

  #node(name: string): SimNode {
    const node = this.#nodes.get(name);
    if (node === undefined) {
      throw new HarnessError('unknown-name', `no node is called ${name}: there are ${this.nodes.join(', ')}`);
    }
    return node;
  }
}

/** What happens at once, as the promise that the contract asks for. */
function settled<T>(action: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(action());
  });
}
