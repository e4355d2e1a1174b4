/**
 * Nodes as child processes on loopback: real sockets, fsync and signals, without Docker and without root.
 *
 *     const backend = new ProcessBackend({ nodes: ['n1', 'n2'], ports: [7000], folder: (node) => `${run}/nodes/${node}` });
 *     await backend.prepare();
 *     const process = await backend.start({ node: 'n1', command: ['node', 'server.js'], … });
 *
 * Each node is the leader of a process group of its own, so that Ctrl-C in the terminal reaches the harness alone, and that what a
 * server starts ends with it. When the harness dies a guard ends them all.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assert, HarnessError } from '../../errors.ts';
import type { Address } from '../../../systems/runtime/runtime.ts';
import type { RealPeer } from '../../../systems/runtime/real/real-runtime.ts';
import type { Observed } from '../cluster.ts';
import type { Backend, Launch, NodeExit, NodePlace, NodeProcess } from '../real/backend.ts';
import { Guard } from './guard.ts';
import { loopbackPeers } from './loopback.ts';
import { processState } from './process-state.ts';

export interface ProcessBackendOptions {
  readonly nodes: readonly string[];
  /** As the system declares them, without the one for datagrams. */
  readonly ports: readonly number[];
  /** Where a node's files are. */
  readonly folder: (node: string) => string;
}

const STOP_TIMEOUT_MS = 5_000;
/** What a dead node wrote last is read within this. */
const OUTPUT_GRACE_MS = 500;
const STOP_POLL_MS = 2;

export class ProcessBackend implements Backend {
  readonly kind = 'process';
  readonly extraCapabilities = [];
  readonly #options: ProcessBackendOptions;
  #peers: Readonly<Record<string, RealPeer>> = {};
  #guard: Guard | null = null;
  readonly #running = new Set<ChildNode>();
  readonly #starting = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: ProcessBackendOptions) {
    this.#options = options;
  }

  async prepare(): Promise<void> {
    const { nodes, ports } = this.#options;
    this.#peers = await loopbackPeers(nodes, ports);
    this.#guard = new Guard();
  }

  place(node: string): NodePlace {
    const folder = resolve(this.#options.folder(node));
    return {
      dataDirectory: join(folder, 'data'),
      filesDirectory: join(folder, 'files'),
      listenHost: this.#peer(node).host,
      nodeExecutable: process.execPath,
    };
  }

  peers(): Readonly<Record<string, RealPeer>> {
    return this.#peers;
  }

  locate(node: string, port: number): Address {
    const { host, ports } = this.#peer(node);
    return { host, port: ports?.[port] ?? port };
  }

  async start(launch: Launch): Promise<NodeProcess> {
    if (this.#isClosed) throw new HarnessError('io', `${launch.node} is not started: the run is over`);
    const starting = this.#start(launch);
    const settled = starting.catch(() => undefined);
    this.#starting.add(settled);
    try {
      return await starting;
    } finally {
      this.#starting.delete(settled);
    }
  }

  async #start(launch: Launch): Promise<NodeProcess> {
    const { node, command, environment, files, onOutput, onError } = launch;
    const [executable, ...args] = command;
    if (executable === undefined)
      throw new HarnessError('usage', `there is no command to start ${node} with`);
    const { dataDirectory, filesDirectory } = this.place(node);
    try {
      await mkdir(dataDirectory, { recursive: true });
      await mkdir(filesDirectory, { recursive: true });
      for (const [name, text] of Object.entries(files)) {
        const path = join(filesDirectory, name);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, text);
      }
    } catch (error) {
      throw HarnessError.from(error, 'io', `cannot write the files of ${node}`);
    }
    const child = spawn(executable, args, {
      cwd: dirname(dataDirectory),
      detached: true,
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onError);
    child.stdin.on('error', () => undefined); // it is gone: `exited` tells
    const pid = await spawned(child, node, executable);
    this.#guard?.watch(pid);
    const running = new ChildNode(child, pid);
    this.#running.add(running);
    void running.exited.then(() => {
      this.#running.delete(running);
      this.#guard?.forget(pid);
    });
    return running;
  }

  remove(): Promise<Observed> {
    return Promise.resolve({});
  }

  async wipe(node: string): Promise<Observed> {
    await rm(this.place(node).dataDirectory, { recursive: true, force: true });
    return { disksWiped: 1 };
  }

  async collect(node: string, logFiles: readonly string[], target: string): Promise<void> {
    const { dataDirectory } = this.place(node);
    for (const file of logFiles) {
      const copy = join(target, file.replaceAll('/', '-'));
      await copyFile(join(dataDirectory, file), copy).catch(() => undefined); // this node wrote none
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // Who is just being started has no guard yet.
    await Promise.all(this.#starting);
    await Promise.all([...this.#running].map((running) => running.kill()));
    this.#guard?.close();
    this.#guard = null;
  }

  #peer(node: string): RealPeer {
    const peer = this.#peers[node];
    assert(peer !== undefined, `${node} is not prepared`);
    return peer;
  }
}

/** Its process id, or why there is none. */
function spawned(child: ChildProcess, node: string, executable: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid!));
    child.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'ENOENT'
          ? `${executable} is not installed, or not in the PATH`
          : error.code === 'EACCES'
            ? `${executable} may not be executed`
            : error.message;
      reject(new HarnessError('io', `cannot start ${node}: ${reason}`, { cause: error }));
    });
  });
}

class ChildNode implements NodeProcess {
  readonly exited: Promise<NodeExit>;
  readonly #child: ChildProcess;
  readonly #pid: number;
  #isGone = false;

  constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.#pid = pid;
    // What it started ends with it; who has left its group and still holds its output is not waited for.
    child.once('exit', () => {
      this.#signal('SIGKILL');
      this.#isGone = true;
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, OUTPUT_GRACE_MS);
    });
    // 'close', not 'exit': all that it wrote has been handed on by then.
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve({
          description: signal === null ? `exited with code ${code ?? 0}` : `was ended by ${signal}`,
        });
      });
    });
  }

  write(text: string): void {
    if (!this.#isGone && this.#child.stdin?.writable === true) this.#child.stdin.write(text);
  }

  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.exited;
  }

  terminate(): Promise<void> {
    this.#signal('SIGTERM');
    return Promise.resolve();
  }

  async pause(): Promise<void> {
    this.#signal('SIGSTOP');
    await this.#untilStopped(true);
  }

  async resume(): Promise<void> {
    this.#signal('SIGCONT');
    await this.#untilStopped(false);
  }

  async #untilStopped(wanted: boolean): Promise<void> {
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    for (;;) {
      const state = await processState(this.#pid);
      if (this.#isGone || state === null || (state === 'T') === wanted) return;
      if (performance.now() > deadline) {
        const word = wanted ? 'stop' : 'go on';
        throw new HarnessError(
          'nemesis',
          `process ${this.#pid} did not ${word} within ${STOP_TIMEOUT_MS} ms`,
        );
      }
      await delay(STOP_POLL_MS);
    }
  }

  /** To the group: what the node started belongs to it. */
  #signal(signal: NodeJS.Signals): void {
    if (this.#isGone) return;
    try {
      process.kill(-this.#pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // gone, and not yet heard of
    }
  }
}
