/**
 * etcd as Debian packages it, as a server of the process cluster, with the etcd3 package as its client: what Raft is compared with.
 */
import { Etcd3 } from 'etcd3';
import type { Client } from '../../harness/interpreter/client.ts';
import type { ClientContext, ServerNode, System } from '../../systems/system.ts';

const CLIENT_PORT = 2379;
const PEER_PORT = 2380;

const url = ({ host, port }: { host: string; port: number }): string => `http://${host}:${port}`;

function openClient({ node, locate, options }: ClientContext): Client {
  const etcd = new Etcd3({
    hosts: url(locate(node)),
    defaultCallOptions: () => ({ deadline: Date.now() + 5_000 }),
  });
  void options;
  return {
    invoke: async ({ f, key, value }) => {
      if (f === 'write') {
        await etcd.put(String(key)).value(JSON.stringify(value));
        return { type: 'ok' };
      }
      const text = await etcd.get(String(key)).string();
      return { type: 'ok', value: text === null ? null : (JSON.parse(text) as number) };
    },
    close: () => etcd.close(),
  };
}

const argumentsOf = (node: ServerNode): readonly string[] => {
  const peer = (name?: string): string => url(node.address(PEER_PORT, name));
  const client = url(node.address(CLIENT_PORT));
  return [
    ...['--name', node.name, '--data-dir', node.dataDirectory],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer(), '--initial-advertise-peer-urls', peer()],
    ...['--initial-cluster', node.nodes.map((name) => `${name}=${peer(name)}`).join(',')],
    ...['--initial-cluster-state', 'new', '--log-level', 'warn'],
  ];
};

export const etcd: System = {
  name: 'etcd',
  summary: 'etcd, as packaged by Debian',
  defaultNodes: 3,
  functions: ['read', 'write'],
  options: [],
  errors: [],
  bugs: [],
  server: {
    executable: 'etcd',
    arguments: argumentsOf,
    environment: () => ({ ETCD_UNSUPPORTED_ARCH: process.arch }),
    isReady: async ({ locate }) => {
      const response = await fetch(`${url(locate())}/health`);
      return ((await response.json()) as { health?: string }).health === 'true';
    },
  },
  clientPort: CLIENT_PORT,
  otherPorts: [PEER_PORT],
  openClient: (_endpoint, context) => Promise.resolve(openClient(context)),
};
