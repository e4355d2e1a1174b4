/** An operator's day with Apache Kafka's own tools, which bring its Java client: what they print, without ids and times. */
import type { KafkaTools } from '../testing/kafka-tools.ts';

const CLASSES = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  cluster: 'org.apache.kafka.tools.ClusterTool',
  'producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  configs: 'kafka.admin.ConfigCommand',
} as const;

/** Runs a line like that of a shell script: the tool's name, then its parameters, apart by single spaces. */
type Run = (
  line: string,
  options?: { readonly input?: readonly string[]; readonly shown?: (lines: readonly string[]) => unknown },
) => Promise<void>;

/** What a line of output says whichever server answers. */
const FACTS_OF_LINES: readonly (readonly [RegExp, string])[] = [
  [/127\.0\.0\.1[: ]\d+/g, 'HOST:PORT'],
  [/(TopicId:|ClusterId:|Cluster ID:) *[\w-]{22}/g, '$1 ID'],
  [/\b1[78]\d{11}\b/g, 'TIME'],
  [/(HighWatermark:) *\d+/, '$1 N'],
  [/"size":[1-9]\d*/g, '"size":N'],
  [/"logDir":"[^"]*"/g, '"logDir":"DIRECTORY"'],
  [/[ \t]+/g, ' '],
  [/^(1 A{22}) \d+/, '$1 N'],
];

const factsOf = (printed: string): string[] =>
  printed
    .split('\n')
    .map((line) => FACTS_OF_LINES.reduce((text, [pattern, by]) => text.replace(pattern, by), line).trim())
    .filter((line) => line !== '');

/** Settings of topics that only Apache Kafka has (quotas, tiers, codec levels), or only ours. */
const NOT_OF_BOTH =
  /^(compression\.\w+\.level|\w+\.replication\.throttled|local\.|remote\.|replication\.protocol)/;

const FILES = {
  OFFSETS: { version: 1, partitions: [{ topic: 'tools', partition: 0, offset: 2 }] },
  REASSIGNMENT: { version: 1, partitions: [{ topic: 'tools', partition: 0, replicas: [1] }] },
};

export async function operate(tools: KafkaTools, bootstrap: string): Promise<unknown> {
  const facts: Record<string, unknown>[] = [];
  const files = new Map(Object.entries(FILES).map(([name, content]) => [name, tools.file(name, content)]));
  const run: Run = async (line, { input, shown } = {}) => {
    const [name = '', ...words] = line.split(' ');
    const parameters = words
      .map((word) => word.replace('HOST:PORT', bootstrap))
      .map((word) => files.get(word) ?? word);
    // One tool takes the server as a property, and one takes it before its subcommand only.
    const server = line.includes('HOST:PORT') ? [] : ['--bootstrap-server', bootstrap];
    const all = name === 'metadata-quorum' ? [...server, ...parameters] : [...parameters, ...server];
    const { code, printed } = await tools.run(CLASSES[name as keyof typeof CLASSES], all, input);
    const lines = factsOf(printed).filter((each) => !NOT_OF_BOTH.test(each));
    // Errors are each server's own words.
    facts.push({ [line]: code === 0 ? (shown?.(lines) ?? lines) : `exit code ${code}` });
  };
  await createTopics(run);
  await sendAndRead(run);
  await manageGroup(run);
  await configure(run);
  await run('topics --alter --topic tools --partitions 3');
  await run('topics --alter --topic tools --partitions 1');
  await administrate(run);
  await transact(run);
  await run('topics --describe --topic tools');
  await run('topics --delete --topic tools');
  await run('topics --delete --topic absent');
  return facts;
}

async function createTopics(run: Run): Promise<void> {
  await run('topics --create --topic tools --partitions 2 --config retention.ms=10000000');
  await run('topics --create --topic tools --partitions 1');
  await run('topics --create --topic tools --if-not-exists');
  await run('topics --create --topic bad+name');
  await run('topics --create --topic many --replication-factor 3');
  await run('topics --describe --topic tools');
  await run('topics --describe --topic absent');
}

async function sendAndRead(run: Run): Promise<void> {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    await run(
      `console-producer --topic tools --sync --compression-codec ${codec} --property parse.key=true --property key.separator=:`,
      { input: ['a:1', 'b:2', 'c:3', 'd:4'].map((text) => `${text} ${codec}`) },
    );
  await run('get-offsets --topic tools');
  await run('get-offsets --topic tools --time earliest');
  await run(
    'console-consumer --topic tools --group tools-group --from-beginning --max-messages 20 ' +
      '--property print.key=true --property print.partition=true --property print.offset=true',
    { shown: (lines) => [...lines].sort() },
  );
}

async function manageGroup(run: Run): Promise<void> {
  const group = 'consumer-groups --group tools-group';
  await run(`${group} --describe`);
  await run(`${group} --describe --state`);
  await run(`${group} --describe --members`);
  await run(`${group} --reset-offsets --topic tools --to-earliest --execute`);
  await run(`${group} --describe --offsets`);
  await run(`${group} --delete-offsets --topic tools`);
  await run(`${group} --delete`);
}

async function configure(run: Run): Promise<void> {
  const ofTopic = 'configs --entity-type topics --entity-name tools';
  await run(`${ofTopic} --alter --add-config cleanup.policy=[compact,delete],max.message.bytes=5000`);
  await run(`${ofTopic} --describe`);
  await run(`${ofTopic} --describe --all`);
  await run(`${ofTopic} --alter --delete-config cleanup.policy,max.message.bytes`);
  await run(`${ofTopic} --alter --add-config retention.msec=5`);
  await run(`${ofTopic} --alter --add-config retention.ms=soon`);
  const ofAll = 'configs --entity-type brokers --entity-default';
  await run(`${ofAll} --alter --add-config log.retention.ms=3600000`);
  await run(`${ofAll} --describe`);
  await run(`${ofAll} --alter --delete-config log.retention.ms`);
}

async function administrate(run: Run): Promise<void> {
  await run('metadata-quorum describe --status');
  await run('metadata-quorum describe --replication');
  await run('cluster cluster-id');
  await run('cluster list-endpoints');
  await run('leader-election --election-type preferred --topic tools --partition 0');
  await run('log-dirs --describe --topic-list tools');
  await run('delete-records --offset-json-file OFFSETS');
  await run('get-offsets --topic tools --time earliest');
  await run('reassign-partitions --execute --reassignment-json-file REASSIGNMENT');
  await run('reassign-partitions --verify --reassignment-json-file REASSIGNMENT');
  await run('reassign-partitions --list');
}

/** All in one transaction: 50 records and a marker. */
async function transact(run: Run): Promise<void> {
  await run('topics --create --topic tools-perf --partitions 1');
  await run(
    'producer-perf-test --topic tools-perf --num-records 50 --record-size 10 --throughput -1 ' +
      '--transactional-id perf --transaction-duration-ms 100000000 --producer-props bootstrap.servers=HOST:PORT',
    { shown: ([line = '']) => /^\d+ records sent/.exec(line)?.[0] },
  );
  await run('get-offsets --topic tools-perf');
  await run(
    'console-consumer --topic tools-perf --from-beginning --max-messages 50 --isolation-level read_committed',
    { shown: (lines) => lines.length },
  );
}
