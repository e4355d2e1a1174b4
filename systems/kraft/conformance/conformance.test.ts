/**
 * The usual flows of applications, with unmodified clients: against ours and, where its jars are, against Apache Kafka
 * itself. What is expected (testdata/) was written by Apache Kafka:
 *
 *     vitest run systems/kraft/conformance -t 'Apache Kafka' -u
 *
 * Programs of the machine mostly wait, and run at the same time.
 */
import type { Kafka } from 'kafkajs';
import type { ExpectStatic } from 'vitest';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { requirement } from '../../../test/require.ts';
import { administrate } from './flows/admin.ts';
import { speakKcat } from './flows/kcat.ts';
import { operate } from './flows/kafka-tools.ts';
import { rebalance } from './flows/groups.ts';
import { CODECS, produceAndConsume } from './flows/produce-consume.ts';
import { produceIdempotently, transact } from './flows/transactions.ts';
import { startApacheKafka, whyNoApacheKafka } from './testing/apache-kafka.ts';
import { hasKafkaPython, speakPython } from './testing/kafka-python.ts';
import { startKafkaTools, whyNoKafkaTools } from './testing/kafka-tools.ts';
import { connectKafkajs, errorOf, until } from './testing/kafkajs.ts';
import { startOurKafka } from './testing/our-kafka.ts';
import type { RunningServer } from './testing/single-node.ts';
import { canRun } from './testing/programs.ts';

const why = whyNoApacheKafka();
const apache = requirement('apache-kafka', why === '', why);
const whyNoTools = whyNoKafkaTools();
const jars = requirement('kafka-tools', whyNoTools === '', whyNoTools);
const kcat = requirement('kcat', canRun('kcat', '-V'), 'no kcat on the path');
const python = requirement('python3-kafka', hasKafkaPython(), "no python3-kafka for Debian's Python");

const agrees = (expect: ExpectStatic, flow: string, facts: unknown): Promise<void> =>
  expect(`${JSON.stringify(facts, null, 2)}\n`).toMatchFileSnapshot(`testdata/${flow}.json`);

describe.each([
  { name: 'our Kafka', start: startOurKafka, skip: false },
  { name: `Apache Kafka${apache.note}`, start: startApacheKafka, skip: apache.skip },
])('$name', ({ start, skip }) => {
  let server: RunningServer;
  let kafka: Kafka;

  beforeAll(async () => {
    if (skip) return;
    server = await start({ 'group.initial.rebalance.delay.ms': '200' });
    kafka = connectKafkajs(server.bootstrap);
  }, 90_000);
  afterAll(async () => {
    if (!skip) await server.stop();
  });

  test.skipIf(skip).for(CODECS)('produces and consumes with %s', async (codec, { expect }) => {
    await agrees(expect, `codec-${codec.toLowerCase()}`, await produceAndConsume(kafka, codec));
  });
  test.skipIf(skip)('administrates', async ({ expect }) => {
    await agrees(expect, 'admin', await administrate(kafka));
  });
  test.skipIf(skip)('balances a group', async ({ expect }) => {
    await agrees(expect, 'group', await rebalance(kafka));
  });
  test.skipIf(skip)('transacts', async ({ expect }) => {
    await agrees(expect, 'transactions', await transact(kafka));
  });
  test.skipIf(skip)('numbers what a producer sends', async ({ expect }) => {
    await agrees(expect, 'idempotence', await produceIdempotently(kafka));
  });
  test.skipIf(skip || jars.skip)(
    `is operated with the tools that come with it${jars.note}`,
    { concurrent: true, timeout: 120_000 },
    async ({ expect }) => {
      const tools = startKafkaTools();
      try {
        await agrees(expect, 'kafka-tools', await operate(tools, server.bootstrap));
      } finally {
        tools.stop();
      }
    },
  );
  test.skipIf(skip || kcat.skip)(`speaks with kcat${kcat.note}`, { concurrent: true }, async ({ expect }) => {
    const admin = kafka.admin();
    await admin.connect();
    const create = async (topic: string): Promise<void> => {
      await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: false });
      await until(async () => (await errorOf(admin.fetchTopicOffsets(topic))) === 'none');
    };
    await agrees(expect, 'kcat', await speakKcat(server.bootstrap, create));
    await admin.disconnect();
  });
  test.skipIf(skip || python.skip)(
    `speaks with python3-kafka${python.note}`,
    { concurrent: true },
    async ({ expect }) => {
      await agrees(expect, 'kafka-python', await speakPython(server.bootstrap));
    },
  );
});
