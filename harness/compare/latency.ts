/**
 * Latency with one slow replica: how long acknowledged sends took before a node became slow, and while it was.
 *
 * Sends to partitions that the slow node leads are left out: that its own answers are late is no question of replication.
 */
import { sToNs } from '../units.ts';
import { injectedFaults } from './fault-nodes.ts';
import { leadersOf } from './leaders.ts';
import { WARM_UP_S } from './measures.ts';
import type { ObservedRun } from './observed-run.ts';
import { sendsOf } from './sends.ts';

export interface Latency {
  /** Of acknowledged sends, nanoseconds. */
  readonly healthyNs: readonly number[];
  readonly slowNs: readonly number[];
  /** Sends that were not acknowledged while the node was slow. */
  readonly unacknowledged: number;
}

export function latencyOf({ history, trace, phases }: ObservedRun): Latency {
  const leaders = leadersOf(trace);
  const [fault] = injectedFaults(history);
  const beganNs = fault?.startTime ?? phases.healTime;
  const endNs = fault?.endTime ?? phases.healTime;
  const slowNodes = fault?.targets ?? [];
  const healthyNs: number[] = [];
  const slowNs: number[] = [];
  let unacknowledged = 0;
  for (const { partition, invokedNs, acknowledgedNs } of sendsOf(history)) {
    const leader = leaders.at(partition, invokedNs);
    if (leader === undefined || slowNodes.includes(leader) || invokedNs < sToNs(WARM_UP_S)) continue;
    if (invokedNs < beganNs) {
      if (acknowledgedNs !== null && acknowledgedNs <= beganNs) healthyNs.push(acknowledgedNs - invokedNs);
    } else if (invokedNs < endNs) {
      if (acknowledgedNs === null) unacknowledged++;
      else slowNs.push(acknowledgedNs - invokedNs);
    }
  }
  return { healthyNs, slowNs, unacknowledged };
}
