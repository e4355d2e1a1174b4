/** What `console-consumer` is told: what it reads, from where, how long, and what a record becomes. */
import type { Command } from 'commander';
import type { Record } from '../records/record.ts';
import type { BootstrapOptions } from './broker-session.ts';
import { clientProperties } from './client-properties.ts';
import { FORMATTER_KEYS, formatRecord, formatterProperties } from './console-lines.ts';
import { usageError } from './exit-codes.ts';
import { collect, wholeNumber } from './numbers.ts';

const EXAMPLES = `
Examples: until Ctrl-C, unless --max-messages or --timeout-ms say otherwise
  kraft console-consumer --topic orders --from-beginning --bootstrap-server localhost:9092
  kraft console-consumer --topic orders --group billing --bootstrap-server localhost:9092
  kraft console-consumer --topic orders --from-beginning --property print.key=true --property key.separator=: --bootstrap-server …
  kraft console-consumer --topic orders --partition 0 --offset 5 --max-messages 10 --bootstrap-server localhost:9092

Properties of --property: ${FORMATTER_KEYS.join(', ')}`;

const KEYS = [
  ...['group.id', 'auto.offset.reset', 'isolation.level', 'enable.auto.commit', 'client.id'],
  ...['session.timeout.ms', 'heartbeat.interval.ms'],
];
const UNNEEDED = [
  ...['max.poll.records', 'max.poll.interval.ms', 'fetch.max.wait.ms', 'fetch.min.bytes', 'fetch.max.bytes'],
  ...['max.partition.fetch.bytes', 'auto.commit.interval.ms', 'metadata.max.age.ms', 'request.timeout.ms'],
  ...['retry.backoff.ms', 'receive.buffer.bytes', 'send.buffer.bytes', 'check.crcs'],
  ...['key.deserializer', 'value.deserializer'],
];
const SESSION_TIMEOUT_MS = 45_000;
const HEARTBEAT_INTERVAL_MS = 3_000;

export interface ConsumerOptions extends BootstrapOptions {
  readonly topic?: string;
  readonly include?: string;
  readonly whitelist?: string;
  readonly fromBeginning: boolean;
  readonly group?: string;
  readonly maxMessages?: string;
  readonly timeoutMs?: string;
  readonly partition?: string;
  readonly offset?: string;
  readonly isolationLevel?: string;
  readonly formatter: string;
  readonly formatterConfig?: string;
  readonly property: readonly string[];
  readonly formatterProperty: readonly string[];
  readonly keyDeserializer?: string;
  readonly valueDeserializer?: string;
  readonly skipMessageOnError: boolean;
  readonly 'consumer.config'?: string;
  readonly consumerProperty: readonly string[];
  readonly commandProperty: readonly string[];
}

type Format = (record: Record, partition: number) => Uint8Array;

export interface ConsumerPlan {
  /** A name, or a pattern. */
  readonly topic: string;
  readonly group: string | null;
  /** Of partitions of which nothing else says where to begin. */
  readonly start: 'beginning' | 'end';
  /** Null: all. */
  readonly partition: number | null;
  readonly offset: number | 'beginning' | 'end' | null;
  readonly messagesMax: number;
  /** Without a record for so long it ends. */
  readonly idleMs: number;
  readonly isolation: 'read-committed' | 'read-uncommitted';
  readonly commits: boolean;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly clientId: string;
  /** What is printed of a record. @throws LineError for a value that its deserializer cannot be of */
  readonly format: Format;
  /** A record that cannot be printed is left out. */
  readonly passesErrors: boolean;
  /** Was given, and changes nothing. */
  readonly idle: readonly string[];
}

export function addConsumerOptions(command: Command): Command {
  return command
    .option('--topic <name>', 'what is read')
    .option('--include <pattern>', 'all topics that a pattern describes')
    .option('--whitelist <pattern>', 'an old name of --include')
    .option('--from-beginning', 'begin with the oldest record, instead of those to come', false)
    .option('--group <name>', 'as a member of this group, which remembers how far it came')
    .option('--max-messages <n>', 'end after so many')
    .option('--timeout-ms <ms>', 'end when nothing has come for so long')
    .option('--partition <n>', 'only this partition')
    .option('--offset <n>', 'where to begin: a number, earliest or latest; with --partition')
    .option('--isolation-level <level>', 'read_uncommitted or read_committed')
    .option('--property <key=value>', 'what is printed; may be repeated', collect, [])
    .option('--formatter-property <key=value>', 'the same', collect, [])
    .option('--formatter-config <file>', 'the same in a file; what is said otherwise counts more')
    .option(
      '--formatter <class>',
      'DefaultMessageFormatter, or NoOpMessageFormatter, which prints nothing',
      'DefaultMessageFormatter',
    )
    .option('--key-deserializer <class>', 'what keys are: StringDeserializer, Integer…, Long…, Short…')
    .option('--value-deserializer <class>', 'what values are: the same')
    .option('--skip-message-on-error', 'leave out a record that cannot be printed, and go on', false)
    .option(
      '--consumer-property <key=value>',
      'group.id=…, auto.offset.reset=…; may be repeated',
      collect,
      [],
    )
    .option('--command-property <key=value>', 'the same', collect, [])
    .option('--consumer.config <file>', 'the same in a file; what is said otherwise counts more')
    .addHelpText('after', EXAMPLES);
}

