/**
 * Unavailability per fault: how long at most clients wait, while a node is away, until a partition takes writes again.
 *
 *     n2, which leads t0-1, dies at 5 s and is back at 8 s · a send at 5.02 s fails, as do others; one of 6.3 s is acknowledged at 6.4 s:
 *     1.38 s
 *
 * From each send that begins while the fault lasts, until it or a later one to the same partition is acknowledged; the longest of these.
 * So an answer that was under way counts for nothing, nor do pauses in which nobody asks, and a handover is found wherever in the fault it is.
 * It is what clients see, their own time-outs included. A fault counts for each partition: for those that its nodes led when it began, and for
 * those that they followed.
 */
import { injectedFaults } from './fault-nodes.ts';
import { leadersOf } from './leaders.ts';
import type { ObservedRun } from './observed-run.ts';
import { partitionsOf, type Send, sendsOf } from './sends.ts';

export interface Outage {
  readonly fault: string;
  readonly partition: string;
  /** What the nodes that were hit were to the partition. */
  readonly hit: 'leader' | 'follower';
  /** Null: no write was acknowledged before the next fault, or the end. */
  readonly outageNs: number | null;
  /** How long after the end of the fault writes went on; null as above. */
  readonly beyondNs: number | null;
}

export function outagesOf({ history, trace, phases }: ObservedRun): readonly Outage[] {
  const sends = sendsOf(history);
  const leaders = leadersOf(trace);
  const faults = injectedFaults(history);
  return faults.flatMap(({ fault, targets, startTime, endTime = phases.healTime }, i) => {
    const limitNs = faults[i + 1]?.startTime ?? phases.healTime;
    return partitionsOf(sends).flatMap((partition): Outage[] => {
      const leader = leaders.at(partition, startTime);
      const waits = waitsOf(
        sends.filter((send) => send.partition === partition && send.invokedNs >= startTime),
        limitNs,
      ).filter(({ fromNs }) => fromNs <= endTime);
      if (leader === undefined || waits.length === 0) return [];
      const hit = targets.includes(leader) ? 'leader' : 'follower';
      const untilNs = Math.max(...waits.map((wait) => wait.untilNs));
      if (untilNs === Infinity) return [{ fault, partition, hit, outageNs: null, beyondNs: null }];
      const outageNs = Math.max(...waits.map((wait) => wait.untilNs - wait.fromNs));
      return [{ fault, partition, hit, outageNs, beyondNs: Math.max(0, untilNs - endTime) }];
    });
  });
}

interface Wait {
  readonly fromNs: number;
  /** Infinity: not by the limit. */
  readonly untilNs: number;
}

/** @param sends - of one partition, in the order of their invocations */
function waitsOf(sends: readonly Send[], limitNs: number): readonly Wait[] {
  let untilNs = Infinity;
  const backwards = sends.toReversed().map(({ invokedNs, acknowledgedNs }): Wait => {
    if (acknowledgedNs !== null && acknowledgedNs <= limitNs) untilNs = Math.min(untilNs, acknowledgedNs);
    return { fromNs: invokedNs, untilNs };
  });
  return backwards.reverse();
}
