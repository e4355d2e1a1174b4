/**
 * The timeouts and sizes of the quorum, with Kafka's defaults and the names of its properties.
 *
 *     parseQuorumOptions({ electionTimeoutMs: 300 }).fetchTimeoutMs // 2000
 */
import { HarnessError } from '../../../harness/errors.ts';

interface NumberOption {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** In `server.properties`; null where Kafka has none. */
  readonly property: string | null;
  readonly meaning: string;
}

const option = (
  value: number,
  min: number,
  max: number,
  property: string | null,
  meaning: string,
): NumberOption => ({ default: value, min, max, property, meaning });

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

export const QUORUM_OPTIONS = {
  electionTimeoutMs: option(
    1000,
    1,
    HOUR_MS,
    'controller.quorum.election.timeout.ms',
    'T: without a leader, a voter waits between T and 2T before it asks to be elected',
  ),
  fetchTimeoutMs: option(
    2000,
    1,
    HOUR_MS,
    'controller.quorum.fetch.timeout.ms',
    'how long a follower goes without a successful fetch before it asks to be elected',
  ),
  electionBackoffMaxMs: option(
    1000,
    0,
    HOUR_MS,
    'controller.quorum.election.backoff.max.ms',
    'the longest pause after a lost election',
  ),
  requestTimeoutMs: option(
    2000,
    1,
    HOUR_MS,
    'controller.quorum.request.timeout.ms',
    'how long a request may go without an answer',
  ),
  retryBackoffMs: option(
    20,
    0,
    HOUR_MS,
    'controller.quorum.retry.backoff.ms',
    'pause after a failed request to a node',
  ),
  fetchMaxWaitMs: option(500, 0, HOUR_MS, null, 'how long a leader holds a fetch while there is nothing new'),
  fetchMaxBytes: option(
    8 * MIB,
    1,
    1024 * MIB,
    null,
    'bytes of records in one fetch response; one batch may be larger',
  ),
  snapshotMaxBytes: option(8 * MIB, 1, 1024 * MIB, null, 'bytes of a snapshot in one response'),
  caughtUpWithinMs: option(
    HOUR_MS,
    1,
    24 * HOUR_MS,
    null,
    'how recently a new voter must have fetched to count as caught up',
  ),
  maxParkedFetches: option(
    1000,
    1,
    1e6,
    null,
    'fetches that wait at the leader; beyond it they are answered at once',
  ),
} as const;

export type QuorumOptions = { readonly [Name in keyof typeof QUORUM_OPTIONS]: number };

/** A leader without fetches of a majority for this many fetch timeouts resigns (KAFKA-15489). */
export const CHECK_QUORUM_FACTOR = 1.5;

/** @throws HarnessError `usage` for an unknown name or a number out of bounds */
export function parseQuorumOptions(given: { readonly [name: string]: number }): QuorumOptions {
  const parsed: Record<string, number> = {};
  for (const [name, { default: value, min, max }] of Object.entries(QUORUM_OPTIONS)) {
    const number = given[name] ?? value;
    if (!(number >= min && number <= max)) {
      throw new HarnessError(
        'usage',
        `the quorum's option ${name} is a number from ${min} to ${max}, not ${number}`,
      );
    }
    parsed[name] = number;
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(QUORUM_OPTIONS, name)) {
      throw new HarnessError(
        'usage',
        `the quorum has no option ${name}; it has ${Object.keys(QUORUM_OPTIONS).join(', ')}`,
      );
    }
  }
  return parsed as QuorumOptions;
}
