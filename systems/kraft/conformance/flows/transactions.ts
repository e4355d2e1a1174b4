/** Transactions and idempotence: what is committed is read, what is aborted is not, and a zombie is fenced. */
import type { Kafka } from 'kafkajs';
import { errorOf } from '../testing/kafkajs.ts';
import { readAll } from './produce-consume.ts';

const TOPIC = 'transactional';

const producerOf = (kafka: Kafka, transactionalId: string) =>
  kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 500 },
  });

export async function transact(kafka: Kafka): Promise<unknown> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 2 }], waitForLeaders: true });
  const messages = (text: string) =>
    [0, 1].map((partition) => ({ partition, key: text, value: text, timestamp: '1700000000000' }));
  const producer = producerOf(kafka, 'one');
  await producer.connect();

  const committed = await producer.transaction();
  await committed.send({ topic: TOPIC, messages: messages('committed') });
  await committed.sendOffsets({
    consumerGroupId: 'with-transaction',
    topics: [{ topic: TOPIC, partitions: [{ partition: 0, offset: '17' }] }],
  });
  await committed.commit();

  const aborted = await producer.transaction();
  await aborted.send({ topic: TOPIC, messages: messages('aborted') });
  await aborted.sendOffsets({
    consumerGroupId: 'with-transaction',
    topics: [{ topic: TOPIC, partitions: [{ partition: 0, offset: '99' }] }],
  });
  await aborted.abort();

  const empty = await producer.transaction();
  await empty.commit();

  const open = await producer.transaction();
  await open.send({ topic: TOPIC, messages: messages('by the zombie') });
  const successor = producerOf(kafka, 'one');
  await successor.connect();
  const next = await successor.transaction();
  await next.send({ topic: TOPIC, messages: messages('by the successor') });
  const zombie = await errorOf(open.send({ topic: TOPIC, messages: messages('of a zombie') }));
  await next.commit();
  const read = await readAll(kafka, TOPIC, 4);
  const offsets = await admin.fetchOffsets({ groupId: 'with-transaction', topics: [TOPIC] });
  const ends = await admin.fetchTopicOffsets(TOPIC);
  await Promise.all([producer.disconnect(), successor.disconnect(), admin.disconnect()]);
  return {
    zombie,
    read,
    offset: offsets[0]?.partitions.find(({ partition }) => partition === 0)?.offset,
    ends: ends.map(({ partition, low, high }) => `${partition}: ${low} ${high}`).sort(),
  };
}

export async function produceIdempotently(kafka: Kafka): Promise<unknown> {
  const topic = 'idempotent';
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const offsets: string[] = [];
  for (const value of ['a', 'b', 'c']) {
    const [sent] = await producer.send({
      topic,
      acks: -1,
      messages: [{ partition: 0, value, timestamp: '1700000000000' }],
    });
    offsets.push(sent?.baseOffset ?? 'none');
  }
  const ofTheYear2100 = { partition: 0, value: 'd', timestamp: '4102444800000' };
  const future = await errorOf(producer.send({ topic, acks: -1, messages: [ofTheYear2100] }));
  await producer.disconnect();
  return { offsets, future, read: await readAll(kafka, topic, 3) };
}
