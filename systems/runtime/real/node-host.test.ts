/** A real process with a toy program in it, and its control channel. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterKey, type NodeStart } from './control.ts';
import type { RealPeer } from './real-runtime.ts';
import { freePort } from './testing/free-port.ts';
import { HostedNode } from './testing/hosted-node.ts';

const NO_FAULTS: NodeStart['faults'] = { cuts: [], degraded: [], clock: { wallOffsetMs: 0, rate: 1 } };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let directory = '';
let peers: Record<string, RealPeer> = {};
let nodes: HostedNode[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'node-host-'));
  peers = {};
  for (const name of ['n1', 'n2']) {
    peers[name] = { host: '127.0.0.1', port: await freePort(), ports: { 7000: await freePort() } };
  }
  nodes = [];
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.end()));
  rmSync(directory, { recursive: true });
});

function create(): HostedNode {
  const node = new HostedNode();
  nodes.push(node);
  return node;
}

function startOf(name: string, behaviour: string, more: Partial<NodeStart> = {}): NodeStart {
  return {
    config: { name, peers: ['n1', 'n2'], options: { behaviour }, bugs: [] },
    peers,
    listenHost: '127.0.0.1',
    dataDirectory: join(directory, name),
    seed: 7,
    incarnation: 0,
    faults: NO_FAULTS,
    ...more,
  };
}

async function start(name: string, behaviour = 'echo', more: Partial<NodeStart> = {}): Promise<HostedNode> {
  const node = create();
  const reply = await node.request({ do: 'start', node: startOf(name, behaviour, more) });
  expect(reply).toEqual({ kind: 'reply', id: 1, observed: {} });
  return node;
}

const heard = (node: HostedNode, peer: string): number =>
  (node.statuses.at(-1)?.['heard'] as Record<string, number> | undefined)?.[peer] ?? 0;

describe('a node host', () => {
  it('starts the program, says its status, and ends with its standard input', async () => {
    const node = await start('n1');
    await node.until(() => node.statuses.length > 0);
    expect(node.statuses[0]).toMatchObject({ role: 'toy', term: 0, leader: null });
    node.child.stdin?.end();
    expect(await node.exited).toBe(70);
    expect(node.strays).toEqual([]);
  });

  it('exits with 0 after SIGTERM and ignores SIGINT', async () => {
    const node = await start('n1');
    node.child.kill('SIGINT');
    await sleep(50);
    expect((await node.request({ do: 'reset-clock' })).error).toBeUndefined();
    node.child.kill('SIGTERM');
    expect(await node.exited).toBe(0);
  });

  it('answers what it does not understand with an error, and goes on', async () => {
    const node = create();
    node.write('no json\n');
    node.write('{"do":"cut"}\n[]\n\n');
    node.write(`${JSON.stringify({ id: 11, do: 'cut', from: 'n1', to: 'n2' })}\n`);
    node.write(`${JSON.stringify({ id: 12, do: 'dance' })}\n`);
    node.write(`${JSON.stringify({ id: 13, do: 'start', node: { config: {} } })}\n`);
    await node.until(() => node.reply(13) !== undefined);
    const replies = node.events.map((event) => (event.kind === 'reply' ? [event.id, event.error] : event));
    expect(replies).toEqual([
      [0, 'no JSON: no json'],
      [0, 'no request with an id: {"do":"cut"}'],
      [0, 'no request with an id: []'],
      [11, 'it has not been started'],
      [12, 'no command is called dance'],
      [13, 'start: node: peers cannot be absent'],
    ]);
    expect((await node.request({ do: 'start', node: startOf('n1', 'echo') })).error).toBeUndefined();
    const errors = [];
    errors.push((await node.request({ do: 'start', node: startOf('n1', 'echo') })).error);
    errors.push((await node.request({ do: 'cut', from: 'n1', to: 'n3' })).error);
    errors.push((await node.request({ do: 'drift-clock', rate: 0 })).error);
    errors.push((await node.request({ do: 'degrade', from: 'n1', to: 'n2', fault: { delayMs: NaN } })).error);
    expect(errors).toEqual([
      'it has been started already',
      'no link of n1 to a peer leads from n1 to n3',
      'a clock cannot run at the rate 0: give a number above 0',
      'degrade: delayMs cannot be null',
    ]);
    expect((await node.request({ do: 'cut', from: 'n1', to: 'n2' })).error).toBeUndefined();
  });

  it('keeps what the program prints apart, and its trace and log whole and in order', async () => {
    const node = await start('n1', 'print');
    expect(node.traces).toEqual(Array.from({ length: 200 }, (_, i) => ({ kind: 'durable', index: i + 1 })));
    expect(node.lines.filter((line) => line.includes('info  line'))).toHaveLength(200);
    expect(node.strays).toEqual([]);
    await node.until(() => node.errors.includes('half a linea line 200\n'));
  });

  it.each([
    ['throw', 'TypeError: no such thing'],
    ['reject', 'Error: nobody listens'],
    ['crash', 'a disk it cannot trust'],
    ['throw-at-start', 'TypeError: no such thing'],
  ])('ends a program that does this: %s', async (behaviour, reason) => {
    const node = create();
    const reply = node.request({ do: 'start', node: startOf('n1', behaviour) });
    if (behaviour === 'throw-at-start') expect((await reply).error).toBe('no such thing');
    else await reply;
    expect(await node.exited).toBe(70);
    expect(node.traces.at(-1)).toEqual({ kind: 'stop', by: 'node', reason });
    expect(node.lines.at(-1)).toContain(`error crashed: ${reason}`);
  });

  it('tells of an impossible state once', async () => {
    const node = await start('n1', 'impossible');
    await node.until(() => node.traces.length > 0);
    await sleep(100);
    expect(node.traces).toEqual([{ kind: 'impossible', message: 'Error: two is one' }]);
  });

  it('notices that it was stopped', async () => {
    const node = await start('n1');
    await sleep(60);
    const before = node.counted(counterKey.pause, 'eventsDeferred');
    node.child.kill('SIGSTOP');
    await sleep(500);
    node.child.kill('SIGCONT');
    await node.until(() => node.counted(counterKey.pause, 'eventsDeferred') >= before + 10);
  });

  it('does not outlive a harness that is killed', async () => {
    const main = join(import.meta.dirname, 'testing/toy-node.ts');
    const parent = spawn(process.execPath, [
      '-e',
      `const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(main)}]);
       console.log(child.pid);
       setInterval(() => {}, 1000);`,
    ]);
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.on('data', (data: Buffer) => resolve(Number(data.toString())));
    });
    await sleep(300);
    expect(() => process.kill(pid, 0)).not.toThrow();
    parent.kill('SIGKILL');
    let isAlive = true;
    for (let i = 0; i < 200 && isAlive; i++) {
      await sleep(10);
      try {
        process.kill(pid, 0);
      } catch {
        isAlive = false;
      }
    }
    expect(isAlive).toBe(false);
  });

  it('cuts one direction at both ends, says what that did, and heals', async () => {
    const [n1, n2] = [await start('n1'), await start('n2')];
    await n1.until(() => heard(n1, 'n2') > 0);
    await n2.until(() => heard(n2, 'n1') > 0);
    await Promise.all([n1, n2].map((node) => node.request({ do: 'cut', from: 'n1', to: 'n2' })));
    await sleep(60); // the status of the moment of the cut
    const [atN1, atN2] = [heard(n1, 'n2'), heard(n2, 'n1')];
    await sleep(200);
    expect(heard(n2, 'n1')).toBe(atN2);
    expect(heard(n1, 'n2')).toBeGreaterThan(atN1);
    await Promise.all([n1, n2].map((node) => node.request({ do: 'heal', from: 'n1', to: 'n2' })));
    const key = counterKey.cut({ from: 'n1', to: 'n2' });
    const dropped = n1.counted(key, 'messagesDropped');
    expect(dropped).toBeGreaterThan(5);
    await n2.until(() => heard(n2, 'n1') > atN2);
    expect(n1.counted(key, 'messagesDropped')).toBe(dropped);
  });

  it('has the faults that are in force before the program runs', async () => {
    const cuts = [{ from: 'n2', to: 'n1' }];
    const clock = { wallOffsetMs: 86_400_000, rate: 1 };
    const n2 = await start('n2');
    const n1 = await start('n1', 'echo', { faults: { cuts, degraded: [], clock } });
    await n2.until(() => heard(n2, 'n1') > 5);
    expect(n1.statuses.every((status) => (status['wallMs'] as number) > Date.now() + 86_000_000)).toBe(true);
    expect(heard(n1, 'n2')).toBe(0);
    await n1.request({ do: 'reset-clock' });
    expect(n1.counted(counterKey.clock, 'clockReads')).toBeGreaterThan(0);
    await sleep(60);
    expect(n1.statuses.at(-1)!['wallMs']).toBeLessThan(Date.now() + 1_000);
    await n1.request({ do: 'bump-clock', offsetMs: 5_000 }).then(({ observed }) => {
      expect(observed['clockBumpedMs']).toBe(5_000);
      expect(observed['timersMoved']).toBeGreaterThan(0);
    });
  });
});

describe('a strike', () => {
  it('stands still until it is killed, and says nothing any more', async () => {
    const [n1, n2] = [await start('n1'), await start('n2')];
    await n2.until(() => heard(n2, 'n1') > 0);
    const reply = await n1.request({ do: 'strike', atWork: true, waitMs: 20, loseUnsynced: false });
    expect(reply.observed).toEqual({});
    await sleep(60);
    const [said, before] = [n1.events.length, heard(n2, 'n1')];
    await sleep(200);
    expect(n1.events.length).toBe(said);
    expect(heard(n2, 'n1')).toBe(before);
    expect(n1.child.exitCode).toBeNull();
  });

  it('takes back what was not synced, and nothing that was', async () => {
    for (let seed = 0; seed < 6; seed++) {
      const node = await start(`n1`, 'write', { seed, dataDirectory: join(directory, `s${seed}`) });
      await node.until(() => node.traces.length > seed);
      const reply = await node.request({ do: 'strike', atWork: true, waitMs: 50, loseUnsynced: true });
      expect(reply.error).toBeUndefined();
      await node.end();
      const last = node.traces.at(-1) as { kind: 'durable'; index: number };
      const bytes = readFileSync(join(directory, `s${seed}`, 'log'));
      expect(bytes.length).toBeGreaterThanOrEqual(64 * last.index);
      for (let i = 1; i <= last.index; i++) {
        expect(bytes.subarray(64 * (i - 1), 64 * i).every((byte) => byte === i % 256)).toBe(true);
      }
    }
  });

  it('loses what was never synced, in the real files', async () => {
    let lost = 0;
    for (let seed = 0; seed < 4; seed++) {
      const data = join(directory, `s${seed}`);
      const node = await start('n1', 'write-only', { seed, dataDirectory: data });
      await sleep(50);
      const { observed } = await node.request({ do: 'strike', atWork: false, waitMs: 0, loseUnsynced: true });
      await node.end();
      lost += observed['unsyncedWritesLost']! + observed['directoryOperationsLost']!;
    }
    expect(lost).toBeGreaterThan(0);
  });

  it('strikes without a mirror, but cannot lose anything then', async () => {
    const node = await start('n1', 'write', { mirrorsDisk: false });
    const reply = await node.request({ do: 'strike', atWork: false, waitMs: 0, loseUnsynced: true });
    expect(reply.error).toBe('nobody has kept what is synced of this disk');
  });
});
