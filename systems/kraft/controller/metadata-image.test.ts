import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { checkImage, checkStep } from './invariants.ts';
import { ImpossibleRecordError, MetadataImage } from './metadata-image.ts';
import type { MetadataRecord, PartitionRecord } from './metadata-records.ts';
import { PartitionIndex } from './partition-index.ts';
import { newPartition, partitionToRecord } from './registrations.ts';
import type { PartitionRegistration } from './registrations.ts';
import { correctRules } from './rules.ts';
import { imageText, slowImage } from './testing/slow-image.ts';

const register = (brokerId: number, brokerEpoch: number, fenced = false): MetadataRecord => ({
  type: 'register-broker',
  brokerId,
  brokerEpoch,
  incarnationId: `process-${brokerEpoch}`,
  endPoints: [],
  features: [],
  rack: null,
  fenced,
  inControlledShutdown: false,
  logDirs: [],
});

const partition: PartitionRecord = {
  ...partitionToRecord(newPartition('id', 0, [1, 2], ['x', 'y'], [1, 2])),
};

const BASE: MetadataRecord[] = [
  { type: 'feature-level', name: 'eligible.leader.replicas.version', featureLevel: 1 },
  register(1, 3),
  register(2, 4),
  { type: 'topic', name: 'orders', topicId: 'id' },
  { type: 'config', resourceType: 2, resourceName: 'orders', name: 'retention.ms', value: '5' },
  partition,
  { type: 'producer-ids', brokerId: 1, brokerEpoch: 3, nextProducerId: 1000 },
];

function imageOf(...records: readonly MetadataRecord[]): MetadataImage {
  const image = new MetadataImage(correctRules);
  for (const record of records) image.apply(record);
  return image;
}

describe('an image', () => {
  test('is what its records say', () => {
    const image = imageOf(...BASE, {
      type: 'partition-change',
      topicId: 'id',
      partitionId: 0,
      isr: [2],
      leader: 2,
    });
    expect(image.partition('id', 0)).toMatchObject({
      isr: [2],
      leader: 2,
      leaderEpoch: 1,
      partitionEpoch: 1,
    });
    expect(image.topicByName('orders')?.id).toBe('id');
    expect(image.configs(2, 'orders')?.get('retention.ms')).toBe('5');
    expect(image.nextProducerId).toBe(1000);
    expect([...image.features]).toEqual([['eligible.leader.replicas.version', 1]]);
  });

  test('a later Partition record takes the place of an earlier one', () => {
    const later = { ...partition, leader: 2, leaderEpoch: 7, partitionEpoch: 3 };
    const image = imageOf(...BASE, later);
    expect(image.partition('id', 0)).toMatchObject({ leader: 2, leaderEpoch: 7, partitionEpoch: 3 });
    expect([image.index.leaderships(1), image.index.leaderships(2)]).toEqual([0, 1]);
    expect(() => image.apply({ ...later, leader: 1 })).toThrow(ImpossibleRecordError);
    expect(() => image.apply(partition)).toThrow(/exists already, in partition epoch 3/);
  });

  test('FenceBroker and UnfenceBroker, as older logs have them', () => {
    const image = imageOf(...BASE, { type: 'fence-broker', id: 1, epoch: 3 });
    expect(image.brokers.get(1)?.fenced).toBe(true);
    image.apply({ type: 'unfence-broker', id: 1, epoch: 3 });
    expect(image.brokers.get(1)?.fenced).toBe(false);
    image.apply({ type: 'broker-registration-change', brokerId: 1, brokerEpoch: 3, logDirs: ['z'] });
    expect(image.brokers.get(1)).toMatchObject({ fenced: false, logDirs: ['z'] });
  });

  test('forgets what is deleted', () => {
    const image = imageOf(
      ...BASE,
      { type: 'remove-topic', topicId: 'id' },
      { type: 'unregister-broker', brokerId: 1, brokerEpoch: 3 },
      { type: 'feature-level', name: 'eligible.leader.replicas.version', featureLevel: 0 },
      { type: 'no-op' },
    );
    expect(image.topics.size).toBe(0);
    expect(image.topicByName('orders')).toBeUndefined();
    expect(image.configs(2, 'orders')).toBeUndefined();
    expect(image.index.ofBroker(2)).toEqual([]);
    expect(image.index.leaderships(1)).toBe(0);
    expect(image.features.size).toBe(0);
    expect([...image.brokers.keys()]).toEqual([2]);
  });

  test('a copy goes its own way', () => {
    const image = imageOf(...BASE);
    const copy = image.copy();
    expect(imageText(slowImage(copy.toRecords()))).toBe(imageText(slowImage(BASE)));
    copy.apply({ type: 'partition-change', topicId: 'id', partitionId: 0, isr: [2], leader: 2 });
    copy.apply({
      type: 'config',
      resourceType: 2,
      resourceName: 'orders',
      name: 'retention.ms',
      value: null,
    });
    expect(imageText(slowImage(image.toRecords()))).toBe(imageText(slowImage(BASE)));
    expect([image.index.leaderships(1), copy.index.leaderships(1)]).toEqual([1, 0]);
  });

  test.each<[string, MetadataRecord]>([
    ['a topic twice', { type: 'topic', name: 'orders', topicId: 'other' }],
    ['an id twice', { type: 'topic', name: 'payments', topicId: 'id' }],
    ['a partition twice', partition],
    ['a partition of no topic', { ...partition, topicId: 'other' }],
    ['a partition without replicas', { ...partition, partitionId: 1, replicas: [] }],
    ['a change of no partition', { type: 'partition-change', topicId: 'id', partitionId: 7, leader: 1 }],
    ['a change of no topic', { type: 'partition-change', topicId: 'other', partitionId: 0, leader: 1 }],
    ['the end of no topic', { type: 'remove-topic', topicId: 'other' }],
    ['an older registration', register(2, 3)],
    ['a broker that is not there', { type: 'fence-broker', id: 9, epoch: 3 }],
    ['another registration', { type: 'unfence-broker', id: 1, epoch: 4 }],
    ['another registration', { type: 'unregister-broker', brokerId: 1, brokerEpoch: 4 }],
    ['another registration', { type: 'broker-registration-change', brokerId: 1, brokerEpoch: 4 }],
    ['ids again', { type: 'producer-ids', brokerId: 1, brokerEpoch: 3, nextProducerId: 1000 }],
  ])('%s cannot be', (_title, record) => {
    expect(() => imageOf(...BASE, record)).toThrow(ImpossibleRecordError);
  });
});

