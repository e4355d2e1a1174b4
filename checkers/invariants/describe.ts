/** Trace records in words and as evidence: one event of one node at one time. */
import type { Json } from '../../harness/history/operation.ts';
import type { TracedEntry, TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { nsToS } from '../../harness/units.ts';
import { describeReplicaEvent } from './isr-describe.ts';

/** Entries that a record shows in evidence, around the index in question. */
const EVIDENCE_ENTRIES_MAX = 4;

/** `n2 at 1.204300 s: role leader of term 3`. */
export function describeRecord(record: TraceRecord): string {
  return `${record.node} at ${nsToS(record.time).toFixed(6)} s: ${describeEvent(record.event)}`;
}

function describeEvent(event: TraceEvent): string {
  switch (event.kind) {
    case 'start':
      return (
        `start with term ${event.term}, vote for ${event.votedFor ?? 'nobody'}, ` +
        `snapshot up to ${event.snapshotIndex}, log up to ${event.lastIndex}`
      );
    case 'role':
      return `role ${event.role} in term ${event.term}`;
    case 'vote':
      return `vote for ${event.candidate} in term ${event.term}`;
    case 'persist':
      return `persist term ${event.term} and vote for ${event.votedFor ?? 'nobody'}`;
    case 'append':
      return `append ${describeEntries(event.entries)}`;
    case 'truncate':
      return `truncate from index ${event.fromIndex}`;
    case 'durable':
      return `log durable up to index ${event.index}`;
    case 'commit':
      return `commit index ${event.index} (entry of term ${event.term}, prefix hash ${event.prefixHash})`;
    case 'apply':
      return (
        `apply up to index ${event.index}` +
        (event.stateHash === undefined ? '' : ` (state hash ${event.stateHash})`)
      );
    case 'snapshot':
      return (
        `snapshot ${event.source} up to index ${event.index} (entry of term ${event.term}, ` +
        `prefix hash ${event.prefixHash}, state hash ${event.stateHash})`
      );
    case 'configuration':
      return `configuration at index ${event.index} with voters ${event.voters.join(', ')}`;
    case 'acknowledge':
      return `acknowledge index ${event.index} of term ${event.term}`;
    case 'producer-ids':
      return `producer ids ${event.firstId} to ${event.firstId + event.count - 1}`;
    case 'impossible':
      return `impossible state: ${event.message}`;
    case 'stop':
      return event.by === 'node' ? `crash: ${event.reason}` : `stop (${event.reason})`;
    default:
      return describeReplicaEvent(event);
  }
}

function describeEntries(entries: readonly TracedEntry[]): string {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return 'nothing';
  const single = `index ${first.index} of term ${first.term}`;
  return first === last ? single : `${single} to index ${last.index} of term ${last.term}`;
}

/** The record as JSON; of many entries only those next to `index`. */
export function evidenceOf(record: TraceRecord, index: number | undefined): Json {
  const { event } = record;
  if (event.kind !== 'start' && event.kind !== 'append') return record as unknown as Json;
  const { entries } = event;
  if (entries.length <= EVIDENCE_ENTRIES_MAX) return record as unknown as Json;
  const firstIndex = entries[0]?.index ?? 0;
  const position = Math.min(Math.max((index ?? firstIndex) - firstIndex, 0), entries.length - 1);
  const begin = Math.max(0, Math.min(position - 1, entries.length - EVIDENCE_ENTRIES_MAX));
  const shown = entries.slice(begin, begin + EVIDENCE_ENTRIES_MAX);
  return {
    ...record,
    event: { ...event, entries: shown, entriesLeftOut: entries.length - shown.length },
  } as unknown as Json;
}
