/**
 * Our commands print what Apache Kafka's tools print: the same command lines, of our broker and, where its jars are, of Apache Kafka's.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirement } from '../../../test/require.ts';
import { compareCommands } from './flows/both-commands.ts';
import { startApacheKafka } from './testing/apache-kafka.ts';
import { startKafkaTools, whyNoKafkaTools } from './testing/kafka-tools.ts';
import type { KafkaTools } from './testing/kafka-tools.ts';
import { connectKafkajs } from './testing/kafkajs.ts';
import { startOurKafka } from './testing/our-kafka.ts';
import type { RunningServer } from './testing/single-node.ts';

const why = whyNoKafkaTools();
const { skip, note } = requirement('kafka-tools', why === '', why);

describe.skipIf(skip).each([
  { name: 'our Kafka', start: startOurKafka, isApache: false },
  { name: 'Apache Kafka', start: startApacheKafka, isApache: true },
])(`the commands about $name${note}`, ({ start, isApache }) => {
  let server: RunningServer;
  let tools: KafkaTools;

  beforeAll(async () => {
    server = await start({ 'group.initial.rebalance.delay.ms': '200', 'offsets.topic.num.partitions': '1' });
    tools = startKafkaTools();
  }, 90_000);
  afterAll(async () => {
    tools.stop();
    await server.stop();
  });

  test('print the same', async () => {
    const answers = await compareCommands(
      tools,
      connectKafkajs(server.bootstrap),
      server.bootstrap,
      isApache,
    );
    const side = (which: 'ours' | 'theirs') =>
      Object.fromEntries(answers.map((each) => [each.line, each[which]]));
    expect(side('ours')).toEqual(side('theirs'));
  }, 120_000);
});
