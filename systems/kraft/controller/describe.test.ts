import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { describeBrokers, describeTopics } from './describe.ts';
import { ERROR_CODES } from './errors.ts';
import { RESOURCE } from './metadata-records.ts';
import { PRODUCER_ID_BLOCK_SIZE } from './producer-ids.ts';
import { ControllerRig } from './testing/controller-rig.ts';
import {
  checkConfig,
  defaultConfig,
  effectiveConfig,
  FIXED_CONFIGS,
  isListConfig,
  TOPIC_CONFIG_NAMES,
} from './topic-configs.ts';
import { checkTopicName, newUuid } from './topic-names.ts';

function rigWithBrokers(...ids: readonly number[]): ControllerRig {
  const rig = new ControllerRig({ options: { nodeId: 1 } });
  for (const brokerId of ids) {
    rig.perform(
      rig.core.registerBroker(0, {
        clusterId: 'cluster',
        brokerId,
        incarnationId: `process-of-${brokerId}`,
        endPoints: [{ name: 'PLAINTEXT', host: `h${brokerId}`, port: 9092, securityProtocol: 0 }],
        features: [],
        rack: 'r',
        logDirs: [`d${brokerId}`],
        previousBrokerEpoch: -1,
      }),
    );
    rig.commit();
    const brokerEpoch = rig.core.image.brokers.get(brokerId)?.epoch ?? -1;
    const beat = {
      brokerId,
      brokerEpoch,
      metadataOffset: brokerEpoch,
      wantsFence: false,
      wantsShutdown: false,
    };
    rig.perform(rig.core.heartbeat(0, beat));
  }
  const topic = {
    name: 'orders',
    partitions: -1,
    replicationFactor: -1,
    assignments: new Map([[0, [2, 1]]]),
    configs: { 'cleanup.policy': 'compact' },
  };
  rig.perform(rig.core.createTopics(0, { topics: [topic], validateOnly: false }));
  rig.commit();
  return rig;
}

describe('what clients are told', () => {
  test('brokers by listener', () => {
    const { image } = rigWithBrokers(2, 1).core;
    expect(describeBrokers(image, 'PLAINTEXT')).toEqual([
      { id: 1, host: 'h1', port: 9092, rack: 'r', isFenced: false },
      { id: 2, host: 'h2', port: 9092, rack: 'r', isFenced: false },
    ]);
    expect(describeBrokers(image, 'SSL')).toEqual([]);
  });

  test('topics, with who is offline', () => {
    const rig = rigWithBrokers(1, 2);
    rig.perform(rig.core.unregisterBroker(0, 1));
    rig.commit();
    const [orders, unknown] = describeTopics(rig.core.image, ['orders', 'none']);
    expect(orders).toMatchObject({ error: 'NONE', partitions: [{ error: 'NONE', offline: [1] }] });
    expect(unknown).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION', topicId: null });
    rig.nowMs = 9000;
    rig.perform(rig.core.tick(9000));
    rig.commit();
    expect(describeTopics(rig.core.image, null)).toMatchObject([
      { name: 'orders', partitions: [{ error: 'LEADER_NOT_AVAILABLE', offline: [2, 1] }] },
    ]);
  });
});

