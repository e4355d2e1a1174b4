/**
 * A real Apache Kafka of one node, from the jars of Maven Central, to compare ours with.
 *
 *     npm run kafka-jars                              // once: fetches them with Maven
 *     const kafka = await startApacheKafka();
 *     kafka.bootstrap                                 // 127.0.0.1:41231
 *     await kafka.stop();
 *
 * Needs Java 17 or later. Where jars or Java are missing, tests that need it skip with the reason.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';

export const KAFKA_VERSION = '4.0.0';

/** `SHAKETABLE_KAFKA_JARS`, or where `npm run kafka-jars` puts them. */
export const jarsDirectory = (): string =>
  process.env['SHAKETABLE_KAFKA_JARS'] ?? join(homedir(), '.cache/shaketable', `kafka-${KAFKA_VERSION}`);

/** Why it cannot run here; empty where it can. */
export function whyNoApacheKafka(): string {
  const directory = jarsDirectory();
  if (!existsSync(directory) || !readdirSync(directory).some((name) => name.startsWith('kafka-server-')))
    return `no jars of Apache Kafka in ${directory}: npm run kafka-jars`;
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return '';
  } catch {
    return 'no java on the path';
  }
}

export interface RunningServer {
  readonly bootstrap: string;
  stop(): Promise<void>;
}

const START_MAX_MS = 60_000;

/** @param properties - beside those that a node of one needs */
export async function startApacheKafka(
  properties: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), 'apache-kafka-'));
  const [port, controllerPort] = [await freePort(), await freePort()];
  const config = join(directory, 'server.properties');
  const all: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(directory, 'data'),
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    ...properties,
  };
  writeFileSync(
    config,
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const classPath = join(jarsDirectory(), '*');
  const java = (...command: string[]): string =>
    execFileSync('java', ['-cp', classPath, ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const id = java('kafka.tools.StorageTool', 'random-uuid').trim().split('\n').at(-1) ?? '';
  java('kafka.tools.StorageTool', 'format', '-t', id, '-c', config);
  const child = spawn('java', ['-Xmx512m', '-cp', classPath, 'kafka.Kafka', config], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const untilMs = Date.now() + START_MAX_MS;
  while (!(await accepts(port))) {
    if (Date.now() > untilMs || child.exitCode !== null) {
      await stop();
      throw new Error('Apache Kafka did not start');
    }
    await delay(100);
  }
  return { bootstrap: `127.0.0.1:${port}`, stop };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
