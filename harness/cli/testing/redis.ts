/**
 * A Redis of a test's own: a process on a free port of this machine that keeps nothing.
 *
 *     const redis = await startRedis(folder);
 *     await redis.client.llen('…');
 *     await redis.stop();
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { requirement } from '../../../test/require.ts';

export interface OwnRedis {
  readonly url: string;
  readonly client: Redis;
  stop(): Promise<void>;
}

const ATTEMPTS = 300;
const RETRY_MS = 100;

/** To be asked once a file: it says where nothing is tested. */
export const redisRequirement = () =>
  requirement('redis', spawnSync('redis-server', ['--version']).status === 0, 'no redis-server in PATH');

/** @param folder - where it works */
export async function startRedis(folder: string): Promise<OwnRedis> {
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  await untilItAnswers(client, server);
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    stop: async () => {
      client.disconnect();
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    },
  };
}

async function untilItAnswers(client: Redis, server: ChildProcess): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS && server.exitCode === null; attempt++) {
    try {
      await client.connect();
      return;
    } catch {
      await delay(RETRY_MS);
    }
  }
  throw new Error('redis-server did not start');
}

/** Free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
