/** `kraft topics`: topics created, listed, described, altered and deleted, as by `kafka-topics.sh`. */
import type { Command } from 'commander';
import { ERROR } from '../wire/error-codes.ts';
import { addBootstrapOptions, withSession } from './broker-session.ts';
import type { BootstrapOptions, BrokerSession } from './broker-session.ts';
import { RefusedError, usageError } from './exit-codes.ts';
import { chosenAction, collect, keyValues, wholeNumber } from './numbers.ts';
import type { CommandContext, Output } from './output.ts';
import { checkAnswer } from './refusals.ts';
import { isNarrowed, isWanted, partitionLine, topicLine } from './topic-description.ts';
import type { DescribeFilter, TopicFacts } from './topic-description.ts';
import { matchTopics } from './topic-names.ts';
import { partitionsOf, readTopics, topicNames } from './topics-read.ts';
import type { Configs } from './topics-read.ts';

const EXAMPLES = `
Examples:
  kraft topics --create --topic orders --partitions 3 --replication-factor 3 --bootstrap-server localhost:9092
  kraft topics --create --topic orders --config min.insync.replicas=2 --if-not-exists --bootstrap-server …
  kraft topics --list --bootstrap-server localhost:9092
  kraft topics --describe --topic orders --bootstrap-server localhost:9092
  kraft topics --alter --topic orders --partitions 6 --bootstrap-server localhost:9092
  kraft topics --delete --topic orders --bootstrap-server localhost:9092

Where a topic may be a pattern (all but --create), a name that is there is that topic alone.`;

const ACTIONS = ['create', 'list', 'describe', 'alter', 'delete'] as const;
type Action = (typeof ACTIONS)[number];

interface Options extends BootstrapOptions, Partial<Readonly<Record<Action, boolean>>> {
  readonly topic?: string;
  readonly partitions?: string;
  readonly replicationFactor?: string;
  readonly replicaAssignment?: string;
  readonly config: readonly string[];
  readonly ifNotExists: boolean;
  readonly ifExists: boolean;
  readonly excludeInternal: boolean;
  readonly underReplicatedPartitions: boolean;
  readonly unavailablePartitions: boolean;
  readonly underMinIsrPartitions: boolean;
  readonly atMinIsrPartitions: boolean;
  readonly topicsWithOverrides: boolean;
}

const REPLICATION_FACTOR_MAX = 32_767;
const CREATE_TIMEOUT_MS = 15_000;
/** The broker's own default (KIP-464). */
const BROKERS_DEFAULT = -1;

export function addTopicsCommand(program: Command, { output }: CommandContext): void {
  const command = program.command('topics').description('create, list, describe, alter and delete topics');
  addBootstrapOptions(command)
    .option('--create', 'make a topic')
    .option('--list', 'print the names of all topics')
    .option('--describe', 'print partitions, leaders and replicas')
    .option('--alter', 'add partitions')
    .option('--delete', 'delete topics')
    .option('--topic <name>', 'which; default for --list and --describe: all')
    .option('--partitions <n>', 'how many there shall be; default: num.partitions of the controller')
    .option('--replication-factor <n>', 'copies of each; default: default.replication.factor')
    .option('--replica-assignment <ids>', 'brokers of each partition, the leader first: 1:2,2:3,3:1')
    .option('--config <key=value>', 'a configuration of the topic; may be repeated', collect, [])
    .option('--if-not-exists', 'create it unless it is there', false)
    .option('--if-exists', 'do nothing where there is no such topic', false)
    .option('--exclude-internal', 'leave out the topics of groups and transactions', false)
    .option('--under-replicated-partitions', 'describe only those with a replica that is behind', false)
    .option('--unavailable-partitions', 'describe only those without a leader that is there', false)
    .option('--under-min-isr-partitions', 'describe only those that take no acks=all', false)
    .option('--at-min-isr-partitions', 'describe only those that can lose no more', false)
    .option('--topics-with-overrides', 'describe only topics that have a configuration', false)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (options: Options) => {
      const action = actionOf(options);
      const run = RUN[action];
      await withSession(options, output, (session) => run(session, options, output));
    });
}

function actionOf(options: Options): Action {
  const action = chosenAction('topics', ACTIONS, options);
  if (options.topic === undefined && action !== 'list' && action !== 'describe')
    throw usageError(`--${action} needs --topic NAME`);
  return action;
}

type Run = (session: BrokerSession, options: Options, output: Output) => Promise<void>;

const RUN: Readonly<Record<Action, Run>> = { create, list, describe, alter, delete: deleteTopics };