describe('the index', () => {
  test('is what a search finds', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = randomStream(seed, 'index');
        let index = new PartitionIndex();
        const partitions = new Map<string, PartitionRegistration>();
        for (let step = 0; step < 60; step++) {
          const topicId = random.pick(['a', 'b']);
          const partitionId = random.integer(0, 3);
          const key = `${topicId}/${partitionId}`;
          const before = partitions.get(key) ?? null;
          const replicas = random.shuffle([1, 2, 3, 4]).slice(0, random.integer(1, 3));
          const after: PartitionRegistration | null =
            before !== null && random.chance(0.2)
              ? null
              : {
                  ...newPartition(topicId, partitionId, replicas, [], replicas),
                  leader: random.pick([-1, ...replicas]),
                  addingReplicas: random.chance(0.2) ? replicas : [],
                };
          if (after === null) partitions.delete(key);
          else partitions.set(key, after);
          index.update(before, after);
          if (random.chance(0.1)) index = new PartitionIndex(index);
        }
        const all = [...partitions.values()];
        const keys = (found: readonly { topicId: string; partitionId: number }[]): string[] =>
          found.map((p) => `${p.topicId}/${p.partitionId}`).sort();
        for (const broker of [1, 2, 3, 4, 5]) {
          const expected = all.filter((p) => p.replicas.includes(broker));
          expect(keys(index.ofBroker(broker))).toEqual(keys(expected));
          expect(index.replicaCount(broker)).toBe(expected.length);
          expect(index.leaderships(broker)).toBe(all.filter((p) => p.leader === broker).length);
        }
        expect(keys(index.leaderless())).toEqual(keys(all.filter((p) => p.leader === -1)));
        expect(keys(index.inReassignment())).toEqual(keys(all.filter((p) => p.addingReplicas.length > 0)));
      }),
      { numRuns: 100 },
    );
  });
});

describe('invariants', () => {
  const check = (change: Partial<PartitionRegistration>, minIsr = 1, ...more: MetadataRecord[]) => {
    const changed = partitionToRecord({ ...newPartition('id', 0, [1, 2], ['x', 'y'], [1, 2]), ...change });
    const image = imageOf(...BASE.filter((record) => record.type !== 'partition'), changed, ...more);
    checkImage(image, () => minIsr);
  };

  test('hold for what is right', () => {
    expect(() => check({})).not.toThrow();
    expect(() => check({ isr: [], elr: [2], leader: -1 })).not.toThrow();
    expect(() => check({ isr: [1], elr: [2] }, 2)).not.toThrow();
  });

  test.each<[string, Partial<PartitionRegistration>]>([
    ['leader 2 is not in the ISR', { leader: 2, isr: [1] }],
    ['3, which is no replica', { isr: [1, 3] }],
    ['a member twice', { isr: [1, 1] }],
    ['overlap', { isr: [1], elr: [1] }],
    ['is kept although', { isr: [1], elr: [2] }],
    ['recovers from an unclean election', { leaderRecoveryState: 'recovering' }],
  ])('“… %s …” is found', (sentence, change) => {
    expect(() => check(change)).toThrow(sentence);
  });

  test('a fenced broker in the ISR, and an empty ISR without eligible replicas', () => {
    expect(() => check({}, 1, { type: 'fence-broker', id: 2, epoch: 4 })).toThrow('broker 2 is in the ISR');
    const off = { type: 'feature-level', name: 'eligible.leader.replicas.version', featureLevel: 0 } as const;
    expect(() => check({ isr: [], leader: -1 }, 1, off)).toThrow('its ISR is empty');
  });

  test.each<[string, Partial<PartitionRegistration>]>([
    ['leader epoch went back', { leaderEpoch: 4 }],
    ['partition epoch was not raised', { partitionEpoch: 5 }],
    ['in the same leader epoch', { leader: 2, partitionEpoch: 6 }],
    ['taken away in the same leader epoch', { replicas: [1], isr: [1], partitionEpoch: 6 }],
    ['neither in sync nor eligible', { leader: 2, isr: [2], leaderEpoch: 6, partitionEpoch: 6 }],
  ])('“… %s” from one image to the next', (sentence, change) => {
    const old = { ...newPartition('id', 0, [1, 2], ['x', 'y'], [1]), leaderEpoch: 5, partitionEpoch: 5 };
    const records = BASE.filter((record) => record.type !== 'partition');
    const before = imageOf(...records, partitionToRecord(old));
    const after = imageOf(...records, partitionToRecord({ ...old, ...change }));
    expect(() => checkStep(before, after)).toThrow(sentence);
    expect(() => checkStep(before, before.copy())).not.toThrow();
  });
});