/** @throws HarnessError `usage` */
export function planOf(options: ConsumerOptions): ConsumerPlan {
  const { values, idle } = clientProperties({
    fileOption: '--consumer.config',
    file: options['consumer.config'],
    option: '--consumer-property',
    pairs: [...options.consumerProperty, ...options.commandProperty],
    keys: KEYS,
    unneeded: UNNEEDED,
  });
  const printed = formatOf(options);
  const { partition, maxMessages, timeoutMs, fromBeginning } = options;
  const topics = [options.topic, options.include, options.whitelist].filter((each) => each !== undefined);
  const [topic] = topics;
  if (topic === undefined) throw usageError('--topic NAME is missing, or --include PATTERN');
  if (topics.length > 1) throw usageError('--topic and --include both say what is read');
  const group = groupOf(options.group, values.get('group.id'));
  if (group !== null && partition !== undefined)
    throw usageError('--partition cannot be used with a group, whose members share the partitions');
  const reset = values.get('auto.offset.reset') ?? (fromBeginning ? 'earliest' : 'latest');
  if (reset !== 'earliest' && reset !== 'latest')
    throw usageError(`auto.offset.reset is earliest or latest, not "${reset}"`);
  if (fromBeginning && reset === 'latest')
    throw usageError('--from-beginning and auto.offset.reset=latest contradict each other');
  const isolation = options.isolationLevel ?? values.get('isolation.level') ?? 'read_uncommitted';
  if (isolation !== 'read_uncommitted' && isolation !== 'read_committed')
    throw usageError(`--isolation-level is read_uncommitted or read_committed, not "${isolation}"`);
  const number = (key: string, byDefault: number): number =>
    wholeNumber(values.get(key) ?? String(byDefault), key, 1);
  return {
    topic,
    group,
    start: reset === 'earliest' ? 'beginning' : 'end',
    partition: partition === undefined ? null : wholeNumber(partition, '--partition'),
    offset: offsetOf(options),
    messagesMax: maxMessages === undefined ? Infinity : wholeNumber(maxMessages, '--max-messages', -1),
    idleMs: timeoutMs === undefined ? Infinity : wholeNumber(timeoutMs, '--timeout-ms', -1),
    isolation: isolation === 'read_committed' ? 'read-committed' : 'read-uncommitted',
    commits: values.get('enable.auto.commit') !== 'false',
    sessionTimeoutMs: number('session.timeout.ms', SESSION_TIMEOUT_MS),
    heartbeatIntervalMs: number('heartbeat.interval.ms', HEARTBEAT_INTERVAL_MS),
    clientId: values.get('client.id') ?? 'console-consumer',
    format: printed.format,
    passesErrors: options.skipMessageOnError,
    idle: [...printed.idle, ...idle],
  };
}

function groupOf(option: string | undefined, property: string | undefined): string | null {
  if (option !== undefined && property !== undefined && option !== property)
    throw usageError(`--group ${option} and group.id=${property} contradict each other`);
  return option ?? property ?? null;
}

function offsetOf({ offset, partition, fromBeginning }: ConsumerOptions): ConsumerPlan['offset'] {
  if (offset === undefined) return null;
  if (partition === undefined) throw usageError('--offset needs --partition');
  if (fromBeginning) throw usageError('--offset and --from-beginning both say where to begin');
  if (offset === 'earliest') return 'beginning';
  if (offset === 'latest') return 'end';
  return wholeNumber(offset, '--offset', 0, Number.MAX_SAFE_INTEGER);
}

const NOTHING = new Uint8Array(0);

/** Kafka names a class, with its package or without. */
const simpleName = (className: string): string => className.slice(className.lastIndexOf('.') + 1);

function formatOf(options: ConsumerOptions): { readonly format: Format; readonly idle: readonly string[] } {
  const { values, idle } = clientProperties({
    fileOption: '--formatter-config',
    file: options.formatterConfig,
    option: '--property',
    pairs: [...options.property, ...options.formatterProperty],
    keys: FORMATTER_KEYS,
  });
  const given = new Map(values);
  const { keyDeserializer, valueDeserializer } = options;
  if (keyDeserializer !== undefined) given.set('key.deserializer', keyDeserializer);
  if (valueDeserializer !== undefined) given.set('value.deserializer', valueDeserializer);
  const properties = formatterProperties(given);
  const name = simpleName(options.formatter);
  if (name === 'NoOpMessageFormatter') return { format: () => NOTHING, idle };
  if (name !== 'DefaultMessageFormatter')
    throw usageError(
      `--formatter is DefaultMessageFormatter or NoOpMessageFormatter, not "${options.formatter}"`,
    );
  return { format: (record, partition) => formatRecord(record, partition, properties), idle };
}
