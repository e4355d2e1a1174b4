/** Our client and kafkajs do the same for workloads, against nodes of ours in the simulator. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import { sToNs } from '../../../harness/units.ts';
import { inSim } from './testing/kraft-in-sim.ts';

const polledIn = (value: Json, key: string): Json[] => {
  const micros = value as [string, Record<string, [number, Json][]>][];
  return micros.flatMap(([f, found]) => (f === 'poll' ? (found[key] ?? []) : [])).map(([, value]) => value);
};

describe.each(['plain', 'kafkajs'])('the client %s', (client) => {
  test('sends and polls', async () => {
    await inSim({ options: { client, partitions: 2 } }, async ({ cluster, ok, eventually }) => {
      const sender = await cluster.openClient('n1', 1);
      await eventually(sender, 'send', [['send', 't0-0', 'a']]);
      const sends: Json = [
        ['send', 't0-0', 'b'],
        ['send', 't0-0', { c: 1 }],
        ['send', 't0-1', 'd'],
      ];
      expect(await ok(sender, 'send', sends)).toEqual([
        ['send', 't0-0', [1, 'b']],
        ['send', 't0-0', [2, { c: 1 }]],
        ['send', 't0-1', [0, 'd']],
      ]);
      const reader = await cluster.openClient('n2', 2);
      await ok(reader, 'assign', ['t0-0']);
      const all = [
        [0, 'a'],
        [1, 'b'],
        [2, { c: 1 }],
      ];
      expect(await eventually(reader, 'poll', null)).toEqual([['poll', { 't0-0': all }]]);
      expect(await ok(reader, 'poll', null)).toEqual([['poll', {}]]);
      await ok(sender, 'send', [['send', 't0-0', 'e']]);
      expect(await ok(reader, 'poll', null)).toEqual([['poll', { 't0-0': [[3, 'e']] }]]);
      await ok(reader, 'seek', { 't0-0': 2 });
      expect(polledIn(await ok(reader, 'poll', null), 't0-0')[0]).toEqual({ c: 1 });
      expect(await ok(reader, 'list-offsets', null)).toEqual({ 't0-0': { low: 0, high: 4 } });
      expect(await ok(sender, 'trim', { 't0-0': 3, 't0-1': 0 })).toEqual({ 't0-0': 3, 't0-1': 0 });
      expect(await ok(reader, 'list-offsets', null)).toEqual({ 't0-0': { low: 3, high: 4 } });
      // Of several partitions another may have been trimmed.
      expect(await sender.invoke({ f: 'trim', value: { 't0-0': 9 } })).toMatchObject({
        type: 'info',
        value: { 't0-0': 9 },
        error: { code: 'OFFSET_OUT_OF_RANGE' },
      });
    });
  });

  test('who assigns partitions anew goes on where he was, also where no poll had found anything since', async () => {
    await inSim({ options: { client, partitions: 2 } }, async ({ cluster, ok, eventually }) => {
      const sender = await cluster.openClient('n1', 1);
      await eventually(sender, 'send', [['send', 't0-0', 'a']]);
      const reader = await cluster.openClient('n2', 2);
      await ok(reader, 'assign', ['t0-0']);
      expect(polledIn(await eventually(reader, 'poll', null), 't0-0')).toEqual(['a']);
      await ok(reader, 'assign', ['t0-0', 't0-1']);
      expect(await eventually(reader, 'poll', null)).toEqual([['poll', {}]]);
      await ok(reader, 'assign', ['t0-0']);
      await ok(sender, 'send', [['send', 't0-0', 'b']]);
      expect(await eventually(reader, 'poll', null)).toEqual([['poll', { 't0-0': [[1, 'b']] }]]);
    });
  });

  test('asks brokers, whichever node it is of, and makes as many replicas as there are brokers', async () => {
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'];
    const options = { client, combinedRoles: false };
    await inSim({ nodes, options }, async ({ cluster, eventually }) => {
      const sender = await cluster.openClient('n1', 1);
      expect(await eventually(sender, 'send', [['send', 't0-0', 'a']])).toEqual([['send', 't0-0', [0, 'a']]]);
    });
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])('compresses with %s', async (compression) => {
    await inSim({ nodes: ['n1'], options: { client, compression } }, async ({ cluster, ok, eventually }) => {
      const one = await cluster.openClient('n1', 1);
      const value = 'so much of the same '.repeat(50);
      await eventually(one, 'send', [['send', 't0-0', value]]);
      await ok(one, 'assign', ['t0-0']);
      expect(polledIn(await eventually(one, 'poll', null), 't0-0')).toContain(value);
    });
  });

  test('subscribers share the partitions out, and go on where their group has committed', async () => {
    const options = { client, partitions: 4, sessionTimeoutMs: 2000 };
    await inSim({ options }, async ({ cluster, ok, invoke, eventually }) => {
      const sender = await cluster.openClient('n1', 1);
      for (let i = 0; i < 8; i++) await eventually(sender, 'send', [['send', `t0-${i % 4}`, i]]);
      const members = [await cluster.openClient('n2', 2), await cluster.openClient('n3', 3)];
      for (const member of members) await ok(member, 'subscribe', ['t0-0']);
      const polled: Json[] = [];
      for (let i = 0; i < 25; i++) {
        for (const member of members) polled.push((await invoke(member, 'poll', null)).value ?? null);
      }
      const owned = [];
      for (const member of members) {
        owned.push(((await ok(member, 'assignment', null)) as { partitions: string[] }).partitions);
      }
      expect(owned.map(({ length }) => length)).toEqual([2, 2]);
      expect(owned.flat().sort()).toEqual(['t0-0', 't0-1', 't0-2', 't0-3']);
      expect(JSON.stringify(polled)).toContain('rebalance');
      const committed = await ok(members[0] as never, 'commit', null);
      const [key, offset] = Object.entries(committed as Record<string, number>)[0] ?? ['', -1];
      expect(offset).toBe(2);
      expect(await ok(sender, 'committed', [key])).toEqual({ [key]: 2 });
      members[0]?.close();
      await cluster.clock.sleep(sToNs(4));
      const next = await cluster.openClient('n1', 4);
      await ok(next, 'subscribe', ['t0-0']);
      await eventually(next, 'poll', null);
      await ok(sender, 'send', [['send', key, 'new']]);
      const found: Json[] = [];
      for (let i = 0; i < 25; i++) {
        for (const member of [next, members[1] as never]) {
          found.push(...polledIn((await invoke(member, 'poll', null)).value ?? [], key));
        }
      }
      expect(found.at(-1)).toBe('new');
    });
  }, 30_000);

  test('transactions are seen whole or not at all', async () => {
    const options = { client, transactions: true, partitions: 2, transactionTimeoutMs: 3000 };
    await inSim({ options }, async ({ cluster, ok, invoke, eventually }) => {
      const sender = await cluster.openClient('n1', 1);
      const both = (value: Json): Json => [
        ['send', 't0-0', value],
        ['send', 't0-1', value],
      ];
      await eventually(sender, 'txn', both('a'));
      await ok(sender, 'txn', both('b'));
      const reader = await cluster.openClient('n2', 2);
      await ok(reader, 'assign', ['t0-0', 't0-1']);
      const seen: Record<string, Json[]> = { 't0-0': [], 't0-1': [] };
      for (let i = 0; i < 6; i++) {
        const value = (await invoke(reader, 'poll', null)).value ?? [];
        for (const [key, values] of Object.entries(seen)) values.push(...polledIn(value, key));
      }
      expect(seen).toEqual({ 't0-0': ['a', 'b'], 't0-1': ['a', 'b'] });
      const failed = await invoke(sender, 'txn', [
        ['send', 't0-0', 'c'],
        ['send', 't0-9', 'c'],
      ]);
      expect(failed.type).toBe('fail');
      await cluster.clock.sleep(sToNs(5));
      const next = await cluster.openClient('n3', 3);
      await eventually(next, 'txn', both('d'));
      for (let i = 0; i < 6; i++) {
        const value = (await invoke(reader, 'poll', null)).value ?? [];
        for (const [key, values] of Object.entries(seen)) values.push(...polledIn(value, key));
      }
      expect(seen).toEqual({ 't0-0': ['a', 'b', 'd'], 't0-1': ['a', 'b', 'd'] });
    });
  }, 30_000);

  test('a bank adds up', async () => {
    await inSim({ options: { client, partitions: 2 } }, async ({ cluster, ok, eventually }) => {
      const one = await cluster.openClient('n1', 1);
      await eventually(one, 'transfer', { from: 0, to: 1, amount: 5 });
      await ok(one, 'transfer', { from: 1, to: 2, amount: 2 });
      expect(await eventually(one, 'read', null)).toEqual({ 0: -5, 1: 3, 2: 2 });
    });
  });

  test('a node that is down leaves its partitions to the others', async () => {
    await inSim({ options: { client } }, async ({ cluster, ok, invoke, eventually }) => {
      const one = await cluster.openClient('n1', 1);
      for (let p = 0; p < 4; p++) await eventually(one, 'send', [['send', `t0-${p}`, 'before']]);
      // The topic of groups' offsets is made with the first question about a group, and needs all three then.
      await eventually(one, 'committed', ['t0-0']);
      await cluster.kill('n3');
      await cluster.clock.sleep(sToNs(5));
      for (let p = 0; p < 4; p++) await eventually(one, 'send', [['send', `t0-${p}`, 'after']]);
      await ok(one, 'assign', ['t0-0', 't0-1', 't0-2', 't0-3']);
      const seen: Json[] = [];
      for (let i = 0; i < 10; i++) {
        const value = (await invoke(one, 'poll', null)).value ?? [];
        for (let p = 0; p < 4; p++) seen.push(...polledIn(value, `t0-${p}`));
      }
      expect(seen.filter((value) => value === 'before').length).toBeGreaterThanOrEqual(4);
      expect(new Set(seen)).toEqual(new Set(['before', 'after']));
    });
  }, 30_000);
});

describe('our own client', () => {
  test('topics and the quorum, as its node sees them', async () => {
    await inSim({}, async ({ cluster, ok, invoke, eventually }) => {
      const one = await cluster.openClient('n1', 1);
      await eventually(one, 'create-topic', { topic: 'made', partitions: 1 });
      expect(await invoke(one, 'create-topic', { topic: 'made' })).toMatchObject({
        type: 'fail',
        error: { code: 'TOPIC_ALREADY_EXISTS' },
      });
      await cluster.clock.sleep(sToNs(1));
      expect(await ok(one, 'list-topics', null)).toEqual(['made']);
      expect(await ok(one, 'describe-topic', { topic: 'made' })).toMatchObject({
        topic: 'made',
        partitions: { 0: { leaderEpoch: 0 } },
      });
      expect(await ok(one, 'describe-quorum', null)).toMatchObject({ leaderEpoch: expect.any(Number) });
      await ok(one, 'delete-topic', { topic: 'made' });
      await cluster.clock.sleep(sToNs(1));
      expect(await ok(one, 'describe-topic', { topic: 'made' })).toEqual({ topic: 'made', partitions: null });
    });
  });

  test('acks=0 tells no offset; a send that nobody answers is in doubt; what was never sent is not', async () => {
    await inSim({ options: { acks: 0 } }, async ({ cluster, ok, eventually }) => {
      const one = await cluster.openClient('n1', 1);
      await eventually(one, 'send', [['send', 't0-0', 1]]);
      expect(await ok(one, 'send', [['send', 't0-0', 2]])).toEqual([['send', 't0-0', [null, 2]]]);
    });
    await inSim({}, async ({ cluster, invoke, eventually }) => {
      const one = await cluster.openClient('n1', 1);
      await eventually(one, 'send', [['send', 't0-0', 1]]);
      for (const node of cluster.nodes) await cluster.pause(node);
      expect(await invoke(one, 'send', [['send', 't0-0', 2]])).toMatchObject({
        type: 'info',
        error: { code: 'no-answer' },
      });
      for (const node of cluster.nodes) await cluster.kill(node);
      const two = await cluster.openClient('n2', 2);
      expect(await invoke(two, 'send', [['send', 't0-0', 3]])).toMatchObject({ type: 'fail' });
      expect(await invoke(two, 'poll', null)).toEqual({ type: 'ok', value: [['poll', {}]] });
      expect(await invoke(two, 'sing', null)).toMatchObject({ type: 'fail', error: { code: 'malformed' } });
    });
  });
});
