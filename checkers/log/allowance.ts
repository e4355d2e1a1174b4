/**
 * Which anomalies are no violation under which options, and why: the promises that Kafka makes to such clients.
 *
 * The reasons are part of the explanation of what is allowed; docs/log.md has the table for people.
 */
import { impliedAnomalies } from '../transactions/consistency-models.ts';
import type { LogOptions } from './options.ts';

/** Of one anomaly: what decides whether the options allow it. */
export interface Circumstances {
  /** The send's outcome is in doubt. */
  readonly isInDoubt?: boolean;
  /** Only acknowledgements contradict each other: no poll takes part. */
  readonly isAcknowledgedOnly?: boolean;
  /** The operation that wrote is a transaction. */
  readonly isTransaction?: boolean;
  /** The cycle has edges from write to write. */
  readonly hasWriteOrder?: boolean;
  /** The group's members assign partitions to themselves. */
  readonly isSelfAssigned?: boolean;
  /** A later answer shows again what had gone back. */
  readonly isMadeGood?: boolean;
}

interface Allowance {
  readonly anomalies: readonly string[];
  readonly allows: (options: LogOptions, circumstances: Circumstances) => boolean;
  readonly reason: string;
}

const forms = (name: string): readonly string[] => [name, `${name}-process`, `${name}-realtime`];

const ALLOWANCES: readonly Allowance[] = [
  {
    anomalies: ['send-skip', 'int-send-skip'],
    allows: () => true,
    reason: 'producers write side by side, and a transaction does not keep others out of its partitions.',
  },
  {
    anomalies: forms('G0'),
    allows: () => true,
    reason:
      'a transaction’s records are appended as they are sent, among those of others: writes are not isolated.',
  },
  {
    anomalies: forms('G1c'),
    allows: (_options, { hasWriteOrder }) => hasWriteOrder === true,
    reason: 'the cycle needs the order of writes, and writes are not isolated.',
  },
  {
    anomalies: forms('G-single'),
    allows: ({ snapshotReads }) => !snapshotReads,
    reason: 'a consumer reads each partition at its own pace, and no snapshot over them.',
  },
  {
    anomalies: ['poll-skip', 'nonmonotonic-poll'],
    allows: ({ subscribe, rebalancesRecorded }) => subscribe && !rebalancesRecorded,
    reason: 'partitions of a subscription move between consumers, and the history does not say when.',
  },
  {
    anomalies: ['duplicate'],
    allows: ({ idempotence }, { isInDoubt }) => !idempotence && isInDoubt === true,
    reason: 'a producer without idempotence may write again what it got no answer to.',
  },
  {
    anomalies: ['int-nonmonotonic-send'],
    allows: ({ idempotence }) => !idempotence,
    reason: 'batches in flight pass each other when one is retried and the producer has no sequence numbers.',
  },
  {
    anomalies: ['lost-write', 'unseen', 'content-mismatch', 'realtime-inversion', 'nonmonotonic-send'],
    allows: ({ acks }) => acks !== 'all',
    reason: 'without acks=all a write is acknowledged by the leader alone, and goes with it.',
  },
  {
    anomalies: ['inconsistent-offsets'],
    allows: ({ acks }, { isAcknowledgedOnly }) => acks !== 'all' && isAcknowledgedOnly === true,
    reason:
      'without acks=all the next leader gives away the offsets of what the last one acknowledged alone.',
  },
  {
    anomalies: ['aborted-read', 'precommitted-read', ...forms('G1c')],
    allows: ({ isolation, transactions }, { isTransaction }) =>
      isTransaction === true && (isolation === 'read-uncommitted' || !transactions),
    reason:
      'consumers see what is not committed: they read uncommitted, or the operations are no transactions.',
  },
  {
    anomalies: ['committed-offset-regression'],
    allows: (_options, { isSelfAssigned }) => isSelfAssigned === true,
    reason:
      'consumers that assign partitions to themselves share a group’s offsets without being its members.',
  },
  {
    anomalies: ['committed-offset-regression', 'high-watermark-regression'],
    allows: ({ staleViews }, { isMadeGood }) => staleViews && isMadeGood === true,
    reason:
      'a deposed leader that does not know it yet answered from what it knew; later answers are as far again.',
  },
];

/** Why the options allow an anomaly; undefined when they do not. */
export function allowedBecause(
  name: string,
  options: LogOptions,
  circumstances: Circumstances,
): string | undefined {
  if (isForbidden(name, options)) return undefined;
  if (options.allow.includes(name)) return 'the options of the check say so.';
  const allowance = ALLOWANCES.find(
    ({ anomalies, allows }) => anomalies.includes(name) && allows(options, circumstances),
  );
  return allowance?.reason;
}

function isForbidden(name: string, { forbid }: LogOptions): boolean {
  if (forbid.length === 0) return false;
  const implied = impliedAnomalies(name);
  return forbid.some((forbidden) => implied.has(forbidden));
}

/** Whether cycles of these names are violations, or one of them is: with edges from write to write. */
export function judgesCycles(names: readonly string[], options: LogOptions): boolean {
  return names
    .flatMap(forms)
    .some(
      (name) => allowedBecause(name, options, { hasWriteOrder: true, isTransaction: true }) === undefined,
    );
}
