import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError, Writer } from '../wire/bytes.ts';
import type { MetadataRecord } from './metadata-records.ts';
import { RECORD_IDS, UNASSIGNED_DIRECTORY } from './metadata-records.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';
import * as schemas from './record-schemas.ts';

const id = fc.integer({ min: 0, max: 1000 });
const ids = fc.array(id, { maxLength: 4 });
const int32 = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const int64 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ maxLength: 12, unit: 'grapheme' });
const uuid = fc.constantFrom('AAAAAAAAAAAAAAAAAAAAAQ', 'SQAs5vVvSZmIs3mTVZqLqw');
const recovery = fc.constantFrom('recovered' as const, 'recovering' as const);
/** Fields that may be absent are absent, not undefined. */
const partial = { requiredKeys: ['type', 'partitionId', 'topicId'] } as const;

const record: fc.Arbitrary<MetadataRecord> = fc.oneof(
  fc.record({
    type: fc.constant('register-broker' as const),
    brokerId: id,
    incarnationId: uuid,
    brokerEpoch: int64,
    endPoints: fc.array(
      fc.record({
        name: text,
        host: text,
        port: fc.integer({ min: 0, max: 65535 }),
        securityProtocol: fc.constantFrom(0, 1, 2, 3),
      }),
      { maxLength: 2 },
    ),
    features: fc.array(
      fc.record({
        name: text,
        minSupportedVersion: fc.integer({ min: 0, max: 9 }),
        maxSupportedVersion: fc.integer({ min: 0, max: 99 }),
      }),
      { maxLength: 2 },
    ),
    rack: fc.option(text),
    fenced: fc.boolean(),
    inControlledShutdown: fc.boolean(),
    logDirs: fc.array(uuid, { maxLength: 2 }),
  }),
  fc.record({ type: fc.constant('unregister-broker' as const), brokerId: id, brokerEpoch: int64 }),
  fc.record({ type: fc.constant('topic' as const), name: text, topicId: uuid }),
  fc
    .record({
      partitionId: id,
      topicId: uuid,
      replicas: ids,
      isr: ids,
      removingReplicas: ids,
      addingReplicas: ids,
      leader: fc.integer({ min: -1, max: 9 }),
      leaderRecoveryState: recovery,
      leaderEpoch: int32,
      partitionEpoch: int32,
      eligibleLeaderReplicas: ids,
      lastKnownElr: ids,
    })
    .map((fields) => ({
      type: 'partition' as const,
      ...fields,
      directories: fields.replicas.map(() => UNASSIGNED_DIRECTORY),
    })),
  fc.record({
    type: fc.constant('config' as const),
    resourceType: fc.constantFrom(2, 4),
    resourceName: text,
    name: text,
    value: fc.option(text),
  }),
  fc.record(
    {
      type: fc.constant('partition-change' as const),
      partitionId: id,
      topicId: uuid,
      isr: ids,
      leader: fc.integer({ min: -1, max: 9 }),
      replicas: ids,
      removingReplicas: ids,
      addingReplicas: ids,
      leaderRecoveryState: recovery,
      eligibleLeaderReplicas: ids,
      lastKnownElr: ids,
    },
    { ...partial, requiredKeys: [...partial.requiredKeys] },
  ),
  fc.record({ type: fc.constantFrom('fence-broker' as const, 'unfence-broker' as const), id, epoch: int64 }),
  fc.record({ type: fc.constant('remove-topic' as const), topicId: uuid }),
  fc.record({
    type: fc.constant('feature-level' as const),
    name: text,
    featureLevel: fc.integer({ min: 0, max: 99 }),
  }),
  fc.record({
    type: fc.constant('producer-ids' as const),
    brokerId: id,
    brokerEpoch: int64,
    nextProducerId: int64,
  }),
  fc.record(
    {
      type: fc.constant('broker-registration-change' as const),
      brokerId: id,
      brokerEpoch: int64,
      fenced: fc.boolean(),
      inControlledShutdown: fc.constant(true as const),
      logDirs: fc.array(uuid, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['type', 'brokerId', 'brokerEpoch'] },
  ),
  fc.constant({ type: 'no-op' as const }),
);

describe('metadata records as bytes', () => {
  test('what is written is read', () => {
    fc.assert(
      fc.property(record, (written) => {
        expect(decodeRecord(encodeRecord(written))).toEqual(written);
      }),
      { numRuns: 500 },
    );
  });

  test('frame version, type and version come first', () => {
    expect([...encodeRecord({ type: 'no-op' })]).toEqual([1, 20, 0, 0]);
    const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
    expect([...encodeRecord({ type: 'remove-topic', topicId })]).toEqual([
      1,
      9,
      0,
      ...Array<number>(15).fill(0),
      1,
      0,
    ]);
    // Broker 7, epoch 300, tag 0 of one byte: unfenced is −1.
    expect([
      ...encodeRecord({ type: 'broker-registration-change', brokerId: 7, brokerEpoch: 300, fenced: false }),
    ]).toEqual([1, 17, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 1, 44, 1, 0, 1, 255]);
  });

  test('ids are Kafka’s', () => {
    expect(Object.values(RECORD_IDS)).toEqual([0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 17, 20]);
  });

  test('older versions are read: no directories, no eligible replicas', () => {
    const writer = new Writer();
    for (const number of [1, 3, 0]) writer.unsignedVarint(number);
    schemas.partition.encode(writer, 0, {
      partitionId: 4,
      topicId: 'SQAs5vVvSZmIs3mTVZqLqw',
      replicas: [1, 2],
      isr: [1],
      removingReplicas: [],
      addingReplicas: [],
      leader: 1,
      leaderEpoch: 3,
      partitionEpoch: 5,
    });
    expect(decodeRecord(writer.take())).toMatchObject({
      type: 'partition',
      partitionId: 4,
      directories: [UNASSIGNED_DIRECTORY, UNASSIGNED_DIRECTORY],
      eligibleLeaderReplicas: [],
      leaderRecoveryState: 'recovered',
    });
  });

  test.each([
    ['nothing', []],
    ['another frame version', [0, 20, 0, 0]],
    ['a type that there is not', [1, 6, 0, 0]],
    ['a version that there is not', [1, 20, 9, 0]],
    ['bytes that are left over', [1, 20, 0, 0, 0]],
    ['an end too soon', [1, 9, 0, 1, 2]],
  ])('refuses %s', (_title, bytes) => {
    expect(() => decodeRecord(Uint8Array.from(bytes))).toThrow(MalformedError);
  });

  test('any bytes are a record or an error of the protocol', () => {
    fc.assert(
      fc.property(record, fc.uint8Array({ maxLength: 6 }), fc.nat(), (written, noise, at) => {
        const bytes = encodeRecord(written).slice();
        bytes.set(noise.slice(0, Math.max(0, bytes.length - (at % bytes.length))), at % bytes.length);
        try {
          decodeRecord(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
