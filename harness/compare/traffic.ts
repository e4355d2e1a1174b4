/**
 * Bytes on the wire: what nodes send to each other for one acknowledged record, without faults, and when nobody writes.
 *
 *     1,000 records acknowledged between 4 s and 12 s · 4,900 messages and 812 KB between nodes: 4.9 messages, 812 bytes a record
 *
 * Bytes are those of the programs; headers of the network are not counted.
 */
import { nsToS, sToNs } from '../units.ts';
import { WARM_UP_S } from './measures.ts';
import type { ObservedRun, TrafficSample } from './observed-run.ts';
import { sendsOf } from './sends.ts';

export interface TrafficFigures {
  readonly acknowledged: number;
  /** Between nodes, while clients write. */
  readonly messages: number;
  readonly bytes: number;
  /** From clients to nodes, in the same time. */
  readonly clientBytes: number;
  /** Between nodes, when no client is there. */
  readonly idleMessagesPerS: number;
  readonly idleBytesPerS: number;
}

/** Null where nobody counted. */
export function trafficOf({ history, traffic, phases }: ObservedRun): TrafficFigures | null {
  const first = traffic.find(({ timeNs }) => timeNs >= sToNs(WARM_UP_S));
  const last = traffic.findLast(({ timeNs }) => timeNs <= phases.healTime);
  const next = traffic.find(({ timeNs }) => timeNs > phases.healTime);
  if (first === undefined || last === undefined || next === undefined) return null;
  const idleS = nsToS(next.timeNs - last.timeNs);
  const busy = difference(first, last);
  const idle = difference(last, next);
  return {
    acknowledged: sendsOf(history).filter(
      ({ acknowledgedNs }) =>
        acknowledgedNs !== null && acknowledgedNs > first.timeNs && acknowledgedNs <= last.timeNs,
    ).length,
    messages: busy.messages,
    bytes: busy.bytes,
    clientBytes: last.traffic.fromClients.bytes - first.traffic.fromClients.bytes,
    idleMessagesPerS: idle.messages / idleS,
    idleBytesPerS: idle.bytes / idleS,
  };
}

const difference = (from: TrafficSample, to: TrafficSample) => ({
  messages: to.traffic.betweenNodes.messages - from.traffic.betweenNodes.messages,
  bytes: to.traffic.betweenNodes.bytes - from.traffic.betweenNodes.bytes,
});
