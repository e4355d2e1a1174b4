/** `kraft consumer-groups`: groups listed, described, deleted, and moved, as by `kafka-consumer-groups.sh`. */
import type { Command } from 'commander';
import { commitOffsets } from '../client/group-offsets.ts';
import type { KeyOffset, PartitionKey } from '../client/operations.ts';
import { keyOf } from '../client/operations.ts';
import { ClientError } from '../client/client-error.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../wire/api/offsets.ts';
import { ERROR } from '../wire/error-codes.ts';
import { addBootstrapOptions, withSession } from './broker-session.ts';
import type { BootstrapOptions, BrokerSession } from './broker-session.ts';
import { EXIT, usageError } from './exit-codes.ts';
import { memberTable, offsetTable, stateTable } from './group-tables.ts';
import type { GroupPartition } from './group-tables.ts';
import { committedOffsets, deleteGroup, describeGroup, groupRefusal, listGroups } from './groups-read.ts';
import type { GroupFacts } from './groups-read.ts';
import { chosenAction, collect, wholeNumber } from './numbers.ts';
import { offsetsAt } from './offsets-read.ts';
import type { CommandContext, Output } from './output.ts';
import { explained } from './refusals.ts';
import { wideTable } from './table.ts';
import { partitionsOf } from './topics-read.ts';

const EXAMPLES = `
Examples:
  kraft consumer-groups --bootstrap-server localhost:9092 --list
  kraft consumer-groups --bootstrap-server localhost:9092 --describe --group billing
  kraft consumer-groups --bootstrap-server localhost:9092 --describe --group billing --members --verbose
  kraft consumer-groups --bootstrap-server localhost:9092 --describe --all-groups --state
  kraft consumer-groups --bootstrap-server localhost:9092 --delete --group billing
  kraft consumer-groups --bootstrap-server localhost:9092 --reset-offsets --group billing --topic orders:0 --to-earliest --execute`;

const ACTIONS = ['list', 'describe', 'delete', 'resetOffsets'] as const;
type Action = (typeof ACTIONS)[number];

interface Options extends BootstrapOptions, Partial<Readonly<Record<Action, boolean>>> {
  readonly group: readonly string[];
  readonly allGroups: boolean;
  readonly members: boolean;
  readonly offsets: boolean;
  readonly state: boolean;
  readonly verbose: boolean;
  readonly topic: readonly string[];
  readonly allTopics: boolean;
  readonly toEarliest: boolean;
  readonly toLatest: boolean;
  readonly toOffset?: string;
  readonly shiftBy?: string;
  readonly execute: boolean;
  readonly dryRun: boolean;
}

export function addConsumerGroupsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('consumer-groups')
    .description('list, describe, delete and move consumer groups');
  addBootstrapOptions(command)
    .option('--list', 'print the names of all groups')
    .option('--describe', 'print what a group has read, and who is in it')
    .option('--delete', 'forget groups that nobody is in')
    .option('--reset-offsets', 'move a group that nobody is in')
    .option('--group <name>', 'which; may be repeated', collect, [])
    .option('--all-groups', 'all of them', false)
    .option('--offsets', 'describe what each partition has left (the default)', false)
    .option('--members', 'describe who is in the group', false)
    .option('--state', 'describe the group as a whole', false)
    .option('--verbose', 'with --members: who has which partitions', false)
    .option('--topic <topic[:partition,…]>', 'what is reset; may be repeated', collect, [])
    .option('--all-topics', 'reset all that the group has read', false)
    .option('--to-earliest', 'reset to the beginning', false)
    .option('--to-latest', 'reset to the end', false)
    .option('--to-offset <n>', 'reset to an offset')
    .option('--shift-by <n>', 'reset by so many records, forward or back')
    .option('--execute', 'do it', false)
    .option('--dry-run', 'only say what would be done (the default)', false)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (options: Options) => {
      const action = chosenAction('consumer-groups', ACTIONS, options);
      if (action !== 'list' && options.group.length === 0 && !options.allGroups)
        throw usageError('--group NAME is missing, or --all-groups');
      await withSession(options, context.output, (session) => RUN[action](session, options, context));
    });
}

