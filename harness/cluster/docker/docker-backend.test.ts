import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Address } from '../../../systems/runtime/runtime.ts';
import { createDockerBackend, type DockerBackend } from './docker-backend.ts';
import { dockerRequirement } from './testing/require-docker.ts';
import { LINE_NODE_PORT, LineNode, startLineNode } from './testing/line-node.ts';
import { thingsOf } from './testing/things-of.ts';

const docker = await dockerRequirement();
const NODES = ['n1', 'n2', 'n3'];
const WAIT_MS = 400;

type Started = LineNode & { process: NonNullable<LineNode['process']> };

/** On an engine of this machine, where the harness is root, by nsenter and at the nodes' own addresses; else through the engine. */
describe.skipIf(docker.skip).each([
  { way: 'of this machine', asRemote: false },
  { way: 'of another', asRemote: true },
])(`nodes in containers, on an engine $way${docker.note}`, ({ asRemote }) => {
  let backend: DockerBackend;
  const nodes = new Map<string, Started>();
  const node = (name: string): Started => {
    const started = nodes.get(name);
    if (started === undefined) throw new Error(`${name} was not started`);
    return started;
  };
  const reaches = (from: string, to: string): Promise<string> =>
    node(from).ask(`connect ${to} ${LINE_NODE_PORT} ${WAIT_MS}`);
  /** Datagrams that arrive of so many: a cut takes one direction of them, where a connection needs both. */
  const arriving = async (from: string, to: string, count: number): Promise<number> => {
    const before = Number(await node(to).ask('received'));
    await node(from).ask(`send ${to} ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return Number(await node(to).ask('received')) - before;
  };

  /** What a client hears: a node's greeting, the error's code, or nothing where a proxy of Docker accepts for a dead node. */
  const hear = ({ host, port }: Address): Promise<string> =>
    text(connect({ host, port })).catch((error: NodeJS.ErrnoException) => String(error.code));

  beforeAll(async () => {
    backend = await createDockerBackend({
      runId: 'test',
      nodes: NODES,
      ports: [LINE_NODE_PORT],
      asRemote,
    });
    await backend.prepare();
    await Promise.all(NODES.map(async (name) => nodes.set(name, await startLineNode(backend, name))));
  });

  afterAll(async () => {
    const { runName } = backend;
    await backend.close();
    await backend.close();
    expect(await thingsOf(runName)).toEqual([]);
    await Promise.all([...nodes.values()].map(({ process }) => process.exited));
  });

  test('reach each other by name, and the harness reaches them', async () => {
    expect(await reaches('n1', 'n2')).toBe('connected');
    expect(await node('n1').ask('hostname')).toBe('n1');
    expect(await node('n1').ask('file greeting')).toBe('hello');
    expect(() => backend.locate('n3', 1)).toThrow('n3: port 1 is not declared');
    expect(await hear(backend.locate('n3', LINE_NODE_PORT))).toBe('hello from n3');
    expect(backend.peers('n1')['n2']?.host).toBe('n2');
  });

  test('keep address, port and data over a kill and docker rm -f, and lose data when wiped', async () => {
    const address = await node('n1').ask('address');
    const place = backend.locate('n1', LINE_NODE_PORT);
    await node('n1').ask('write kept yes');
    await node('n1').process.kill();
    expect(await node('n1').process.exited).toEqual({ description: 'killed by SIGKILL' });
    expect(await reaches('n2', 'n1')).toBe('ECONNREFUSED');
    // The node's own address refuses; a published port does too, or a proxy of Docker takes the connection and hangs up.
    expect(asRemote ? ['', 'ECONNREFUSED', 'ECONNRESET'] : ['ECONNREFUSED']).toContain(await hear(place));
    nodes.set('n1', await startLineNode(backend, 'n1'));
    expect(await node('n1').ask('address')).toBe(address);
    expect(await node('n1').ask('read kept')).toBe('yes');

    expect(await backend.remove('n1')).toEqual({ containersRemoved: 1 });
    expect(await backend.remove('n1')).toEqual({ containersRemoved: 0 });
    nodes.set('n1', await startLineNode(backend, 'n1'));
    expect(await node('n1').ask('address')).toBe(address);
    expect(await node('n1').ask('read kept')).toBe('yes');
    expect(backend.locate('n1', LINE_NODE_PORT)).toEqual(place);
    expect(await reaches('n2', 'n1')).toBe('connected');

    await node('n1').ask('write .hidden yes');
    await node('n1').process.kill();
    expect(await backend.wipe('n1')).toEqual({ disksWiped: 1 });
    nodes.set('n1', await startLineNode(backend, 'n1'));
    expect(await node('n1').ask('read kept')).toBe('ENOENT');
    expect(await node('n1').ask('read .hidden')).toBe('ENOENT');
  });

  test('a cut takes one direction, counts, survives a restart of both, and heals', async () => {
    const startMs = performance.now();
    await backend.network.cut('n1', 'n2');
    await backend.network.cut('n1', 'n2');
    expect(performance.now() - startMs).toBeLessThan(200);
    expect(await arriving('n1', 'n2', 5)).toBe(0);
    expect(await arriving('n2', 'n1', 5)).toBe(5);
    expect(await arriving('n1', 'n3', 5)).toBe(5);
    expect(await arriving('n3', 'n2', 5)).toBe(5);
    expect(await reaches('n1', 'n2')).toBe('timeout');
    expect(await reaches('n3', 'n2')).toBe('connected');
    await Promise.all(['n1', 'n2'].map((name) => node(name).process.kill()));
    await Promise.all(['n1', 'n2'].map(async (name) => nodes.set(name, await startLineNode(backend, name))));
    expect(await arriving('n1', 'n2', 5)).toBe(0);
    const { messagesDropped = 0 } = await backend.network.heal('n1', 'n2');
    expect(messagesDropped).toBeGreaterThanOrEqual(11);
    expect(await reaches('n1', 'n2')).toBe('connected');
    expect(await backend.network.heal('n1', 'n2')).toEqual({ messagesDropped: 0 });
    // A second cut counts from nothing.
    await backend.network.cut('n1', 'n2');
    expect(await backend.network.heal('n1', 'n2')).toEqual({ messagesDropped: 0 });
  });

  test('a lossy link loses some, in one direction, and its counters go on when it changes', async () => {
    await backend.network.degrade('n1', 'n2', { lossProbability: 0.5 });
    const some = await arriving('n1', 'n2', 200);
    expect(some).toBeGreaterThan(40);
    expect(some).toBeLessThan(160);
    expect(await arriving('n2', 'n1', 50)).toBe(50);
    await backend.network.degrade('n1', 'n2', { lossProbability: 1 });
    expect(await arriving('n1', 'n2', 10)).toBe(0);
    expect(await backend.network.restore('n1', 'n2')).toEqual({ messagesDropped: 200 - some + 10 });
    expect(await arriving('n1', 'n2', 50)).toBe(50);
    expect(await backend.network.restore('n1', 'n2')).toEqual({ messagesDropped: 0 });
  });

  test('a rule that the firewall refuses fails with its words', async () => {
    await expect(backend.network.degrade('n1', 'n2', { lossProbability: 7 })).rejects.toThrow(
      /n2: .*iptables.*probability/,
    );
  });

  test('a paused node answers nothing, and goes on when resumed', async () => {
    await node('n2').process.pause();
    let hasAnswered = false;
    const answer = node('n2')
      .ask('hostname')
      .finally(() => (hasAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    expect(hasAnswered).toBe(false);
    await node('n2').process.resume();
    expect(await answer).toBe('n2');
    await node('n2').process.pause();
    await node('n2').process.kill();
    nodes.set('n2', await startLineNode(backend, 'n2'));
  });

  test('a node that is asked to end does, and its last words are not lost', async () => {
    const { process } = node('n3');
    await process.terminate();
    expect(await process.exited).toEqual({ description: 'exited with code 0' });
    expect(node('n3').errors).toBe('asked to end');
    await process.terminate();
    await process.kill();
    process.write('nobody listens\n');
    const flooding = await startLineNode(backend, 'n3');
    nodes.set('n3', flooding);
    flooding.process.write('flood 3000000\n');
    expect(await flooding.process.exited).toEqual({ description: 'exited with code 7' });
    expect(flooding.output.map(({ length }) => length)).toContain(3_000_000);
    nodes.set('n3', await startLineNode(backend, 'n3'));
  });

  test('a node that dies at once says why', async () => {
    await node('n3').process.kill();
    const dying = new LineNode();
    const command = ['node', '-e', 'console.error("boom"); process.exit(3)'];
    const process = await backend.start(dying.launch('n3', { command }));
    expect(await process.exited).toEqual({ description: 'exited with code 3' });
    expect(dying.errors).toBe('boom\n');
    nodes.set('n3', await startLineNode(backend, 'n3'));
  });

  test('a command that is not in the image is named, and leaves nothing in the way', async () => {
    await node('n3').process.kill();
    await expect(
      backend.start(new LineNode().launch('n3', { command: ['no-such-program'] })),
    ).rejects.toThrow(/^cannot start n3 from shaketable:.*no-such-program/);
    nodes.set('n3', await startLineNode(backend, 'n3'));
  });

  test('files of a node are collected, those that are missing left out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'collect-'));
    try {
      await node('n3').ask('write log hello');
      await backend.collect('n3', ['log', 'no/such.log'], folder);
      expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('hello');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
