/**
 * The usual flows of applications, with unmodified kafkajs: against ours and, where its jars are, against Apache Kafka itself.
 * What is expected (testdata/) was written by Apache Kafka.
 */
import type { Kafka } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirement } from '../../../test/require.ts';
import { administrate } from './flows/admin.ts';
import { rebalance } from './flows/groups.ts';
import { CODECS, produceAndConsume } from './flows/produce-consume.ts';
import { produceIdempotently, transact } from './flows/transactions.ts';
import type { RunningServer } from './testing/apache-kafka.ts';
import { startApacheKafka, whyNoApacheKafka } from './testing/apache-kafka.ts';
import { connectKafkajs } from './testing/kafkajs.ts';
import { startOurKafka } from './testing/our-kafka.ts';

const why = whyNoApacheKafka();
const apache = requirement('apache-kafka', why === '', why);

const agrees = (flow: string, facts: unknown): Promise<void> =>
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

  test.skipIf(skip).each(CODECS)('produces and consumes with %s', async (codec) => {
    await agrees(`codec-${codec.toLowerCase()}`, await produceAndConsume(kafka, codec));
  });
  test.skipIf(skip)('administrates', async () => {
    await agrees('admin', await administrate(kafka));
  });
  test.skipIf(skip)('balances a group', async () => {
    await agrees('group', await rebalance(kafka));
  });
  test.skipIf(skip)('transacts', async () => {
    await agrees('transactions', await transact(kafka));
  });
  test.skipIf(skip)('numbers what a producer sends', async () => {
    await agrees('idempotence', await produceIdempotently(kafka));
  });
});