type Run = (session: BrokerSession, options: Options, context: CommandContext) => Promise<void>;

const RUN: Readonly<Record<Action, Run>> = { list, describe, delete: deleteGroups, resetOffsets };

async function list(session: BrokerSession, _: Options, { output }: CommandContext): Promise<void> {
  for (const group of await listGroups(session)) output.print(group);
}

async function groupsOf(session: BrokerSession, { group, allGroups }: Options): Promise<readonly string[]> {
  return allGroups ? listGroups(session) : group;
}

async function describe(session: BrokerSession, options: Options, context: CommandContext): Promise<void> {
  const { output } = context;
  for (const group of await groupsOf(session, options)) {
    const facts = await describeGroup(session, group);
    const offsets = await committedOffsets(session, group);
    if (!isThere(facts, offsets)) {
      output.note(`\nError: Consumer group '${group}' does not exist. (GROUP_ID_NOT_FOUND)`);
      context.finish(EXIT.invalid);
      continue;
    }
    sayState(facts, output);
    output.print('');
    if (options.members) output.print(memberTable(group, facts.members, options.verbose).join('\n'));
    else if (options.state) output.print(stateTable(await stateOf(session, facts)).join('\n'));
    else output.print(offsetTable(await partitionRows(session, facts, offsets)).join('\n'));
  }
}

const isThere = ({ state, members }: GroupFacts, offsets: readonly KeyOffset[]): boolean =>
  state !== 'Dead' || members.length > 0 || offsets.length > 0;

function sayState({ group, state }: GroupFacts, output: Output): void {
  if (state === 'Empty') output.note(`\nConsumer group '${group}' has no active members.`);
  if (/Rebalance$/.test(state)) output.note(`\nWarning: Consumer group '${group}' is rebalancing.`);
}

async function stateOf(session: BrokerSession, facts: GroupFacts) {
  const { group, coordinator, strategy, state, members } = facts;
  const { host, port } = coordinator;
  const id = (await session.brokers()).find((broker) => broker.host === host && broker.port === port)?.nodeId;
  const where = `${host}:${port}  (${id ?? '?'})`;
  return { group, coordinator: where, strategy, state, memberCount: members.length };
}

/** Each partition that somebody has or that something is committed of. */
async function partitionRows(
  session: BrokerSession,
  { group, members }: GroupFacts,
  offsets: readonly KeyOffset[],
): Promise<GroupPartition[]> {
  const committed = new Map(offsets.map(({ key, offset }) => [key.name, offset]));
  const keys = new Map(offsets.map(({ key }) => [key.name, key]));
  for (const member of members) for (const key of member.keys) keys.set(key.name, key);
  const present = await partitionsOf(session, [...new Set([...keys.values()].map(({ topic }) => topic))]);
  const known = [...keys.values()].filter(({ topic, partition }) => present.get(topic)?.includes(partition));
  const ends = new Map(
    (await offsetsAt(session, known, LATEST_TIMESTAMP)).map(({ key, offset, errorCode }) => [
      key.name,
      errorCode === ERROR.NONE ? offset : null,
    ]),
  );
  return [...keys.values()].sort(byTopicAndPartition).map((key) => ({
    group,
    topic: key.topic,
    partition: key.partition,
    offset: committed.get(key.name) ?? null,
    end: ends.get(key.name) ?? null,
    member: members.find((member) => member.keys.some(({ name }) => name === key.name)) ?? null,
  }));
}

function byTopicAndPartition(a: PartitionKey, b: PartitionKey): number {
  if (a.topic === b.topic) return a.partition - b.partition;
  return a.topic < b.topic ? -1 : 1;
}

async function deleteGroups(
  session: BrokerSession,
  options: Options,
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  const deleted: string[] = [];
  for (const group of await groupsOf(session, options)) {
    const errorCode = await deleteGroup(session, group);
    if (errorCode === ERROR.NONE) deleted.push(group);
    else {
      output.note(`Error: Group '${group}' could not be deleted due to: ${explained(errorCode)}`);
      context.finish(EXIT.invalid);
    }
  }
  if (deleted.length > 0) {
    const names = deleted.map((group) => `'${group}'`).join(', ');
    output.print(`Deletion of requested consumer groups (${names}) was successful.`);
  }
}

