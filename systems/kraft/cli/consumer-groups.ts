/** `kraft consumer-groups`: groups listed, described, deleted, and moved, as by `kafka-consumer-groups.sh`. */
import type { Command } from 'commander';
import type { KeyOffset, PartitionKey } from '../client/operations.ts';
import { LATEST_TIMESTAMP } from '../wire/api/offsets.ts';
import { ERROR } from '../wire/error-codes.ts';
import { addBootstrapOptions, withSession } from './broker-session.ts';
import type { BootstrapOptions, BrokerSession } from './broker-session.ts';
import { EXIT, usageError } from './exit-codes.ts';
import { memberTable, offsetTable, stateTable } from './group-tables.ts';
import type { GroupPartition } from './group-tables.ts';
import { committedOffsets, deleteGroup, describeGroup, listGroups } from './groups-read.ts';
import type { Committed, GroupFacts } from './groups-read.ts';
import { chosenAction, collect } from './numbers.ts';
import { offsetsAt } from './offsets-read.ts';
import type { CommandContext, Output } from './output.ts';
import { explained } from './refusals.ts';
import { deleteOffsetsOf, resetOffsets, resetPlanOf } from './reset-offsets.ts';
import type { ResetOptions } from './reset-offsets.ts';
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

const ACTIONS = ['list', 'describe', 'delete', 'resetOffsets', 'deleteOffsets'] as const;
type Action = (typeof ACTIONS)[number];

interface Options extends BootstrapOptions, ResetOptions, Partial<Readonly<Record<Action, boolean>>> {
  readonly allGroups: boolean;
  readonly members: boolean;
  readonly offsets: boolean;
  /** With --list perhaps which states. */
  readonly state?: string | true;
  readonly type?: string | true;
  readonly verbose: boolean;
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
    .option('--delete-offsets', 'forget what a group has read of topics')
    .option('--group <name>', 'which; may be repeated', collect, [])
    .option('--all-groups', 'all of them', false)
    .option('--offsets', 'describe what each partition has left (the default)', false)
    .option('--members', 'describe who is in the group', false)
    .option(
      '--state [state,…]',
      'describe the group as a whole; with --list: print states, or only groups in these',
    )
    .option('--type [type,…]', 'with --list: print types, of which there is only classic')
    .option('--verbose', 'with --describe: more columns, as who has which partitions', false)
    .option('--topic <topic[:partition,…]>', 'what is reset, or forgotten; may be repeated', collect, [])
    .option('--all-topics', 'reset all that the group has read', false)
    .option('--to-earliest', 'reset to the beginning', false)
    .option('--to-latest', 'reset to the end', false)
    .option('--to-current', 'reset to where the group is', false)
    .option('--to-offset <n>', 'reset to an offset')
    .option('--shift-by <n>', 'reset by so many records, forward or back')
    .option('--to-datetime <date>', 'reset to the first record from then on: 2026-01-31T12:00:00.000')
    .option('--by-duration <duration>', 'the same, of so long ago: P1DT2H30M')
    .option('--from-file <file>', 'reset to what --export has written')
    .option('--export', 'print the new offsets as lines of topic,partition,offset', false)
    .option('--execute', 'do it', false)
    .option('--dry-run', 'only say what would be done (the default)', false)
    .option('--timeout <ms>', 'taken, and not needed: each command tries for 20 s')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (options: Options) => {
      const action = chosenAction('consumer-groups', ACTIONS, options);
      if (action !== 'list' && options.group.length === 0 && !options.allGroups)
        throw usageError('--group NAME is missing, or --all-groups');
      if (action === 'resetOffsets') resetPlanOf(options);
      if (action === 'deleteOffsets') checkDeleteOffsets(options);
      await withSession(options, context.output, (session) => RUN[action](session, options, context));
    });
}

type Run = (session: BrokerSession, options: Options, context: CommandContext) => Promise<void>;

const RUN: Readonly<Record<Action, Run>> = {
  list,
  describe,
  delete: deleteGroups,
  resetOffsets: async (session, options, context) =>
    resetOffsets(session, await groupsOf(session, options), options, context),
  deleteOffsets: (session, { group, topic }, context) =>
    deleteOffsetsOf(session, group[0] as string, topic, context),
};

function checkDeleteOffsets({ group, allGroups, topic }: Options): void {
  if (group.length !== 1 || allGroups) throw usageError('--delete-offsets takes one --group NAME');
  if (topic.length === 0) throw usageError('--delete-offsets takes --topic NAME or --topic NAME:0,1');
}

const TYPE = 'Classic';
const wordsOf = (text: string): readonly string[] =>
  text.split(',').map((word) => word.trim().toLowerCase().replaceAll(/[-_]/g, ''));

async function list(session: BrokerSession, options: Options, { output }: CommandContext): Promise<void> {
  const { state, type } = options;
  const groups = await listGroups(session);
  if (state === undefined && type === undefined) {
    for (const group of groups) output.print(group);
    return;
  }
  const rows: string[][] = [];
  const isWanted = (wanted: string | true | undefined, word: string): boolean =>
    typeof wanted !== 'string' || wordsOf(wanted).includes(word.toLowerCase());
  for (const group of groups) {
    const facts = state === undefined ? null : await describeGroup(session, group);
    if (!isWanted(type, TYPE) || !isWanted(state, facts?.state ?? '')) continue;
    rows.push([group, ...(type === undefined ? [] : [TYPE]), ...(facts === null ? [] : [facts.state])]);
  }
  const header = [
    'GROUP',
    ...(type === undefined ? [] : ['TYPE']),
    ...(state === undefined ? [] : ['STATE']),
  ];
  output.print(wideTable([25, -20, -20], header, rows).join('\n'));
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
    else if (options.state !== undefined)
      output.print(stateTable(await stateOf(session, facts), options.verbose).join('\n'));
    else output.print(offsetTable(await partitionRows(session, facts, offsets), options.verbose).join('\n'));
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
  offsets: readonly Committed[],
): Promise<GroupPartition[]> {
  const committed = new Map(offsets.map((each) => [each.key.name, each]));
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
    offset: committed.get(key.name)?.offset ?? null,
    leaderEpoch: committed.get(key.name)?.leaderEpoch ?? null,
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
