/** Administration: what each request changes, and the errors that mistakes get. */
import kafkajs from 'kafkajs';
import type { Kafka } from 'kafkajs';
import { errorOf, until } from '../testing/kafkajs.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ConfigResourceTypes, ResourcePatternTypes } =
  kafkajs;

export async function administrate(kafka: Kafka): Promise<unknown> {
  const admin = kafka.admin();
  await admin.connect();
  const topic = 'admin';
  const create = (topics: Parameters<typeof admin.createTopics>[0]['topics']) =>
    errorOf(admin.createTopics({ topics, waitForLeaders: false }));
  const facts: Record<string, unknown> = {};
  facts['create'] = await create([
    { topic, numPartitions: 3, configEntries: [{ name: 'retention.ms', value: '1000000' }] },
  ]);
  facts['describe ACLs'] = await errorOf(
    admin.describeAcls({
      ...{ resourceType: AclResourceTypes.TOPIC, resourcePatternType: ResourcePatternTypes.LITERAL },
      ...{ operation: AclOperationTypes.ANY, permissionType: AclPermissionTypes.ANY },
    }),
  );
  facts['create again'] = await create([{ topic }]);
  facts['create with a bad name'] = await create([{ topic: 'no spaces' }]);
  facts['create with too many replicas'] = await create([{ topic: 'replicas', replicationFactor: 7 }]);
  facts['create with no partitions'] = await create([{ topic: 'none', numPartitions: 0 }]);
  facts['create with a bad setting'] = await create([
    { topic: 'setting', configEntries: [{ name: 'retention.ms', value: 'soon' }] },
  ]);
  facts['create with an unknown setting'] = await create([
    { topic: 'setting', configEntries: [{ name: 'retention.msec', value: '5' }] },
  ]);
  await until(async () => (await admin.listTopics()).includes(topic));
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  facts['metadata'] = topics[0]?.partitions
    .map(({ partitionId, leader, replicas, isr }) => ({ partitionId, leader, replicas, isr }))
    .sort((a, b) => a.partitionId - b.partitionId);
  facts['more partitions'] = await errorOf(
    admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] }),
  );
  facts['fewer partitions'] = await errorOf(
    admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }),
  );
  const configs = async (): Promise<unknown> => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configNames: ['retention.ms', 'cleanup.policy', 'min.insync.replicas'],
        },
      ],
    });
    return resources[0]?.configEntries
      .map(({ configName, configValue, configSource, isDefault, isSensitive, readOnly }) =>
        [configName, configValue, configSource, isDefault, isSensitive, readOnly].join(' '),
      )
      .sort();
  };
  facts['configs'] = await configs();
  facts['delete records'] = await deleteRecords(kafka, topic);
  facts['alter configs'] = await errorOf(
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
    }),
  );
  await until(async () => JSON.stringify(await configs()).includes('compact'));
  facts['configs then'] = await configs();
  facts['cluster'] = await admin
    .describeCluster()
    .then(({ brokers, controller }) => ({ brokers: brokers.map(({ nodeId }) => nodeId), controller }));
  facts['delete records of what is compacted'] = await deleteRecords(kafka, topic);
  facts['delete'] = await errorOf(admin.deleteTopics({ topics: [topic] }));
  await until(async () => !(await admin.listTopics()).includes(topic));
  facts['delete again'] = await errorOf(admin.deleteTopics({ topics: [topic], timeout: 500 }));
  await admin.disconnect();
  return facts;
}

async function deleteRecords(kafka: Kafka, topic: string): Promise<unknown> {
  const admin = kafka.admin();
  const producer = kafka.producer();
  await Promise.all([admin.connect(), producer.connect()]);
  // The partitions are new: their leaders may not have heard of it yet.
  await until(async () => (await errorOf(admin.fetchTopicOffsets(topic))) === 'none');
  const messages = Array.from({ length: 10 }, (_, i) => ({ partition: 0, key: `k${i}`, value: `${i}` }));
  await producer.send({ topic, messages });
  await admin.fetchTopicMetadata({ topics: [topic] });
  const remove = (offset: string) =>
    errorOf(admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] }));
  const errors = [await remove('4'), await remove('30')];
  const offsets = (await admin.fetchTopicOffsets(topic)).find(({ partition }) => partition === 0);
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  return { errors, low: offsets?.low, high: offsets?.high };
}
