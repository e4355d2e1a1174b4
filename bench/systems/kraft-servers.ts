/**
 * Servers of ours as a user runs them: `kraft server-start` in processes of their own, on loopback, on real disks, with Kafka's
 * defaults.
 *
 *     const cluster = await KraftServers.start({ nodes: 3 });
 *     const before = cluster.usage();
 *     cluster.servers[0].kill();                // kill -9
 *     await cluster.stop();
 *
 * `KRAFT_BENCH_PROFILES=FOLDER` writes a CPU profile of each server that ends in good order.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formatStorage, newUuid } from '../../systems/kraft/cli/format-storage.ts';
import { readServerProperties } from '../../systems/kraft/node/properties.ts';
import { APIS } from '../../systems/kraft/wire/apis.ts';
import { freePort } from '../../systems/runtime/real/testing/free-port.ts';
import { RawClient } from './kraft-raw-client.ts';

const START_MAX_MS = 60_000;
const STOP_MAX_MS = 40_000;
const COMMAND = join(import.meta.dirname, '../../systems/kraft/cli/main.ts');
/** What Linux counts processor time in. */
const TICKS_PER_S = 100;

export interface KraftServersOptions {
  readonly nodes: number;
  /** Beside those that a cluster needs; without any, everything is Kafka's default. */
  readonly properties?: Readonly<Record<string, string>>;
}

export class KraftServer {
  readonly nodeId: number;
  readonly port: number;
  readonly #config: string;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  constructor(nodeId: number, port: number, folder: string, config: string) {
    this.nodeId = nodeId;
    this.port = port;
    this.#folder = folder;
    this.#config = config;
  }

  start(): void {
    const profiles = process.env['KRAFT_BENCH_PROFILES'];
    const profiling =
      profiles === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=node-${this.nodeId}.cpuprofile`];
    const log = openSync(join(this.#folder, 'server.log'), 'a');
    this.#process = spawn(process.execPath, [...profiling, COMMAND, 'server-start', this.#config], {
      stdio: ['ignore', log, log],
    });
  }

  get isRunning(): boolean {
    return this.#process !== null && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Like `kill -9`. */
  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === null || !this.isRunning) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
    await ended;
    clearTimeout(timer);
  }

  /** Processor time so far, user and system. */
  get cpuS(): number {
    // The name in parentheses may have spaces: fields are counted behind it.
    const fields = this.#proc('stat').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  }

  /** How long its main thread was ready to run and had no core, so far: what other processes cost it. */
  get delayedS(): number {
    return Number(this.#proc('schedstat').split(' ')[1]) / 1e9;
  }

  get residentBytes(): number {
    return this.#status('VmRSS');
  }

  /** The most that it had. */
  get residentMaxBytes(): number {
    return this.#status('VmHWM');
  }

  #status(name: string): number {
    const found = new RegExp(String.raw`^${name}:\s+(\d+) kB`, 'm').exec(this.#proc('status'));
    return Number(found?.[1]) * 1024;
  }

  #proc(file: string): string {
    return readFileSync(`/proc/${this.#process?.pid ?? 0}/${file}`, 'utf8');
  }
}

export class KraftServers {
  readonly servers: readonly KraftServer[];
  readonly #folder: string;

  private constructor(servers: readonly KraftServer[], folder: string) {
    this.servers = servers;
    this.#folder = folder;
  }

  static async start({ nodes, properties = {} }: KraftServersOptions): Promise<KraftServers> {
    const folder = mkdtempSync(join(tmpdir(), 'kraft-bench-'));
    const clusterId = newUuid();
    const ids = Array.from({ length: nodes }, (_, i) => i + 1);
    const ports = new Map<number, { broker: number; controller: number }>();
    for (const id of ids) ports.set(id, { broker: await freePort(), controller: await freePort() });
    const voters = [...ports].map(([id, { controller }]) => `${id}@127.0.0.1:${controller}`).join(',');
    const factor = String(Math.min(3, nodes));
    const servers: KraftServer[] = [];
    for (const [id, { broker, controller }] of ports) {
      const directory = join(folder, String(id));
      mkdirSync(directory);
      const text = Object.entries({
        'process.roles': 'broker,controller',
        'node.id': String(id),
        'controller.quorum.voters': voters,
        listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
        'controller.listener.names': 'CONTROLLER',
        'log.dirs': join(directory, 'data'),
        'offsets.topic.replication.factor': factor,
        'transaction.state.log.replication.factor': factor,
        ...properties,
      })
        .map(([key, value]) => `${key}=${value}\n`)
        .join('');
      const config = join(directory, 'server.properties');
      writeFileSync(config, text);
      const { values } = readServerProperties(text, config);
      await formatStorage({
        values,
        clusterId,
        initialVoters: [],
        isFormattedIgnored: false,
        say: () => undefined,
      });
      servers.push(new KraftServer(id, broker, directory, config));
    }
    const cluster = new KraftServers(servers, folder);
    // A bench that fails leaves nobody behind.
    process.once('exit', () => {
      for (const server of servers) server.kill();
    });
    for (const server of servers) server.start();
    await cluster.untilServing();
    return cluster;
  }

  server(nodeId: number): KraftServer {
    const found = this.servers.find((server) => server.nodeId === nodeId);
    if (found === undefined) throw new Error(`there is no server ${nodeId}`);
    return found;
  }

  /** Every server runs, and knows all the others. */
  async untilServing(): Promise<void> {
    const deadlineMs = performance.now() + START_MAX_MS;
    for (const { port } of this.servers) {
      for (;;) {
        const brokers = await metadataOf(port);
        if (brokers === this.servers.length) break;
        if (performance.now() > deadlineMs) throw new Error(`the servers did not start; see ${this.#folder}`);
        await delay(100);
      }
    }
  }

  /** Of all that run, together. */
  get cpuS(): number {
    return this.servers.filter(({ isRunning }) => isRunning).reduce((sum, { cpuS }) => sum + cpuS, 0);
  }

  get delayedS(): number {
    return this.servers.filter(({ isRunning }) => isRunning).reduce((sum, { delayedS }) => sum + delayedS, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** How many brokers a broker knows; 0 where it does not answer. */
async function metadataOf(port: number): Promise<number> {
  try {
    const client = await RawClient.connect(port);
    const { brokers } = await client.ask(APIS.metadata, 8, { topics: [] });
    client.close();
    return brokers.length;
  } catch {
    return 0;
  }
}
