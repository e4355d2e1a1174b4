/**
 * Unavailability per fault: from the moment at which a fault is in force until a partition takes writes again.
 *
 *     n2, which leads t0-1, dies at 5 s · the first send to t0-1 that was begun after that is acknowledged at 6.4 s: 1.4 s
 *
 * Only sends that began after the fault count: an answer that was under way says nothing. So what is measured is what clients see, their own
 * time-outs included, to within the pause between two sends to a partition. A fault counts for each partition: for those that its nodes led, and for
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
  /** What of it was left when the fault was over; null as above. */
  readonly beyondNs: number | null;
}

export function outagesOf({ history, trace, phases }: ObservedRun): readonly Outage[] {
  const sends = sendsOf(history);
  const leaders = leadersOf(trace);
  const faults = injectedFaults(history);
  return faults.flatMap(({ fault, targets, beganNs, endTime = phases.healTime }, i) => {
    const limitNs = faults[i + 1]?.beganNs ?? phases.healTime;
    return partitionsOf(sends).flatMap((partition): Outage[] => {
      const leader = leaders.at(partition, beganNs);
      if (leader === undefined) return [];
      const hit = targets.includes(leader) ? 'leader' : 'follower';
      const againNs = firstAcknowledgement(sends, partition, beganNs, limitNs);
      if (againNs === null) return [{ fault, partition, hit, outageNs: null, beyondNs: null }];
      const beyondNs = Math.max(0, againNs - endTime);
      return [{ fault, partition, hit, outageNs: againNs - beganNs, beyondNs }];
    });
  });
}

function firstAcknowledgement(
  sends: readonly Send[],
  wanted: string,
  fromNs: number,
  toNs: number,
): number | null {
  let first: number | null = null;
  for (const { partition, invokedNs, acknowledgedNs } of sends) {
    if (partition !== wanted || invokedNs < fromNs || acknowledgedNs === null || acknowledgedNs > toNs)
      continue;
    first = Math.min(first ?? Infinity, acknowledgedNs);
  }
  return first;
}
