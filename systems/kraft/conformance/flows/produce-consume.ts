/** Messages in and out with each codec: what a consumer gets is what a producer sent. */
import kafkajs from 'kafkajs';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { until } from '../testing/kafkajs.ts';

const { CompressionTypes } = kafkajs;

export const CODECS = ['None', 'GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const;

/** All of a topic's messages, by partition and offset. */
export async function readAll(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `reader-of-${topic}`, maxWaitTimeInMs: 100 });
  const lines: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: ({ partition, message }) => {
      lines.push(`${partition} ${message.offset} ${describe(message)}`);
      return Promise.resolve();
    },
  });
  try {
    await until(() => lines.length >= count);
  } finally {
    await consumer.disconnect();
  }
  return lines.sort();
}

function describe({ key, value, headers, timestamp }: KafkaMessage): string {
  const text = value === null ? 'null' : value.length > 40 ? `${value.length} bytes` : value.toString();
  const all = Object.entries(headers ?? {}).map(([name, each]) => `${name}=${String(each)}`);
  return [key?.toString() ?? 'null', text, timestamp, ...all].join(' ');
}

export async function produceAndConsume(kafka: Kafka, codec: (typeof CODECS)[number]): Promise<unknown> {
  const topic = `codec-${codec.toLowerCase()}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const sent = await producer.send({
    topic,
    acks: -1,
    compression: CompressionTypes[codec],
    messages: [
      { partition: 0, key: 'a', value: 'first', timestamp: '1700000000000', headers: { trace: 'x1' } },
      { partition: 0, key: null, value: null, timestamp: '1700000000001' },
      { partition: 1, key: 'c', value: 'z'.repeat(20_000), timestamp: '1700000000002' },
    ],
  });
  const again = await producer.send({
    topic,
    acks: 1,
    compression: CompressionTypes[codec],
    messages: [{ partition: 0, key: 'd', value: 'last', timestamp: '1700000000003' }],
  });
  await producer.disconnect();
  return {
    sent: [...sent, ...again]
      .map(({ partition, baseOffset, errorCode }) => `${partition} at ${baseOffset ?? '?'}: ${errorCode}`)
      .sort(),
    read: await readAll(kafka, topic, 4),
  };
}
