/** A listener and a client of another node, over the simulator's network. */
import { describe, expect, test } from 'vitest';
import { SimCluster } from '../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../../../harness/units.ts';
import type { Connection, Runtime } from '../../../runtime/runtime.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { FrameReader } from '../../wire/frames.ts';
import { encodeRequest } from '../../wire/requests.ts';
import { APIS } from '../../wire/apis.ts';
import type { Exchange, Handlers } from './exchange.ts';
import type { NodeOutcome } from './node-client.ts';
import { NodeClient } from './node-client.ts';
import { ConnectionQuota } from './connection-quota.ts';
import { NetworkServer } from './network-server.ts';
import type { NetworkServerOptions } from './network-server.ts';
import { inSim, send } from '../testing/in-sim.ts';

const PORT = 9092;
const THERE = { host: 'n1', port: PORT };

interface Nodes {
  readonly cluster: SimCluster;
  readonly there: Runtime;
  readonly here: Runtime;
}

async function between(
  handlers: Handlers,
  body: (nodes: Nodes) => Promise<void>,
  limits: Pick<NetworkServerOptions, 'idleMaxMs' | 'quota'> = {},
): Promise<void> {
  const runtimes = new Map<string, Runtime>();
  const system = toySystem((runtime, { name }) => {
    runtimes.set(name, runtime);
    if (name !== 'n1') return;
    new NetworkServer(runtime, {
      port: PORT,
      listener: 'broker',
      listenerName: 'PLAINTEXT',
      handlers,
      maxRequestBytes: 1000,
      ...limits,
    });
  });
  const cluster = new SimCluster({ system, nodes: ['n1', 'n2'], seed: 1 });
  await inSim(cluster, () =>
    body({ cluster, there: runtimes.get('n1') as Runtime, here: runtimes.get('n2') as Runtime }),
  );
}

const heartbeat = (groupId: string) => ({ groupId, generationId: 1, memberId: 'm' });

const ask = (client: NodeClient, groupId: string, timeoutMs = 1000): Promise<NodeOutcome<'heartbeat'>> =>
  send(client, THERE, 'heartbeat', 3, heartbeat(groupId), timeoutMs);

/** Bytes as a client that is none of ours sends them; what comes back, and how it ended. */
function raw(here: Runtime): { connection: Connection; frames: Uint8Array[]; ended: () => string | null } {
  const connection = here.connect(THERE);
  const frames: Uint8Array[] = [];
  let reason: string | null = null;
  const reader = new FrameReader(1000, (frame) => void frames.push(frame));
  connection.onData((bytes) => reader.push(bytes));
  connection.onClose((why) => (reason = why));
  return { connection, frames, ended: () => reason };
}

