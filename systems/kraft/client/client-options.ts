/**
 * The options of a client: defaults, meanings and checks.
 *
 *     parseClientOptions({ acks: 1, idempotence: false }, 3).acks // 1
 *
 * They stand beside the node's in the same `--option name=value`; what is not in the table is not looked at.
 */
import { HarnessError } from '../../../harness/errors.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { SystemOption } from '../../system.ts';
import { CODEC } from '../records/compression.ts';

const TABLE = {
  client: ['plain', 'plain | kafkajs: our own client, or the unmodified kafkajs'],
  acks: [-1, '-1, 1 or 0: whose append a send waits for'],
  idempotence: [true, 'the producer has an id, and numbers its batches; needs acks -1'],
  transactions: [false, 'each send and txn is a transaction; implies idempotence'],
  isolation: ['read-committed', 'read-committed | read-uncommitted: what polls see of transactions'],
  retries: [
    0,
    'how often a send of an idempotent producer is repeated, with its sequence number, for want of an answer',
  ],
  compression: ['none', 'none | gzip | snappy | lz4 | zstd: of what is sent'],
  partitions: [4, 'of topics that the client creates'],
  replicationFactor: [3, 'of topics that the client creates; at most the number of nodes'],
  minInsyncReplicas: [2, 'of topics that the client creates; at most their replication factor'],
  timeoutMs: [2000, 'how long an operation may take in all'],
  requestTimeoutMs: [
    1000,
    'how long one request may take; also what a produce tells the broker to wait for others',
  ],
  pollMs: [100, 'how long a poll waits where nothing is there'],
  group: ['shaketable', 'the consumer group, of subscribers and of commits'],
  sessionTimeoutMs: [6000, 'silence after which a group takes its member for gone'],
  heartbeatIntervalMs: [500, 'how often a member of a group says that it is there'],
  transactionTimeoutMs: [5000, 'after which the coordinator aborts a transaction that nobody ends'],
  autoOffsetReset: [
    'earliest',
    'earliest | latest | none: where a consumer goes on whose position is not in the log any more',
  ],
} as const satisfies Readonly<Record<string, readonly [number | boolean | string, string]>>;

type Widened<T> = T extends number ? number : T extends boolean ? boolean : string;
type Values = { readonly [N in keyof typeof TABLE]: Widened<(typeof TABLE)[N][0]> };

export interface ClientOptions extends Omit<
  Values,
  'client' | 'acks' | 'isolation' | 'compression' | 'autoOffsetReset'
> {
  readonly client: 'plain' | 'kafkajs';
  readonly acks: -1 | 0 | 1;
  readonly isolation: 'read-committed' | 'read-uncommitted';
  readonly compression: keyof typeof CODEC;
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
}

export const CLIENT_OPTIONS: readonly SystemOption[] = Object.entries(TABLE).map(
  ([name, [value, meaning]]) => ({ name, default: value, meaning: `client: ${meaning}` }),
);

const CHOICES: Readonly<Partial<Record<keyof typeof TABLE, readonly (string | number)[]>>> = {
  client: ['plain', 'kafkajs'],
  acks: [-1, 0, 1],
  isolation: ['read-committed', 'read-uncommitted'],
  compression: Object.keys(CODEC),
  autoOffsetReset: ['earliest', 'latest', 'none'],
};

const NUMBER_MAX = 0x7fff_ffff;

/**
 * @param nodes - how many brokers there are
 * @throws HarnessError `usage`
 */
export function parseClientOptions(given: { readonly [name: string]: Json }, nodes: number): ClientOptions {
  const values: Record<string, Json> = {};
  for (const [name, [byDefault]] of Object.entries(TABLE)) {
    const value = given[name] ?? byDefault;
    check(name as keyof typeof TABLE, value, byDefault);
    values[name] = value;
  }
  const options = values as unknown as ClientOptions;
  const transactions = options.transactions;
  const idempotence =
    transactions || (options.idempotence && (given['idempotence'] === true || options.acks === -1));
  if (idempotence && options.acks !== -1) {
    throw new HarnessError('usage', 'idempotence and transactions need acks=-1');
  }
  const replicationFactor = Math.min(options.replicationFactor, Math.max(1, nodes));
  const minInsyncReplicas = Math.min(options.minInsyncReplicas, replicationFactor);
  return { ...options, idempotence, replicationFactor, minInsyncReplicas };
}

function check(name: keyof typeof TABLE, value: Json, byDefault: number | boolean | string): void {
  const choices = CHOICES[name];
  if (choices !== undefined) {
    if (!choices.some((choice) => choice === value)) throw refusal(name, value, choices.join(', '));
  } else if (typeof byDefault === 'number') {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > NUMBER_MAX) {
      throw refusal(name, value, 'a whole number');
    }
  } else if (typeof value !== typeof byDefault) throw refusal(name, value, `a ${typeof byDefault}`);
}

const refusal = (name: string, value: Json, wanted: string): HarnessError =>
  new HarnessError('usage', `the option ${name} is ${wanted}, not ${JSON.stringify(value)}`);
