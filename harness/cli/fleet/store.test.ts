/** What a Redis keeps of a sweep, whoever writes at the same moment. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cell, header, record } from '../../sweep/testing/samples.ts';
import { temporaryFolder } from '../testing/command.ts';
import { type OwnRedis, redisRequirement, startRedis } from '../testing/redis.ts';
import { EXPIRY_S, FleetStore, type FleetSweep } from './store.ts';

const needed = redisRequirement();

const sweepNamed = (id: string): FleetSweep => ({
  id,
  header: header([cell('a'), cell('b', { expect: 'invalid' })]),
  code: { shaketableVersion: '0.1.0', gitRevision: null, project: null },
  rangeSeeds: 5,
});

describe.skipIf(needed.skip)(`the store of a fleet${needed.note}`, () => {
  const folder = temporaryFolder();
  let redis: OwnRedis;
  let store: FleetStore;
  beforeAll(async () => {
    redis = await startRedis(folder);
    store = new FleetStore(redis.client);
  });
  afterAll(() => redis.stop());

  it('takes one record of a seed, of however many that come at once', async () => {
    const sweep = sweepNamed('race');
    expect(await store.create(sweep)).toBe(true);
    const won = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        store.record('race', 0, record('a', 1 + (i % 3), { operations: i }), Buffer.from([i, 0, 255])),
      ),
    );
    expect(won.filter(Boolean)).toHaveLength(3);
    const records = await store.recordsFrom(sweep, 0);
    expect(records.map(({ seed }) => seed).sort()).toEqual([1, 2, 3]);
    expect(await store.cell('race', 0)).toEqual({ isFound: false, tookMs: 3000 });
    // The run is that of the record that won, byte by byte.
    for (const { seed, operations } of records)
      expect(await store.run('race', 0, seed)).toEqual(Buffer.from([operations, 0, 255]));
    expect(await store.recordsFrom(sweep, 2)).toEqual(records.slice(2));
    expect(await store.isRecorded('race', 0, 3)).toBe(true);
    expect(await store.isRecorded('race', 1, 3)).toBe(false);
    expect(await redis.client.ttl('shaketable:records:race')).toBeGreaterThan(EXPIRY_S - 100);
  });

  it('answers a record that is sent again as it did, and counts it once', async () => {
    const sweep = sweepNamed('again');
    await store.create(sweep);
    const send = (attempt?: string): Promise<boolean> =>
      store.record('again', 0, record('a', 1), Buffer.from([1]), attempt);
    expect([await send('mine'), await send('mine'), await send('theirs'), await send()]).toEqual([
      ...[true, true, false, false],
    ]);
    expect(await store.recordsFrom(sweep, 0)).toHaveLength(1);
    expect(await store.cell('again', 0)).toEqual({ isFound: false, tookMs: 1000 });
    await store.forget('again');
  });

  it('knows that a bug is found', async () => {
    await store.create(sweepNamed('bug'));
    await store.record('bug', 1, record('b', 4, { outcome: 'invalid' }), null);
    expect(await store.cell('bug', 1)).toEqual({ isFound: true, tookMs: 1000 });
    expect(await store.run('bug', 1, 4)).toBeNull();
  });

  it('has a name once, and nothing of what is forgotten', async () => {
    expect(await store.create(sweepNamed('once'))).toBe(true);
    expect(await store.create(sweepNamed('once'))).toBe(false);
    expect(await store.ids()).toContain('once');
    await store.forget('once');
    expect(await store.record('once', 0, record('a', 1), null)).toBe(false);
    expect(await store.isThere('once')).toBe(false);
    await expect(store.open('onec')).rejects.toThrow('unknown sweep "onec"');
    expect(await redis.client.keys('*once*')).toEqual([]);
    // What expired goes from the list, too.
    await redis.client.del('shaketable:sweep:bug');
    expect(await store.ids()).toEqual(['race']);
    expect((await store.open()).id).toBe('race');
  });
});
