/**
 * What node code may rely on in every world: the same assertions on simulated and on real runtimes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { msToNs } from '../../units.ts';
import { createRealRuntime, type RealPeer } from '../../../systems/runtime/real/real-runtime.ts';
import { freePort } from '../../../systems/runtime/real/testing/free-port.ts';
import {
  FileError,
  type CloseReason,
  type Connection,
  type Runtime,
} from '../../../systems/runtime/runtime.ts';
import { SimCluster } from './sim-cluster.ts';
import { toySystem } from './toy-system.ts';

interface Pair {
  readonly a: Runtime;
  readonly b: Runtime;
  sleep(ms: number): Promise<void>;
}

type World = (main: (pair: Pair) => Promise<void>) => Promise<void>;

const PORT = 7000;

const simulated: World = async (main) => {
  const runtimes: Runtime[] = [];
  const system = toySystem((runtime) => void runtimes.push(runtime));
  const cluster = new SimCluster({ system, nodes: ['a', 'b'], seed: 1 });
  await cluster.run(async () => {
    await cluster.start();
    await main({ a: runtimes[0]!, b: runtimes[1]!, sleep: (ms) => cluster.clock.sleep(msToNs(ms)) });
  });
  expect(cluster.crashes).toEqual([]);
};

const real: World = async (main) => {
  const directory = mkdtempSync(join(tmpdir(), 'runtime-'));
  const peers: Record<string, RealPeer> = {};
  for (const name of ['a', 'b']) {
    peers[name] = { host: '127.0.0.1', port: await freePort(), ports: { [PORT]: await freePort() } };
  }
  const crashes: string[] = [];
  const create = (name: string) =>
    createRealRuntime({
      name,
      peers,
      dataDirectory: join(directory, name),
      writeLog: () => undefined,
      onCrash: (reason) => crashes.push(reason),
    });
  const [a, b] = [create('a'), create('b')];
  try {
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    await sleep(50); // the datagram connections
    await main({ a, b, sleep });
  } finally {
    await Promise.all([a.close(), b.close()]);
    rmSync(directory, { recursive: true });
  }
  expect(crashes).toEqual([]);
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'ok';
  } catch (error) {
    return error instanceof FileError ? error.code : `not a FileError: ${String(error)}`;
  }
}

function watch(connection: Connection): { events: (CloseReason | 'open')[]; text: string } {
  const seen = { events: [] as (CloseReason | 'open')[], text: '' };
  connection.onOpen(() => seen.events.push('open'));
  connection.onData((data) => (seen.text += text(data)));
  connection.onClose((reason) => seen.events.push(reason));
  return seen;
}

describe.each([
  ['simulated', simulated],
  ['real', real],
])('a %s runtime', (_name, world) => {
  it('has files that keep what is written where it is written', async () => {
    await world(async ({ a: { files } }) => {
      const file = await files.open('log', { create: true });
      const first = file.append(bytes('hello '));
      const second = file.append(new Uint8Array(0), bytes('wor'), new Uint8Array(0), bytes('ld'));
      await Promise.all([file.append(), file.append(new Uint8Array(0))]);
      const both = file.read(0, 100);
      await Promise.all([first, second]);
      expect(text(await both)).toBe('hello world');
      await file.write(0, bytes('J'));
      await file.sync();
      expect(text(await file.read(0, 5))).toBe('Jello');
      expect(text(await file.read(6, 100))).toBe('world');
      expect((await file.read(50, 10)).length).toBe(0);
      expect(await file.sizeBytes()).toBe(11);
      await file.truncate(3);
      await file.truncate(5);
      expect([...(await file.read(0, 100))]).toEqual([...bytes('Jel'), 0, 0]);
      await file.write(7, bytes('!'));
      expect([...(await file.read(3, 100))]).toEqual([0, 0, 0, 0, 33]);
      await file.append(bytes('?'));
      expect(await file.sizeBytes()).toBe(9);
      await file.close();
      await file.close();
      expect(await codeOf(file.append(bytes('x')))).toBe('EINVAL');
      expect((await files.readAll('log')).length).toBe(9);
      const again = await files.open('log');
      await again.append(bytes('.'));
      expect(text(await again.read(8, 10))).toBe('?.');
      expect(await codeOf(again.read(-1, 1))).toBe('EINVAL');
      expect(again.path).toBe('log');
      expect((await again.read(0, 3)).constructor).toBe(Uint8Array);
    });
  });

  it('has directories, renames and removals', async () => {
    await world(async ({ a: { files } }) => {
      await files.makeDirectory('wal');
      for (const name of ['wal/b', 'wal/a', 'c']) {
        const file = await files.open(name, { create: true });
        await file.append(bytes(name));
        await file.sync();
        await file.close();
      }
      await files.syncDirectory('');
      await files.syncDirectory('wal');
      expect(await files.list('')).toEqual(['c', 'wal']);
      expect(await files.list('wal')).toEqual(['a', 'b']);
      await files.rename('c', 'wal/a');
      expect(text(await files.readAll('wal/a'))).toBe('c');
      expect(await files.exists('c')).toBe(false);
      expect(await files.exists('wal')).toBe(true);
      expect(await files.exists('wal/a')).toBe(true);
      expect(await codeOf(files.remove('wal'))).toBe('EINVAL');
      await files.remove('wal/a');
      await files.remove('wal/b');
      await files.remove('wal');
      expect(await files.list('')).toEqual([]);
    });
  });

  it('names what is wrong with a file as POSIX does', async () => {
    await world(async ({ a: { files } }) => {
      await files.makeDirectory('d');
      await (await files.open('f', { create: true })).close();
      expect(await codeOf(files.open('none'))).toBe('ENOENT');
      expect(await codeOf(files.open('none/f', { create: true }))).toBe('ENOENT');
      expect(await codeOf(files.readAll('none'))).toBe('ENOENT');
      expect(await codeOf(files.list('none'))).toBe('ENOENT');
      expect(await codeOf(files.remove('none'))).toBe('ENOENT');
      expect(await codeOf(files.rename('none', 'f'))).toBe('ENOENT');
      expect(await codeOf(files.syncDirectory('none'))).toBe('ENOENT');
      expect(await codeOf(files.makeDirectory('d'))).toBe('EEXIST');
      expect(await codeOf(files.open('d', { create: true }))).toBe('EINVAL');
      expect(await codeOf(files.list('f'))).toBe('EINVAL');
      expect(await codeOf(files.open('f/g', { create: true }))).toBe('EINVAL');
      expect(await codeOf(files.open('../f', { create: true }))).toBe('EINVAL');
      expect(await codeOf(files.open('/etc/passwd'))).toBe('EINVAL');
    });
  });

  it('keeps an open file across its rename', async () => {
    await world(async ({ a: { files } }) => {
      const file = await files.open('old', { create: true });
      await files.rename('old', 'new');
      await file.append(bytes('x'));
      expect(text(await files.readAll('new'))).toBe('x');
      await files.remove('new');
      await file.append(bytes('y'));
      expect(text(await file.read(0, 10))).toBe('xy');
      expect(await files.exists('new')).toBe(false);
    });
  });

  it('connects, carries bytes in order, and closes after what was written', async () => {
    await world(async ({ a, b, sleep }) => {
      const accepted: ReturnType<typeof watch>[] = [];
      const listener = b.listen(PORT, (connection) => {
        accepted.push(watch(connection));
        connection.write(bytes('welcome'));
      });
      expect(listener.port).toBe(PORT);
      expect(() => b.listen(PORT, () => undefined)).toThrow('b: port 7000 is taken');
      await sleep(20);
      const connection = a.connect({ host: 'b', port: PORT });
      const here = watch(connection);
      const lines = Array.from({ length: 500 }, (_, i) => `line ${i}\n`);
      for (const line of lines) {
        connection.write(bytes(line.slice(0, 2)), new Uint8Array(0), bytes(line.slice(2)));
      }
      connection.write(new Uint8Array(0));
      connection.write();
      expect(connection.bufferedBytes).toBeGreaterThan(0);
      expect(here.events).toEqual([]);
      await sleep(100);
      expect(here).toEqual({ events: ['open'], text: 'welcome' });
      expect(accepted[0]).toEqual({ events: ['open'], text: lines.join('') });
      connection.write(new Uint8Array(300_000).fill(97));
      connection.close();
      connection.close();
      connection.write(bytes('too late'));
      await sleep(100);
      expect(here.events).toEqual(['open', 'closed']);
      expect(accepted[0]!.events).toEqual(['open', 'closed']);
      expect(accepted[0]!.text.length).toBe(lines.join('').length + 300_000);
      listener.close();
      await sleep(20);
      const refused = watch(a.connect({ host: 'b', port: PORT }));
      await sleep(100);
      expect(refused.events).toEqual(['refused']);
    });
  });

  it('keeps what arrives before anyone listens, and tells the end afterwards', async () => {
    await world(async ({ a, b, sleep }) => {
      b.listen(PORT, (connection) => {
        connection.write(bytes('early'));
        connection.close();
      });
      await sleep(20);
      const connection = a.connect({ host: 'b', port: PORT });
      const order: string[] = [];
      connection.onData((data) => order.push(text(data)));
      connection.onClose((reason) => order.push(reason));
      await sleep(100);
      expect(order).toEqual(['early', 'closed']);
      const late: string[] = [];
      connection.onClose((reason) => late.push(reason));
      expect(late).toEqual([]);
      await sleep(20);
      expect(late).toEqual(['closed']);
    });
  });

  it('keeps what arrives while nobody reads, and delivers it in order, with the end at the latest', async () => {
    await world(async ({ a, b, sleep }) => {
      const order: string[] = [];
      const accepted: Connection[] = [];
      b.listen(PORT, (connection) => {
        accepted.push(connection);
        connection.onData((data) => {
          order.push(text(data));
          connection.setReading(false);
        });
        connection.onClose((reason) => order.push(reason));
      });
      await sleep(20);
      const connection = a.connect({ host: 'b', port: PORT });
      for (const chunk of ['1', '2', '3', '4']) {
        connection.write(bytes(chunk));
        await sleep(20);
      }
      expect(order).toEqual(['1']);
      accepted[0]?.setReading(true);
      await sleep(20);
      expect(order).toEqual(['1', '2']);
      accepted[0]?.setReading(true);
      accepted[0]?.setReading(false);
      await sleep(20);
      expect(order).toEqual(['1', '2']);
      connection.close();
      await sleep(50);
      accepted[0]?.setReading(true);
      await sleep(50);
      expect(order.join('')).toBe('1234closed');
    });
  });

  it('sends datagrams to peers and to itself', async () => {
    await world(async ({ a, b, sleep }) => {
      const got: string[] = [];
      a.onDatagram((from, data) => got.push(`a from ${from}: ${text(data)}`));
      b.onDatagram(() => got.push('replaced'));
      b.onDatagram((from, data) => {
        got.push(`b from ${from}: ${data.length > 100 ? data.length : text(data)}`);
        expect(data.constructor).toBe(Uint8Array);
        if (data.length < 100) b.sendDatagram(from, bytes('pong'));
      });
      a.sendDatagram('b', bytes('ping'));
      await sleep(50);
      a.sendDatagram('a', bytes('me'));
      a.sendDatagram('b', new Uint8Array(0));
      a.sendDatagram('b', new Uint8Array(1_000_000));
      expect(() => a.sendDatagram('c', bytes('x'))).toThrow(/no (host|peer) is called c/);
      expect(() => a.sendDatagram('b', new Uint8Array(64 * 1024 * 1024 + 1))).toThrow('at most 67108864');
      await sleep(100);
      expect(got.slice(0, 2)).toEqual(['b from a: ping', 'a from b: pong']);
      expect(got.slice(2).sort()).toEqual([
        'a from a: me',
        'a from b: pong',
        'b from a: ',
        'b from a: 1000000',
      ]);
    });
  });

  it('has timers that are never early and can be cancelled', async () => {
    await world(async ({ a, sleep }) => {
      const begin = a.monotonicNs();
      const wall = a.wallMs();
      const fired: number[] = [];
      for (const ms of [30, 0, 10, 20]) {
        a.setTimer(msToNs(ms), () => {
          expect(a.monotonicNs() - begin).toBeGreaterThanOrEqual(msToNs(ms));
          fired.push(ms);
        });
      }
      const cancelled = a.setTimer(msToNs(15), () => fired.push(15));
      cancelled.cancel();
      cancelled.cancel();
      expect(fired).toEqual([]);
      await sleep(100);
      expect(fired).toEqual([0, 10, 20, 30]);
      expect(a.wallMs() - wall).toBeGreaterThanOrEqual(99);
      expect(Number.isInteger(a.monotonicNs())).toBe(true);
      expect(Number.isInteger(a.wallMs())).toBe(true);
      expect(a.host).toBe('a');
      expect(a.random.float()).not.toBe(a.random.float());
    });
  });
});
