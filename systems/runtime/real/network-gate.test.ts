/** Two real runtimes on loopback: what each of them hears while the gates of both are told of faults. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LinkFault } from '../link-fault.ts';
import type { CloseReason, Connection } from '../runtime.ts';
import { counterKey, type Link } from './control.ts';
import type { CountersByFault } from './fault-counters.ts';
import { createRealRuntime, type RealPeer, type RealRuntime } from './real-runtime.ts';
import { freePort } from './testing/free-port.ts';

const PORT = 7000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const THERE: Link = { from: 'n1', to: 'n2' };
const BACK: Link = { from: 'n2', to: 'n1' };

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await sleep(5);
  expect(condition()).toBe(true);
}

interface Seen {
  text: string;
  readonly events: (CloseReason | 'open')[];
}

function watch(connection: Connection): Seen {
  const seen: Seen = { text: '', events: [] };
  connection.onOpen(() => seen.events.push('open'));
  connection.onData((bytes) => (seen.text += new TextDecoder().decode(bytes)));
  connection.onClose((reason) => seen.events.push(reason));
  return seen;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the network gate', () => {
  let directory = '';
  let n1: RealRuntime;
  let n2: RealRuntime;
  /** Numbers of the datagrams that each has got, and when. */
  let got: { n1: number[]; n2: number[]; atMs: number[] };
  let crashes: string[] = [];
  let accepted: { connection: Connection; seen: Seen }[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gate-'));
    crashes = [];
    accepted = [];
    got = { n1: [], n2: [], atMs: [] };
    const peers: Record<string, RealPeer> = {};
    for (const name of ['n1', 'n2']) {
      peers[name] = { host: '127.0.0.1', port: await freePort(), ports: { [PORT]: await freePort() } };
    }
    const create = (name: string): RealRuntime =>
      createRealRuntime({
        name,
        peers,
        dataDirectory: join(directory, name),
        seed: 7,
        writeLog: () => undefined,
        onCrash: (reason) => crashes.push(reason),
      });
    [n1, n2] = [create('n1'), create('n2')];
    n1.onDatagram((_from, data) => got.n1.push(data[0]!));
    n2.onDatagram((_from, data) => {
      got.n2.push(data[0]!);
      got.atMs.push(performance.now());
    });
    n2.listen(PORT, (connection) => accepted.push({ connection, seen: watch(connection) }));
    await until(() => {
      n1.sendDatagram('n2', Uint8Array.of(0));
      n2.sendDatagram('n1', Uint8Array.of(0));
      return got.n1.length > 0 && got.n2.length > 0;
    });
    await sleep(30);
    [got.n1.length, got.n2.length, got.atMs.length] = [0, 0, 0];
  });

  afterEach(async () => {
    await Promise.all([n1.close(), n2.close()]);
    rmSync(directory, { recursive: true });
    expect(crashes).toEqual([]);
  });

  const send = (from: number, to: number): void => {
    for (let i = from; i <= to; i++) n1.sendDatagram('n2', Uint8Array.of(i));
  };
  const count = (counters: CountersByFault | null, key: string, name: string): number =>
    counters?.[key]?.[name] ?? 0;
  const degrade = (fault: LinkFault, link = THERE): void => n1.network.link(link).degrade(fault);
  const connect = (): { connection: Connection; seen: Seen } => {
    const connection = n1.connect({ host: 'n2', port: PORT });
    return { connection, seen: watch(connection) };
  };

  describe('of datagrams', () => {
    it('cuts one direction alone, and counts what it drops', async () => {
      n1.network.link(THERE).cut();
      send(1, 5);
      for (let i = 1; i <= 5; i++) n2.sendDatagram('n1', Uint8Array.of(i));
      n1.sendDatagram('n1', Uint8Array.of(9));
      await until(() => got.n1.length === 6);
      await sleep(50);
      expect(got.n1.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 9]);
      expect(got.n2).toEqual([]);
      n1.network.link(THERE).heal();
      expect(n1.takeCounters()).toEqual({ [counterKey.cut(THERE)]: { messagesDropped: 5 } });
      expect(n1.takeCounters()).toBeNull();
      send(6, 6);
      await until(() => got.n2.length > 0);
      expect(got.n2).toEqual([6]);
      expect(n1.takeCounters()).toBeNull();
    });

    it('is enforced by the receiver, too, on what was sent before', async () => {
      send(1, 5);
      n2.network.link(THERE).cut();
      let dropped = 0;
      await until(
        () => (dropped += count(n2.takeCounters(), counterKey.cut(THERE), 'messagesDropped')) === 5,
      );
      expect(got.n2).toEqual([]);
    });

    it('drops what was delayed when the cut came', async () => {
      degrade({ delayMs: 50 });
      send(1, 3);
      n1.network.link(THERE).cut();
      await sleep(150);
      expect(got.n2).toEqual([]);
      expect(count(n1.takeCounters(), counterKey.cut(THERE), 'messagesDropped')).toBe(3);
    });

    it('delays, in order, and never too little', async () => {
      degrade({ delayMs: 80, jitterMs: 40 });
      const begin = performance.now();
      send(1, 50);
      await until(() => got.n2.length === 50);
      expect(Math.min(...got.atMs) - begin).toBeGreaterThanOrEqual(80);
      expect(got.n2).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      expect(n1.takeCounters()).toEqual({ [counterKey.link(THERE)]: { messagesDelayed: 50 } });
    });

    it('lets new datagrams overtake the slow ones once the link is restored', async () => {
      degrade({ delayMs: 100 });
      send(1, 2);
      n1.network.link(THERE).restore();
      send(3, 3);
      await until(() => got.n2.length === 3);
      expect(got.n2).toEqual([3, 1, 2]);
    });

    it('loses all, or some', async () => {
      degrade({ lossProbability: 1 });
      send(1, 10);
      degrade({ lossProbability: 0.5 });
      send(11, 110);
      n1.network.link(THERE).restore();
      send(111, 111);
      await until(() => got.n2.includes(111));
      expect(got.n2[0]).toBeGreaterThan(10);
      expect(got.n2.length).toBeGreaterThan(20);
      expect(got.n2.length).toBeLessThan(80);
      const lost = 111 - got.n2.length;
      expect(n1.takeCounters()).toEqual({ [counterKey.link(THERE)]: { messagesDropped: lost } });
    });

    it('doubles all', async () => {
      degrade({ duplicateProbability: 1 });
      send(1, 20);
      await until(() => got.n2.length === 40);
      await sleep(50);
      expect(got.n2.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 40 }, (_, i) => Math.floor(i / 2) + 1),
      );
      expect(n1.takeCounters()).toEqual({ [counterKey.link(THERE)]: { messagesDuplicated: 20 } });
    });

    it('holds some back, so that later ones overtake', async () => {
      degrade({ reorderProbability: 0.5, reorderMs: 40 });
      send(1, 50);
      await until(() => got.n2.length === 50);
      const inOrder = got.n2.toSorted((a, b) => a - b);
      expect(new Set(inOrder).size).toBe(50);
      expect(got.n2).not.toEqual(inOrder);
      const reordered = count(n1.takeCounters(), counterKey.link(THERE), 'messagesReordered');
      expect(reordered).toBeGreaterThan(10);
      expect(reordered).toBeLessThan(40);
    });

    it('does nothing and draws nothing while no fault is on it', async () => {
      send(1, 100);
      await until(() => got.n2.length === 100);
      expect(got.n2).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
      expect([n1.takeCounters(), n2.takeCounters()]).toEqual([null, null]);
    });
  });

  describe('of connections', () => {
    it('stalls what is written across a cut, lets the other direction through, and flushes when healed', async () => {
      const { connection, seen } = connect();
      await until(() => accepted.length === 1 && seen.events.length === 1);
      n1.network.link(THERE).cut();
      for (let i = 0; i < 10; i++) connection.write(bytes(`${i} `));
      accepted[0]!.connection.write(bytes('I am here'));
      await until(() => seen.text === 'I am here');
      await sleep(50);
      expect(accepted[0]!.seen.text).toBe('');
      expect(connection.bufferedBytes).toBe(20);
      expect(count(n1.takeCounters(), counterKey.cut(THERE), 'connectionsStalled')).toBe(1);
      n1.network.link(THERE).heal();
      connection.write(bytes('10 '));
      await until(() => accepted[0]!.seen.text === '0 1 2 3 4 5 6 7 8 9 10 ');
      expect(connection.bufferedBytes).toBe(0);
    });

    it('stalls what comes back across a cut, the end too', async () => {
      const { connection, seen } = connect();
      await until(() => accepted.length === 1);
      n1.network.link(BACK).cut();
      connection.write(bytes('hello'));
      await until(() => accepted[0]!.seen.text === 'hello');
      accepted[0]!.connection.write(new Uint8Array(2_000_000).fill(97));
      accepted[0]!.connection.close();
      await sleep(50);
      expect(seen).toEqual({ text: '', events: ['open'] });
      n1.network.link(BACK).heal();
      await until(() => seen.events.length === 2);
      expect(seen.events).toEqual(['open', 'closed']);
      expect(seen.text.length).toBe(2_000_000);
      expect(count(n1.takeCounters(), counterKey.cut(BACK), 'connectionsStalled')).toBe(1);
    });

    it('closes after what was held', async () => {
      const { connection, seen } = connect();
      await until(() => accepted.length === 1);
      n1.network.link(THERE).cut();
      connection.write(bytes('last words'));
      connection.close();
      await sleep(50);
      expect(seen.events).toEqual(['open', 'closed']);
      expect(accepted[0]!.seen).toEqual({ text: '', events: ['open'] });
      n1.network.link(THERE).heal();
      await until(() => accepted[0]!.seen.events.length === 2);
      expect(accepted[0]!.seen).toEqual({ text: 'last words', events: ['open', 'closed'] });
    });

    it.each([THERE, BACK])('connects across no cut, and does once it is healed: %j', async (link) => {
      n1.network.link(link).cut();
      const { connection, seen } = connect();
      connection.write(bytes('early'));
      await sleep(100);
      expect(seen.events).toEqual([]);
      expect(accepted).toEqual([]);
      n1.network.link(link).heal();
      await until(() => accepted[0]?.seen.text === 'early');
      expect(seen.events).toEqual(['open']);
      expect(count(n1.takeCounters(), counterKey.cut(link), 'connectionsStalled')).toBeGreaterThan(0);
    });

    it('ends an attempt to connect as unreachable after the timeout', async () => {
      n1.network.link(THERE).cut();
      const begin = performance.now();
      const { seen } = connect();
      const closed = connect();
      closed.connection.close();
      await until(() => closed.seen.events.length > 0);
      for (let i = 0; i < 8_000 && seen.events.length === 0; i += 20) await sleep(20);
      expect(seen.events).toEqual(['unreachable']);
      expect(closed.seen.events).toEqual(['closed']);
      expect(performance.now() - begin).toBeGreaterThanOrEqual(4_990);
      n1.network.link(THERE).heal();
      await sleep(50);
      expect(accepted).toEqual([]);
    });

    it('is refused by a peer that does not listen, as ever', async () => {
      const connection = n1.connect({ host: 'n2', port: await freePort() });
      const seen = watch(connection);
      await until(() => seen.events.length > 0);
      expect(seen.events).toEqual(['refused']);
    });

    it('delays both directions in order, and never too little', async () => {
      degrade({ delayMs: 60, jitterMs: 30, reorderProbability: 0.3, reorderMs: 30, duplicateProbability: 1 });
      n1.network.link(BACK).degrade({ delayMs: 40 });
      const begin = performance.now();
      const { connection, seen } = connect();
      await until(() => seen.events.length === 1);
      expect(performance.now() - begin).toBeGreaterThanOrEqual(99);
      const lines = Array.from({ length: 30 }, (_, i) => `line ${i}\n`);
      const written = performance.now();
      for (const line of lines) {
        connection.write(bytes(line));
        await sleep(1);
      }
      await until(() => (accepted[0]?.seen.text ?? '') !== '');
      expect(performance.now() - written).toBeGreaterThanOrEqual(60);
      await until(() => accepted[0]!.seen.text.length >= lines.join('').length);
      expect(accepted[0]!.seen.text).toBe(lines.join(''));
      const answered = performance.now();
      accepted[0]!.connection.write(bytes('answer'));
      await until(() => seen.text === 'answer');
      expect(performance.now() - answered).toBeGreaterThanOrEqual(40);
      const counters = n1.takeCounters();
      expect(count(counters, counterKey.link(THERE), 'messagesDelayed')).toBeGreaterThanOrEqual(31);
      expect(count(counters, counterKey.link(THERE), 'messagesDuplicated')).toBe(0);
      expect(count(counters, counterKey.link(THERE), 'messagesReordered')).toBe(0);
      expect(count(counters, counterKey.link(BACK), 'messagesDelayed')).toBeGreaterThanOrEqual(2);
    });

    it('pays for a loss with time, not with bytes', async () => {
      const { connection } = connect();
      await until(() => accepted.length === 1);
      degrade({ lossProbability: 1 });
      const begin = performance.now();
      for (let i = 0; i < 5; i++) connection.write(bytes(`${i}`));
      await sleep(250);
      expect(accepted[0]!.seen.text).toBe('');
      const lost = count(n1.takeCounters(), counterKey.link(THERE), 'messagesDropped');
      expect(lost).toBeGreaterThanOrEqual(2); // sent, and sent again
      degrade({ lossProbability: 0.3 });
      await until(() => accepted[0]!.seen.text === '01234');
      expect(performance.now() - begin).toBeGreaterThanOrEqual(200);
    });

    it('gives up a stream on which nothing gets through for ten seconds', { timeout: 30_000 }, async () => {
      const { connection, seen } = connect();
      await until(() => accepted.length === 1);
      n1.network.link(THERE).cut();
      connection.write(bytes('is anybody there?'));
      for (let i = 0; i < 20_000 && seen.events.length < 2; i += 20) await sleep(20);
      expect(seen.events).toEqual(['open', 'reset']);
      await until(() => accepted[0]!.seen.events.length === 2);
      expect(accepted[0]!.seen.text).toBe('');
    });
  });
});
