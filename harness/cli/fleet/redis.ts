/**
 * The way to the Redis of a fleet.
 *
 *     const redis = await connect(redisUrl(options.redis), { isPatient: true });
 */
import { Redis } from 'ioredis';
import { HarnessError, messageOf } from '../../errors.ts';

export interface ConnectOptions {
  /** Of a worker: a Redis that goes away is waited for, however long. */
  readonly isPatient: boolean;
}

const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_MAX_MS = 5_000;

/** @throws HarnessError `usage` where none is named, or it is no address of a Redis */
export function redisUrl(typed: string | undefined): string {
  const url = typed ?? process.env['REDIS_URL'];
  const from = typed === undefined ? 'REDIS_URL' : '--redis';
  if (url === undefined || url === '')
    throw new HarnessError('usage', 'name a Redis with --redis redis://HOST:6379, or in REDIS_URL');
  const parsed = URL.parse(url);
  if (parsed === null || !['redis:', 'rediss:'].includes(parsed.protocol))
    throw new HarnessError(
      'usage',
      `${from}: wants redis://[USER:PASSWORD@]HOST:PORT[/DATABASE], or rediss:// for TLS`,
    );
  return url;
}

/** Without its password. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

/** @throws HarnessError `io` where nobody answers, or not to us */
export async function connect(url: string, { isPatient }: ConnectOptions): Promise<Redis> {
  let isConnected = false;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // As BullMQ wants it of connections that block.
    maxRetriesPerRequest: isPatient ? null : 1,
    retryStrategy: (times) => (isPatient && isConnected ? Math.min(200 * times, RETRY_MAX_MS) : null),
  });
  let last = '';
  redis.on('error', (error: unknown) => (last = reasonOf(error)));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    throw new HarnessError(
      'io',
      `no Redis at ${shownUrl(url)}: ${last === '' ? reasonOf(error) : last}; start one, or name another with --redis`,
      { cause: error },
    );
  }
  isConnected = true;
  return redis;
}

/** An error of several addresses says nothing itself. */
function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return messageOf(inner).trim() || String((error as NodeJS.ErrnoException).code ?? error);
}
