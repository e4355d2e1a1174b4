/**
 * A controller that is paused on a real machine for longer than the quorum waits, as a leader and as a follower: another leads
 * meanwhile, topics are created, and when it goes on it follows and has caught up.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandFolder, inProcess, portsFor } from './testing/command.ts';

const IDS = [1, 2, 3];
const FETCH_TIMEOUT_MS = 1_000;
const PAUSE_MS = 3 * FETCH_TIMEOUT_MS;
const UNTIL_MS = 15_000;

let folder: CommandFolder;
let ports: Map<number, number>;

beforeAll(async () => {
  folder = new CommandFolder();
  ports = await portsFor([9092, 9093, 9094, 9095, 9096, 9097]);
  const names = IDS.map((id) => `node-${id}`);
  for (const name of names)
    folder.example(name, ports, { 'controller.quorum.fetch.timeout.ms': String(FETCH_TIMEOUT_MS) });
  const { stdout: uuid } = await inProcess(['storage', 'random-uuid']);
  await Promise.all(
    names.map((name) => folder.kraft(['storage', 'format', '-t', uuid.trim(), '-c', `${name}.properties`])),
  );
  const started = await Promise.all(
    names.map((name) => folder.kraft(['server-start', '-daemon', `${name}.properties`])),
  );
  for (const { status } of started) expect(status).toBe(0);
}, 60_000);
afterAll(() => folder.remove());

/** Asks brokers other than one. */
async function ask(exceptId: number, ...args: readonly string[]): Promise<string> {
  const servers = IDS.filter((id) => id !== exceptId).map((id) => `127.0.0.1:${ports.get(9090 + 2 * id)}`);
  const [command = '', ...rest] = args;
  const { stdout } = await inProcess([command, '--bootstrap-server', servers.join(','), ...rest]);
  return stdout;
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const endMs = performance.now() + UNTIL_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > endMs) throw new Error(`${what} did not come true`);
    await delay(200);
  }
}

const leader = (exceptId: number): Promise<number> =>
  until('a leader', async () => {
    const status = await ask(exceptId, 'metadata-quorum', 'describe', '--status');
    const id = Number(/LeaderId: +(\d)\n/.exec(status)?.[1] ?? exceptId);
    return id === exceptId ? null : id;
  });

interface Replica {
  readonly lag: number;
  readonly status: string;
}

async function replica(id: number, exceptId: number): Promise<Replica | null> {
  const lines = (await ask(exceptId, 'metadata-quorum', 'describe', '--replication')).split('\n');
  const cells = lines
    .map((line) => line.split('\t').map((cell) => cell.trim()))
    .find(([first]) => first === `${id}`);
  return cells === undefined ? null : { lag: Number(cells[3]), status: cells[6] as string };
}

/** @returns who led meanwhile */
async function pauseWhileTopicsAreMade(id: number, topics: readonly string[]): Promise<number> {
  const pid = folder.pid(`kraft-${id}`);
  process.kill(pid, 'SIGSTOP');
  try {
    await delay(PAUSE_MS);
    const other = await leader(id);
    for (const topic of topics)
      expect(await ask(id, 'topics', '--create', '--topic', topic)).toBe(`Created topic ${topic}.\n`);
    expect((await replica(id, id))?.lag).toBeGreaterThan(0);
    return other;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** It follows without lag, and its own broker has these topics. */
async function expectFollower(id: number, topics: readonly string[]): Promise<void> {
  await until(`node ${id} as a follower without lag`, async () => {
    const found = await replica(id, 0);
    return found?.status === 'Follower' && found.lag === 0 ? found : null;
  });
  const server = `127.0.0.1:${ports.get(9090 + 2 * id)}`;
  await until(`topics at node ${id}`, async () => {
    const { stdout } = await inProcess(['topics', '--list', '--bootstrap-server', server]);
    return stdout === topics.map((topic) => `${topic}\n`).join('') ? stdout : null;
  });
}

test('it follows when it goes on, and has what was created', async () => {
  const first = await leader(0);
  const second = await pauseWhileTopicsAreMade(first, ['a', 'b']);
  expect(second).not.toBe(first);
  await expectFollower(first, ['a', 'b']);

  const follower = IDS.find((id) => id !== first && id !== second) as number;
  const third = await pauseWhileTopicsAreMade(follower, ['c', 'd']);
  expect(third).not.toBe(follower);
  await expectFollower(follower, ['a', 'b', 'c', 'd']);
}, 60_000);
