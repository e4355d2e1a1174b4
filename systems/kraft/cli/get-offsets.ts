/** `kraft get-offsets`: where partitions begin and end, as by `kafka-get-offsets.sh`. */
import type { Command } from 'commander';
import { keyOf } from '../client/operations.ts';
import type { PartitionKey } from '../client/operations.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../wire/api/offsets.ts';
import { addBootstrapOptions, withSession } from './broker-session.ts';
import type { BootstrapOptions } from './broker-session.ts';
import { RefusedError, usageError } from './exit-codes.ts';
import { wholeNumber } from './numbers.ts';
import { NO_OFFSET, offsetsAt } from './offsets-read.ts';
import type { CommandContext } from './output.ts';
import { explained } from './refusals.ts';
import { matchTopics } from './topic-names.ts';
import { partitionsOf, topicNames } from './topics-read.ts';

const EXAMPLES = `
Examples: topic:partition:offset, a line each
  kraft get-offsets --bootstrap-server localhost:9092 --topic orders
  kraft get-offsets --bootstrap-server localhost:9092 --topic orders --partitions 0,1 --time earliest
  kraft get-offsets --bootstrap-server localhost:9092 --topic-partitions orders:0-3,bills`;

interface Options extends BootstrapOptions {
  readonly topic?: string;
  readonly partitions?: string;
  readonly topicPartitions?: string;
  readonly time: string;
  readonly excludeInternalTopics: boolean;
}

/** Instead of a timestamp in milliseconds since 1970. */
const TIMES: ReadonlyMap<string, number> = new Map([
  ['latest', LATEST_TIMESTAMP],
  ['earliest', EARLIEST_TIMESTAMP],
  [String(LATEST_TIMESTAMP), LATEST_TIMESTAMP],
  [String(EARLIEST_TIMESTAMP), EARLIEST_TIMESTAMP],
]);

interface Filter {
  /** Null: all topics. */
  readonly topic: string | null;
  readonly includes: (partition: number) => boolean;
}

export function addGetOffsetsCommand(program: Command, { output }: CommandContext): void {
  const command = program.command('get-offsets').description('print where partitions begin and end');
  addBootstrapOptions(command)
    .option('--broker-list <host:port,…>', 'an old name of --bootstrap-server')
    .option('--topic <name>', 'a topic, or a pattern; default: all')
    .option('--partitions <n,…>', 'only these partitions')
    .option('--topic-partitions <list>', 'topic:partition or topic:from-to, several with commas')
    .option('--time <when>', 'latest, earliest, or milliseconds since 1970', 'latest')
    .option('--exclude-internal-topics', 'leave out the topics of groups and transactions', false)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (options: Options) => {
      const filters = filtersOf(options);
      const timestamp = TIMES.get(options.time) ?? timestampOf(options.time);
      await withSession(options, output, async (session) => {
        const names = await topicNames(session, { isInternalExcluded: options.excludeInternalTopics });
        const present = await partitionsOf(session, names);
        const keys = keysOf(filters, present);
        if (keys.length === 0)
          throw new RefusedError(
            'Error occurred: Could not match any topic-partitions with the specified filters',
          );
        for (const { key, offset, errorCode } of await offsetsAt(session, keys, timestamp)) {
          if (errorCode !== 0) {
            output.note(
              `Skip getting offsets for topic-partition ${key.name} due to error: ${explained(errorCode)}`,
            );
          } else if (offset !== NO_OFFSET) output.print(`${key.topic}:${key.partition}:${offset}`);
        }
      });
    });
}

function timestampOf(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw usageError(`--time is latest, earliest, or milliseconds since 1970, not "${text}"`);
  return Number(text);
}

function filtersOf({ topic, partitions, topicPartitions }: Options): readonly Filter[] {
  if (topicPartitions !== undefined) {
    if (topic !== undefined || partitions !== undefined)
      throw usageError('--topic-partitions cannot be used with --topic or --partitions');
    return topicPartitions.split(',').map(parseFilter);
  }
  const chosen = partitions?.split(',').map((each) => wholeNumber(each.trim(), '--partitions'));
  const includes = (partition: number): boolean => chosen?.includes(partition) ?? true;
  return [{ topic: topic ?? null, includes }];
}

/** `topic`, `topic:1`, `topic:1-3` (the end is not in it), `topic:1-`, `topic:-3`, and all without the topic. */
function parseFilter(text: string): Filter {
  const match = /^([^:]*)(?::(?:(\d*)(-?)(\d*))?)?$/.exec(text.trim());
  if (match === null)
    throw usageError(`--topic-partitions takes topic:partition or topic:from-to, not "${text}"`);
  const [, topic = '', from = '', dash = '', to = ''] = match;
  const includes = (partition: number): boolean => {
    if (dash === '') return from === '' || partition === Number(from);
    return (from === '' || partition >= Number(from)) && (to === '' || partition < Number(to));
  };
  return { topic: topic === '' ? null : topic, includes };
}

function keysOf(
  filters: readonly Filter[],
  present: ReadonlyMap<string, readonly number[]>,
): readonly PartitionKey[] {
  const names = [...present.keys()].sort();
  const matched = filters.map(({ topic, includes }) => ({
    topics: new Set(topic === null ? names : matchTopics(names, topic)),
    includes,
  }));
  return names.flatMap((name) =>
    (present.get(name) ?? [])
      .filter((partition) => matched.some(({ topics, includes }) => topics.has(name) && includes(partition)))
      .map((partition) => keyOf(name, partition)),
  );
}
