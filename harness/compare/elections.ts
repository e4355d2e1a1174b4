/**
 * Elections and balance: how often partitions got another leader, and how evenly leaders are spread when all is over.
 *
 *     three nodes, each killed once · 14 changes of leaders: 4.7 a fault · at the end n1 leads 2 of 6, n2 3, n3 1
 */
import { sToNs } from '../units.ts';
import { leadersOf } from './leaders.ts';
import { WARM_UP_S } from './measures.ts';
import type { ObservedRun } from './observed-run.ts';
import { partitionsOf, sendsOf } from './sends.ts';

export interface Elections {
  readonly faults: number;
  /** Changes of leaders over all partitions, from the end of the warm-up to the end of the rest after the healing. */
  readonly changes: number;
  readonly partitions: number;
  /** Partitions that each node leads at the end, in the order of the nodes. */
  readonly led: readonly number[];
}

export function electionsOf({ nodes, history, trace, phases }: ObservedRun): Elections {
  const leaders = leadersOf(trace);
  const partitions = partitionsOf(sendsOf(history));
  const endNs = phases.finalTime ?? phases.healTime;
  const last = partitions.map((partition) => leaders.at(partition, endNs));
  return {
    faults: history.faultWindows().filter(({ instant }) => !instant).length,
    changes: leaders.changes(partitions, sToNs(WARM_UP_S), endNs),
    partitions: partitions.length,
    led: nodes.map((node) => last.filter((leader) => leader === node).length),
  };
}
