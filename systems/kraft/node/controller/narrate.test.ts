import { expect, test } from 'vitest';
import { MetadataImage } from '../../controller/metadata-image.ts';
import type { MetadataRecord, PartitionRecord } from '../../controller/metadata-records.ts';
import { correctRules } from '../../controller/rules.ts';
import { narrate } from './narrate.ts';

const partition = (topicId: string, partitionId: number, leader: number): PartitionRecord => ({
  ...{ type: 'partition', topicId, partitionId, leader, replicas: [1, 2], isr: [1, 2] },
  ...{ removingReplicas: [], addingReplicas: [], leaderRecoveryState: 'recovered' },
  ...{
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: ['a', 'b'],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
  },
});

const broker = (brokerId: number): MetadataRecord => ({
  ...{ type: 'register-broker', brokerId, incarnationId: 'i', brokerEpoch: 7, endPoints: [], features: [] },
  ...{ rack: null, fenced: true, inControlledShutdown: false, logDirs: [] },
});

function told(image: MetadataImage, ...records: MetadataRecord[]): string[] {
  const lines = narrate(image, records);
  for (const record of records) image.apply(record);
  return lines.map(({ level, text }) => `${level} ${text}`);
}

test('brokers come and go', () => {
  const image = new MetadataImage(correctRules);
  const change = { type: 'broker-registration-change', brokerId: 1, brokerEpoch: 7 } as const;
  expect(told(image, broker(1))).toEqual(['info broker 1 is registered with epoch 7']);
  expect(told(image, { ...change, fenced: false })).toEqual(['info broker 1 was unfenced']);
  expect(told(image, { ...change, inControlledShutdown: true })).toEqual(['info broker 1 shuts down']);
  expect(told(image, { ...change, fenced: true })).toEqual(['info broker 1 was fenced']);
  expect(told(image, { ...change, logDirs: ['d'] })).toEqual([]);
  expect(told(image, { type: 'unfence-broker', id: 1, epoch: 7 })).toEqual(['info broker 1 was unfenced']);
  expect(told(image, { type: 'fence-broker', id: 1, epoch: 7 })).toEqual(['info broker 1 was fenced']);
  expect(told(image, { type: 'unregister-broker', brokerId: 1, brokerEpoch: 7 })).toEqual([
    'info broker 1 was unregistered',
  ]);
});

test('topics are created, grow, and are deleted', () => {
  const image = new MetadataImage(correctRules);
  const topic = { type: 'topic', name: 'orders', topicId: 'T' } as const;
  expect(told(image, topic, partition('T', 0, 1), partition('T', 1, 2))).toEqual([
    'info topic orders was created with 2 partitions',
  ]);
  expect(told(image, partition('T', 2, 1))).toEqual(['info topic orders has 1 partition more']);
  const config = {
    type: 'config',
    resourceType: 2,
    resourceName: 'orders',
    name: 'retention.ms',
    value: '1',
  } as const;
  expect(told(image, config, { type: 'no-op' })).toEqual([]);
  expect(told(image, { type: 'remove-topic', topicId: 'T' })).toEqual(['info topic orders was deleted']);
});

test('who leads now, and not who is in sync; thousands are not all named', () => {
  const image = new MetadataImage(correctRules);
  const topic = { type: 'topic', name: 'orders', topicId: 'T' } as const;
  told(image, topic, ...Array.from({ length: 30 }, (_, id) => partition('T', id, 1)));
  const change = { type: 'partition-change', topicId: 'T', partitionId: 0 } as const;
  expect(told(image, { ...change, isr: [1] })).toEqual([]);
  expect(told(image, { ...change, leader: 1 })).toEqual([]);
  expect(told(image, { ...change, leader: 2 })).toEqual(['debug orders-0: broker 2 leads after broker 1']);
  expect(told(image, { ...change, leader: -1 })).toEqual([
    'info nobody leads 1 partition any more',
    'debug orders-0: nobody leads',
  ]);
  expect(told(image, { ...change, leader: 1 })).toEqual(['debug orders-0: broker 1 leads']);
  const all = Array.from({ length: 30 }, (_, partitionId) => ({ ...change, partitionId, leader: 2 }));
  const lines = told(image, ...all);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('debug and 10 more partitions have another leader');
});
