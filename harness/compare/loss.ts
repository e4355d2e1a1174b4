/**
 * Acknowledged loss: how many records a client was told were written, and are not there when all faults are over.
 *
 *     send 7 to t0-1 → ok at offset 3 · power goes · the final polls read t0-1 from its beginning to its end: no 7
 *
 * Values are unique, so what no final poll returned is lost, wherever it was meant to be. When no consumer came to the end, nobody knows.
 * What the checkers found in the run is named beside it: most anomalies follow from a loss.
 */
import { isMap, listOf } from '../../checkers/findings/findings.ts';
import type { History } from '../history/history.ts';
import type { Operation } from '../history/operation.ts';
import type { ObservedRun } from './observed-run.ts';
import { sendsOf } from './sends.ts';

export interface Loss {
  readonly acknowledged: number;
  readonly lost: number;
  /** Nobody read to the end: whether they are there is not known. */
  readonly undecided: number;
  /** Names of the anomalies of the checkers, judged ones, sorted. */
  readonly anomalies: readonly string[];
}

/** Polls without a record, one after the other, by which a consumer knows that it has come to the end (workloads/final-polls.ts). */
const QUIET_POLLS = 3;

export function lossOf({ history, phases, verdicts }: ObservedRun): Loss {
  const polls = finalPolls(history, phases.finalIndex);
  const acknowledged = sendsOf(history).filter(({ acknowledgedNs }) => acknowledgedNs !== null);
  const read = new Set(polls.flatMap(recordsOf));
  const isRead = isReadToItsEnd(polls);
  const missing = acknowledged.filter(({ partition, value }) => !read.has(keyOf(partition, value))).length;
  const names = verdicts.flatMap(({ anomalies }) => anomalies.map(({ name }) => name));
  return {
    acknowledged: acknowledged.length,
    lost: isRead ? missing : 0,
    undecided: isRead ? 0 : missing,
    anomalies: [...new Set(names)].sort(),
  };
}

const finalPolls = ({ operations }: History, finalIndex: number): readonly Operation[] =>
  operations.slice(finalIndex).filter(({ f, type }) => f === 'poll' && type !== 'invoke');

/** Each as {@link keyOf} it. */
function recordsOf({ type, value }: Operation): string[] {
  if (type !== 'ok') return [];
  return listOf(value).flatMap((micro) => {
    const [f, polled = null] = listOf(micro);
    if (f !== 'poll' || !isMap(polled)) return [];
    return Object.entries(polled).flatMap(([partition, records]) =>
      listOf(records).map((record) => keyOf(partition, listOf(record)[1])),
    );
  });
}

const keyOf = (partition: string, value: unknown): string => `${partition} ${JSON.stringify(value)}`;

/** Some consumer's last polls found nothing more. */
function isReadToItsEnd(polls: readonly Operation[]): boolean {
  const quiet = new Map<Operation['process'], number>();
  for (const poll of polls) {
    const isQuiet = poll.type === 'ok' && recordsOf(poll).length === 0;
    quiet.set(poll.process, isQuiet ? (quiet.get(poll.process) ?? 0) + 1 : 0);
  }
  return [...quiet.values()].some((count) => count >= QUIET_POLLS);
}
