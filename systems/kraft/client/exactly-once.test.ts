/** Consume, transform, produce: who takes a partition over begins behind what an open transaction has taken (KIP-447). */
import { expect, test } from 'vitest';
import type { Address, Endpoint } from '../../runtime/runtime.ts';
import type { System } from '../../system.ts';
import { kraft } from '../index.ts';
import { CODEC } from '../records/compression.ts';
import { ERROR } from '../wire/error-codes.ts';
import { fetchOffsets } from './group-offsets.ts';
import { KafkaClient } from './kafka-client.ts';
import { keyOf } from './operations.ts';
import { Producer } from './producer.ts';
import { inSim } from './testing/kraft-in-sim.ts';

const REQUEST_TIMEOUT_MS = 1000;
const PATIENCE_MS = 20_000;

test('offsets are fetched when the transaction that moves them is decided', async () => {
  let reached: { readonly endpoint: Endpoint; readonly bootstrap: Address } | null = null;
  const system: System = {
    ...kraft,
    openClient: (endpoint, context) => {
      reached = { endpoint, bootstrap: context.address };
      return kraft.openClient(endpoint, context);
    },
  };
  await inSim({ system, nodes: ['n1'] }, async ({ cluster, ok, eventually }) => {
    const one = await cluster.openClient('n1', 1);
    await eventually(one, 'send', [['send', 't0-0', 'in']]);
    await eventually(one, 'committed', ['t0-0']);
    const { endpoint, bootstrap } = reached as unknown as NonNullable<typeof reached>;
    const client = new KafkaClient(endpoint, {
      ...{ clientId: 'a', bootstrap: [bootstrap], requestTimeoutMs: REQUEST_TIMEOUT_MS },
    });
    const producer = new Producer(client, {
      ...{ acks: -1, idempotence: true, transactionalId: 'a', transactionTimeoutMs: PATIENCE_MS },
      ...{ codec: CODEC.none, retries: 0, produceTimeoutMs: REQUEST_TIMEOUT_MS },
    });
    const key = keyOf('t0', 0);
    const within = (ms: number): number => client.nowMs + ms;
    const fetched = (isolation: 'read-committed' | 'read-uncommitted', ms: number) =>
      fetchOffsets(client, 'g', [key], isolation, within(ms));
    const identity = { group: 'g', memberId: '', generation: -1 };

    await producer.sendOffsets(identity, [{ key, offset: 1 }], within(PATIENCE_MS));
    expect(await fetched('read-uncommitted', PATIENCE_MS)).toEqual([{ key, offset: null }]);
    await expect(fetched('read-committed', 500)).rejects.toMatchObject({
      errorCode: ERROR.UNSTABLE_OFFSET_COMMIT,
    });
    const waiting = fetched('read-committed', PATIENCE_MS);
    await producer.end('commit', within(PATIENCE_MS));
    expect(await waiting).toEqual([{ key, offset: 1 }]);

    await producer.sendOffsets(identity, [{ key, offset: 7 }], within(PATIENCE_MS));
    const next = fetched('read-committed', PATIENCE_MS);
    await producer.end('abort', within(PATIENCE_MS));
    expect(await next).toEqual([{ key, offset: 1 }]);
    expect(await ok(one, 'committed', { group: 'g', offsets: { 't0-0': null } })).toMatchObject({
      offsets: { 't0-0': 1 },
    });
    client.close();
  });
});
