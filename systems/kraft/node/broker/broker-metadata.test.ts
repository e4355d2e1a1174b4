/** What a broker is told of the metadata, and when. */
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../../harness/random.ts';
import { controllerRulesWith } from '../../controller/bugs.ts';
import { MetadataImage } from '../../controller/metadata-image.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import { RESOURCE } from '../../controller/metadata-records.ts';
import { newPartition, partitionToRecord } from '../../controller/registrations.ts';
import { ControllerRig } from '../../controller/testing/controller-rig.ts';
import type { MetadataChanges } from '../parts.ts';
import { ImageFollower } from './broker-metadata.ts';
import { changesBetween } from './image-changes.ts';

const rules = controllerRulesWith([]);
const T1 = 'AAAAAAAAAAAAAAAAAAAAAQ';
const T2 = 'AAAAAAAAAAAAAAAAAAAAAg';

const register = (brokerId: number, brokerEpoch: number): MetadataRecord => ({
  type: 'register-broker',
  brokerId,
  incarnationId: `AAAAAAAAAAAAAAAAAAAA${String.fromCharCode(65 + brokerId)}A`,
  brokerEpoch,
  endPoints: [{ name: 'PLAINTEXT', host: `b${brokerId}`, port: 9092, securityProtocol: 0 }],
  features: [],
  rack: null,
  fenced: true,
  inControlledShutdown: false,
  logDirs: [],
});
const topic = (name: string, topicId: string): MetadataRecord => ({ type: 'topic', name, topicId });
const partition = (topicId: string, id: number): MetadataRecord =>
  partitionToRecord(newPartition(topicId, id, [1], [T2], [1]));
const config = (resourceType: number, resourceName: string, value: string | null = '1'): MetadataRecord => ({
  type: 'config',
  resourceType,
  resourceName,
  name: 'retention.ms',
  value,
});

/** As plain values, without the image. */
const plain = ({ offset, brokersChanged, partitions, deletedTopics, configs }: MetadataChanges) => ({
  offset,
  brokersChanged,
  partitions: Object.fromEntries([...partitions].map(([id, ids]) => [id, [...ids]])),
  deletedTopics,
  configs: configs === null ? null : [...configs],
});

function follow(): { follower: ImageFollower; told: ReturnType<typeof plain>[] } {
  const follower = new ImageFollower({ nodeId: 1, rules });
  const told: ReturnType<typeof plain>[] = [];
  follower.subscribe((changes) => void told.push(plain(changes)));
  return { follower, told };
}

/** Caught up at offset 4, with topic `a` of two partitions. */
function caughtUp(): ReturnType<typeof follow> {
  const followed = follow();
  const { follower, told } = followed;
  follower.committed(0, [topic('a', T1), partition(T1, 0), partition(T1, 1)]);
  follower.committed(4, [register(1, 4)]);
  follower.registered(4);
  told.length = 0;
  return followed;
}

describe('before this boot is registered', () => {
  test('nobody is told, however much is replayed', () => {
    const { follower, told } = follow();
    follower.committed(0, [register(1, 0), topic('a', T1), partition(T1, 0)]);
    expect([told, follower.isCaughtUp, follower.offset, follower.brokerEpoch]).toEqual([[], false, 2, -1]);
  });

  test('nor by a registration of an earlier boot; all is new with the own one', () => {
    const { follower, told } = follow();
    follower.committed(0, [register(1, 0), topic('a', T1), partition(T1, 0)]);
    follower.registered(4);
    follower.committed(3, [config(RESOURCE.topic, 'a')]);
    expect(told).toEqual([]);
    follower.committed(4, [register(1, 4)]);
    const all = {
      offset: 4,
      brokersChanged: true,
      partitions: { [T1]: [0] },
      deletedTopics: [],
      configs: null,
    };
    expect(told).toEqual([all]);
    expect(follower.isCaughtUp).toBe(true);
  });

  test('the answer may come after the record', () => {
    const { follower, told } = follow();
    follower.committed(4, [register(1, 4)]);
    expect(told).toEqual([]);
    follower.registered(4);
    follower.registered(4);
    expect(told).toMatchObject([{ offset: 4, configs: null }]);
  });

  test('a later registration of another process is not its own', () => {
    const { follower, told } = follow();
    follower.committed(4, [register(1, 4)]);
    follower.committed(5, [register(1, 5)]);
    follower.registered(4);
    expect(told).toEqual([]);
  });

  test('a snapshot may bring it', () => {
    const { follower, told } = follow();
    follower.registered(4);
    follower.loadSnapshot([register(1, 4), topic('a', T1), partition(T1, 0)], 90);
    expect(told).toMatchObject([{ offset: 90, brokersChanged: true, partitions: { [T1]: [0] } }]);
  });
});

