/**
 * The backend of containers: one sandbox and, while it lives, one container a node, on a network of the run.
 *
 *     const backend = await createDockerBackend({ runId: '20261121T205103Z-7', nodes: ['n1', 'n2', 'n3'], ports: [7000] });
 *     await backend.prepare();
 *     const n1 = await backend.start({ node: 'n1', image: null, command: ['node', '/shaketable/node.mjs'], … });
 *     backend.locate('n1', 7000)        // { host: '127.0.0.1', port: 49153 }
 *     await backend.close();            // nothing is left
 *
 * Whatever dies, the sandbox stays: address, name, published ports, firewall rules and data are those of the node, not of its
 * process. Everything carries the run's labels (see labels.ts), and is found by them when it goes.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { Address } from '../../../systems/runtime/runtime.ts';
import type { RealPeer } from '../../../systems/runtime/real/real-runtime.ts';
import { assert, HarnessError } from '../../errors.ts';
import { NETEM_CAPABILITIES } from '../capabilities.ts';
import type { Capability, NodeLimits, Observed } from '../cluster.ts';
import type { Backend, BackendClocks, Launch, NodePlace, NodeProcess } from '../real/backend.ts';
import { removeRun } from './clean.ts';
import { collectFiles } from './collect.ts';
import { DockerNetwork } from './docker-network.ts';
import { connectEngine, type Engine } from './engine.ts';
import { engineError, unlessGone } from './engine-error.ts';
import { CLOCK_DIRECTORY, faketimeEnvironment, FaketimeClocks } from './faketime.ts';
import { ensureImage, hasImage, pull } from './image/build-image.ts';
import { LABEL, nameOf, runLabels, type Labels } from './labels.ts';
import { limitSettings, NodeLimiter } from './limits.ts';
import { NodeContainer } from './node-container.ts';
import { Sandbox } from './sandbox.ts';

export interface DockerBackendOptions {
  /** Of names and labels; made unique here. */
  readonly runId: string;
  readonly nodes: readonly string[];
  /** TCP ports on which nodes listen: published for the harness. */
  readonly ports: readonly number[];
  /** Our own image; where absent the one that `shaketable image build` makes, made now if need be. */
  readonly image?: string;
  /** Default `/data`. */
  readonly dataDirectory?: string;
  /** Where libfaketime is in the image of nodes: with it clocks can be skewed. */
  readonly faketimeLibrary?: string;
  /** For tests: as if the engine were elsewhere, so that nodes are reached by published ports and ruled through the engine. */
  readonly asRemote?: boolean;
  progress?(line: string): void;
}

const FILES_DIRECTORY = '/shaketable';
/** Between nodes of ours; each has an address of its own, so all have the same. */
const DATAGRAM_PORT = 7999;

export async function createDockerBackend(options: DockerBackendOptions): Promise<DockerBackend> {
  return new DockerBackend(options, await connectEngine());
}

export class DockerBackend implements Backend {
  readonly kind = 'docker';
  readonly network: DockerNetwork;
  readonly clocks?: BackendClocks;
  /** The value of the label `shaketable.run` of all that it makes. */
  readonly runName: string;
  readonly #options: DockerBackendOptions;
  readonly #engine: Engine;
  readonly #labels: Labels;
  readonly #dataDirectory: string;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, NodeContainer>();
  readonly #incarnations = new Map<string, number>();
  readonly #limiters: ReadonlyMap<string, NodeLimiter>;
  readonly #pulls = new Map<string, Promise<void>>();
  readonly #faketime: FaketimeClocks | null;
  readonly #beingMade = new Set<Promise<unknown>>();
  #image = '';
  #closed: Promise<void> | null = null;

