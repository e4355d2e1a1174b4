/** Configurations as a broker describes them, and as they are changed through it. */
import { describe, expect, test } from 'vitest';
import { TOPIC_CONFIG_NAMES } from '../../controller/topic-configs.ts';
import { CONFIG_OPERATION, CONFIG_SOURCE, RESOURCE_TYPE } from '../../wire/api/configs.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Brokers } from './testing/broker-cluster.ts';
import { withBrokers } from './testing/broker-cluster.ts';

interface Asked {
  readonly type?: number;
  readonly name?: string;
  readonly keys?: readonly string[] | null;
  readonly version?: number;
}

async function describeConfigs(rig: Brokers, asked: Asked = {}) {
  const { type = RESOURCE_TYPE.topic, name = 'orders', keys = null, version = 3 } = asked;
  const resource = { resourceType: type, resourceName: name, configurationKeys: keys };
  const body = { resources: [resource], ...(version > 0 && { includeSynonyms: true }) };
  const { results } = await rig.ask(4, 'describeConfigs', version, body);
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return result;
}

async function set(
  rig: Brokers,
  resourceType: number,
  resourceName: string,
  name: string,
  value: string,
): Promise<void> {
  const configs = [{ name, configOperation: CONFIG_OPERATION.set, value }];
  const body = { resources: [{ resourceType, resourceName, configs }], validateOnly: false };
  const { responses } = await rig.ask(4, 'incrementalAlterConfigs', 0, body);
  expect(responses).toMatchObject([{ errorCode: ERROR.NONE }]);
  await rig.sleep(50);
}

async function withOrders(
  properties: NonNullable<Parameters<typeof withBrokers>[0]['properties']>,
  body: (rig: Brokers) => Promise<void>,
): Promise<void> {
  await withBrokers({ brokers: 2, properties }, async (rig) => {
    await rig.allRunning();
    expect(await rig.createTopic(4, 'orders')).toBe(ERROR.NONE);
    await rig.until(() => rig.broker(4).metadata.image.topics.size === 1);
    await body(rig);
  });
}

