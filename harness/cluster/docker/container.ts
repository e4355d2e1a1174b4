/**
 * A container of a run, started by testcontainers, with what it has no words for: standard input that stays open, labels on
 * volumes, an address of its own on the run's network, and the connection to its outputs made before it starts.
 *
 *     const started = await new RunContainer(image, { labels, mounts, network: { name, alias: 'n1' }, outputs }).start();
 *
 * Removing is ours: testcontainers' reaper is an image that comes from a registry, and some machines have none.
 */
import type { HostConfig } from 'dockerode';
import type Dockerode from 'dockerode';
import { GenericContainer, type WaitStrategy } from 'testcontainers';
import type { Labels } from './labels.ts';
import { attach, type Outputs, type Pipe } from './pipe.ts';

export interface ContainerSettings {
  readonly docker: Dockerode;
  readonly name: string;
  readonly labels: Labels;
  /** By path in the container: the volume's name. */
  readonly volumes: Readonly<Record<string, string>>;
  /** A network of its own, or that of another container. */
  readonly network:
    | {
        readonly name: string;
        readonly alias: string;
        readonly ports: readonly number[];
        readonly hostIp?: string;
      }
    | { readonly sharedWith: string };
  readonly outputs: Outputs;
  readonly limits?: HostConfig;
}

/** Who is ready is found out elsewhere: by the node's own status. */
const AT_ONCE: WaitStrategy = {
  waitUntilReady: () => Promise.resolve(),
  withStartupTimeout: () => AT_ONCE,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0,
};

export class RunContainer extends GenericContainer {
  readonly #settings: ContainerSettings;
  #pipe: Pipe | null = null;
  #container: Dockerode.Container | null = null;

  constructor(image: string, settings: ContainerSettings) {
    super(image);
    this.#settings = settings;
    this.withName(settings.name).withLabels(settings.labels).withAutoCleanup(false).withWaitStrategy(AT_ONCE);
    const { network } = settings;
    if ('sharedWith' in network) this.withNetworkMode(`container:${network.sharedWith}`);
    else this.withNetworkMode(network.name).withExposedPorts(...network.ports);
  }

  /** Also of a container whose start failed. */
  get container(): Dockerode.Container | null {
    return this.#container;
  }

  get pipe(): Pipe | null {
    return this.#pipe;
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const { network, volumes, labels, limits } = this.#settings;
    Object.assign(this.createOpts, {
      OpenStdin: true,
      // With the harness its standard input ends: who listens to it ends, too.
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
    });
    Object.assign(this.hostConfig, limits, {
      // What it writes is in the run's folder: a second copy would fill the engine's disk over a long night.
      LogConfig: { Type: 'none', Config: {} },
      Mounts: Object.entries(volumes).map(([Target, Source]) => ({
        Type: 'volume',
        Source,
        Target,
        VolumeOptions: { Labels: labels, NoCopy: false },
      })),
    });
    if ('sharedWith' in network) return;
    const { name, alias, ports, hostIp } = network;
    this.createOpts.Hostname = alias;
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [name]: { Aliases: [alias] } } };
    if (hostIp !== undefined) {
      this.hostConfig.PortBindings = Object.fromEntries(
        ports.map((port) => [`${port}/tcp`, [{ HostIp: hostIp, HostPort: '0' }]]),
      );
    }
  }

  protected override async containerCreated(containerId: string): Promise<void> {
    this.#container = this.#settings.docker.getContainer(containerId);
    this.#pipe = await attach(this.#container, this.#settings.outputs);
  }
}