  constructor(options: DockerBackendOptions, engine: Engine) {
    this.#options = options;
    this.#engine = engine;
    this.runName = nameOf(options.runId, randomBytes(3).toString('hex'));
    this.#labels = runLabels(this.runName);
    this.#dataDirectory = options.dataDirectory ?? '/data';
    this.network = new DockerNetwork(options.nodes, this.#sandboxes);
    this.#limiters = new Map(options.nodes.map((node) => [node, new NodeLimiter()]));
    this.#faketime =
      options.faketimeLibrary === undefined
        ? null
        : new FaketimeClocks({
            sandboxOf: (node) => this.#sandboxOf(node),
            startMsOf: (node) => this.#liveOf(node)?.startMs ?? null,
          });
    if (this.#faketime !== null) this.clocks = this.#faketime;
  }

  get extraCapabilities(): readonly Capability[] {
    return this.network.hasNetem ? NETEM_CAPABILITIES : [];
  }

  async prepare(): Promise<void> {
    this.#image = await this.#chooseImage();
    await this.#making(() => this.#prepare());
  }

  async #prepare(): Promise<void> {
    const { nodes, ports } = this.#options;
    const network = nameOf('shaketable', this.runName);
    const isSameHost = await this.#createNetwork(network);
    await allSettled(
      nodes.map(async (node) => {
        const sandbox = await Sandbox.start({
          engine: this.#engine,
          node,
          image: this.#image,
          runName: this.runName,
          labels: this.#labels,
          network,
          ports,
          dataDirectory: this.#dataDirectory,
          clockDirectory: this.#faketime === null ? null : CLOCK_DIRECTORY,
          isSameHost,
        });
        this.#sandboxes.set(node, sandbox);
      }),
    );
    await this.network.prepare();
  }

  async #chooseImage(): Promise<string> {
    const { image, progress = () => undefined } = this.#options;
    if (image === undefined) return ensureImage(this.#engine, { progress });
    if (!(await hasImage(this.#engine, image))) await pull(this.#engine, image, progress);
    return image;
  }

  /** Whether this machine is the network's gateway, hence reaches its addresses without a detour. */
  async #createNetwork(name: string): Promise<boolean> {
    try {
      const network = await this.#engine.docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        CheckDuplicate: true,
        Labels: this.#labels,
      });
      if (this.#options.asRemote === true || !this.#engine.isSocket) return false;
      const { IPAM } = await network.inspect();
      const gateway = IPAM?.Config?.[0]?.['Gateway'];
      return gateway !== undefined && (await isOwnAddress(gateway));
    } catch (thrown) {
      throw engineError(thrown, 'cannot make a network for the run');
    }
  }

  /** Work that makes something in Docker: `close` waits for it, and none begins after it. */
  async #making<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== null) throw new HarnessError('io', 'the cluster is closed');
    const made = work();
    this.#beingMade.add(made);
    try {
      return await made;
    } finally {
      this.#beingMade.delete(made);
    }
  }

  place(_node: string): NodePlace {
    return {
      dataDirectory: this.#dataDirectory,
      filesDirectory: FILES_DIRECTORY,
      listenHost: '0.0.0.0',
      nodeExecutable: 'node',
    };
  }

  peers(_node: string): Readonly<Record<string, RealPeer>> {
    return Object.fromEntries(this.#options.nodes.map((name) => [name, { host: name, port: DATAGRAM_PORT }]));
  }

  locate(node: string, port: number): Address {
    return this.#sandboxOf(node).locate(port);
  }

  async start(launch: Launch): Promise<NodeProcess> {
    assert(this.#liveOf(launch.node) === null, `${launch.node} runs already`);
    if (launch.image !== null) await this.#pullOnce(launch.image);
    return this.#making(() => this.#start(launch));
  }

  async #start(launch: Launch): Promise<NodeProcess> {
    const { node } = launch;
    const sandbox = this.#sandboxOf(node);
    await this.#removeContainer(node);
    await this.#faketime?.write(node);
    const incarnation = (this.#incarnations.get(node) ?? 0) + 1;
    this.#incarnations.set(node, incarnation);
    const limiter = this.#limiterOf(node);
    const { faketimeLibrary } = this.#options;
    const container = await NodeContainer.start(launch, {
      engine: this.#engine,
      sandbox,
      image: launch.image ?? this.#image,
      runName: this.runName,
      labels: this.#labels,
      filesDirectory: FILES_DIRECTORY,
      incarnation,
      limits: limitSettings(limiter.limits),
      environment: faketimeLibrary === undefined ? {} : faketimeEnvironment(faketimeLibrary),
    });
    this.#containers.set(node, container);
    limiter.watch(container);
    return container;
  }

  async remove(node: string): Promise<Observed> {
    return { containersRemoved: (await this.#removeContainer(node)) ? 1 : 0 };
  }

  async wipe(node: string): Promise<Observed> {
    assert(this.#liveOf(node) === null, `${node} still runs`);
    const shell = await this.#sandboxOf(node).fileShell();
    // Names that begin with a dot, too; a pattern that matches nothing stands for itself, and `-f` forgives that.
    await shell.run(`cd ${this.#dataDirectory} && rm -rf -- ./* ./.[!.]* ./..?*`);
    return { disksWiped: 1 };
  }

  async limit(node: string, limits: NodeLimits): Promise<void> {
    await this.#limiterOf(node).limit(limits, node);
  }

  unlimit(node: string): Promise<Observed> {
    return this.#limiterOf(node).unlimit(node);
  }

  async collect(node: string, logFiles: readonly string[], target: string): Promise<void> {
    const sandbox = this.#sandboxes.get(node);
    if (sandbox === undefined) return;
    try {
      await collectFiles(sandbox.container, this.#dataDirectory, logFiles, target);
    } catch (thrown) {
      throw engineError(thrown, `cannot copy the files of ${node}`);
    }
  }

  async collectData(node: string, target: string): Promise<void> {
    await this.collect(node, [''], target);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#beingMade);
    await Promise.all([...this.#sandboxes.values()].map((sandbox) => sandbox.close()));
    try {
      await removeRun(this.#engine, this.runName);
    } catch (thrown) {
      this.#closed = null;
      throw engineError(thrown, `cannot remove what the run made in Docker (${LABEL.run}=${this.runName})`);
    }
    await Promise.all([...this.#containers.values()].map(({ exited }) => exited));
  }

  /** Whether there was one. */
  async #removeContainer(node: string): Promise<boolean> {
    const container = this.#containers.get(node);
    if (container === undefined) return false;
    try {
      await unlessGone(container.container.remove({ force: true }));
    } catch (thrown) {
      throw engineError(thrown, `cannot remove the container of ${node}`);
    }
    await container.exited;
    this.#containers.delete(node);
    return true;
  }

  /** Five nodes of an image pull it once. */
  #pullOnce(image: string): Promise<void> {
    const known = this.#pulls.get(image);
    if (known !== undefined) return known;
    const { progress = () => undefined } = this.#options;
    const work = hasImage(this.#engine, image).then((isThere) =>
      isThere ? undefined : pull(this.#engine, image, progress),
    );
    this.#pulls.set(image, work);
    return work;
  }

  #liveOf(node: string): NodeContainer | null {
    const container = this.#containers.get(node);
    return container === undefined || container.hasExited ? null : container;
  }

  #limiterOf(node: string): NodeLimiter {
    const limiter = this.#limiters.get(node);
    assert(limiter !== undefined, `no node ${node}`);
    return limiter;
  }

  #sandboxOf(node: string): Sandbox {
    const sandbox = this.#sandboxes.get(node);
    if (sandbox === undefined) throw new HarnessError('internal', `${node} is not prepared`);
    return sandbox;
  }
}

/** Waits for all, so that nothing is still being made when what was made is removed; then fails with the first failure. */
async function allSettled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** One can listen at it. The list of interfaces leaves out bridges to which nothing is connected yet. */
function isOwnAddress(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port: 0 }, () => server.close(() => resolve(true)));
  });
}