describe('a topic', () => {
  test('has all that there is, by default', async () => {
    await withOrders({}, async (rig) => {
      const { configs, ...rest } = await describeConfigs(rig);
      expect(rest).toEqual({ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: 'orders' });
      expect(configs.map(({ name }) => name)).toEqual(TOPIC_CONFIG_NAMES);
      expect(new Set(configs.map(({ configSource }) => configSource))).toEqual(
        new Set([CONFIG_SOURCE.default]),
      );
      expect(configs.find(({ name }) => name === 'retention.ms')).toMatchObject({
        ...{ value: '604800000', readOnly: false, isSensitive: false, configType: 5 },
        synonyms: [],
      });
      expect(configs.find(({ name }) => name === 'retention.bytes')).toMatchObject({
        synonyms: [{ name: 'log.retention.bytes', value: '-1', source: CONFIG_SOURCE.default }],
      });
      expect(configs.filter(({ readOnly }) => readOnly).map(({ name }) => name)).toEqual([
        'replication.protocol',
      ]);
    });
  });

  test('has synonyms, the first of which holds', async () => {
    await withOrders({ 'log.retention.hours': 1 }, async (rig) => {
      await set(rig, RESOURCE_TYPE.broker, '', 'log.retention.ms', '2000');
      await set(rig, RESOURCE_TYPE.broker, '4', 'log.retention.ms', '1500');
      await set(rig, RESOURCE_TYPE.broker, '5', 'log.retention.ms', '1700');
      await set(rig, RESOURCE_TYPE.topic, 'orders', 'retention.ms', '1000');
      const keys = ['retention.ms', 'nothing'];
      const synonyms = [
        { name: 'retention.ms', value: '1000', source: CONFIG_SOURCE.topic },
        { name: 'log.retention.ms', value: '1500', source: CONFIG_SOURCE.dynamicBroker },
        { name: 'log.retention.ms', value: '2000', source: CONFIG_SOURCE.dynamicDefaultBroker },
        { name: 'log.retention.ms', value: '3600000', source: CONFIG_SOURCE.staticBroker },
      ];
      const { configs } = await describeConfigs(rig, { keys });
      expect(configs).toMatchObject([
        { name: 'retention.ms', value: '1000', configSource: CONFIG_SOURCE.topic, synonyms },
      ]);
      const old = await describeConfigs(rig, { keys, version: 0 });
      expect(old.configs).toMatchObject([{ value: '1000', isDefault: false, synonyms: [] }]);
    });
  });

  test.each([
    [{ name: 'nothing' }, ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    [{ name: 'a b' }, ERROR.INVALID_TOPIC_EXCEPTION],
    [{ name: 'x'.repeat(30_000) }, ERROR.INVALID_TOPIC_EXCEPTION],
    [{ type: 8, name: '4' }, ERROR.INVALID_REQUEST],
    [{ type: RESOURCE_TYPE.broker, name: '5' }, ERROR.INVALID_REQUEST],
    [{ type: RESOURCE_TYPE.broker, name: 'x'.repeat(32_000) }, ERROR.INVALID_REQUEST],
  ])('and others that are not: %o', async (asked, errorCode) => {
    await withOrders({}, async (rig) => {
      expect(await describeConfigs(rig, asked)).toMatchObject({
        errorCode,
        resourceName: asked.name,
        configs: [],
      });
    });
  });
});

describe('a broker', () => {
  test('tells its properties as they stand in the file, and what was set since', async () => {
    const properties = {
      'num.partitions': 3,
      'controller.quorum.voters': [{ id: 1, host: 'n1', port: 9093 }],
      listeners: [{ name: 'PLAINTEXT', host: '::1', port: 9092 }],
    };
    await withOrders(properties, async (rig) => {
      await set(rig, RESOURCE_TYPE.broker, '4', 'message.max.bytes', '5000');
      const { configs } = await describeConfigs(rig, { type: RESOURCE_TYPE.broker, name: '4' });
      const told = new Map(configs.map((config) => [config.name, config]));
      expect(told.get('num.partitions')).toMatchObject({
        ...{ value: '3', configSource: CONFIG_SOURCE.staticBroker, readOnly: true },
        synonyms: [
          { value: '3', source: CONFIG_SOURCE.staticBroker },
          { value: '1', source: CONFIG_SOURCE.default },
        ],
      });
      expect(told.get('message.max.bytes')).toMatchObject({
        ...{ value: '5000', configSource: CONFIG_SOURCE.dynamicBroker, readOnly: false, configType: 3 },
      });
      expect(told.get('log.retention.ms')).toMatchObject({
        value: null,
        configSource: CONFIG_SOURCE.default,
      });
      expect(told.get('controller.quorum.voters')?.value).toBe('1@n1:9093');
      expect(told.get('listeners')?.value).toBe('PLAINTEXT://[::1]:9092');
      expect(told.get('advertised.listeners')?.value).toBe('PLAINTEXT://n4:9092');
      expect(told.get('listener.security.protocol.map')?.value).toContain('PLAINTEXT:PLAINTEXT,');
      expect(told.get('auto.create.topics.enable')).toMatchObject({ value: 'true', configType: 1 });
      expect(told.get('log.cleaner.delete.retention.ms')).toMatchObject({ value: '86400000', configType: 5 });
    });
  });

  test('all of them together have what was set for all', async () => {
    await withOrders({}, async (rig) => {
      const asked = { type: RESOURCE_TYPE.broker, name: '' };
      expect((await describeConfigs(rig, asked)).configs).toEqual([]);
      await set(rig, RESOURCE_TYPE.broker, '', 'log.cleanup.policy', 'compact');
      expect((await describeConfigs(rig, asked)).configs).toMatchObject([
        {
          name: 'log.cleanup.policy',
          value: 'compact',
          configSource: CONFIG_SOURCE.dynamicDefaultBroker,
          configType: 7,
        },
      ]);
    });
  });
});