async function create(session: BrokerSession, options: Options, output: Output): Promise<void> {
  const name = options.topic as string;
  const { partitions, replicationFactor, replicaAssignment } = options;
  const assignments = replicaAssignment === undefined ? [] : parseAssignment(replicaAssignment);
  if (assignments.length > 0 && (partitions !== undefined || replicationFactor !== undefined))
    throw usageError('--replica-assignment says how many partitions and replicas there are by itself');
  const count = partitions === undefined ? null : wholeNumber(partitions, '--partitions', 1);
  const factor =
    replicationFactor === undefined
      ? null
      : wholeNumber(replicationFactor, '--replication-factor', 1, REPLICATION_FACTOR_MAX);
  const configs = [...keyValues(options.config, '--config')].map(([key, value]) => ({ name: key, value }));
  if (/[._]/.test(name)) {
    output.note(
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. " +
        'To avoid issues it is best to use either, but not both.',
    );
  }
  const { topics } = await session.tell('createTopics', {
    topics: [
      {
        name,
        numPartitions: count ?? BROKERS_DEFAULT,
        replicationFactor: factor ?? BROKERS_DEFAULT,
        assignments,
        configs,
      },
    ],
    timeoutMs: CREATE_TIMEOUT_MS,
  });
  const { errorCode, errorMessage } = topics[0] ?? {
    errorCode: ERROR.UNKNOWN_SERVER_ERROR,
    errorMessage: null,
  };
  if (errorCode === ERROR.TOPIC_ALREADY_EXISTS && options.ifNotExists) return;
  checkAnswer('topic', errorCode, errorMessage);
  output.print(`Created topic ${name}.`);
}

/** `1:2,2:3`: of partition 0 the brokers 1 and 2, of partition 1 the brokers 2 and 3. */
function parseAssignment(text: string): { partitionIndex: number; brokerIds: number[] }[] {
  return text.split(',').map((item, partitionIndex) => ({
    partitionIndex,
    brokerIds: item.split(':').map((id) => wholeNumber(id.trim(), '--replica-assignment')),
  }));
}

async function list(session: BrokerSession, options: Options, output: Output): Promise<void> {
  for (const name of await namesOf(session, options, false)) output.print(name);
}

/** @param mustBeThere - a topic that was named and is not there is an error, unless `--if-exists` */
async function namesOf(
  session: BrokerSession,
  { topic, excludeInternal, ifExists }: Options,
  mustBeThere = true,
): Promise<string[]> {
  const names = await topicNames(session, { isInternalExcluded: excludeInternal });
  if (topic === undefined) return names;
  const found = matchTopics(names, topic);
  if (found.length === 0 && mustBeThere && !ifExists) {
    throw new RefusedError(
      `Error while executing topic command : Topic '${topic}' does not exist as expected (UNKNOWN_TOPIC_OR_PARTITION)`,
    );
  }
  return found;
}

async function describe(session: BrokerSession, options: Options, output: Output): Promise<void> {
  const filter: DescribeFilter = {
    underReplicated: options.underReplicatedPartitions,
    unavailable: options.unavailablePartitions,
    underMinIsr: options.underMinIsrPartitions,
    atMinIsr: options.atMinIsrPartitions,
  };
  const names = await namesOf(session, options);
  const { topics, configs } = await readTopics(session, names);
  const live = new Set((await session.brokers()).map(({ nodeId }) => nodeId));
  for (const topic of topics) {
    const hasOverrides = topic.configs.length > 0;
    if (!isNarrowed(filter) && (hasOverrides || !options.topicsWithOverrides)) output.print(topicLine(topic));
    if (options.topicsWithOverrides) continue;
    const minIsr = minIsrOf(configs.get(topic.name) ?? []);
    for (const line of partitionLines(topic, minIsr, live, filter)) output.print(line);
  }
}

function partitionLines(
  { name, partitions }: TopicFacts,
  minIsr: number,
  live: ReadonlySet<number>,
  filter: DescribeFilter,
): string[] {
  return partitions
    .filter((partition) => !isNarrowed(filter) || isWanted(partition, minIsr, live, filter))
    .map((partition) => partitionLine(name, partition));
}

function minIsrOf(configs: Configs): number {
  return Number(configs.find(({ name }) => name === 'min.insync.replicas')?.value ?? 1);
}

async function alter(session: BrokerSession, options: Options): Promise<void> {
  if (options.config.length > 0) {
    throw usageError(
      `configurations are altered by kraft configs --alter --topic ${options.topic as string} --add-config key=value`,
    );
  }
  if (options.partitions === undefined) throw usageError('--alter needs --partitions N');
  const count = wholeNumber(options.partitions, '--partitions', 1);
  const names = await namesOf(session, options);
  const present = await partitionsOf(session, names);
  const assigned =
    options.replicaAssignment === undefined ? null : parseAssignment(options.replicaAssignment);
  for (const name of names) {
    const assignments =
      assigned?.slice(present.get(name)?.length ?? 0).map(({ brokerIds }) => ({ brokerIds })) ?? null;
    const { results } = await session.tell('createPartitions', {
      topics: [{ name, count, assignments }],
      timeoutMs: CREATE_TIMEOUT_MS,
      validateOnly: false,
    });
    for (const { errorCode, errorMessage } of results) checkAnswer('topic', errorCode, errorMessage);
  }
}

async function deleteTopics(session: BrokerSession, options: Options): Promise<void> {
  const topicNames = await namesOf(session, options);
  if (topicNames.length === 0) return;
  const { responses } = await session.tell('deleteTopics', { topicNames, timeoutMs: CREATE_TIMEOUT_MS });
  for (const { name, errorCode } of responses) {
    const isGone = errorCode === ERROR.UNKNOWN_TOPIC_OR_PARTITION && options.ifExists;
    if (!isGone)
      checkAnswer('topic', errorCode, errorCode === 0 ? null : `Topic '${name ?? ''}' is not deleted`);
  }
}
