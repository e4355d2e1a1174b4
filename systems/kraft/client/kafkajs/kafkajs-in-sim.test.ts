/** The unmodified kafkajs against nodes of ours in the simulator. */
import { describe, expect, test } from 'vitest';
import type { Connection, Endpoint } from '../../../runtime/runtime.ts';
import type { System } from '../../../system.ts';
import { msToNs, sToNs } from '../../../../harness/units.ts';
import { kraft } from '../../index.ts';
import { inSim } from '../testing/kraft-in-sim.ts';

/** All that clients write, as text, in the order in which they write it. */
function recording(written: string[]): System {
  const record = (connection: Connection): Connection =>
    Object.assign(Object.create(connection) as Connection, {
      write: (bytes: Uint8Array) => {
        const { host, port } = connection.remote;
        written.push(`${host}:${port} ${Buffer.from(bytes).toString('base64')}`);
        connection.write(bytes);
      },
      onOpen: (callback: () => void) => connection.onOpen(callback),
      onData: (callback: (bytes: Uint8Array) => void) => connection.onData(callback),
      onClose: (callback: Parameters<Connection['onClose']>[0]) => connection.onClose(callback),
      close: () => connection.close(),
    });
  return {
    ...kraft,
    openClient: (endpoint, context) => {
      const recorded: Endpoint = {
        host: endpoint.host,
        random: endpoint.random,
        monotonicNs: () => endpoint.monotonicNs(),
        wallMs: () => endpoint.wallMs(),
        setTimer: (delayNs, callback) => endpoint.setTimer(delayNs, callback),
        connect: (address) => record(endpoint.connect(address)),
      };
      return kraft.openClient(recorded, context);
    },
  };
}

/** A little of everything, with a node that dies in the middle; what clients wrote, and what they were answered. */
async function story(seed: number): Promise<{ written: string[]; answers: unknown[]; hash: string }> {
  const written: string[] = [];
  const answers: unknown[] = [];
  const options = { client: 'kafkajs', partitions: 2, compression: 'gzip', sessionTimeoutMs: 2000 };
  return inSim({ system: recording(written), seed, options }, async ({ cluster, invoke, eventually }) => {
    const sender = await cluster.openClient('n1', 1);
    const readers = [await cluster.openClient('n2', 2), await cluster.openClient('n3', 3)];
    await eventually(sender, 'send', [['send', 't0-0', 'first']]);
    for (const reader of readers) answers.push(await invoke(reader, 'subscribe', ['t0-0']));
    for (let i = 0; i < 12; i++) {
      if (i === 4) await cluster.kill('n2');
      if (i === 8) await cluster.restart('n2');
      answers.push(await invoke(sender, 'send', [['send', `t0-${i % 2}`, i]]));
      for (const reader of readers) answers.push(await invoke(reader, 'poll', null));
      await cluster.clock.sleep(msToNs(100));
    }
    return { written, answers, hash: cluster.eventHash };
  });
}

describe('kafkajs in the simulator', () => {
  test('writes the same bytes in every run with a seed, and others with another', async () => {
    const [first, again, other] = [await story(7), await story(7), await story(8)];
    expect(first.written.length).toBeGreaterThan(100);
    expect(again.written).toEqual(first.written);
    expect(again.answers).toEqual(first.answers);
    expect(again.hash).toBe(first.hash);
    expect(other.written).not.toEqual(first.written);
  }, 60_000);

  test('a client that crashed begins anew', async () => {
    await inSim({ options: { client: 'kafkajs' } }, async ({ cluster, ok, eventually }) => {
      const client = await cluster.openClient('n1', 1);
      await eventually(client, 'send', [['send', 't0-0', 'a']]);
      await ok(client, 'assign', ['t0-0']);
      expect(await eventually(client, 'poll', null)).toEqual([['poll', { 't0-0': [[0, 'a']] }]]);
      await ok(client, 'crash', null);
      expect(await ok(client, 'poll', null)).toEqual([['poll', {}]]);
      await ok(client, 'assign', ['t0-0']);
      expect(await eventually(client, 'poll', null)).toEqual([['poll', { 't0-0': [[0, 'a']] }]]);
      await cluster.clock.sleep(sToNs(1));
    });
  });
});
