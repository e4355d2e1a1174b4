/** One node of ours on loopback, in this process: the same start as `kraft server-start`. */
import { setTimeout as delay } from 'node:timers/promises';
import { createRealRuntime } from '../../../runtime/real/real-runtime.ts';
import { startKraftNode } from '../../node/kraft-node.ts';
import { readServerProperties } from '../../node/properties.ts';
import { randomUuid } from '../../node/random-uuid.ts';
import { singleNode, type RunningServer } from './single-node.ts';

const START_MAX_MS = 30_000;

/** @param properties - beside those that a node of one needs */
export async function startOurKafka(
  properties: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const { bootstrap, ports, directory, text, remove } = await singleNode('our-kafka-', properties);
  const runtime = createRealRuntime({
    name: '127.0.0.1',
    listenHosts: Object.fromEntries(ports.map((port) => [port, '127.0.0.1'])),
    dataDirectory: directory,
    logLevel: 'error',
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
    bootstrap,
    stop: async () => {
      await node.shutdown();
      await runtime.close();
      remove();
    },
  };
}
