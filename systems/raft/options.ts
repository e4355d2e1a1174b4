/**
 * The options of a node and its client: one table, from which the defaults, the help and the checks come.
 *
 *     parseOptions({ heartbeatMs: 20 }).electionTimeoutMs // 150
 */
import { HarnessError } from '../../harness/errors.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { SystemOption } from '../system.ts';

interface NumberOption {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly meaning: string;
}

interface SwitchOption {
  readonly default: boolean;
  readonly meaning: string;
}

const number = (value: number, min: number, max: number, meaning: string): NumberOption => ({
  default: value,
  min,
  max,
  meaning,
});

const KIB = 1024;
const MIB = 1024 * KIB;

const TABLE = {
  heartbeatMs: number(50, 1, 60_000, 'how often a leader is heard'),
  electionTimeoutMs: number(
    150,
    2,
    600_000,
    'T: a follower waits between T and 2T for its leader; more than heartbeatMs',
  ),
  snapshotEveryEntries: number(500, 1, 1e9, 'applied entries between snapshots, at least'),
  keepEntries: number(
    50,
    0,
    1e9,
    'entries that stay in memory behind a snapshot, for followers that are a little late',
  ),
  maxInflightMessages: number(8, 1, 4096, 'appends on their way to one follower'),
  maxInflightBytes: number(MIB, 1, 1024 * MIB, 'bytes of appends on their way to one follower'),
  maxAppendBytes: number(64 * KIB, 1, 32 * MIB, 'bytes of entries in one append; one entry may be larger'),
  maxUncommittedBytes: number(
    4 * MIB,
    1,
    1024 * MIB,
    'bytes proposed and not applied, beyond which clients are refused',
  ),
  maxRequestBytes: number(MIB, 64, 16 * MIB, 'size of one client request'),
  maxPendingReads: number(
    10_000,
    1,
    1e9,
    'reads that wait for their heartbeat round, beyond which clients are refused',
  ),
  snapshotChunkBytes: number(64 * KIB, 1, 32 * MIB, 'bytes of a snapshot in one message'),
  segmentBytes: number(MIB, KIB, 1024 * MIB, 'size from which a new log segment is begun'),
  maxSessions: number(
    2000,
    1,
    1e6,
    'client sessions kept; beyond it the least recently active one expires, by the log',
  ),
  preVote: {
    default: true,
    meaning: 'ask whether an election could be won before raising the term (dissertation 9.6)',
  } as SwitchOption,
  checkQuorum: {
    default: true,
    meaning: 'a leader that heard no majority for an election timeout steps down (dissertation 6.2)',
  } as SwitchOption,
  clientPort: number(7000, 1, 65_535, 'port on which the node serves clients'),
  attemptTimeoutMs: number(
    500,
    1,
    600_000,
    'client: how long one attempt may take before the next node is tried',
  ),
  operationTimeoutMs: number(2000, 1, 600_000, 'client: how long an operation is tried in all'),
  maxAttempts: number(60, 1, 1000, 'client: how often an operation is tried in all, redirects included'),
  leaderHintMs: number(
    100,
    0,
    3_600_000,
    'client: how long it stays with a leader before it asks its own node again',
  ),
  retryDelayMs: number(
    20,
    0,
    60_000,
    'client: pause before it tries again where no leader is known; grows to five times that',
  ),
} as const;

type Table = typeof TABLE;

/** Every option with its value. */
export type RaftOptions = { readonly [Name in keyof Table]: Table[Name]['default'] };

export const OPTIONS: readonly SystemOption[] = Object.entries(TABLE).map(([name, option]) => ({
  name,
  default: option.default,
  meaning: option.meaning,
}));

/** @throws HarnessError `usage` for an unknown name, a wrong type, or a value out of bounds */
export function parseOptions(given: { readonly [name: string]: Json }): RaftOptions {
  const parsed: Record<string, number | boolean> = {};
  for (const [name, option] of Object.entries(TABLE)) {
    parsed[name] = parseOption(name, option, Object.hasOwn(given, name) ? given[name] : undefined);
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(TABLE, name)) {
      throw new HarnessError('usage', `raft has no option ${name}; it has ${Object.keys(TABLE).join(', ')}`);
    }
  }
  const options = parsed as unknown as RaftOptions;
  if (options.electionTimeoutMs <= options.heartbeatMs) {
    throw new HarnessError(
      'usage',
      `electionTimeoutMs (${options.electionTimeoutMs}) must be more than heartbeatMs (${options.heartbeatMs})`,
    );
  }
  return options;
}

function parseOption(
  name: string,
  option: NumberOption | SwitchOption,
  value: Json | undefined,
): number | boolean {
  if (value === undefined) return option.default;
  if ('min' in option) {
    if (typeof value !== 'number' || !(value >= option.min && value <= option.max)) {
      throw new HarnessError(
        'usage',
        `raft option ${name} is a number from ${option.min} to ${option.max}, not ${JSON.stringify(value)}`,
      );
    }
    return value;
  }
  if (typeof value !== 'boolean') {
    throw new HarnessError('usage', `raft option ${name} is true or false, not ${JSON.stringify(value)}`);
  }
  return value;
}
