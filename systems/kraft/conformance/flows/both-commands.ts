/**
 * The same command lines for Apache Kafka's tools and for ours, of the same broker: what each prints, without what changes from moment to
 * moment.
 */
import type { Kafka } from 'kafkajs';
import { inProcess } from '../../cli/testing/command.ts';
import type { KafkaTools } from '../testing/kafka-tools.ts';
import { until } from '../testing/kafkajs.ts';

const CLASSES = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  'metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
} as const;

const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer';

/** Of the quorum, whose log grows by itself. */
const MOMENTARY: readonly (readonly [RegExp, string])[] = [
  [/(HighWatermark: +)\d+/, '$1N'],
  [/(MaxFollowerLag\w*: +)\d+/, '$1N'],
  [
    /^(1 *\t[\w-]{22}\t)\d+ *\t(\d+ *)\t(?:\d+|\d+ ms ago) *\t(?:\d+|\d+ ms ago) *\t/,
    '$1N\t$2\tTIME\tTIME\t',
  ],
];

const LINES: readonly string[] = [
  'topics --list',
  'topics --list --exclude-internal',
  'topics --describe --exclude-internal',
  'topics --describe --topic both-a',
  'topics --describe --topics-with-overrides --exclude-internal',
  'metadata-quorum describe --status',
  'metadata-quorum describe --replication',
  'metadata-quorum describe --replication --human-readable',
  'get-offsets --topic both-a',
  'get-offsets --topic-partitions both-a:0 --time earliest',
  'consumer-groups --list',
  'consumer-groups --describe --group both-empty',
  'consumer-groups --describe --group both-empty --members',
  'consumer-groups --describe --group both-empty --state',
  'consumer-groups --describe --group both-busy',
  'consumer-groups --describe --group both-busy --members --verbose',
  'consumer-groups --describe --group both-busy --state',
  'consumer-groups --describe --group both-busy --offsets --verbose',
  'consumer-groups --describe --group both-busy --state --verbose',
  'consumer-groups --describe --group both-java --verbose',
  'consumer-groups --describe --all-groups --state',
  'consumer-groups --reset-offsets --group both-empty --topic both-a --to-earliest --dry-run',
  'consumer-groups --reset-offsets --group both-empty --topic both-a --shift-by -1 --export --dry-run',
  'consumer-groups --reset-offsets --group both-empty --all-topics --to-current --dry-run',
  'consumer-groups --reset-offsets --group both-empty --topic both-a:0 --by-duration P1D --dry-run',
  'consumer-groups --delete-offsets --group both-empty --topic both-b',
];

/** Kafka's tool asks for these by ListGroups 4 and 5, which ours does not have. */
const OF_LATER_VERSIONS = [
  'consumer-groups --list --state',
  'consumer-groups --list --type classic --state stable',
];

export interface BothSay {
  readonly line: string;
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
}

/** @param isApache - whose the broker is */
export async function compareCommands(
  tools: KafkaTools,
  kafka: Kafka,
  bootstrap: string,
  isApache: boolean,
): Promise<BothSay[]> {
  const leave = await prepare(kafka);
  // Kafka's own consumer says the leader epoch with what it commits.
  const group = ['--topic', 'both-b', '--group', 'both-java', '--from-beginning', '--max-messages', '3'];
  await tools.run(CONSUMER, [...group, '--bootstrap-server', bootstrap]);
  const answers: BothSay[] = [];
  try {
    for (const line of [...LINES, ...(isApache ? OF_LATER_VERSIONS : [])]) {
      const [name = '', ...words] = line.split(' ');
      const server = ['--bootstrap-server', bootstrap];
      const parameters = name === 'metadata-quorum' ? [...server, ...words] : [...words, ...server];
      const theirs = await tools.run(CLASSES[name as keyof typeof CLASSES], parameters);
      const ours = await inProcess([name, ...parameters]);
      answers.push({ line, theirs: linesOf(theirs.printed), ours: linesOf(ours.stdout) });
    }
  } finally {
    await leave();
  }
  return answers;
}

/** Kafka's tools print rows in any order. Blanks at the end are of no column. */
const linesOf = (printed: string): string[] =>
  printed
    .split('\n')
    .map((line) => MOMENTARY.reduce((text, [pattern, by]) => text.replace(pattern, by), line).trimEnd())
    .filter((line) => line !== '')
    .sort();

/** Two topics, a group that somebody is in, and one that nobody is in any more. @returns what ends it */
async function prepare(kafka: Kafka): Promise<() => Promise<void>> {
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'retention.ms', value: '10000000' }];
  await admin.createTopics({
    topics: [
      { topic: 'both-a', numPartitions: 2, configEntries },
      { topic: 'both-b', numPartitions: 1 },
    ],
  });
  const producer = kafka.producer();
  await producer.connect();
  for (const [topic, partition] of [
    ['both-a', 0],
    ['both-a', 1],
    ['both-b', 0],
  ] as const)
    await producer.send({ topic, messages: ['x', 'y', 'z'].map((value) => ({ value, partition })) });
  await producer.disconnect();
  for (const topic of ['both-a', 'both-b'])
    await admin.setOffsets({ groupId: 'both-empty', topic, partitions: [{ partition: 0, offset: '2' }] });
  await admin.setOffsets({
    groupId: 'both-empty',
    topic: 'both-a',
    partitions: [{ partition: 1, offset: '3' }],
  });
  const consumer = kafka.consumer({ groupId: 'both-busy' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'both-a', fromBeginning: true });
  let seen = 0;
  await consumer.run({ autoCommitThreshold: 1, eachMessage: () => Promise.resolve(void seen++) });
  await until(() => seen === 6);
  await until(async () => {
    const [topic] = await admin.fetchOffsets({ groupId: 'both-busy', topics: ['both-a'] });
    return topic?.partitions.every(({ offset }) => offset === '3') === true;
  });
  return async () => {
    await consumer.disconnect();
    await admin.disconnect();
  };
}
