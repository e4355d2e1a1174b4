/** Real processes, real sockets, real files: three nodes, and one of them killed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeStatus } from '../runtime/node-program.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const OFFSET = 7;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A port that is free, and so is the one `OFFSET` behind it. */
async function freePort(): Promise<number> {
  const listen = (port: number) =>
    new Promise<{ port: number; close: () => void } | null>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(null));
      server.listen(port, '127.0.0.1', () =>
        resolve({ port: (server.address() as AddressInfo).port, close: () => server.close() }),
      );
    });
  for (;;) {
    const first = await listen(0);
    if (first === null) continue;
    const second = await listen(first.port + OFFSET);
    first.close();
    second?.close();
    if (second !== null) return first.port;
  }
}

function run(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 20_000 });
}

describe('the command line', () => {
  const oneLine = (stderr: string): string[] => stderr.trim().split('\n');

  test('--help shows examples and options', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('curl -X PUT');
    expect(stdout).toContain('electionTimeoutMs=150');
  });

  test.each([
    [['--id', '1'], /required option '--peers/],
    [['--id', '4', '--peers', '1=localhost:7001,2=localhost:7002'], /--id 4 is none of the peers: 1, 2/],
    [['--id', '1', '--peers', '1:7001'], /takes ID=HOST:PORT/],
    [['--id', '1', '--peers', '1=localhost:99999'], /port of peer 1/],
    [['--id', '1', '--peers', '1=a:1,1=b:2'], /names 1 twice/],
    [['--id', '1', '--peers', '1=localhost:7001', '--bug', 'stale-reads'], /did you mean stale-read\?/],
    [
      ['--id', '1', '--peers', '1=localhost:7001', '--option', 'heartbeatMs=0'],
      /heartbeatMs is a number from 1/,
    ],
    [
      ['--id', '1', '--peers', '1=localhost:7001', '--http', '7101'],
      /--http 7101 is this node's port for clients/,
    ],
    [['--id', '1', '--peers', '1=localhost:7001', '--option', 'speed=9'], /raft has no option speed/],
  ])('%j is refused in one line', (args, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'raft-usage-'));
    const { status, stderr } = run(...args, '--data', folder);
    rmSync(folder, { recursive: true });
    expect(status).toBe(64);
    expect(oneLine(stderr)).toHaveLength(1);
    expect(stderr).toMatch(message);
  });

  test('a port in use is said in one line', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const taken = (server.address() as AddressInfo).port;
    const folder = mkdtempSync(join(tmpdir(), 'raft-usage-'));
    const port = await freePort();
    const args = [
      '--id',
      '1',
      '--peers',
      `1=127.0.0.1:${port}`,
      '--client-port-offset',
      String(OFFSET),
      '--data',
      folder,
    ];
    const { status, stderr } = run(...args, '--http', String(taken));
    server.close();
    rmSync(folder, { recursive: true });
    expect(status).toBe(70);
    expect(oneLine(stderr).at(-1)).toMatch(/HTTP port \d+ is in use/);
  });
});

describe('three processes', () => {
  let folder = '';
  let peers = '';
  let httpPorts: number[] = [];
  const children = new Map<number, ChildProcess>();
  let output = '';

  const start = (id: number): void => {
    const child = spawn(
      process.execPath,
      [
        ...[MAIN, '--id', String(id), '--peers', peers, '--client-port-offset', String(OFFSET)],
        ...['--http', String(httpPorts[id - 1]), '--data', join(folder, String(id))],
        ...['--option', 'electionTimeoutMs=400', '--option', 'snapshotEveryEntries=20'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
    children.set(id, child);
  };

  const request = async (id: number, method: string, path: string, body?: unknown) => {
    const response = await fetch(`http://127.0.0.1:${httpPorts[id - 1]}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.text() };
  };

  /** The id of the leader that the node knows, or null. */
  const leaderAt = async (id: number): Promise<string | null> => {
    try {
      return (JSON.parse((await request(id, 'GET', '/status')).body) as NodeStatus).leader;
    } catch {
      return null;
    }
  };

  const untilLed = async (ids: readonly number[], not?: string): Promise<string> => {
    for (let i = 0; i < 300; i++) {
      const leaders = await Promise.all(ids.map(leaderAt));
      const [leader] = leaders;
      if (
        leader !== null &&
        leader !== undefined &&
        leader !== not &&
        leaders.every((other) => other === leader)
      )
        return leader;
      await sleep(50);
    }
    throw new Error(`no leader: ${output}`);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'raft-node-'));
    output = '';
    const ports = [await freePort(), await freePort(), await freePort()];
    httpPorts = [await freePort(), await freePort(), await freePort()];
    peers = ports.map((port, i) => `${i + 1}=127.0.0.1:${port}`).join(',');
    for (const id of [1, 2, 3]) start(id);
  });

  afterEach(() => {
    for (const child of children.values()) child.kill('SIGKILL');
    children.clear();
    rmSync(folder, { recursive: true });
  });

  test('write, read, kill -9 the leader, read again, and start it again', async () => {
    const leader = Number(await untilLed([1, 2, 3]));
    const follower = leader === 1 ? 2 : 1;
    expect((await request(follower, 'PUT', '/keys/greeting', 'hello')).status).toBe(200);
    expect(await request(follower, 'GET', '/keys/greeting')).toEqual({ status: 200, body: '"hello"\n' });
    expect((await request(leader, 'POST', '/keys/greeting/cas', ['hello', 'goodbye'])).status).toBe(200);
    expect((await request(leader, 'POST', '/keys/greeting/cas', ['hello', 'x'])).status).toBe(409);
    expect((await request(leader, 'GET', '/keys/nothing')).status).toBe(404);
    expect((await request(leader, 'POST', '/keys/greeting/add', 1)).status).toBe(422);
    expect((await request(leader, 'PATCH', '/keys/greeting')).status).toBe(405);
    expect((await request(leader, 'GET', '/elsewhere')).status).toBe(404);
    for (let i = 0; i < 30; i++) await request(follower, 'POST', '/keys/sum/add', 1);
    const page = await request(follower, 'GET', '/');
    expect(page.body).toContain('<h1>Raft node: follower</h1>');

    children.get(leader)?.kill('SIGKILL');
    const others = [1, 2, 3].filter((id) => id !== leader);
    await untilLed(others, String(leader));
    expect((await request(others[0] as number, 'GET', '/keys/greeting')).body).toBe('"goodbye"\n');
    expect((await request(others[1] as number, 'POST', '/keys/sum/add', 1)).status).toBe(200);

    start(leader);
    await untilLed([1, 2, 3]);
    expect((await request(leader, 'GET', '/keys/sum')).body).toBe('31\n');
    expect((await request(leader, 'DELETE', '/keys/sum')).status).toBe(200);
    expect((await request(follower, 'GET', '/keys/sum')).status).toBe(404);
  });
});
