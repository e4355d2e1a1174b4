/**
 * How nodes are started: a program of ours by its node host, a server by its own command line.
 */
import { connect } from 'node:net';
import { HarnessError } from '../../errors.ts';
import type { NodeStart } from '../../../systems/runtime/real/control.ts';
import type { NodeProbe, Server, ServerNode } from '../../../systems/system.ts';
import type { Backend } from './backend.ts';
import type { RealClusterOptions } from './options.ts';
import type { Launcher } from './real-node.ts';

/** The bundle's name among a node's files. */
const BUNDLE_FILE = 'node.mjs';
const PORT_PROBE_TIMEOUT_MS = 1_000;
/** In front of a container on another machine something accepts, finds nobody there, and hangs up. */
const PORT_PROBE_HOLD_MS = 100;

/** Runs the bundle, which waits for its start message. */
export function programLauncher(
  { backend, bundle }: RealClusterOptions,
  startMessage: (node: string, incarnation: number) => NodeStart,
): Launcher {
  return {
    isProgram: true,
    launch: (node) => ({
      node,
      command: bundleCommand(backend, node),
      environment: {},
      files: { [BUNDLE_FILE]: bundle ?? '' },
      image: null,
    }),
    startMessage,
    isReady: () => Promise.resolve(true),
  };
}

export function serverLauncher(options: RealClusterOptions): Launcher {
  const { system, backend, bundle } = options;
  const server = system.server!;
  const probe = (name: string): NodeProbe => ({
    node: serverNode(options, name),
    locate: (port = system.clientPort) => backend.locate(name, port),
  });
  const { isReady, status } = server;
  return {
    isProgram: false,
    launch: (name) => {
      const node = serverNode(options, name);
      const bundled = bundle === null ? {} : { [BUNDLE_FILE]: bundle };
      return {
        node: name,
        command: [...commandOf(server, backend, name, bundle), ...(server.arguments?.(node) ?? [])],
        environment: server.environment?.(node) ?? {},
        files: { ...bundled, ...server.files?.(node) },
        image: server.image ?? null,
      };
    },
    startMessage: () => {
      throw new HarnessError('internal', 'a server takes no start message');
    },
    isReady: (name) =>
      isReady === undefined
        ? acceptsConnections(backend.locate(name, system.clientPort))
        : isReady.call(server, probe(name)),
    ...(status === undefined ? {} : { status: (name: string) => status.call(server, probe(name)) }),
  };
}

const bundleCommand = (backend: Backend, node: string): readonly string[] => {
  const { nodeExecutable, filesDirectory } = backend.place(node);
  return [nodeExecutable, `${filesDirectory}/${BUNDLE_FILE}`];
};

function commandOf(server: Server, backend: Backend, node: string, bundle: string | null): readonly string[] {
  if (bundle !== null) return bundleCommand(backend, node);
  return server.executable === undefined ? [] : [server.executable];
}

function serverNode({ system, nodes, backend, options, bugs }: RealClusterOptions, name: string): ServerNode {
  const { dataDirectory, filesDirectory, listenHost } = backend.place(name);
  const peers = backend.peers(name);
  return {
    name,
    number: nodes.indexOf(name) + 1,
    nodes,
    cluster: backend.kind,
    dataDirectory,
    filesDirectory,
    listenHost,
    address: (port, node = name) => {
      const peer = peers[node];
      const isDeclared = port === system.clientPort || (system.otherPorts ?? []).includes(port);
      if (peer === undefined || !isDeclared) {
        throw new HarnessError(
          'usage',
          peer === undefined
            ? `system ${system.name}: no node is called ${node}`
            : `system ${system.name}: port ${port} is neither its clientPort nor among its otherPorts`,
        );
      }
      return { host: peer.host, port: peer.ports?.[port] ?? port };
    },
    options,
    bugs,
  };
}

function acceptsConnections({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PORT_PROBE_TIMEOUT_MS });
    const end = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => setTimeout(end(true), PORT_PROBE_HOLD_MS));
    socket.once('error', end(false)).once('timeout', end(false)).once('close', end(false));
  });
}