async function resetOffsets(
  session: BrokerSession,
  options: Options,
  { output }: CommandContext,
): Promise<void> {
  const { toEarliest, toLatest, toOffset, shiftBy } = options;
  const scenarios = [toEarliest, toLatest, toOffset !== undefined, shiftBy !== undefined].filter(Boolean);
  if (scenarios.length !== 1)
    throw usageError(
      '--reset-offsets takes exactly one of --to-earliest, --to-latest, --to-offset, --shift-by',
    );
  if (options.topic.length === 0 && !options.allTopics)
    throw usageError('--topic NAME is missing, or --all-topics');
  const rows: string[][] = [];
  for (const group of await groupsOf(session, options)) {
    const { members } = await describeGroup(session, group);
    if (members.length > 0)
      throw groupRefusal(
        ERROR.NON_EMPTY_GROUP,
        `Assignments can only be reset if the group '${group}' is inactive`,
      );
    const offsets = await newOffsets(session, group, options);
    if (options.execute && !options.dryRun) await commit(session, group, offsets);
    for (const { key, offset } of offsets)
      rows.push([group, key.topic, String(key.partition), String(offset)]);
  }
  output.print('');
  output.print(wideTable([-30, -30, -10], ['GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET'], rows).join('\n'));
  if (!options.execute) output.note('Nothing was changed: --execute does it.');
}

async function newOffsets(session: BrokerSession, group: string, options: Options): Promise<KeyOffset[]> {
  const committed = await committedOffsets(session, group);
  const keys = options.allTopics
    ? committed.map(({ key }) => key)
    : (await Promise.all(options.topic.map((text) => keysOf(session, text)))).flat();
  const [begins, ends] = [
    await offsetsAt(session, keys, EARLIEST_TIMESTAMP),
    await offsetsAt(session, keys, LATEST_TIMESTAMP),
  ];
  return keys.map((key, i) => {
    const failed = [begins[i], ends[i]].find((fact) => fact === undefined || fact.errorCode !== ERROR.NONE);
    if (failed !== undefined) throw groupRefusal(failed.errorCode);
    const [begin, end] = [begins[i]?.offset ?? 0, ends[i]?.offset ?? 0];
    let offset = options.toEarliest ? begin : end;
    if (options.toOffset !== undefined)
      offset = wholeNumber(options.toOffset, '--to-offset', 0, Number.MAX_SAFE_INTEGER);
    if (options.shiftBy !== undefined) {
      const by = wholeNumber(options.shiftBy, '--shift-by', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      offset = (committed.find((each) => each.key.name === key.name)?.offset ?? begin) + by;
    }
    return { key, offset: Math.min(Math.max(offset, begin), end) };
  });
}

/** `orders`, or `orders:0,2`. */
async function keysOf(session: BrokerSession, text: string): Promise<PartitionKey[]> {
  const [topic = '', list] = text.split(':');
  const present = (await partitionsOf(session, [topic])).get(topic);
  if (present === undefined)
    throw groupRefusal(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `Topic '${topic}' does not exist`);
  const wanted =
    list?.split(',').map((each) => wholeNumber(each, `a partition of --topic ${topic}`)) ?? present;
  const missing = wanted.find((partition) => !present.includes(partition));
  if (missing !== undefined)
    throw groupRefusal(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `Topic '${topic}' has no partition ${missing}`);
  return wanted.map((partition) => keyOf(topic, partition));
}

async function commit(session: BrokerSession, group: string, offsets: readonly KeyOffset[]): Promise<void> {
  const nobody = { group, memberId: '', generation: -1 };
  try {
    await commitOffsets(session.client, nobody, offsets, session.deadlineMs);
  } catch (thrown) {
    if (thrown instanceof ClientError && thrown.errorCode !== null) throw groupRefusal(thrown.errorCode);
    throw thrown;
  }
}
