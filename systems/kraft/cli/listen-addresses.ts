/**
 * Where a server shall listen, checked before it starts: a port that another program has is one line, and not a crash.
 *
 *     const hosts = listenHosts(values, 'server.properties');    // { 9092: '127.0.0.1' }: for the runtime
 *     await checkPorts(values, 'server.properties');
 */
import { createServer } from 'node:net';
import type { HarnessError } from '../../../harness/errors.ts';
import type { PropertyValues } from '../node/property-table.ts';
import type { Listener } from '../node/property-types.ts';
import { machineError, usageError } from './exit-codes.ts';

const textOf = ({ name, host, port }: Listener): string => `${name}://${host}:${port}`;

/** @throws HarnessError `usage` for a port that is chosen by chance, or that several hosts share */
export function listenHosts(values: PropertyValues, file: string): Record<number, string> {
  const hosts: Record<number, string> = {};
  for (const listener of values.listeners) {
    const where = `${file}: listeners=${textOf(listener)}`;
    if (listener.port === 0) throw usageError(`${where}: name a port: others must know where to connect to`);
    if (Object.hasOwn(hosts, listener.port)) {
      throw usageError(
        `${where}: another listener has the port ${listener.port} on another host: choose two ports`,
      );
    }
    hosts[listener.port] = listener.host;
  }
  return hosts;
}

/** @throws HarnessError naming the listener that cannot be */
export async function checkPorts(values: PropertyValues, file: string): Promise<void> {
  for (const listener of values.listeners) {
    await checkPort(listener, `${file}: listeners=${textOf(listener)}`);
  }
}

function checkPort({ host, port }: Listener, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, port, where)));
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => server.close(() => resolve()));
  });
}

function explain({ code, message }: NodeJS.ErrnoException, port: number, where: string): HarnessError {
  switch (code) {
    case 'EADDRINUSE':
      return machineError(
        `${where}: port ${port} is in use: stop what uses it, or choose another in listeners`,
      );
    case 'EACCES':
      return machineError(`${where}: this user may not listen on port ${port}: choose one above 1023`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return usageError(`${where}: the host is no address of this machine`);
    default:
      return machineError(`${where}: ${message}`);
  }
}
