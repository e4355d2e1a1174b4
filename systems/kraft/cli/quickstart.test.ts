/**
 * The way of Kafka 4.0's quickstart, and on from there: one server whose voter set is in the log, two controllers that join it, the loss of the
 * first, and its removal. Each command is a process of its own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseMetaProperties } from '../node/meta-properties.ts';
import { CommandFolder, portsFor } from './testing/command.ts';
import type { CommandResult } from './testing/command.ts';

/** By Kafka's name for it: 9092 of clients, 9093 of controllers. */
const PORTS = [9092, 9093, 9095, 9097, 9098, 9102, 9103];
const UUID = 'MkU3OEVBNTcwNTJENDM2Qg';

let folder: CommandFolder;
let ports: Map<number, number>;
beforeAll(async () => {
  folder = new CommandFolder();
  ports = await portsFor(PORTS);
  folder.write('server.properties', propertiesOf(server()));
  for (const [id, port] of [
    [2, 9095],
    [3, 9097],
  ] as const)
    folder.write(`controller-${id}.properties`, propertiesOf(controller(id, port)));
});
afterAll(() => folder.remove());

const at = (port: number): string => `localhost:${ports.get(port) ?? 0}`;
const propertiesOf = (lines: Readonly<Record<string, string | number>>): string =>
  Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

/** The keys that the file shipped with Kafka 4.0 sets. */
const server = () => ({
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.quorum.bootstrap.servers': at(9093),
  listeners: `PLAINTEXT://:${ports.get(9092) ?? 0},CONTROLLER://:${ports.get(9093) ?? 0}`,
  'inter.broker.listener.name': 'PLAINTEXT',
  'advertised.listeners': `PLAINTEXT://${at(9092)},CONTROLLER://${at(9093)}`,
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map':
    'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
  'num.network.threads': 3,
  'num.io.threads': 8,
  'socket.send.buffer.bytes': 102_400,
  'socket.receive.buffer.bytes': 102_400,
  'socket.request.max.bytes': 104_857_600,
  'log.dirs': folder.file('server'),
  'num.partitions': 1,
  'num.recovery.threads.per.data.dir': 1,
  'offsets.topic.replication.factor': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'log.retention.hours': 168,
  'log.segment.bytes': 1_073_741_824,
  'log.retention.check.interval.ms': 300_000,
});

const controller = (id: number, port: number) => ({
  'process.roles': 'controller',
  'node.id': id,
  'controller.quorum.bootstrap.servers': at(9093),
  listeners: `CONTROLLER://:${ports.get(port) ?? 0}`,
  'advertised.listeners': `CONTROLLER://${at(port)}`,
  'controller.listener.names': 'CONTROLLER',
  'log.dirs': folder.file(`controller-${id}`),
});

/** @param input - of the command */
async function run(line: string, input = ''): Promise<CommandResult> {
  const result = await folder.kraft(line.split(' '), { input });
  expect([line, result.stderr, result.status]).toEqual([line, expect.any(String), 0]);
  return result;
}

async function untilStatus(where: string, pattern: RegExp): Promise<string> {
  for (let i = 0; ; i++) {
    const { stdout, stderr } = await folder.kraft(`metadata-quorum ${where} describe --status`.split(' '));
    if (pattern.test(stdout)) return stdout;
    if (i === 30) expect(stdout + stderr).toMatch(pattern);
    await delay(300);
  }
}

/** Of the line that `describe --status` has of it. */
function replicas(status: string, line: 'CurrentVoters' | 'CurrentObservers'): number[] {
  const list = new RegExp(`^${line}: +(.*)$`, 'm').exec(status)?.[1] ?? '';
  return [...list.matchAll(/"id": (\d+)/g)].map(([, id]) => Number(id));
}

function directoryId(directory: string): string {
  const file = folder.file(join(directory, 'meta.properties'));
  return parseMetaProperties(readFileSync(file, 'utf8'), file).directoryId;
}