describe('a listener', () => {
  test('answers, in order, the next request when the last is answered', async () => {
    const held: Exchange<'heartbeat'>[] = [];
    await between({ heartbeat: (exchange) => void held.push(exchange) }, async ({ cluster, here }) => {
      const client = new NodeClient(here, { clientId: 'me' });
      const answers = [ask(client, 'a'), ask(client, 'b')];
      await cluster.clock.sleep(msToNs(50));
      expect(held.map(({ body }) => body.groupId)).toEqual(['a']);
      expect(held[0]).toMatchObject({
        listenerName: 'PLAINTEXT',
        clientHost: '/n2',
        header: { clientId: 'me' },
      });
      held[0]?.respond({ errorCode: ERROR.REBALANCE_IN_PROGRESS });
      await cluster.clock.sleep(msToNs(50));
      held[1]?.respond({ errorCode: ERROR.NONE });
      expect(await Promise.all(answers)).toMatchObject([
        { kind: 'response', body: { errorCode: ERROR.REBALANCE_IN_PROGRESS } },
        { kind: 'response', body: { errorCode: ERROR.NONE } },
      ]);
      expect(() => held[0]?.respond({ errorCode: ERROR.NONE })).toThrow('answered twice');
    });
  });

  test('advertises what it serves, also to who asks in a version that it does not know', async () => {
    await between({ heartbeat: (exchange) => exchange.finish() }, async ({ cluster, here }) => {
      const client = new NodeClient(here, { clientId: 'me' });
      const outcome = await send(client, THERE, 'apiVersions', 2, {}, 1000);
      const keys = outcome.kind === 'response' ? outcome.body.apiKeys.map(({ apiKey }) => apiKey) : [];
      expect(keys).toEqual([12, 18]);
      const { connection, frames, ended } = raw(here);
      connection.write(
        encodeRequest(
          APIS.apiVersions,
          3,
          { correlationId: 9, clientId: 'rd' },
          {
            clientSoftwareName: 'librdkafka',
            clientSoftwareVersion: '2',
          },
        ),
      );
      await cluster.clock.sleep(msToNs(50));
      expect([...(frames[0] ?? [])].slice(0, 6)).toEqual([0, 0, 0, 9, 0, ERROR.UNSUPPORTED_VERSION]);
      expect(ended()).toBeNull();
    });
  });

  test.each([
    ['an API that nobody serves', Uint8Array.of(0, 0, 0, 10, 0, 99, 0, 0, 0, 0, 0, 1, 0, 0)],
    ['an API without a handler', encodeRequest(APIS.listGroups, 0, { correlationId: 1, clientId: '' }, {})],
    ['a length that is too large', Uint8Array.of(127, 255, 255, 255)],
    ['a request that is cut off', Uint8Array.of(0, 0, 0, 10, 0, 12, 0, 3, 0, 0, 0, 1, 0, 9)],
  ])('ends the connection at %s, and serves the others', async (_name, bytes) => {
    const handlers: Handlers = { heartbeat: (exchange) => exchange.respond({ errorCode: ERROR.NONE }) };
    await between(handlers, async ({ cluster, here }) => {
      const { connection, frames, ended } = raw(here);
      connection.write(bytes);
      await cluster.clock.sleep(msToNs(50));
      expect([frames, ended()]).toEqual([[], 'closed']);
      expect(await ask(new NodeClient(here, { clientId: 'me' }), 'g')).toMatchObject({ kind: 'response' });
    });
  });

  test('answers all, in order, of a client that sends more than may wait', async () => {
    const held: Exchange<'heartbeat'>[] = [];
    await between({ heartbeat: (exchange) => void held.push(exchange) }, async ({ cluster, here }) => {
      const { connection, frames, ended } = raw(here);
      const group = 'g'.repeat(900);
      const sent = Math.ceil((3 * 1024 * 1024) / group.length);
      for (let i = 0; i < sent; i++)
        connection.write(
          encodeRequest(APIS.heartbeat, 3, { correlationId: i, clientId: 'c' }, heartbeat(group)),
        );
      while (frames.length < sent) {
        if (held.length === 0) await cluster.clock.sleep(msToNs(1));
        held.shift()?.respond({ errorCode: ERROR.NONE });
      }
      const idsOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getInt32(0);
      expect(frames.map(idsOf)).toEqual(Array.from({ length: sent }, (_, i) => i));
      expect(ended()).toBeNull();
    });
  });

  test('reads no further where a client sends nothing but empty requests behind one that waits', async () => {
    await between({}, async ({ cluster, there, here }) => {
      const readings: boolean[] = [];
      const listen = there.listen.bind(there);
      there.listen = (port, onConnection) =>
        listen(port, (connection) => {
          connection.setReading = (isReading) => void readings.push(isReading);
          onConnection(connection);
        });
      const names = { listener: 'broker', listenerName: 'PLAINTEXT' } as const;
      const handlers: Handlers = { heartbeat: () => undefined };
      new NetworkServer(there, { port: 1, ...names, handlers, maxRequestBytes: 1000 });
      const connection = here.connect({ host: 'n1', port: 1 });
      const options = { correlationId: 1, clientId: '' };
      connection.write(encodeRequest(APIS.heartbeat, 3, options, heartbeat('g')));
      connection.write(new Uint8Array(64 * 1024));
      await cluster.clock.sleep(msToNs(1_000));
      expect(readings.at(-1)).toBe(false);
    });
  });

  test('a handler that nobody waits for any more may still answer', async () => {
    const held: Exchange<'heartbeat'>[] = [];
    await between({ heartbeat: (exchange) => void held.push(exchange) }, async ({ cluster, here }) => {
      const client = new NodeClient(here, { clientId: 'me' });
      expect(await ask(client, 'a', 20)).toMatchObject({ kind: 'failed', sent: true });
      await cluster.clock.sleep(msToNs(50));
      held[0]?.respond({ errorCode: ERROR.NONE });
    });
  });
});

