/**
 * The log of every node as the trace leaves it: which term is at which index, how far it is committed, and whether the
 * node still runs. What a snapshot replaced is looked up in what other nodes committed there.
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import { IndexWindow } from '../invariants/index-window.ts';

export interface FinalLog {
  readonly node: string;
  running: boolean;
  /** Why it stopped; undefined while it runs. */
  stopReason: string | undefined;
  /** Terms by index: of its log, and of what it committed before a snapshot took its place. */
  readonly terms: IndexWindow<number>;
  lastIndex: number;
  /** Of its last boot. */
  commitIndex: number;
}

export interface FinalLogs {
  readonly records: number;
  /** In the order of their first record. */
  readonly nodes: readonly FinalLog[];
  /** The last configuration that a node reported, where any did. */
  readonly voters: readonly string[];
}

/** @param endNs - when the run was over: who stops then was running until the end */
export function readFinalLogs(trace: Iterable<TraceRecord>, endNs: number): FinalLogs {
  const nodes = new Map<string, FinalLog>();
  let voters: readonly string[] = [];
  let records = 0;
  for (const { node: name, time, event } of trace) {
    records++;
    let log = nodes.get(name);
    if (log === undefined) {
      log = {
        node: name,
        running: true,
        stopReason: undefined,
        terms: new IndexWindow<number>(),
        lastIndex: 0,
        commitIndex: 0,
      };
      nodes.set(name, log);
    }
    switch (event.kind) {
      case 'start':
        log.running = true;
        log.stopReason = undefined;
        voters = event.voters;
        // Not only what is listed survives: a snapshot holds what came before.
        truncate(log, event.snapshotIndex + 1);
        log.lastIndex = event.snapshotIndex;
        log.commitIndex = event.snapshotIndex;
        append(log, event.entries);
        break;
      case 'append':
        append(log, event.entries);
        break;
      case 'truncate':
        truncate(log, event.fromIndex);
        break;
      case 'commit':
        log.commitIndex = Math.max(log.commitIndex, event.index);
        break;
      case 'snapshot':
        if (event.source === 'installed') {
          if (log.terms.get(event.index) !== event.term) {
            truncate(log, 1);
            log.lastIndex = event.index;
            log.terms.set(event.index, event.term);
          }
          log.commitIndex = Math.max(log.commitIndex, event.index);
        }
        break;
      case 'configuration':
        voters = event.voters;
        break;
      case 'stop':
        if (time >= endNs) break;
        log.running = false;
        log.stopReason = event.reason;
        break;
      default:
        break;
    }
  }
  return { records, nodes: [...nodes.values()], voters };
}

function append(log: FinalLog, entries: readonly { readonly index: number; readonly term: number }[]): void {
  const first = entries[0];
  if (first === undefined) return;
  if (first.index <= log.lastIndex) truncate(log, first.index);
  for (const { index, term } of entries) log.terms.set(index, term);
  log.lastIndex = Math.max(log.lastIndex, entries.at(-1)?.index ?? 0);
}

function truncate(log: FinalLog, fromIndex: number): void {
  log.terms.truncateFrom(fromIndex);
  log.lastIndex = Math.min(log.lastIndex, fromIndex - 1);
}
