/** What `console-producer` is told of its producer: options, which count most, `--producer-property`, and a file. */
import type { Command } from 'commander';
import { CODEC } from '../records/compression.ts';
import { clientProperties } from './client-properties.ts';
import { usageError } from './exit-codes.ts';
import { collect, wholeNumber } from './numbers.ts';

export type Acks = -1 | 0 | 1;
const ACKS: ReadonlyMap<string, Acks> = new Map<string, Acks>([
  ['all', -1],
  ['-1', -1],
  ['0', 0],
  ['1', 1],
]);

const KEYS = [
  ...['acks', 'compression.type', 'enable.idempotence', 'delivery.timeout.ms', 'request.timeout.ms'],
  ...['retries', 'batch.size', 'max.block.ms', 'client.id'],
];
const UNNEEDED = [
  ...['linger.ms', 'buffer.memory', 'max.in.flight.requests.per.connection', 'max.request.size'],
  ...['retry.backoff.ms', 'metadata.max.age.ms', 'send.buffer.bytes', 'receive.buffer.bytes'],
  ...['key.serializer', 'value.serializer'],
];

export interface ProducerOptions {
  readonly producerProperty: readonly string[];
  readonly commandProperty: readonly string[];
  readonly 'producer.config'?: string;
  readonly compressionCodec?: string | true;
  readonly requestRequiredAcks?: string;
  readonly requestTimeoutMs?: string;
  readonly messageSendMaxRetries?: string;
  readonly maxBlockMs?: string;
  readonly batchSize?: string;
  readonly maxPartitionMemoryBytes?: string;
  // Of no use here: lines that come together are sent together, and nothing waits.
  readonly timeout?: string;
  readonly maxMemoryBytes?: string;
  readonly retryBackoffMs?: string;
  readonly metadataExpiryMs?: string;
  readonly socketBufferSize?: string;
}

export interface ProducerSettings {
  readonly acks: Acks;
  readonly codec: number;
  readonly idempotence: boolean;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly retries: number;
  /** Of keys and values. */
  readonly batchBytes: number;
  /** For the topic, before the first record. */
  readonly maxBlockMs: number;
  readonly clientId: string;
}

const BATCH_BYTES = 256 * 1024;
const DELIVERY_TIMEOUT_MS = 120_000;
const REQUEST_TIMEOUT_MS = 15_000;
const RETRIES = 1_000;
const MAX_BLOCK_MS = 60_000;

export function addProducerOptions(command: Command): Command {
  return command
    .option(
      '--producer-property <key=value>',
      'acks=all|1|0, compression.type=…; may be repeated',
      collect,
      [],
    )
    .option('--command-property <key=value>', 'the same', collect, [])
    .option('--producer.config <file>', 'the same in a file; what is said otherwise counts more')
    .option('--compression-codec [codec]', 'none, gzip, snappy, lz4 or zstd')
    .option('--request-required-acks <acks>', 'all, 1 or 0')
    .option('--request-timeout-ms <ms>', 'how long a broker may wait for replicas')
    .option('--message-send-max-retries <n>', 'how often a batch is sent again')
    .option('--max-block-ms <ms>', 'how long to wait for the topic')
    .option('--batch-size <bytes>', 'of a batch, before it is compressed')
    .option('--max-partition-memory-bytes <bytes>', 'the same, and counts more')
    .option('--sync', 'wait for each batch, which it does anyway')
    .option('--timeout <ms>', 'taken, and not needed: nothing waits here to be sent')
    .option('--max-memory-bytes <bytes>', 'taken, and not needed: one read is held at a time')
    .option('--retry-backoff-ms <ms>', 'taken, and changes nothing')
    .option('--metadata-expiry-ms <ms>', 'taken, and changes nothing')
    .option('--socket-buffer-size <bytes>', 'taken, and changes nothing');
}

/**
 * @returns with it the names of what was given and changes nothing
 * @throws HarnessError `usage`
 */
export function producerSettings(options: ProducerOptions): ProducerSettings & { readonly idle: string[] } {
  const { values, idle } = clientProperties({
    fileOption: '--producer.config',
    file: options['producer.config'],
    option: '--producer-property',
    pairs: [...options.producerProperty, ...options.commandProperty],
    keys: KEYS,
    unneeded: UNNEEDED,
  });
  const number = (given: string | undefined, option: string, key: string, min: number, byDefault: number) => {
    if (given !== undefined) return wholeNumber(given, option, min);
    const property = values.get(key);
    return property === undefined ? byDefault : wholeNumber(property, key, min);
  };
  const acksText = options.requestRequiredAcks ?? values.get('acks') ?? 'all';
  const acks = ACKS.get(acksText);
  if (acks === undefined) throw usageError(`acks is all, 1 or 0, not "${acksText}"`);
  const { compressionCodec } = options;
  const codecText =
    compressionCodec === true ? 'gzip' : (compressionCodec ?? values.get('compression.type') ?? 'none');
  if (!Object.hasOwn(CODEC, codecText))
    throw usageError(`compression is one of ${Object.keys(CODEC).join(', ')}, not "${codecText}"`);
  const isIdempotent = values.get('enable.idempotence');
  if (isIdempotent === 'true' && acks !== -1) throw usageError('enable.idempotence=true needs acks=all');
  const { requestTimeoutMs, messageSendMaxRetries, maxBlockMs, batchSize, maxPartitionMemoryBytes } = options;
  const [batch, batchOption] =
    maxPartitionMemoryBytes === undefined
      ? [batchSize, '--batch-size']
      : [maxPartitionMemoryBytes, '--max-partition-memory-bytes'];
  const timeout = 'request.timeout.ms';
  return {
    acks,
    codec: CODEC[codecText as keyof typeof CODEC],
    idempotence: acks === -1 && isIdempotent !== 'false',
    deliveryTimeoutMs: number(undefined, '', 'delivery.timeout.ms', 1, DELIVERY_TIMEOUT_MS),
    requestTimeoutMs: number(requestTimeoutMs, '--request-timeout-ms', timeout, 1, REQUEST_TIMEOUT_MS),
    retries: number(messageSendMaxRetries, '--message-send-max-retries', 'retries', 0, RETRIES),
    batchBytes: number(batch, batchOption, 'batch.size', 0, BATCH_BYTES),
    maxBlockMs: number(maxBlockMs, '--max-block-ms', 'max.block.ms', 0, MAX_BLOCK_MS),
    clientId: values.get('client.id') ?? 'console-producer',
    idle: [...idleOptions(options), ...idle],
  };
}

const IDLE_OPTIONS = [
  ['timeout', '--timeout'],
  ['maxMemoryBytes', '--max-memory-bytes'],
  ['retryBackoffMs', '--retry-backoff-ms'],
  ['metadataExpiryMs', '--metadata-expiry-ms'],
  ['socketBufferSize', '--socket-buffer-size'],
] as const;

function idleOptions(options: ProducerOptions): string[] {
  return IDLE_OPTIONS.flatMap(([option, name]) => {
    const text = options[option];
    if (text === undefined) return [];
    wholeNumber(text, name, -1, Number.MAX_SAFE_INTEGER);
    return [name];
  });
}
