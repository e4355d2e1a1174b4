/** One node of ours on loopback, in this process: the same start as `kraft server-start`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRealRuntime } from '../../../runtime/real/real-runtime.ts';
import { startKraftNode } from '../../node/kraft-node.ts';
import { readServerProperties } from '../../node/properties.ts';
import { randomUuid } from '../../node/random-uuid.ts';
import type { RunningServer } from './apache-kafka.ts';
import { freePort } from './free-port.ts';

const START_MAX_MS = 30_000;

/** @param properties - beside those that a node of one needs */
export async function startOurKafka(
  properties: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), 'our-kafka-'));
  const [port, controllerPort] = [await freePort(), await freePort()];
  const text = Object.entries({
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': directory,
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    ...properties,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
  const runtime = createRealRuntime({
    name: '127.0.0.1',
    listenHosts: { [port]: '127.0.0.1', [controllerPort]: '127.0.0.1' },
    dataDirectory: directory,
    logLevel: (process.env['KAFKA_LOG'] as 'error' | undefined) ?? 'error',
    onCrash: (reason) => {
      throw new Error(`the node ended itself: ${reason}`);
    },
  });
  const node = startKraftNode(runtime, {
    properties: readServerProperties(text, 'server.properties').values,
    clusterId: randomUuid(runtime.random),
    directoryId: randomUuid(runtime.random),
    bugs: [],
  });
  for (let i = 0; node.status()['broker'] !== 'running'; i++) {
    if (i > START_MAX_MS / 20) throw new Error('our Kafka did not start');
    await delay(20);
  }
  return {
    bootstrap: `127.0.0.1:${port}`,
    stop: async () => {
      await node.shutdown();
      await runtime.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
