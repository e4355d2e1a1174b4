/**
 * What the nodes of the sample run (sample.ts) say over time beside their roles: commit indexes, and two partitions whose
 * leader and replicas in sync follow the faults. And what they log.
 */
import type { TraceRecord } from '../../harness/history/trace.ts';

const S = 1e9;
const COMMIT_EVERY_NS = 0.5 * S;
const ENTRIES_EACH = 12;

interface Outage {
  readonly startS: number;
  readonly endS: number;
  readonly nodes: readonly string[];
}

/** @param partitionNames - some of them hostile, where the sample is */
export function sampleLanes(
  nodes: readonly string[],
  outages: readonly Outage[],
  partitionNames: readonly string[],
  runS: number,
): readonly TraceRecord[] {
  const isOut = (node: string, time: number): boolean =>
    outages.some(
      ({ startS, endS, nodes: hit }) => hit.includes(node) && time > startS * S && time < endS * S,
    );
  const records: TraceRecord[] = [];
  for (let i = 1; i * COMMIT_EVERY_NS < runS * S; i++) {
    const time = i * COMMIT_EVERY_NS;
    for (const node of nodes) {
      if (isOut(node, time)) continue;
      const event = { kind: 'commit', index: i * ENTRIES_EACH, term: 1, prefixHash: i } as const;
      records.push({ node, time, event });
    }
  }
  for (const [place, partition] of partitionNames.entries()) {
    const of = { partition, topicId: `id-${place}` };
    let epoch = 0;
    let leader = nodes[place] as string;
    const say = (node: string, timeS: number, event: TraceRecord['event']): void => {
      records.push({ node, time: Math.round(timeS * S), event });
    };
    const elect = (timeS: number): void =>
      say(leader, timeS, { ...of, kind: 'replica-role', role: 'leader', leaderEpoch: epoch, leader });
    let partitionEpoch = 0;
    const isr = (timeS: number, members: readonly string[]): void =>
      say(leader, timeS, {
        ...of,
        kind: 'replica-isr',
        partitionEpoch: partitionEpoch++,
        isr: members,
        proposed: null,
      });
    elect(0.3);
    isr(0.3, nodes);
    for (const { startS, endS, nodes: hit } of outages) {
      if (hit.length === 0 || endS <= startS) continue;
      const old = leader;
      if (hit.includes(leader)) {
        leader = nodes.find((node) => !hit.includes(node)) as string;
        epoch++;
        elect(startS + 1);
        say(old, endS, { ...of, kind: 'replica-role', role: 'follower', leaderEpoch: epoch, leader });
      }
      isr(
        startS + 1,
        nodes.filter((node) => !hit.includes(node)),
      );
      isr(endS + 0.4, nodes);
    }
  }
  return records;
}

/** By node: a line a role, as our nodes write it. */
export function sampleLogs(trace: readonly TraceRecord[], hostile: string): ReadonlyMap<string, string> {
  const logs = new Map<string, string>();
  for (const { node, time, event } of trace) {
    if (event.kind !== 'role') continue;
    const line = `${(time / S).toFixed(9)} info  ${event.role} in term ${event.term}${hostile}\n`;
    logs.set(node, (logs.get(node) ?? '') + line);
  }
  return logs;
}
