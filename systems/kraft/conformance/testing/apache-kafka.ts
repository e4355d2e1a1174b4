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
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canRun } from './programs.ts';
import { singleNode, type RunningServer } from './single-node.ts';

export const KAFKA_VERSION = '4.0.0';

/** `SHAKETABLE_KAFKA_JARS`, or where `npm run kafka-jars` puts them. */
export const jarsDirectory = (): string =>
  process.env['SHAKETABLE_KAFKA_JARS'] ?? join(homedir(), '.cache/shaketable', `kafka-${KAFKA_VERSION}`);

/** Why it cannot run here; empty where it can. */
export function whyNoApacheKafka(): string {
  const directory = jarsDirectory();
  if (!existsSync(directory) || !readdirSync(directory).some((name) => name.startsWith('kafka-server-')))
    return `no jars of Apache Kafka in ${directory}: npm run kafka-jars`;
  return canRun('java', '-version') ? '' : 'no java on the path';
}

const START_MAX_MS = 60_000;

/** @param properties - beside those that a node of one needs */
export async function startApacheKafka(
  properties: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const { bootstrap, ports, directory, text, remove } = await singleNode('apache-kafka-', properties);
  const [port = 0] = ports;
  const config = join(directory, 'server.properties');
  writeFileSync(config, text);
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
    remove();
  };
  const untilMs = Date.now() + START_MAX_MS;
  while (!(await accepts(port))) {
    if (Date.now() > untilMs || child.exitCode !== null) {
      await stop();
      throw new Error('Apache Kafka did not start');
    }
    await delay(100);
  }
  return { bootstrap, stop };
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
