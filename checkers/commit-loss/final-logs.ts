/**
 * The log of every node as the trace leaves it: which term is at which index, how far it is committed, and whether the
 * node still runs. What snapshots replaced is looked up in what some node committed there, when it still had it.
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import { IndexWindow } from '../invariants/index-window.ts';

export interface FinalLog {
  readonly node: string;
  /** When and why it stopped; undefined while it runs. */
  stop: { readonly time: number; readonly reason: string } | undefined;
  /** Terms by index. */
  readonly terms: IndexWindow<number>;
  lastIndex: number;
  /** Of its last boot. */
  commitIndex: number;
}

/** Follows a trace, record by record. */
export class FinalLogs {
  records = 0;
  /** Of the latest record; nanoseconds. */
  lastTime = -Infinity;
  /** The last configuration that a node reported, where any did. */
  voters: readonly string[] = [];
  readonly #nodes = new Map<string, FinalLog>();
  /** Terms by index: of what was first committed there. */
  readonly #committed = new IndexWindow<number>();

  /** In the order of their first record. */
  get nodes(): readonly FinalLog[] {
    return [...this.#nodes.values()];
  }

  /** The term at an index of a node's log, or of what it must have committed there; undefined when nothing tells. */
  termAt(log: FinalLog, index: number): number | undefined {
    const own = log.terms.get(index);
    return own !== undefined || index > log.commitIndex ? own : this.#committed.get(index);
  }

  observe({ node: name, time, event }: TraceRecord): void {
    this.records++;
    this.lastTime = Math.max(this.lastTime, time);
    const log = this.#log(name);
    switch (event.kind) {
      case 'start':
        log.stop = undefined;
        this.voters = event.voters;
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
        this.#commit(log, event.index);
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
        this.voters = event.voters;
        break;
      case 'stop':
        log.stop = { time, reason: event.reason };
        break;
      default:
        break;
    }
  }

  #commit(log: FinalLog, upTo: number): void {
    for (let index = log.commitIndex + 1; index <= Math.min(upTo, log.lastIndex); index++) {
      const term = log.terms.get(index);
      if (term !== undefined && this.#committed.get(index) === undefined) this.#committed.set(index, term);
    }
    log.commitIndex = Math.max(log.commitIndex, upTo);
  }

  #log(node: string): FinalLog {
    let log = this.#nodes.get(node);
    if (log === undefined) {
      log = { node, stop: undefined, terms: new IndexWindow<number>(), lastIndex: 0, commitIndex: 0 };
      this.#nodes.set(node, log);
    }
    return log;
  }
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