describe('the table of configurations', () => {
  test('every default is valid', () => {
    const { image } = rigWithBrokers(1, 2).core;
    const node = { nodeId: 1, staticConfigs: {} };
    for (const name of TOPIC_CONFIG_NAMES) {
      expect(checkConfig(name, effectiveConfig(image, node, 'none', name).value), name).toBeNull();
    }
    expect(FIXED_CONFIGS).toContain('replication.protocol');
    expect(isListConfig('cleanup.policy')).toBe(true);
    expect(isListConfig('log.cleanup.policy')).toBe(false);
    expect(isListConfig('log.cleanup.policy', RESOURCE.broker)).toBe(true);
  });

  test('what is fixed with a topic is not what is the default by now', () => {
    const { image } = rigWithBrokers(1).core;
    const node = { nodeId: 1, staticConfigs: { 'replication.protocol': 'raft', 'min.insync.replicas': '2' } };
    const name = 'replication.protocol';
    expect(effectiveConfig(image, node, 'old', name)).toEqual({ value: 'isr', source: 'default' });
    expect(defaultConfig(image, node, name)).toEqual({ value: 'raft', source: 'static' });
    expect(effectiveConfig(image, node, 'old', 'min.insync.replicas').value).toBe('2');
  });

  test('a controller decides by what was set for its own node', () => {
    const rig = rigWithBrokers(1, 2);
    const protocolOf = (name: string, value: string, node: string): string | undefined => {
      const changes = [{ name: 'replication.protocol', operation: 'set', value }] as const;
      const resources = [{ type: RESOURCE.broker, name: node, changes }];
      rig.perform(rig.core.alterConfigs(0, { resources, validateOnly: false }));
      const shape = { partitions: 1, replicationFactor: 1, assignments: null, configs: {} };
      rig.perform(rig.core.createTopics(0, { topics: [{ name, ...shape }], validateOnly: false }));
      rig.commit();
      return rig.core.image.configs(RESOURCE.topic, name)?.get('replication.protocol');
    };
    expect(protocolOf('a', 'raft', '2')).toBeUndefined();
    expect(protocolOf('b', 'raft', '1')).toBe('raft');
  });

  test('a topic counts before its broker, that before all brokers, all before the file, and the file before the default', () => {
    const rig = rigWithBrokers(1, 2);
    const valueOn = (nodeId: number, staticConfigs: Readonly<Record<string, string>>) =>
      effectiveConfig(rig.core.image, { nodeId, staticConfigs }, 'orders', 'retention.ms');
    const set = (type: number, name: string, config: string, value: string): void => {
      const changes = [{ name: config, operation: 'set', value }] as const;
      rig.perform(rig.core.alterConfigs(0, { resources: [{ type, name, changes }], validateOnly: false }));
      rig.commit();
    };
    const file = { 'log.retention.ms': '7' };
    expect(valueOn(1, {})).toEqual({ value: '604800000', source: 'default' });
    expect(valueOn(1, file)).toEqual({ value: '7', source: 'static' });
    set(RESOURCE.broker, '', 'log.retention.ms', '8');
    expect(valueOn(1, file)).toEqual({ value: '8', source: 'cluster' });
    set(RESOURCE.broker, '1', 'log.retention.ms', '9');
    expect(valueOn(1, file)).toEqual({ value: '9', source: 'broker' });
    expect(valueOn(2, file)).toEqual({ value: '8', source: 'cluster' });
    set(RESOURCE.topic, 'orders', 'retention.ms', '10');
    expect(valueOn(1, file)).toEqual({ value: '10', source: 'topic' });
  });

  test.each([
    ['retention.ms', '-1', true],
    ['retention.ms', '-2', false],
    ['retention.ms', '9223372036854775807', true],
    ['retention.ms', '9223372036854775808', false],
    ['retention.ms', '1e3', false],
    ['max.message.bytes', '2147483648', false],
    ['min.cleanable.dirty.ratio', '0.5', true],
    ['min.cleanable.dirty.ratio', '1.5', false],
    ['min.cleanable.dirty.ratio', '-1', false],
    ['unclean.leader.election.enable', 'TRUE', true],
    ['unclean.leader.election.enable', '1', false],
    ['cleanup.policy', 'compact,delete', true],
    ['cleanup.policy', '', false],
    ['message.timestamp.type', 'LogAppendTime', true],
    ['replication.protocol', 'raft', true],
    ['replication.protocol', 'paxos', false],
    ['nothing', 'x', false],
  ])('%s=%s', (name, value, isValid) => {
    expect(checkConfig(name, value) === null).toBe(isValid);
  });
});

