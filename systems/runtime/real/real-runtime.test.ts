import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { msToNs } from '../../../harness/units.ts';
import {
  createRealRuntime,
  type RealPeer,
  type RealRuntime,
  type RealRuntimeOptions,
} from './real-runtime.ts';
import type { Connection } from '../runtime.ts';
import { freePort } from './testing/free-port.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for what other processes and the operating system do, at most five seconds. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(10);
  expect(condition()).toBe(true);
}

describe('RealRuntime', () => {
  let directory = '';
  let peers: Record<string, RealPeer> = {};
  let crashes: string[] = [];
  let lines: string[] = [];
  let runtimes: RealRuntime[] = [];

  const create = (name: string, options: Partial<RealRuntimeOptions> = {}): RealRuntime => {
    const runtime = createRealRuntime({
      name,
      peers,
      dataDirectory: join(directory, name),
      tracePath: join(directory, `${name}.trace.jsonl`),
      writeLog: (line) => lines.push(line),
      onCrash: (reason) => crashes.push(`${name}: ${reason}`),
      ...options,
    });
    runtimes.push(runtime);
    return runtime;
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'real-'));
    peers = {};
    for (const name of ['n1', 'n2']) peers[name] = { host: '127.0.0.1', port: await freePort() };
    crashes = [];
    lines = [];
    runtimes = [];
  });

  afterEach(async () => {
    await Promise.all(runtimes.map((runtime) => runtime.close()));
    rmSync(directory, { recursive: true });
  });

  it('drops datagrams while the peer is down, and reaches it again when it is back', async () => {
    const n1 = create('n1');
    n1.sendDatagram('n2', Uint8Array.of(0));
    const got: number[] = [];
    const startPeer = (): RealRuntime => {
      const n2 = create('n2');
      n2.onDatagram((_from, bytes) => got.push(bytes[0]!));
      return n2;
    };
    const first = startPeer();
    let next = 1;
    const sending = setInterval(() => n1.sendDatagram('n2', Uint8Array.of(next++)), 5);
    try {
      await until(() => got.length > 0);
      await first.close();
      await sleep(50);
      const before = got.length;
      startPeer();
      await until(() => got.length > before);
    } finally {
      clearInterval(sending);
    }
    expect(got).not.toContain(0);
    expect(got).toEqual(got.toSorted((a, b) => a - b));
    expect(got.length).toBeLessThan(next);
  });

  it('connects anew when a peer stands still, or the way to it', async () => {
    const { port } = peers['n2']!;
    let connections = 0;
    const silent = createServer((socket) => {
      connections++;
      socket.on('error', () => undefined).resume(); // it never answers
    }).listen(port, '127.0.0.1');
    const n1 = create('n1');
    const sending = setInterval(() => n1.sendDatagram('n2', Uint8Array.of(1)), 20);
    try {
      await until(() => connections >= 2);
      silent.close();
    } finally {
      clearInterval(sending);
    }
  });

  it('finds its files again', async () => {
    const first = create('n1');
    const file = await first.files.open('log', { create: true });
    await file.append(Uint8Array.of(1, 2, 3));
    await file.sync();
    await first.files.syncDirectory('');
    await first.close();
    expect([...(await create('n1').files.readAll('log'))]).toEqual([1, 2, 3]);
  });

  it('writes its trace as JSON Lines at once, and its log from the level on', () => {
    const n1 = create('n1', { logLevel: 'warn' });
    n1.trace({ kind: 'vote', term: 4, candidate: 'n2' });
    n1.log('info', 'not this');
    n1.log('warn', 'careful', { term: 4n });
    const trace = readFileSync(join(directory, 'n1.trace.jsonl'), 'utf8').trimEnd().split('\n');
    expect(trace.map((line) => JSON.parse(line) as unknown)).toEqual([
      { node: 'n1', time: expect.any(Number) as number, event: { kind: 'vote', term: 4, candidate: 'n2' } },
    ]);
    expect(lines).toEqual([expect.stringMatching(/^\d+\.\d{9} warn {2}careful {"term":"4"}$/)]);
  });

  it('crashes on what a callback throws; nothing runs afterwards, and it says why', async () => {
    const n1 = create('n1');
    let afterlife = 0;
    void n1.files.open('f', { create: true }).then(() => {
      n1.setTimer(msToNs(1), () => {
        throw new TypeError('oops');
      });
      n1.setTimer(msToNs(2), () => afterlife++);
    });
    await until(() => crashes.length > 0);
    void n1.files.list('').then(() => afterlife++);
    n1.setTimer(0, () => afterlife++);
    n1.sendDatagram('n2', Uint8Array.of(1));
    n1.trace({ kind: 'vote', term: 1, candidate: 'n1' });
    n1.crash('again');
    await sleep(50);
    expect(afterlife).toBe(0);
    expect(crashes).toEqual(['n1: TypeError: oops']);
    expect(lines.at(-1)).toContain('error crashed: TypeError: oops');
    expect(readFileSync(join(directory, 'n1.trace.jsonl'), 'utf8')).toContain('"reason":"TypeError: oops"');
  });

  it('crashes when another process has its port', async () => {
    const n1 = create('n1');
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    try {
      await sleep(20);
      n1.listen(port, () => undefined);
      await until(() => crashes.length > 0);
      expect(crashes[0]).toMatch(/n1: cannot listen on port \d+: .*EADDRINUSE/);
    } finally {
      other.close();
    }
  });

  it('hears no strangers: a name that is no peer, a frame that is none', async () => {
    const n1 = create('n1');
    let heard = 0;
    n1.onDatagram(() => heard++);
    await sleep(20);
    const frame = (text: string): Buffer => {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(text.length);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    for (const greeting of [
      Buffer.concat([frame('stranger'), frame('hello')]),
      Buffer.from('GET / HTTP/1.1\r\n'),
    ]) {
      const socket = connect(peers['n1']!.port, '127.0.0.1');
      socket.on('error', () => undefined);
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.resume();
      socket.write(greeting);
      await closed;
    }
    expect(heard).toBe(0);
    expect(crashes).toEqual([]);
  });

  it('holds up the sender of a connection that is not read', async () => {
    const [n1, n2] = [create('n1'), create('n2')];
    const port = await freePort();
    const accepted: Connection[] = [];
    let got = 0;
    n2.listen(port, (connection) => {
      accepted.push(connection);
      connection.onData((bytes) => (got += bytes.length));
      connection.setReading(false);
    });
    await sleep(20);
    const connection = n1.connect({ host: 'n2', port });
    const sent = 64 * 1024 * 1024;
    connection.write(new Uint8Array(sent));
    await until(() => accepted.length === 1);
    await sleep(300);
    expect(got).toBe(0);
    expect(connection.bufferedBytes).toBeGreaterThan(sent / 2);
    accepted[0]?.setReading(true);
    await until(() => got === sent);
  });

  it('resets the connections of a peer that dies', async () => {
    const [n1, n2] = [create('n1'), create('n2')];
    const port = await freePort();
    n2.listen(port, () => undefined);
    await sleep(20);
    const connection = n1.connect({ host: 'n2', port });
    const events: string[] = [];
    connection.onOpen(() => events.push('open'));
    connection.onClose((reason) => events.push(reason));
    await until(() => events.length === 1);
    n2.crash('power button');
    await until(() => events.length === 2);
    expect(events[0]).toBe('open');
    expect(['closed', 'reset']).toContain(events[1]); // FIN or RST: the operating system's choice
    await sleep(20);
    connection.write(Uint8Array.of(1));
    expect(connection.bufferedBytes).toBe(0);
  });

  it('waits longer than setTimeout can', () => {
    const n1 = create('n1');
    let fired = false;
    n1.setTimer(2 ** 33 * 1e6, () => (fired = true)).cancel();
    n1.setTimer(2 ** 33 * 1e6, () => (fired = true));
    expect(fired).toBe(false);
  });

  it('serves alone: listens where it is told, port by port, and connects to any host', async () => {
    const [own, everywhere] = [await freePort(), await freePort()];
    const server = createRealRuntime({
      name: 'alone',
      dataDirectory: join(directory, 'alone'),
      listenHosts: { [own]: '127.0.0.1', [everywhere]: '' },
      writeLog: (line) => lines.push(line),
      onCrash: (reason) => crashes.push(reason),
    });
    runtimes.push(server);
    for (const port of [own, everywhere])
      server.listen(port, (connection) => connection.onData((bytes) => connection.write(bytes)));
    const echoes: string[] = [];
    const talk = (host: string, port: number): void => {
      const connection = server.connect({ host, port });
      connection.onData((bytes) => echoes.push(`${host} ${bytes[0]}`));
      connection.onClose((reason) => echoes.push(`${host} ${reason}`));
      connection.write(Uint8Array.of(7));
    };
    talk('127.0.0.1', own);
    talk('127.0.0.2', own); // of this machine, too, and not listened to
    talk('127.0.0.2', everywhere);
    await until(() => echoes.length === 3);
    expect(echoes.sort()).toEqual(['127.0.0.1 7', '127.0.0.2 7', '127.0.0.2 refused']);
    expect(() => server.sendDatagram('n1', Uint8Array.of(1))).toThrow('alone has no peers');
    expect(crashes).toEqual([]);
  });
});