test('one server as shipped, then three voters, then two others', { timeout: 240_000 }, async () => {
  const brokers = `--bootstrap-server ${at(9092)}`;
  const { stderr } = await run(`storage format --standalone -t ${UUID} -c server.properties`);
  // Two keys are of share groups, which are not here.
  expect(stderr.trim().split('\n')).toEqual(
    [1, 2].map(() => expect.stringMatching(/unknown key share.coordinator/) as string),
  );
  await run('server-start -daemon server.properties');
  await run(`topics --create --topic quickstart-events ${brokers}`);
  await run(`console-producer --topic quickstart-events ${brokers}`, 'hello\n');
  const consume = `console-consumer --topic quickstart-events --from-beginning --max-messages 1 ${brokers}`;
  expect((await run(consume)).stdout).toBe('hello\n');

  for (const id of [2, 3]) {
    await run(`storage format --no-initial-controllers -t ${UUID} -c controller-${id}.properties`);
    await run(`server-start -daemon controller-${id}.properties`);
    const log = folder.read(`logs/kraft-${id}.log`);
    expect(log.split('this controller is no voter: it observes, until it is added')).toHaveLength(2);
  }
  const before = await untilStatus(brokers, /CurrentObservers:.*"id": 2.*"id": 3/);
  expect(replicas(before, 'CurrentVoters')).toEqual([1]);
  // A controller that leads alone has done so for a while.
  await delay(3_000);
  for (const id of [2, 3]) {
    const { stdout } = await run(
      `metadata-quorum ${brokers} --command-config controller-${id}.properties add-controller`,
    );
    expect(stdout).toMatch(
      new RegExp(`^Added controller ${id} with directory id .{22} and endpoints: CONTROLLER://`),
    );
  }
  const added = await untilStatus(brokers, /LeaderId: +1\n/);
  expect(replicas(added, 'CurrentVoters')).toEqual([1, 2, 3]);
  expect(added).toContain(`{"id": 2, "directoryId": "${directoryId('controller-2')}"`);

  process.kill(folder.pid('server'), 'SIGKILL');
  // Whichever is asked: it says who leads.
  for (const port of [9095, 9097])
    await untilStatus(`--bootstrap-controller ${at(port)}`, /LeaderId: +[23]\n/);
  const last = `--bootstrap-controller ${at(9097)}`;
  await run(
    `metadata-quorum ${last} remove-controller --controller-id 1 --controller-directory-id ${directoryId('server')}`,
  );
  const removed = await untilStatus(last, /LeaderId: +[23]\n/);
  expect(replicas(removed, 'CurrentVoters')).toEqual([2, 3]);

  // It finds those that it knew, though its file names only itself, and serves as it did.
  await run('server-start -daemon server.properties');
  const back = await untilStatus(brokers, /CurrentObservers:.*"id": 1,/);
  expect(replicas(back, 'CurrentVoters')).toEqual([2, 3]);
  expect((await run(consume)).stdout).toBe('hello\n');
});

test(
  'a controller that can ask nobody does not start, and says what to run',
  { timeout: 60_000 },
  async () => {
    const lines = { ...controller(9, 9098), 'controller.quorum.bootstrap.servers': at(9098) };
    folder.write('alone.properties', propertiesOf(lines));
    await run(`storage format -N -t ${UUID} -c alone.properties`);
    const { status, stderr } = await folder.kraft(['server-start', '-daemon', 'alone.properties']);
    expect(status).toBe(70);
    expect(stderr).toMatch(/names nobody but this node: .*run: kraft storage format --standalone -t MkU/);
  },
);

test('a listener without a host is advertised by the name of the machine', { timeout: 60_000 }, async () => {
  const { 'advertised.listeners': _, ...rest } = server();
  const lines = {
    ...rest,
    'controller.quorum.bootstrap.servers': at(9103),
    listeners: `PLAINTEXT://:${ports.get(9102) ?? 0},CONTROLLER://:${ports.get(9103) ?? 0}`,
    'log.dirs': folder.file('unnamed'),
  };
  folder.write('unnamed.properties', propertiesOf(lines));
  await run(`storage format -s -t ${UUID} -c unnamed.properties`);
  await run('server-start -daemon unnamed.properties');
  const brokers = `--bootstrap-server ${at(9102)}`;
  await run(`topics --create --topic named ${brokers}`);
  await run(`console-producer --topic named ${brokers}`, 'hello\n');
  expect((await run(`get-offsets --topic named ${brokers}`)).stdout).toBe('named:0:1\n');
});
