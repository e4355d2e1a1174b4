/** What `server.properties` says of connections holds on a whole node, over real sockets. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../../../runtime/real/testing/free-port.ts';
import { startOurKafka } from '../../conformance/testing/our-kafka.ts';
import { connectKafkajs, until } from '../../conformance/testing/kafkajs.ts';
import type { RunningServer } from '../../conformance/testing/single-node.ts';

const IDLE_MS = 2_000;
const MAX = 2;

let server: RunningServer;
let clients: number;
let internal: number;
let controllers: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  [clients, internal, controllers] = (await freePorts(3)) as [number, number, number];
  server = await startOurKafka({
    listeners: `PLAINTEXT://127.0.0.1:${clients},INTERNAL://127.0.0.1:${internal},CONTROLLER://127.0.0.1:${controllers}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    'controller.quorum.voters': `1@127.0.0.1:${controllers}`,
    'connections.max.idle.ms': String(IDLE_MS),
    'max.connections': String(MAX),
  });
}, 60_000);
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server.stop();
});

/** Says when the other side ended it. */
async function open(port: number): Promise<{ isEnded: boolean }> {
  const state = { isEnded: false };
  const socket = connect({ host: '127.0.0.1', port });
  sockets.push(socket);
  socket.resume();
  socket.on('error', () => undefined);
  socket.on('close', () => (state.isEnded = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  return state;
}

const openSome = (port: number, count: number) =>
  Promise.all(Array.from({ length: count }, () => open(port)));
const endedOf = (states: readonly { readonly isEnded: boolean }[]): number =>
  states.filter(({ isEnded }) => isEnded).length;

describe('a listener for clients', () => {
  test('has max.connections, and ends those that are silent; then there is room', async () => {
    const states = await openSome(clients, MAX + 3);
    await delay(IDLE_MS / 4);
    expect(endedOf(states)).toBe(3);
    await until(() => endedOf(states) === MAX + 3, 5 * IDLE_MS);
    const admin = connectKafkajs(`127.0.0.1:${clients}`).admin();
    await admin.connect();
    expect(await admin.listTopics()).toEqual([]);
    await admin.disconnect();
  });
});

describe.each([
  ['brokers', () => internal],
  ['controllers', () => controllers],
])('a listener for %s', (_, port) => {
  test('has room for all that come, and ends those that are silent', async () => {
    const states = await openSome(port(), MAX + 3);
    await delay(IDLE_MS / 4);
    expect(endedOf(states)).toBe(0);
    await until(() => endedOf(states) === MAX + 3, 5 * IDLE_MS);
  });
});
