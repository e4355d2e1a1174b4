/**
 * Ports on loopback that nobody has, for nodes that will listen on them later.
 *
 *     const [clients, peers] = await freePorts(2);
 *
 * Below the range from which the operating system takes ports for outgoing connections, so that no connection of ours or
 * of others sits on one in the meantime; at random, so that two runs at once do not meet; and tried, all at the same time.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { HarnessError } from '../../errors.ts';

const PORT_MIN = 15_000;
const PORT_MAX = 32_000;
/** A machine on which so many in a row are taken has no room for a cluster. */
const ATTEMPTS_MAX = 1_000;

export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  try {
    for (let attempts = 0; held.size < count; attempts++) {
      if (attempts === ATTEMPTS_MAX) {
        throw new HarnessError(
          'io',
          `no ${count} free ports on 127.0.0.1 between ${PORT_MIN} and ${PORT_MAX}: end what holds them (ss -ltnp tells)`,
        );
      }
      const port = randomInt(PORT_MIN, PORT_MAX);
      const server = held.has(port) ? null : await hold(port);
      if (server !== null) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map(release));
  }
}

function hold(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function release(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
