/**
 * A node's container: one life of a node, from start to exit. It joins the network of the node's sandbox and mounts the node's
 * volumes; a restart is a new container.
 *
 *     const container = await NodeContainer.start(launch, { sandbox, image, … });
 *     await container.kill();
 *     (await container.exited).description     // killed by SIGKILL
 */
import { constants } from 'node:os';
import type Dockerode from 'dockerode';
import type { HostConfig } from 'dockerode';
import { HarnessError } from '../../errors.ts';
import type { Launch, NodeExit, NodeProcess } from '../real/backend.ts';
import { RunContainer } from './container.ts';
import type { Engine } from './engine.ts';
import { engineError, messageOf, statusOf } from './engine-error.ts';
import { LABEL, nameOf, type Labels } from './labels.ts';
import type { Pipe } from './pipe.ts';
import type { Sandbox } from './sandbox.ts';

export interface NodeContainerOptions {
  readonly engine: Engine;
  readonly sandbox: Sandbox;
  readonly image: string;
  readonly runName: string;
  readonly labels: Labels;
  readonly filesDirectory: string;
  /** Starts of this node before this one: part of the container's name. */
  readonly incarnation: number;
  readonly limits: HostConfig;
  readonly environment: Readonly<Record<string, string>>;
}

export const RAN_OUT_OF_MEMORY = 'ran out of memory';

/** A killed container of a busy engine takes a second; who takes this long does not die. */
const GONE_MS = 30_000;
/** A shell reports who died of signal n as 128 + n, and so does Docker. */
const SIGNAL_BASE = 128;

export class NodeContainer implements NodeProcess {
  readonly exited: Promise<NodeExit>;
  readonly container: Dockerode.Container;
  /** By the machine's monotonic clock, when it started. */
  readonly startMs: number;
  readonly #node: string;
  readonly #pipe: Pipe;
  #hasExited = false;

  private constructor(node: string, container: Dockerode.Container, pipe: Pipe) {
    this.#node = node;
    this.container = container;
    this.#pipe = pipe;
    this.startMs = performance.now();
    this.exited = this.#waitForExit();
  }

  static async start(launch: Launch, options: NodeContainerOptions): Promise<NodeContainer> {
    const { engine, sandbox, image, runName, labels, incarnation, filesDirectory, limits } = options;
    const { node, command, files, onOutput, onError } = launch;
    const container = new RunContainer(image, {
      docker: engine.docker,
      name: nameOf('shaketable', runName, node, String(incarnation)),
      labels: { ...labels, [LABEL.node]: node },
      volumes: sandbox.volumes,
      network: { sharedWith: sandbox.id },
      outputs: { onOutput, onError },
      limits,
    })
      .withEnvironment({ ...options.environment, ...launch.environment })
      .withCopyContentToContainer(
        Object.entries(files).map(([name, content]) => ({ content, target: `${filesDirectory}/${name}` })),
      );
    // Our own image runs exactly what it is told. In an image of others it is a command as `docker run IMAGE COMMAND` takes it.
    if (launch.image === null) container.withEntrypoint([...command]);
    else if (command.length > 0) container.withCommand([...command]);
    try {
      await container.start();
      if (container.pipe === null || container.container === null) throw new Error('it was not attached');
      return new NodeContainer(node, container.container, container.pipe);
    } catch (thrown) {
      container.pipe?.close();
      await container.container?.remove({ force: true }).catch(() => undefined);
      throw engineError(thrown, `cannot start ${node} from ${image}`);
    }
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  write(text: string): void {
    this.#pipe.write(text);
  }

  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
    await this.#gone();
  }

  async terminate(): Promise<void> {
    await this.#signal('SIGTERM');
  }

  async pause(): Promise<void> {
    await this.#freeze('pause', (container) => container.pause(), true);
  }

  async resume(): Promise<void> {
    await this.#freeze('resume', (container) => container.unpause(), false);
  }

  async #freeze(
    what: string,
    act: (container: Dockerode.Container) => Promise<unknown>,
    isPaused: boolean,
  ): Promise<void> {
    try {
      await act(this.container);
    } catch (thrown) {
      // Being so already is what was asked for; being dead is not.
      if (!/is (already paused|not paused)/.test(messageOf(thrown))) {
        throw engineError(thrown, `cannot ${what} ${this.#node}`);
      }
    }
    const { State } = await this.container.inspect();
    if (State.Paused !== isPaused) {
      throw new HarnessError('io', `cannot ${what} ${this.#node}: Docker says that it is ${State.Status}`);
    }
  }

  /** To one that is gone already it is no error. */
  async #signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#hasExited) return;
    try {
      await this.container.kill({ signal });
    } catch (thrown) {
      if (statusOf(thrown) === 404 || /is not running/.test(messageOf(thrown))) return;
      throw engineError(thrown, `cannot send ${signal} to ${this.#node}`);
    }
  }

  async #gone(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new HarnessError('io', `${this.#node} was killed, but Docker says that it still runs`)),
        GONE_MS,
      );
    });
    try {
      await Promise.race([this.exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #waitForExit(): Promise<NodeExit> {
    try {
      const [{ StatusCode: code }] = await Promise.all([
        this.container.wait() as Promise<{ StatusCode: number }>,
        this.#pipe.ended,
      ]);
      const { State } = await this.container.inspect();
      return { description: describeExit(code, State.OOMKilled) };
    } catch (thrown) {
      // Removed by somebody else, or the engine went away.
      return { description: `gone: ${messageOf(thrown)}` };
    } finally {
      this.#hasExited = true;
    }
  }
}

export function describeExit(code: number, ranOutOfMemory: boolean): string {
  if (ranOutOfMemory) return RAN_OUT_OF_MEMORY;
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - SIGNAL_BASE)?.[0];
  return signal === undefined ? `exited with code ${code}` : `killed by ${signal}`;
}
