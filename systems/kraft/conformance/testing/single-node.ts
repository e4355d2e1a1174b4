/**
 * What a server of one node is told, ours and Apache's alike.
 *
 *     const node = await singleNode('our-kafka-', { 'num.partitions': '3' });
 *     node.bootstrap    // 127.0.0.1:41231
 *     node.text         // its server.properties
 *     node.remove();    // its folder
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../runtime/real/testing/free-port.ts';

export interface RunningServer {
  readonly bootstrap: string;
  stop(): Promise<void>;
}

export interface SingleNode {
  readonly bootstrap: string;
  /** The first is for clients, the second for controllers. */
  readonly ports: readonly number[];
  /** Temporary, empty. */
  readonly directory: string;
  /** What its `server.properties` says. */
  readonly text: string;
  remove(): void;
}

/** @param properties - beside those that a node of one needs */
export async function singleNode(
  prefix: string,
  properties: Readonly<Record<string, string>>,
): Promise<SingleNode> {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  const ports = await freePorts(2);
  const [port, controllerPort] = ports as [number, number];
  const all: Readonly<Record<string, string>> = {
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
  return {
    bootstrap: `127.0.0.1:${port}`,
    ports,
    directory,
    text: Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
