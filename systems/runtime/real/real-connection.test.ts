/** What a connection does with its socket when it ends. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { RealConnection } from './real-connection.ts';

it('lets go of a socket whose other side takes nothing, some seconds after it was closed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const peer = connect({ host: '127.0.0.1', port }).pause();
  const [socket] = (await once(server, 'connection')) as [Socket];
  try {
    const reasons: string[] = [];
    const connection = new RealConnection(socket, { host: 'peer', port }, true, (callback) => callback());
    connection.onClose((reason) => reasons.push(reason));
    connection.write(new Uint8Array(64 * 1024 * 1024));
    connection.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([reasons, socket.destroyed]).toEqual([['closed'], false]);
    await once(socket, 'close');
    expect(socket.writableFinished).toBe(false);
  } finally {
    peer.destroy();
    server.close();
  }
}, 15_000);
