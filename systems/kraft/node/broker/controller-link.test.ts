/** Requests to the active controller while controllers come, go, and are slow: over the simulator's network. */
import { describe, expect, test } from 'vitest';
import { SimCluster } from '../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { ApiName, RequestBody, RequestInputBody, ResponseBody } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { Reader, ZERO_UUID } from '../../wire/bytes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { decodeRequest, encodeRequest, encodeResponse } from '../../wire/requests.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { NodeOutcome } from '../network/node-client.ts';
import { NetworkServer } from '../network/network-server.ts';
import { ControllerClient } from './controller-link.ts';

const PORT = 9093;
const NODES = ['n1', 'n2', 'broker'];
const heartbeat: RequestInputBody<'brokerHeartbeat'> = {
  brokerId: 1,
  currentMetadataOffset: 7,
  wantFence: false,
  wantShutDown: false,
};
const createOrders: RequestInputBody<'createTopics'> = {
  topics: [{ name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  timeoutMs: 5000,
};

interface Rig {
  readonly cluster: SimCluster;
  readonly link: ControllerClient;
  readonly runtime: Runtime;
  sleep(ms: number): Promise<void>;
  heartbeat(timeoutMs?: number): Promise<NodeOutcome<'brokerHeartbeat'>>;
  createTopics(timeoutMs?: number): Promise<NodeOutcome<'createTopics'>>;
}

/** @param handlers - of node 1 and 2; where there are none, nobody listens */
async function withLink(
  handlers: readonly (Handlers | null)[],
  body: (rig: Rig) => Promise<void>,
): Promise<void> {
  let runtime: Runtime | null = null;
  const system = toySystem((node, { name }) => {
    if (name === 'broker') runtime = node;
    const served = handlers[NODES.indexOf(name)];
    if (served === undefined || served === null) return;
    new NetworkServer(node, {
      port: PORT,
      listener: 'controller',
      listenerName: 'CONTROLLER',
      handlers: served,
      maxRequestBytes: 100_000,
    });
  });
  const cluster = new SimCluster({ system, nodes: NODES, seed: 1 });
  try {
    await cluster.run(async () => {
      await cluster.start();
      const here = runtime as unknown as Runtime;
      const link = new ControllerClient(here, {
        clientId: 'broker-9',
        controllerAddress: (id) => (id > 2 ? null : { host: `n${id}`, port: PORT }),
        requestTimeoutMs: 2000,
        retryBackoffMs: 20,
      });
      await body({
        cluster,
        link,
        runtime: here,
        sleep: (ms) => cluster.clock.sleep(msToNs(ms)),
        heartbeat: (timeoutMs = 5000) =>
          new Promise((resolve) => link.request('brokerHeartbeat', 1, heartbeat, timeoutMs, resolve)),
        createTopics: (timeoutMs = 5000) =>
          new Promise((resolve) => link.request('createTopics', 4, createOrders, timeoutMs, resolve)),
      });
    });
  } finally {
    await cluster.stop();
  }
}

/** Counts what comes, and answers heartbeats with the codes in turn, the last one for ever; null: never. */
function beats(codes: readonly (number | null)[]): { handlers: Handlers; count: () => number } {
  let count = 0;
  const handlers: Handlers = {
    brokerHeartbeat: (exchange) => {
      const errorCode = codes[Math.min(count++, codes.length - 1)] ?? null;
      if (errorCode !== null) exchange.respond({ errorCode, isFenced: false, shouldShutDown: false });
    },
  };
  return { handlers, count: () => count };
}

/** Opens envelopes, and answers what is in them. */
function envelopes(answer: (exchange: Exchange<'envelope'>, count: number) => void): {
  handlers: Handlers;
  count: () => number;
} {
  let count = 0;
  return { handlers: { envelope: (exchange) => answer(exchange, ++count) }, count: () => count };
}

function openEnvelope(exchange: Exchange<'envelope'>) {
  const request = decodeRequest(exchange.body.requestData, 'broker');
  if (request.kind !== 'request') throw new Error(request.kind);
  return request;
}

function created(
  exchange: Exchange<'envelope'>,
  correlationId = openEnvelope(exchange).header.correlationId,
): void {
  const body = { topics: [{ name: 'orders', errorCode: ERROR.NONE }] };
  const frame = encodeResponse(APIS.createTopics, 4, correlationId, body);
  exchange.respond({ errorCode: ERROR.NONE, responseData: frame.subarray(LENGTH_BYTES) });
}

const ok = { kind: 'response', body: { errorCode: ERROR.NONE } };

describe('a request', () => {
  test('waits for a leader, and goes to the one that is there', async () => {
    const [one, two] = [beats([ERROR.NONE]), beats([ERROR.NONE])];
    await withLink([one.handlers, two.handlers], async ({ link, sleep, heartbeat: ask }) => {
      const asked = ask();
      await sleep(500);
      expect([one.count(), two.count()]).toEqual([0, 0]);
      link.leader(2);
      expect(await asked).toMatchObject(ok);
      expect([one.count(), two.count()]).toEqual([0, 1]);
    });
  });

  test('fails when its time is up: where nobody leads, where nobody listens, where the address is not known', async () => {
    await withLink([null, null], async ({ link, heartbeat: ask }) => {
      const failed = {
        kind: 'failed',
        sent: false,
        reason: 'BrokerHeartbeat: no answer of the active controller in 300 ms',
      };
      expect(await ask(300)).toEqual(failed);
      link.leader(1);
      expect(await ask(300)).toEqual(failed);
      link.leader(3);
      expect(await ask(300)).toEqual(failed);
    });
  });

  test('is asked again of who is not the active controller yet', async () => {
    const one = beats([ERROR.NOT_CONTROLLER, ERROR.NOT_CONTROLLER, ERROR.NONE]);
    await withLink([one.handlers], async ({ link, heartbeat: ask }) => {
      link.leader(1);
      expect(await ask()).toMatchObject(ok);
      expect(one.count()).toBe(3);
    });
  });

  test('that waited long for a leader is soon asked again of one who serves only in a moment', async () => {
    const one = beats([ERROR.NOT_CONTROLLER, ERROR.NOT_CONTROLLER, ERROR.NONE]);
    await withLink([one.handlers], async ({ cluster, link, sleep, heartbeat: ask }) => {
      const asked = ask();
      await sleep(4000);
      link.leader(1);
      const begin = cluster.clock.now();
      expect(await asked).toMatchObject(ok);
      expect(cluster.clock.now() - begin).toBeLessThan(msToNs(200));
    });
  });

  test('that stays unanswered is asked again of the next leader, and its late answer is nobody’s', async () => {
    const [one, two] = [beats([null]), beats([ERROR.NONE])];
    await withLink([one.handlers, two.handlers], async ({ link, sleep, heartbeat: ask }) => {
      link.leader(1);
      const asked = ask();
      await sleep(100);
      link.leader(null);
      await sleep(100);
      expect(two.count()).toBe(0);
      link.leader(2);
      expect(await asked).toMatchObject(ok);
    });
  });

  test('that stays unanswered is asked again over another connection of the same leader', async () => {
    const one = beats([null, ERROR.NONE]);
    await withLink([one.handlers], async ({ link, heartbeat: ask }) => {
      link.leader(1);
      expect(await ask()).toMatchObject(ok);
      expect(one.count()).toBe(2);
    });
  });

  test('whose time is up while it is under way was sent; the answer that comes then is dropped', async () => {
    const held: Exchange<'brokerHeartbeat'>[] = [];
    const handlers: Handlers = { brokerHeartbeat: (exchange) => void held.push(exchange) };
    await withLink([handlers], async ({ link, sleep, runtime }) => {
      link.leader(1);
      const outcomes: NodeOutcome<'brokerHeartbeat'>[] = [];
      link.request('brokerHeartbeat', 1, heartbeat, 200, (outcome) => void outcomes.push(outcome));
      await sleep(300);
      held[0]?.respond({ errorCode: ERROR.NONE, shouldShutDown: false });
      await sleep(300);
      expect(outcomes).toMatchObject([{ kind: 'failed', sent: true }]);
      expect(runtime.host).toBe('broker');
    });
  });

  test('that a second time would do harm is not sent twice', async () => {
    const one = envelopes(() => {});
    await withLink([one.handlers, one.handlers], async ({ link, sleep, createTopics }) => {
      link.leader(1);
      const asked = createTopics();
      await sleep(100);
      link.leader(2);
      expect(await asked).toMatchObject({
        kind: 'failed',
        sent: true,
        reason: 'CreateTopics: node 2 leads now',
      });
      expect(one.count()).toBe(1);
    });
  });

  test('that a controller takes in envelopes only travels in one', async () => {
    const one = envelopes((exchange, count) => {
      const { name, body } = openEnvelope(exchange);
      expect([name, (body as RequestBody<'createTopics'>).topics[0]?.name]).toEqual([
        'createTopics',
        'orders',
      ]);
      if (count > 1) return created(exchange);
      // Nothing in it was decided: it may be sent again.
      exchange.respond({ errorCode: ERROR.NOT_CONTROLLER });
    });
    await withLink([one.handlers], async ({ link, createTopics }) => {
      link.leader(1);
      expect(await createTopics()).toMatchObject({
        kind: 'response',
        body: { topics: [{ name: 'orders', errorCode: ERROR.NONE }] },
      });
      expect(one.count()).toBe(2);
    });
  });

  test.each([
    ['an error', { errorCode: ERROR.UNSUPPORTED_VERSION, responseData: null }, 'UNSUPPORTED_VERSION'],
    ['nothing', { errorCode: ERROR.NONE, responseData: null }, 'refused the envelope'],
    ['another answer', { errorCode: ERROR.NONE, responseData: Uint8Array.of(0, 0, 0, 9) }, 'another request'],
    ['too few bytes', { errorCode: ERROR.NONE, responseData: Uint8Array.of(0, 0) }, 'another request'],
    [
      'half an answer',
      { errorCode: ERROR.NONE, responseData: Uint8Array.of(0, 0, 0, 0, 1) },
      'cannot be read',
    ],
  ])('is answered by %s in an envelope', async (_name, response, reason) => {
    const one = envelopes((exchange) => exchange.respond(response));
    await withLink([one.handlers], async ({ link, createTopics }) => {
      link.leader(1);
      const outcome = await createTopics();
      expect(outcome).toMatchObject({ kind: 'failed', sent: true });
      expect(outcome.kind === 'failed' && outcome.reason).toContain(reason);
    });
  });

  test('fails at once when the link is closed, and so does what waits', async () => {
    await withLink([], async ({ link, heartbeat: ask }) => {
      const waiting = ask();
      link.close();
      link.close();
      expect(await waiting).toMatchObject({ kind: 'failed', sent: false });
      expect(await ask()).toEqual({ kind: 'failed', reason: 'the broker stops', sent: false });
    });
  });

  test('fails at once where too many wait', async () => {
    await withLink([], async ({ link, sleep }) => {
      const reasons: string[] = [];
      for (let i = 0; i < 10_001; i++) {
        link.request('brokerHeartbeat', 1, heartbeat, 60_000, (outcome) => {
          if (outcome.kind === 'failed') reasons.push(outcome.reason);
        });
      }
      await sleep(1);
      expect(reasons).toEqual(['10000 requests wait already']);
      link.close();
    });
  });

  test('does not wait behind others’ requests', async () => {
    const one: Handlers = { ...beats([ERROR.NONE]).handlers, envelope: () => undefined };
    await withLink([one], async ({ link, heartbeat: ask, createTopics }) => {
      link.leader(1);
      const slow = createTopics(4000);
      expect(await ask(100)).toMatchObject(ok);
      expect(await slow).toMatchObject({ kind: 'failed', sent: true });
    });
  });

  test('that changes the voters takes its time, and holds up nobody', async () => {
    const held: Exchange<'addRaftVoter'>[] = [];
    const one: Handlers = {
      ...beats([ERROR.NONE]).handlers,
      addRaftVoter: (exchange) => void held.push(exchange),
      allocateProducerIds: (exchange) =>
        exchange.respond({ errorCode: ERROR.NONE, producerIdStart: 0, producerIdLen: 1000 }),
    };
    await withLink([one], async ({ link, sleep, heartbeat: ask }) => {
      link.leader(1);
      const voter = { clusterId: null, timeoutMs: 1, voterId: 9, voterDirectoryId: ZERO_UUID, listeners: [] };
      const change = new Promise<NodeOutcome<'addRaftVoter'>>((resolve) =>
        link.request('addRaftVoter', 1, voter, 60_000, resolve),
      );
      await sleep(20_000);
      const block = new Promise<NodeOutcome<'allocateProducerIds'>>((resolve) =>
        link.request('allocateProducerIds', 0, { brokerId: 1 }, 100, resolve),
      );
      expect(await Promise.all([ask(100), block])).toMatchObject([ok, ok]);
      held[0]?.respond({ errorCode: ERROR.NONE });
      expect(await change).toMatchObject(ok);
      expect(held.length).toBe(1);
    });
  });

  test('that only reads is asked again where the answer says that another leads', async () => {
    let count = 0;
    const partition = { partitionIndex: 0, leaderId: 1, leaderEpoch: 1, highWatermark: 3 };
    const describeQuorum = (exchange: Exchange<'describeQuorum'>): void => {
      const errorCode = count++ === 0 ? ERROR.NOT_LEADER_OR_FOLLOWER : ERROR.NONE;
      const partitions = [{ ...partition, errorCode, currentVoters: [], observers: [] }];
      exchange.respond({
        errorCode: ERROR.NONE,
        topics: [{ topicName: '__cluster_metadata', partitions }],
        nodes: [],
      });
    };
    await withLink([{ describeQuorum }], async ({ link }) => {
      link.leader(1);
      const outcome = await new Promise<NodeOutcome<'describeQuorum'>>((resolve) =>
        link.request('describeQuorum', 2, { topics: [] }, 5000, resolve),
      );
      expect(outcome).toMatchObject({ body: { topics: [{ partitions: [{ errorCode: ERROR.NONE }] }] } });
      expect(count).toBe(2);
    });
  });
});

interface Forwarded<N extends ApiName> {
  readonly exchange: Exchange<N>;
  readonly responses: ResponseBody<N>[];
  readonly frames: Uint8Array[];
  readonly ends: string[];
}

/** A client's request as a listener of brokers has it. */
function exchangeOf<N extends ApiName>(name: N, version: number, input: RequestInputBody<N>): Forwarded<N> {
  const identity = { correlationId: 77, clientId: 'kafkajs' };
  const api = APIS[name] as unknown as Parameters<typeof encodeRequest>[0];
  const frame = encodeRequest(api, version, identity, input as never).subarray(LENGTH_BYTES);
  const request = decodeRequest(frame, 'broker');
  if (request.kind !== 'request') throw new Error(request.kind);
  const [responses, frames, ends]: [ResponseBody<N>[], Uint8Array[], string[]] = [[], [], []];
  const exchange: Exchange<N> = {
    ...{ name, header: request.header, body: request.body as RequestBody<N>, frame },
    ...{ listener: 'broker', listenerName: 'PLAINTEXT', clientHost: '/10.0.0.7' },
    respond: (body) => void responses.push(body),
    respondFrame: (bytes) => void frames.push(bytes),
    finish: () => undefined,
    disconnect: (reason) => void ends.push(reason),
  };
  return { exchange, responses, frames, ends };
}

describe('a client’s request', () => {
  test('goes on as it came, from whom and where, and its answer comes back as it is', async () => {
    let received: RequestBody<'envelope'> | null = null;
    const one = envelopes((exchange) => {
      received = exchange.body;
      created(exchange);
    });
    await withLink([one.handlers], async ({ link, sleep }) => {
      link.leader(1);
      const { exchange, frames, responses } = exchangeOf('createTopics', 4, createOrders);
      link.forward(exchange);
      await sleep(100);
      const envelope = received as unknown as RequestBody<'envelope'>;
      expect([...envelope.requestData]).toEqual([...exchange.frame]);
      expect([...envelope.clientHostAddress]).toEqual([10, 0, 0, 7]);
      const principal = new Reader(envelope.requestPrincipal as Uint8Array);
      expect([principal.int16(), principal.compactString(), principal.compactString()]).toEqual([
        0,
        'User',
        'ANONYMOUS',
      ]);
      const body = { topics: [{ name: 'orders', errorCode: ERROR.NONE }] };
      expect(frames).toEqual([encodeResponse(APIS.createTopics, 4, 77, body)]);
      expect(responses).toEqual([]);
    });
  });

  test('that may have been executed is answered that nobody knows', async () => {
    const one = envelopes(() => {});
    await withLink([one.handlers, one.handlers], async ({ link, sleep }) => {
      link.leader(1);
      const { exchange, responses } = exchangeOf('createTopics', 4, createOrders);
      link.forward(exchange);
      await sleep(100);
      link.leader(2);
      await sleep(100);
      expect(responses).toEqual([
        {
          topics: [
            {
              name: 'orders',
              errorCode: ERROR.REQUEST_TIMED_OUT,
              errorMessage: 'CreateTopics: node 2 leads now',
            },
          ],
        },
      ]);
      expect(one.count()).toBe(1);
    });
  });

  test('waits as long as it says, within bounds', async () => {
    await withLink([], async ({ link, sleep }) => {
      const short = exchangeOf('deleteTopics', 3, { topicNames: ['orders'], timeoutMs: 0 });
      const long = exchangeOf('deleteTopics', 3, { topicNames: ['orders'], timeoutMs: 2 ** 31 - 1 });
      const silent = exchangeOf('unregisterBroker', 0, { brokerId: 4 });
      for (const { exchange } of [short, long, silent]) link.forward(exchange);
      await sleep(900);
      expect(short.responses).toEqual([]);
      await sleep(200);
      expect(short.responses).toMatchObject([
        { responses: [{ name: 'orders', errorCode: ERROR.REQUEST_TIMED_OUT }] },
      ]);
      await sleep(28_800);
      expect([long.responses, silent.responses]).toEqual([[], []]);
      await sleep(200);
      expect([long.responses.length, silent.responses.length]).toEqual([1, 1]);
    });
  });

  test('whose answer has no place for an error ends its connection', async () => {
    await withLink([], async ({ link, sleep }) => {
      const request = { topicPartitions: null, timeoutMs: 1000 };
      const { exchange, ends, responses } = exchangeOf('electLeaders', 0, request);
      link.forward(exchange);
      await sleep(1100);
      expect(responses).toEqual([]);
      expect(ends).toEqual(['ElectLeaders: no answer of the active controller in 1000 ms']);
    });
  });
});
