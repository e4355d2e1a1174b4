/**
 * Addresses and ports for the nodes of one run.
 *
 *     await loopbackPeers(['n1', 'n2'], [7000])
 *     // { n1: { host: '127.83.201.1', port: 18422, ports: { 7000: 29170 } }, n2: { host: '127.83.201.2', … } }
 *
 * On Linux every address of 127.0.0.0/8 is this machine, so each run takes a network of its own at random, and each node an address in
 * it: while a node is down nobody else takes its port, as happens on 127.0.0.1 on a busy machine. Elsewhere all share 127.0.0.1.
 * Ports are below the range from which the operating system takes those of outgoing connections; at random; and tried.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { HarnessError } from '../../errors.ts';
import type { RealPeer } from '../../../systems/runtime/real/real-runtime.ts';

const PORT_MIN = 15_000;
const PORT_MAX = 32_000;
/** A machine on which so many in a row are taken has no room for a cluster. */
const ATTEMPTS_MAX = 1_000;

/** @param ports - as the system declares them; each node gets one more, for datagrams */
export async function loopbackPeers(
  nodes: readonly string[],
  ports: readonly number[],
): Promise<Readonly<Record<string, RealPeer>>> {
  const network = process.platform === 'linux' ? `127.${randomInt(1, 255)}.${randomInt(0, 256)}` : null;
  const held: Server[] = [];
  const take = async (host: string): Promise<number> => {
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const port = randomInt(PORT_MIN, PORT_MAX);
      const server = await hold(host, port);
      if (server === null) continue;
      held.push(server);
      return port;
    }
    throw new HarnessError(
      'io',
      `no free port on ${host} between ${PORT_MIN} and ${PORT_MAX}: end what holds them (ss -ltnp tells)`,
    );
  };
  try {
    const peers: Record<string, RealPeer> = {};
    for (const [i, name] of nodes.entries()) {
      const host = network === null ? '127.0.0.1' : `${network}.${i + 1}`;
      const places: Record<number, number> = {};
      for (const port of ports) places[port] = await take(host);
      peers[name] = { host, port: await take(host), ports: places };
    }
    return peers;
  } finally {
    // All at the same time, so that none was given twice.
    await Promise.all(held.map(release));
  }
}

function hold(host: string, port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, host, () => resolve(server));
  });
}

function release(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