describe('names', () => {
  test.each(['orders', '__consumer_offsets', 'a.b-c_D9', 'x'.repeat(249)])('%s may be', (name) => {
    expect(checkTopicName(name)).toBeNull();
  });

  test.each(['', '.', '..', 'a b', 'ä', '__cluster_metadata', 'x'.repeat(250)])('“%s” may not', (name) => {
    expect(checkTopicName(name)).not.toBeNull();
  });

  test('ids have 22 characters and never begin with a dash', () => {
    const random = randomStream(1, 'ids');
    const ids = Array.from({ length: 500 }, () => newUuid(random));
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{20}[AQgw]$/);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the core', () => {
  test('answers nobody who does not lead the quorum', () => {
    const { core } = rigWithBrokers(1, 2);
    core.deactivate();
    expect(core.isActive).toBe(false);
    expect(core.deadlineMs).toBe(Infinity);
    expect(core.latestImage).toBeNull();
    const outcome = core.unregisterBroker(0, 1);
    expect(outcome).toMatchObject({ kind: 'refusal', error: 'NOT_CONTROLLER' });
    expect(ERROR_CODES.NOT_CONTROLLER).toBe(41);
    expect(() => core.invariants()).not.toThrow();
  });

  test('knows when it is due', () => {
    const rig = new ControllerRig({ options: { idleIntervalMs: 500 } });
    expect(rig.core.deadlineMs).toBe(0);
    rig.perform(rig.core.tick(0));
    expect(rig.core.deadlineMs).toBe(500);
    const outcome = rig.core.tick(500);
    expect(outcome).toMatchObject({ records: [{ type: 'no-op' }] });
    expect(rig.core.deadlineMs).toBe(1000);
  });

  test('gives leadership back in time', () => {
    const rig = rigWithBrokers(1, 2);
    const [topicId] = [...rig.core.image.topics.keys()] as [string];
    rig.perform(rig.core.tick(0));
    const beat = (brokerId: number, wantsFence: boolean): void => {
      const brokerEpoch = rig.core.image.brokers.get(brokerId)?.epoch ?? -1;
      const request = { brokerId, brokerEpoch, metadataOffset: 99, wantsFence, wantsShutdown: false };
      rig.perform(rig.core.heartbeat(rig.nowMs, request));
      rig.commit();
    };
    beat(2, true);
    beat(2, false);
    expect(rig.core.image.partition(topicId, 0)?.leader).toBe(1);
    const epochOf = (id: number): number => rig.core.image.brokers.get(id)?.epoch ?? -1;
    const proposal = {
      ...{ topicId, partitionId: 0, leaderEpoch: 1, partitionEpoch: 1 },
      isr: [1, 2].map((brokerId) => ({ brokerId, brokerEpoch: epochOf(brokerId) })),
      leaderRecoveryState: 'recovered' as const,
    };
    rig.perform(rig.core.alterPartition(0, { brokerId: 1, brokerEpoch: epochOf(1), partitions: [proposal] }));
    rig.nowMs = 300_000;
    [1, 2].forEach((id) => beat(id, false));
    rig.perform(rig.core.tick(rig.nowMs));
    rig.commit();
    expect(rig.core.image.partition(topicId, 0)?.leader).toBe(2);
    expect(PRODUCER_ID_BLOCK_SIZE).toBe(1000);
  });

  test('takes a snapshot, and no offset twice', () => {
    const rig = rigWithBrokers(1, 2);
    const { core } = rig;
    const records = core.image.toRecords();
    expect(() => core.committed(core.committedOffset, [])).toThrow(RangeError);
    expect(() => core.loadSnapshot(records, 3)).toThrow(RangeError);
    core.deactivate();
    core.loadSnapshot(records, 77);
    expect(core.committedOffset).toBe(77);
    expect(core.image.toRecords()).toEqual(records);
    const outcome = core.activate(0, 78);
    expect(outcome.records).toEqual([]);
  });
});
