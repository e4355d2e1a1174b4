/** `kraft consumer-groups --reset-offsets`, `--delete-offsets`: groups that nobody is in are moved, or forget where they were. */
import { ClientError } from '../client/client-error.ts';
import { commitOffsets } from '../client/group-offsets.ts';
import type { KeyOffset, PartitionKey } from '../client/operations.ts';
import { keyOf } from '../client/operations.ts';
import { partitionsByTopic } from '../client/topic-groups.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../wire/api/offsets.ts';
import { ERROR } from '../wire/error-codes.ts';
import type { BrokerSession } from './broker-session.ts';
import { readTextFile } from './configuration.ts';
import { EXIT, RefusedError, usageError } from './exit-codes.ts';
import { committedOffsets, deleteOffsets, describeGroup, groupRefusal } from './groups-read.ts';
import { durationOf, momentOf } from './moments.ts';
import { wholeNumber } from './numbers.ts';
import { NO_OFFSET, offsetsAt } from './offsets-read.ts';
import type { CommandContext } from './output.ts';
import { explained } from './refusals.ts';
import { readResetPlan, resetPlanLine } from './reset-plans.ts';
import { wideTable } from './table.ts';
import { partitionsOf } from './topics-read.ts';

export interface ResetOptions {
  readonly group: readonly string[];
  readonly topic: readonly string[];
  readonly allTopics: boolean;
  readonly toEarliest: boolean;
  readonly toLatest: boolean;
  readonly toCurrent: boolean;
  readonly toOffset?: string;
  readonly shiftBy?: string;
  readonly toDatetime?: string;
  readonly byDuration?: string;
  readonly fromFile?: string;
  readonly export: boolean;
  readonly execute: boolean;
  readonly dryRun: boolean;
}

/** Where partitions of a group shall be read from, before that is brought between their begins and ends. */
type Scenario = (
  session: BrokerSession,
  keys: readonly PartitionKey[],
  committed: ReadonlyMap<string, number>,
) => Promise<readonly KeyOffset[]>;

const OFFSET_MAX = Number.MAX_SAFE_INTEGER;
const SCENARIOS =
  '--to-earliest, --to-latest, --to-current, --to-offset, --shift-by, --to-datetime, --by-duration, --from-file';

export interface ResetPlan {
  /** Null: a file says it, for each group. */
  readonly scenario: Scenario | null;
  readonly ofFile: ReadonlyMap<string, readonly KeyOffset[]>;
}

/** What is wrong is found before a broker is asked. @throws HarnessError `usage` */
export function resetPlanOf(options: ResetOptions): ResetPlan {
  const { fromFile, group, topic, allTopics, dryRun, execute } = options;
  if (dryRun && execute) throw usageError('--dry-run and --execute contradict each other');
  const scenarios = scenariosOf(options);
  const [scenario = null] = scenarios;
  if (scenarios.length + (fromFile === undefined ? 0 : 1) !== 1)
    throw usageError(`--reset-offsets takes exactly one of ${SCENARIOS}`);
  if (fromFile === undefined && topic.length === 0 && !allTopics)
    throw usageError('--topic NAME is missing, or --all-topics');
  const ofFile = fromFile === undefined ? new Map() : readResetPlan(readTextFile(fromFile), fromFile, group);
  return { scenario, ofFile };
}

function scenariosOf(options: ResetOptions): Scenario[] {
  const { toEarliest, toLatest, toCurrent, toOffset, shiftBy, toDatetime, byDuration } = options;
  const chosen: Scenario[] = [];
  if (toEarliest) chosen.push((session, keys) => known(session, keys, EARLIEST_TIMESTAMP));
  if (toLatest) chosen.push(toEnd);
  if (toCurrent) chosen.push(toCommitted);
  if (toOffset !== undefined) {
    const offset = wholeNumber(toOffset, '--to-offset', 0, OFFSET_MAX);
    chosen.push((_session, keys) => Promise.resolve(keys.map((key) => ({ key, offset }))));
  }
  if (shiftBy !== undefined)
    chosen.push(shiftedBy(wholeNumber(shiftBy, '--shift-by', -OFFSET_MAX, OFFSET_MAX)));
  if (toDatetime !== undefined) {
    const moment = momentOf(toDatetime, '--to-datetime');
    chosen.push(toMoment(() => moment));
  }
  if (byDuration !== undefined) {
    const duration = durationOf(byDuration, '--by-duration');
    chosen.push(toMoment((nowMs) => nowMs - duration));
  }
  return chosen;
}

const toEnd: Scenario = (session, keys) => known(session, keys, LATEST_TIMESTAMP);

/** Where nothing is committed: the end, as in Kafka. */
const toCommitted: Scenario = async (session, keys, committed) =>
  (await toEnd(session, keys, committed)).map(({ key, offset }) => ({
    key,
    offset: committed.get(key.name) ?? offset,
  }));

function shiftedBy(count: number): Scenario {
  return (_session, keys, committed) =>
    Promise.resolve(
      keys.map((key) => {
        const offset = committed.get(key.name);
        if (offset === undefined)
          throw new RefusedError(`Error: --shift-by: nothing is committed of ${key.name}: try --to-offset`);
        return { key, offset: offset + count };
      }),
    );
}