describe('afterwards', () => {
  test('changes are told once for each call, together', () => {
    const { follower, told } = caughtUp();
    follower.committed(5, [
      topic('b', T2),
      config(RESOURCE.topic, 'b'),
      partition(T2, 0),
      { type: 'partition-change', topicId: T1, partitionId: 1, isr: [] },
      { type: 'unfence-broker', id: 1, epoch: 4 },
    ]);
    expect(told).toEqual([
      {
        offset: 9,
        brokersChanged: true,
        partitions: { [T2]: [0], [T1]: [1] },
        deletedTopics: [],
        configs: ['b'],
      },
    ]);
  });

  test('what brokers do not act on is told to nobody, and counts in the offset', () => {
    const { follower, told } = caughtUp();
    follower.committed(7, [{ type: 'no-op' }]);
    follower.committed(8, [{ type: 'producer-ids', brokerId: 1, brokerEpoch: 4, nextProducerId: 1000 }]);
    expect([told, follower.offset, follower.image.nextProducerId]).toEqual([[], 8, 1000]);
  });

  test('a topic that goes is told by id and name; one of its name that comes is another', () => {
    const { follower, told } = caughtUp();
    follower.committed(5, [{ type: 'remove-topic', topicId: T1 }, topic('a', T2), partition(T2, 0)]);
    expect(told).toEqual([
      {
        offset: 7,
        brokersChanged: false,
        partitions: { [T2]: [0] },
        deletedTopics: [{ id: T1, name: 'a' }],
        configs: [],
      },
    ]);
  });

  test('a topic that comes and goes in one call was never there', () => {
    const { follower, told } = caughtUp();
    follower.committed(5, [topic('b', T2), partition(T2, 0), { type: 'remove-topic', topicId: T2 }]);
    expect(told).toEqual([]);
  });

  test('a configuration of brokers is one of all topics', () => {
    const { follower, told } = caughtUp();
    follower.committed(5, [config(RESOURCE.topic, 'a'), config(RESOURCE.broker, '')]);
    expect(told).toMatchObject([{ configs: null }]);
  });

  test('records that cannot have happened are refused, and so are offsets twice', () => {
    const { follower } = caughtUp();
    expect(() => follower.committed(5, [partition(T2, 0)])).toThrow('there is no topic');
    expect(() => follower.committed(4, [{ type: 'no-op' }])).toThrow('offset 4 was replayed already');
  });

  test('who subscribes late is told of everything, and then as all others', async () => {
    const { follower } = caughtUp();
    const late: unknown[] = [];
    follower.subscribe((changes) => void late.push(plain(changes)));
    expect(late).toEqual([]);
    await Promise.resolve();
    expect(late).toMatchObject([{ offset: 4, brokersChanged: true, configs: null }]);
    follower.committed(5, [config(RESOURCE.topic, 'a')]);
    expect(late).toMatchObject([{}, { offset: 5, configs: ['a'] }]);
  });
});

describe('a snapshot', () => {
  test('is told by what it changes', () => {
    const { follower, told } = caughtUp();
    const other = newPartition(T1, 1, [1], [T2], [1]);
    follower.loadSnapshot(
      [
        register(1, 4),
        topic('a', T1),
        partition(T1, 0),
        partitionToRecord({ ...other, leader: -1, partitionEpoch: 1 }),
        config(RESOURCE.topic, 'a'),
        topic('b', T2),
        partition(T2, 0),
      ],
      50,
    );
    expect(told).toEqual([
      {
        offset: 50,
        brokersChanged: false,
        partitions: { [T1]: [1], [T2]: [0] },
        deletedTopics: [],
        configs: ['a'],
      },
    ]);
    follower.loadSnapshot([register(1, 4), register(2, 60)], 70);
    expect(told[1]).toEqual({
      offset: 70,
      brokersChanged: true,
      partitions: {},
      deletedTopics: [
        { id: T1, name: 'a' },
        { id: T2, name: 'b' },
      ],
      configs: [],
    });
  });

  test('of the same state is told to nobody', () => {
    const { follower, told } = caughtUp();
    follower.loadSnapshot(follower.snapshotRecords(), 40);
    expect([told, follower.offset]).toEqual([[], 40]);
    follower.committed(41, [config(RESOURCE.topic, 'a')]);
    expect(told).toMatchObject([{ offset: 41 }]);
  });

  test('of brokers’ configuration counts for all topics', () => {
    const { follower, told } = caughtUp();
    follower.loadSnapshot([...follower.snapshotRecords(), config(RESOURCE.broker, '1')], 40);
    expect(told).toMatchObject([{ configs: null, brokersChanged: false, partitions: {} }]);
  });
});

