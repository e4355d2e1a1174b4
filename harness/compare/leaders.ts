/**
 * Who led which partition when, from what brokers say of their replicas.
 *
 *     const leaders = leadersOf(trace);
 *     leaders.at('t0-1', 4e9)              // 'n2'
 *     leaders.changes(['t0-1'], 0, 9e9)    // elections after the first
 *
 * A leader counts from when it says so until another does in a later epoch: one that died leads in this sense until it is replaced.
 * In real time brokers' words are as late as the harness hears them.
 */
import type { TraceRecord } from '../history/trace.ts';

interface Leadership {
  readonly sinceNs: number;
  readonly node: string;
  readonly epoch: number;
}

export interface Leaders {
  /** Undefined: nobody by then. */
  at(partition: string, timeNs: number): string | undefined;
  /** How often a partition got another epoch's leader after its first, in (fromNs, toNs]. */
  changes(partitions: readonly string[], fromNs: number, toNs: number): number;
}

export function leadersOf(trace: readonly TraceRecord[]): Leaders {
  const byPartition = new Map<string, Leadership[]>();
  for (const { node, time, event } of trace) {
    if (event.kind !== 'replica-role' || event.role !== 'leader') continue;
    const all = byPartition.get(event.partition) ?? [];
    if (event.leaderEpoch <= (all.at(-1)?.epoch ?? -1)) continue;
    all.push({ sinceNs: time, node, epoch: event.leaderEpoch });
    byPartition.set(event.partition, all);
  }
  return {
    at: (partition, timeNs) => byPartition.get(partition)?.findLast(({ sinceNs }) => sinceNs <= timeNs)?.node,
    changes: (partitions, fromNs, toNs) =>
      partitions
        .flatMap((partition) => (byPartition.get(partition) ?? []).slice(1))
        .filter(({ sinceNs }) => sinceNs > fromNs && sinceNs <= toNs).length,
  };
}
