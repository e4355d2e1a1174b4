/**
 * What the trace shows over time beside roles: how far each node had committed, and of each partition of a log who led it and
 * which replicas were in sync.
 *
 *     n1 commit 7 @1 s, n2 commit 5 @1 s            → tracks of n1 and n2
 *     n1 replica-role t0-0 leader, epoch 2 @3 s      → t0-0: n1 leads in epoch 2 from 3 s
 *     n1 replica-isr  t0-0 n1, n3 @4 s               → t0-0: in sync n1, n3 from 4 s
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { PartitionLane, Track } from './report-data.ts';

/** No more: nobody looks at so many rows. */
const MAX_PARTITIONS = 48;

interface OpenLane {
  readonly leaders: { node: number; epoch: number; start: number; end: number }[];
  /** By node: the place in `leaders` of what it leads now. */
  readonly leading: Map<number, number>;
  readonly isr: { time: number; members: readonly number[] }[];
  partitionEpoch: number;
}

/** @param runEnd - nanoseconds; ends what is still open */
export function laneRows(
  trace: Iterable<TraceRecord>,
  nodes: readonly string[],
  runEnd: number,
): { readonly commits: readonly Track[]; readonly partitions: readonly PartitionLane[] } {
  const numbers = new Map(nodes.map((node, number) => [node, number]));
  const commits = new Map<number, { times: number[]; values: number[] }>();
  const lanes = new Map<string, OpenLane>();
  const laneOf = (name: string): OpenLane => {
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = { leaders: [], leading: new Map(), isr: [], partitionEpoch: -1 };
      lanes.set(name, lane);
    }
    return lane;
  };
  const stopLeading = (lane: OpenLane, node: number, time: number): void => {
    const span = lane.leaders[lane.leading.get(node) ?? -1];
    if (span !== undefined) span.end = time;
    lane.leading.delete(node);
  };
  for (const { node: name, time, event } of trace) {
    const node = numbers.get(name);
    if (node === undefined) continue;
    if (event.kind === 'commit') {
      const track = commits.get(node) ?? { times: [], values: [] };
      commits.set(node, track);
      track.times.push(time);
      track.values.push(event.index);
    } else if (event.kind === 'stop') {
      for (const lane of lanes.values()) stopLeading(lane, node, time);
    } else if (event.kind === 'replica-role') {
      const lane = laneOf(event.partition);
      const now = lane.leaders[lane.leading.get(node) ?? -1];
      if (event.role === 'leader' && now?.epoch === event.leaderEpoch) continue;
      stopLeading(lane, node, time);
      if (event.role !== 'leader') continue;
      lane.leading.set(node, lane.leaders.length);
      lane.leaders.push({ node, epoch: event.leaderEpoch, start: time, end: runEnd });
    } else if (event.kind === 'replica-isr') {
      const lane = laneOf(event.partition);
      if (event.partitionEpoch <= lane.partitionEpoch) continue;
      lane.partitionEpoch = event.partitionEpoch;
      const members = event.isr.flatMap((member) => numbers.get(member) ?? []).sort((a, b) => a - b);
      lane.isr.push({ time, members });
    }
  }
  return {
    commits: [...commits].sort(([a], [b]) => a - b).map(([node, track]) => ({ node, ...track })),
    partitions: [...lanes]
      .filter(([, { leaders, isr }]) => leaders.length > 0 || isr.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, MAX_PARTITIONS)
      .map(([name, { leaders, isr }]) => ({ name, leaders, isr })),
  };
}