/** A cluster's history by a real controller: brokers come and go, topics are made, changed and deleted. */
function history(seed: number): MetadataRecord[][] {
  const rig = new ControllerRig({ seed });
  const random = randomStream(seed, 'history');
  const epochs = new Map<number, number>();
  const batches: MetadataRecord[][] = [];
  const keep = (records: readonly MetadataRecord[]): void => {
    if (records.length > 0) batches.push([...records]);
    rig.commit();
  };
  for (let step = 0; step < 40; step++) {
    rig.nowMs += random.integer(0, 3000);
    const brokerId = random.integer(1, 3);
    const name = `t${random.integer(1, 3)}`;
    const kind = random.integer(0, 5);
    if (kind === 0) {
      const incarnationId = `AAAAAAAAAAAAAAAAAAA${'ABCDEFGH'[step % 8]}${'ABCDEFGH'[brokerId]}A`;
      const logDirs = [`AAAAAAAAAAAAAAAAAAAAA${'AQgw'[brokerId]}`];
      const request = { clusterId: 'cluster', brokerId, incarnationId, logDirs, previousBrokerEpoch: -1 };
      const outcome = rig.core.registerBroker(rig.nowMs, {
        ...request,
        endPoints: [],
        features: [],
        rack: null,
      });
      keep(rig.perform(outcome, ({ brokerEpoch }) => void epochs.set(brokerId, brokerEpoch)));
    } else if (kind === 1) {
      const brokerEpoch = epochs.get(brokerId) ?? -1;
      const metadataOffset = random.chance(0.8) ? rig.log.length : 0;
      const wishes = { wantsFence: random.chance(0.3), wantsShutdown: false };
      keep(rig.perform(rig.core.heartbeat(rig.nowMs, { brokerId, brokerEpoch, metadataOffset, ...wishes })));
    } else if (kind === 2) {
      const wanted = { name, partitions: 2, replicationFactor: 1, assignments: null, configs: {} };
      keep(rig.perform(rig.core.createTopics(rig.nowMs, { topics: [wanted], validateOnly: false })));
    } else if (kind === 3) {
      const changes = [{ name: 'retention.ms', operation: 'set' as const, value: String(step) }];
      const resources = [{ type: RESOURCE.topic, name, changes }];
      keep(rig.perform(rig.core.alterConfigs(rig.nowMs, { resources, validateOnly: false })));
    } else if (kind === 4 && random.chance(0.4)) {
      keep(rig.perform(rig.core.deleteTopics(rig.nowMs, [{ name }])));
    } else {
      keep(rig.perform(rig.core.tick(rig.nowMs)));
    }
  }
  return batches;
}

test('what records say that changed is what two images differ in', () => {
  let compared = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const { follower, told } = follow();
    follower.committed(0, [register(1, 0)]);
    follower.registered(0);
    follower.loadSnapshot([], 0);
    let offset = 1;
    for (const batch of history(seed)) {
      told.length = 0;
      const before = new MetadataImage(rules, follower.image);
      follower.committed(offset, batch);
      offset += batch.length;
      const difference = changesBetween(before, follower.image, offset - 1);
      const [changes] = told;
      if (difference === null) continue;
      compared++;
      const found = plain(difference);
      // Records may change something and change it back, or fence who is fenced.
      expect(Object.keys(changes?.partitions ?? {})).toEqual(
        expect.arrayContaining(Object.keys(found.partitions)),
      );
      for (const [id, ids] of Object.entries(found.partitions)) {
        expect(changes?.partitions[id]).toEqual(expect.arrayContaining(ids));
      }
      expect(changes?.deletedTopics).toEqual(found.deletedTopics);
      expect(changes?.configs).toEqual(expect.arrayContaining(found.configs ?? []));
      expect(changes?.brokersChanged || !found.brokersChanged).toBe(true);
    }
  }
  expect(compared).toBeGreaterThan(300);
});
