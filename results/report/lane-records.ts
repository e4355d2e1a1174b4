/**
 * Of a trace what a report shows over time, and no more: roles, leaders of partitions and their replicas in sync all of them,
 * indexes that rise all the time now and then.
 */
import type { TraceRecord } from '../../harness/history/trace.ts';

const ALWAYS: ReadonlySet<TraceRecord['event']['kind']> = new Set([
  'start',
  'role',
  'stop',
  'replica-role',
  'replica-isr',
]);
/** Between two indexes of a node that are kept, and in long runs this share of the time so far. */
const INTERVAL_NS = 20e6;
const INTERVAL_SHARE = 1 / 2000;

/** Decides record by record, in the order of the trace. */
export class LaneRecords {
  readonly #kept = new Map<string, number>();

  isKept({ node, time, event }: TraceRecord): boolean {
    if (ALWAYS.has(event.kind)) return true;
    if (event.kind !== 'commit') return false;
    const last = this.#kept.get(node);
    if (last !== undefined && time < last + Math.max(INTERVAL_NS, last * INTERVAL_SHARE)) return false;
    this.#kept.set(node, time);
    return true;
  }
}
