/** What a node's log says to a person who reads it the next morning: what is rare, not each append. */
import type { TraceEvent } from '../../harness/history/trace.ts';

/** The line for an event, or null for those that only checkers want. */
export function narrate(event: TraceEvent): string | null {
  switch (event.kind) {
    case 'start': {
      const log = event.lastIndex < event.firstIndex ? 'an empty log' : `entries up to ${event.lastIndex}`;
      const snapshot = event.snapshotIndex === 0 ? '' : ` behind a snapshot at ${event.snapshotIndex}`;
      return `started in term ${event.term} with ${log}${snapshot}, voted for ${event.votedFor ?? 'nobody'}`;
    }
    case 'role': {
      const leader = event.leader === null ? 'no known leader' : `leader ${event.leader}`;
      return `${event.role} in term ${event.term}, ${leader}`;
    }
    case 'truncate':
      return `removed entries from ${event.fromIndex} on: they conflict with the leader's`;
    case 'snapshot':
      return `${event.source === 'taken' ? 'took a' : 'installed a'} snapshot up to ${event.index}`;
    default:
      return null;
  }
}