/** The first record that is not older; the end, where all are. */
function toMoment(momentAt: (nowMs: number) => number): Scenario {
  return async (session, keys, committed) => {
    const found = await known(session, keys, Math.max(0, Math.floor(momentAt(session.wallMs))));
    const ends = await toEnd(session, keys, committed);
    return found.map((each, i) => (each.offset === NO_OFFSET ? (ends[i] as KeyOffset) : each));
  };
}

/** @throws RefusedError where a leader does not know */
async function known(
  session: BrokerSession,
  keys: readonly PartitionKey[],
  timestamp: number,
): Promise<KeyOffset[]> {
  const facts = await offsetsAt(session, keys, timestamp);
  const failed = facts.find(({ errorCode }) => errorCode !== ERROR.NONE);
  if (failed !== undefined) throw groupRefusal(failed.errorCode);
  return facts.map(({ key, offset }) => ({ key, offset }));
}

export async function resetOffsets(
  session: BrokerSession,
  groups: readonly string[],
  options: ResetOptions,
  { output }: CommandContext,
): Promise<void> {
  const plan = resetPlanOf(options);
  const rows: { readonly group: string; readonly offset: KeyOffset }[] = [];
  for (const group of groups) {
    const { members } = await describeGroup(session, group);
    if (members.length > 0)
      throw groupRefusal(
        ERROR.NON_EMPTY_GROUP,
        `Assignments can only be reset if the group '${group}' is inactive`,
      );
    const offsets = await newOffsets(session, group, options, plan);
    if (options.execute) await commit(session, group, offsets);
    rows.push(...offsets.map((offset) => ({ group, offset })));
  }
  if (options.export) {
    for (const { group, offset } of rows)
      output.print(resetPlanLine(group, offset, options.group.length === 1));
  } else {
    const cells = rows.map(({ group, offset: { key, offset } }) => [
      ...[group, key.topic, String(key.partition)],
      String(offset),
    ]);
    output.print('');
    output.print(wideTable([-30, -30, -10], ['GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET'], cells).join('\n'));
  }
  if (!options.execute) output.note('Nothing was changed: --execute does it.');
}

async function newOffsets(
  session: BrokerSession,
  group: string,
  options: ResetOptions,
  { scenario, ofFile }: ResetPlan,
): Promise<KeyOffset[]> {
  const committed = await committedOffsets(session, group);
  const wanted =
    scenario === null
      ? (ofFile.get(group) ?? [])
      : await scenario(
          session,
          options.allTopics ? committed.map(({ key }) => key) : await keysOfAll(session, options.topic),
          new Map(committed.map(({ key, offset }) => [key.name, offset])),
        );
  if (wanted.length === 0 && scenario === null)
    throw new RefusedError(`Error: ${options.fromFile ?? ''} has nothing for group '${group}'`);
  const keys = wanted.map(({ key }) => key);
  const begins = await known(session, keys, EARLIEST_TIMESTAMP);
  const ends = await known(session, keys, LATEST_TIMESTAMP);
  return wanted.map(({ key, offset }, i) => {
    const [begin, end] = [begins[i]?.offset ?? 0, ends[i]?.offset ?? 0];
    return { key, offset: Math.min(Math.max(offset, begin), end) };
  });
}

export async function deleteOffsetsOf(
  session: BrokerSession,
  group: string,
  topics: readonly string[],
  { output, finish }: CommandContext,
): Promise<void> {
  const keys = await keysOfAll(session, topics);
  const { errorCode, codes } = await deleteOffsets(session, group, partitionsByTopic(keys));
  if (errorCode !== ERROR.NONE) throw groupRefusal(errorCode, REFUSALS.get(errorCode)?.(group) ?? null);
  const failed = [...codes.values()].some((code) => code !== ERROR.NONE);
  if (failed) {
    output.note('Error: some offsets were not deleted:');
    finish(EXIT.invalid);
  } else {
    output.print(`Request succeed for deleting offsets with topic ${topics.join(', ')} group ${group}`);
  }
  const rows = keys.map(({ topic, partition, name }) => {
    const code = codes.get(name) ?? ERROR.UNKNOWN_SERVER_ERROR;
    return [topic, String(partition), code === ERROR.NONE ? 'Successful' : `Error: ${explained(code)}`];
  });
  output.print('');
  output.print(wideTable([-30, -15, -15], ['TOPIC', 'PARTITION', 'STATUS'], rows).join('\n'));
}

const REFUSALS: ReadonlyMap<number, (group: string) => string> = new Map([
  [ERROR.GROUP_ID_NOT_FOUND, (group: string) => `'${group}' does not exist`],
  [ERROR.NON_EMPTY_GROUP, (group: string) => `somebody is in the group '${group}'`],
]);

async function keysOfAll(session: BrokerSession, topics: readonly string[]): Promise<PartitionKey[]> {
  const keys: PartitionKey[] = [];
  for (const text of topics) keys.push(...(await keysOf(session, text)));
  return keys;
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