describe('a connection that is silent', () => {
  const limits = { idleMaxMs: 60_000 };
  const answering: Handlers = { heartbeat: (exchange) => exchange.respond({ errorCode: ERROR.NONE }) };

  test('ends after its time, also with half a request; whoever comes back connects again', async () => {
    const body = async ({ cluster, here }: Nodes): Promise<void> => {
      const client = new NodeClient(here, { clientId: 'me' });
      await ask(client, 'a');
      const [silent, half] = [raw(here), raw(here)];
      half.connection.write(Uint8Array.of(0, 0, 1, 0, 1));
      await cluster.clock.sleep(msToNs(40_000));
      await ask(client, 'b');
      await cluster.clock.sleep(msToNs(19_000));
      expect([silent.ended(), half.ended()]).toEqual([null, null]);
      half.connection.write(Uint8Array.of(1));
      await cluster.clock.sleep(msToNs(2_000));
      expect([silent.ended(), half.ended()]).toEqual(['closed', null]);
      await cluster.clock.sleep(msToNs(59_000));
      expect(half.ended()).toBe('closed');
      expect(await ask(client, 'c')).toMatchObject({ kind: 'response' });
    };
    await between(answering, body, limits);
  });

  test('stays while an answer is owed, and its time begins with that', async () => {
    const held: Exchange<'heartbeat'>[] = [];
    const hold: Handlers = { heartbeat: (exchange) => void held.push(exchange) };
    const body = async ({ cluster, here }: Nodes): Promise<void> => {
      const { connection, frames, ended } = raw(here);
      connection.write(encodeRequest(APIS.heartbeat, 3, { correlationId: 1, clientId: '' }, heartbeat('g')));
      await cluster.clock.sleep(msToNs(200_000));
      held[0]?.respond({ errorCode: ERROR.NONE });
      await cluster.clock.sleep(msToNs(59_000));
      expect([frames.length, ended()]).toEqual([1, null]);
      await cluster.clock.sleep(msToNs(2_000));
      expect(ended()).toBe('closed');
    };
    await between(hold, body, limits);
  });

  test('stays where connections.max.idle.ms is below 0', async () => {
    const body = async ({ cluster, here }: Nodes): Promise<void> => {
      const { ended } = raw(here);
      await cluster.clock.sleep(msToNs(10_000_000));
      expect(ended()).toBeNull();
    };
    await between(answering, body, { idleMaxMs: -1 });
  });
});

describe('connections beyond the quota', () => {
  const answering: Handlers = { heartbeat: (exchange) => exchange.respond({ errorCode: ERROR.NONE }) };

  test.each([
    ['max.connections', { max: 3, maxPerHost: 100 }],
    ['max.connections.per.ip', { max: 100, maxPerHost: 3 }],
  ])('of %s are turned away at once, until one of the others ends', async (_name, options) => {
    const body = async ({ cluster, here }: Nodes): Promise<void> => {
      const client = new NodeClient(here, { clientId: 'me' });
      await ask(client, 'a');
      const taken = [raw(here), raw(here)];
      await cluster.clock.sleep(msToNs(50));
      const more = Array.from({ length: 5 }, () => raw(here));
      await cluster.clock.sleep(msToNs(50));
      expect(more.map(({ ended }) => ended())).toEqual(Array(5).fill('closed'));
      expect(taken.map(({ ended }) => ended())).toEqual([null, null]);
      expect(await ask(client, 'b')).toMatchObject({ kind: 'response' });
      taken[0]?.connection.close();
      await cluster.clock.sleep(msToNs(50));
      const next = [raw(here), raw(here)];
      await cluster.clock.sleep(msToNs(50));
      expect(next.map(({ ended }) => ended()).sort()).toEqual(['closed', null].sort());
    };
    await between(answering, body, { quota: new ConnectionQuota(options) });
  });
});

describe('a client of another node', () => {
  test('fails what is late, and what waits behind it, and connects again', async () => {
    let count = 0;
    const handlers: Handlers = {
      heartbeat: (exchange) => {
        count++;
        if (count > 1) exchange.respond({ errorCode: ERROR.NONE });
      },
    };
    await between(handlers, async ({ here }) => {
      const client = new NodeClient(here, { clientId: 'me' });
      const both = await Promise.all([ask(client, 'a', 100), ask(client, 'b', 5000)]);
      expect(both.map((outcome) => outcome.kind === 'failed' && outcome.reason)).toEqual(
        Array(2).fill('n1:9092 did not answer in time'),
      );
      expect(await ask(client, 'c')).toMatchObject({ kind: 'response' });
      client.close();
      expect(await ask(client, 'd')).toEqual({ kind: 'failed', reason: 'the client is closed', sent: false });
    });
  });

  test('who waits less than those before it is not held up by their time', async () => {
    await between({ heartbeat: () => undefined }, async ({ here }) => {
      const client = new NodeClient(here, { clientId: 'me' });
      const patient = ask(client, 'a', 5000);
      const begun = here.monotonicNs();
      expect(await ask(client, 'b', 100)).toMatchObject({ reason: 'n1:9092 did not answer in time' });
      expect(here.monotonicNs() - begun).toBeLessThan(msToNs(200));
      expect(await patient).toMatchObject({ kind: 'failed', sent: true });
    });
  });

  test('says when nobody listens', async () => {
    await between({}, async ({ here }) => {
      const client = new NodeClient(here, { clientId: 'me' });
      const outcome = await send(client, { host: 'n1', port: 1 }, 'heartbeat', 3, heartbeat('g'), 1000);
      const reason = 'n1:1: connection refused';
      expect(outcome).toEqual({ kind: 'failed', reason, sent: false, isRefused: true });
    });
  });
});
