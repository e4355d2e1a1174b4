/**
 * Ports of loopback that are free at this moment, for tests and benches that start real servers.
 *
 *     const port = await freePort();
 *     const [broker, controller] = await freePorts(2); // never the same twice
 *
 * They are not held: another program may take one before the server does.
 */
import { createServer, type AddressInfo, type Server } from 'node:net';

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

export async function freePorts(count: number): Promise<number[]> {
  // All are taken before one is given back, so that none comes twice.
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
