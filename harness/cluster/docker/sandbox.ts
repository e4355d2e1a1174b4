/**
 * What of a node outlives its processes: a container that owns the node's network namespace, address, name and published ports,
 * and mounts its volumes. The node's own container joins its network, so that a kill, a restart and `docker rm -f` of it change
 * neither address nor firewall rules.
 *
 *     const sandbox = await Sandbox.start({ node: 'n1', … });
 *     sandbox.address                                  // 172.18.0.2
 *     await (await sandbox.networkShell()).run('iptables -S')
 *
 * Its process waits for its standard input to end, hence ends with the harness.
 */
import type Dockerode from 'dockerode';
import type { StartedTestContainer } from 'testcontainers';
import { HarnessError } from '../../errors.ts';
import { RunContainer } from './container.ts';
import type { Engine } from './engine.ts';
import { engineError } from './engine-error.ts';
import { LABEL, nameOf, type Labels } from './labels.ts';
import type { Pipe } from './pipe.ts';
import { containerShell, mayEnter, namespaceShell, type Shell } from './shell.ts';

export interface SandboxOptions {
  readonly engine: Engine;
  readonly node: string;
  readonly image: string;
  readonly runName: string;
  readonly labels: Labels;
  readonly network: string;
  readonly ports: readonly number[];
  readonly dataDirectory: string;
  /** Where the file is that libfaketime reads; null: no clock is skewed. */
  readonly clockDirectory: string | null;
  /** Its address is reached from here, and its network may be entered: the engine is this machine's. */
  readonly isSameHost: boolean;
}

/** Everybody may write the data: servers of others run as users of their own. */
const WAIT_SCRIPT = 'chmod 0777 "$@" 2>/dev/null; while read -r line; do :; done';

export class Sandbox {
  readonly node: string;
  readonly address: string;
  readonly id: string;
  /** By path in the node's container: the volume's name. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly container: Dockerode.Container;
  readonly #options: SandboxOptions;
  readonly #started: StartedTestContainer;
  readonly #pipe: Pipe;
  #fileShell: Promise<Shell> | null = null;
  #networkShell: Promise<Shell> | null = null;

  private constructor(options: SandboxOptions, volumes: Record<string, string>, parts: Parts) {
    this.#options = options;
    this.#started = parts.started;
    this.#pipe = parts.pipe;
    this.node = options.node;
    this.volumes = volumes;
    this.id = parts.started.getId();
    this.address = parts.started.getIpAddress(options.network);
    this.container = parts.container;
  }

  static async start(options: SandboxOptions): Promise<Sandbox> {
    const {
      engine,
      node,
      image,
      runName,
      labels,
      network,
      ports,
      dataDirectory,
      clockDirectory,
      isSameHost,
    } = options;
    const volumes: Record<string, string> = { [dataDirectory]: nameOf('shaketable', runName, node, 'data') };
    if (clockDirectory !== null) volumes[clockDirectory] = nameOf('shaketable', runName, node, 'clock');
    const container = new RunContainer(image, {
      docker: engine.docker,
      name: nameOf('shaketable', runName, node, 'sandbox'),
      labels: { ...labels, [LABEL.node]: node },
      volumes,
      network: {
        name: network,
        alias: node,
        ports: isSameHost ? [] : ports,
        // Nobody but the harness needs to reach a cluster that is made to be broken.
        ...(engine.isLoopback ? { hostIp: '127.0.0.1' } : {}),
      },
      outputs: { onOutput: () => undefined, onError: () => undefined },
    })
      .withAddedCapabilities('NET_ADMIN', 'NET_RAW')
      .withEntrypoint(['sh', '-c', WAIT_SCRIPT, 'sh'])
      .withCommand(Object.keys(volumes));
    try {
      const started = await container.start();
      if (container.pipe === null || container.container === null) throw new Error('it was not attached');
      return new Sandbox(options, volumes, { started, pipe: container.pipe, container: container.container });
    } catch (thrown) {
      throw engineError(thrown, `cannot start the sandbox of ${node} from ${image}`);
    }
  }

  /**
   * Where a port is for the harness: at the node's own address where that is reached from here, so that a dead node refuses
   * connections; a published port is held by a proxy, which accepts them and hangs up.
   */
  locate(port: number): { host: string; port: number } {
    const { engine, isSameHost, ports } = this.#options;
    try {
      if (!ports.includes(port)) throw new Error(`only ${ports.join(', ')} are`);
      if (isSameHost) return { host: this.address, port };
      const host = engine.isLoopback ? '127.0.0.1' : this.#started.getHost();
      return { host, port: this.#started.getMappedPort(port) };
    } catch (thrown) {
      throw new HarnessError('internal', `${this.node}: port ${port} is not declared`, { cause: thrown });
    }
  }

  /** Sees its volumes. */
  async fileShell(): Promise<Shell> {
    if (await isGone(this.#fileShell)) this.#fileShell = null;
    this.#fileShell ??= containerShell(this.node, this.container);
    return this.#fileShell;
  }

  /** Rules its network: through this machine where that is the engine's and the harness is root, else as {@link fileShell}. */
  async networkShell(): Promise<Shell> {
    if (await isGone(this.#networkShell)) this.#networkShell = null;
    this.#networkShell ??= this.#openNetworkShell();
    return this.#networkShell;
  }

  async #openNetworkShell(): Promise<Shell> {
    if (!this.#options.isSameHost) return this.fileShell();
    const { State } = await this.container.inspect();
    if (!mayEnter(State.Pid, this.id)) return this.fileShell();
    const shell = await namespaceShell(this.node, State.Pid);
    try {
      await shell.run('command -v iptables');
      return shell;
    } catch {
      // This machine has no nsenter, or no firewall tool; the image has.
      shell.close();
      return this.fileShell();
    }
  }

  /** Lets go of it; its container is removed with all that carries the run's label. */
  async close(): Promise<void> {
    for (const shell of [this.#fileShell, this.#networkShell]) {
      try {
        (await shell)?.close();
      } catch {
        // It never opened.
      }
    }
    this.#pipe.close();
  }
}

async function isGone(shell: Promise<Shell> | null): Promise<boolean> {
  try {
    return (await shell)?.isClosed === true;
  } catch {
    return true;
  }
}

interface Parts {
  readonly started: StartedTestContainer;
  readonly pipe: Pipe;
  readonly container: Dockerode.Container;
}
