/**
 * Log entries by identity: the first time that a node appends (term, index), the entry is registered, and every later
 * append of the same (term, index) must bring the same bytes behind the same predecessor. So two logs are equal at an
 * index when both hold the same Entry object there, which costs no comparison of hashes.
 *
 * Checking the predecessor of every entry proves the Log Matching property by induction.
 */
import type { TracedEntry, TraceRecord } from '../../harness/history/trace.ts';
import { IndexWindow } from './index-window.ts';

export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly hash: number;
  /** Of the entry before it; undefined while no log showed it. */
  previousTerm: number | undefined;
  /** The first record that showed this entry in a log. */
  readonly appendedBy: TraceRecord;
  /** The first record that committed it, and a term in which (or before which) that was. */
  committedBy: TraceRecord | undefined;
  committedTerm: number;
}

/** What registering found: at most one of two contradictions with `entry.appendedBy`. */
export type Registration =
  | { readonly entry: Entry; readonly conflict: undefined }
  | { readonly entry: Entry; readonly conflict: 'entry-redefined' | 'log-mismatch'; readonly known: Entry };

/** Equal content: also for an entry that was forgotten and registered anew. */
export function sameEntry(a: Entry, b: Entry): boolean {
  return a === b || (a.term === b.term && a.hash === b.hash);
}

export class EntryRegistry {
  /** By term: a term's entries are one contiguous stretch of the log. */
  readonly #runs = new Map<number, IndexWindow<Entry>>();
  #count = 0;

  /** How many distinct entries it has seen. */
  get count(): number {
    return this.#count;
  }

  register(traced: TracedEntry, previousTerm: number | undefined, record: TraceRecord): Registration {
    let run = this.#runs.get(traced.term);
    if (run === undefined) {
      run = new IndexWindow<Entry>(traced.index);
      this.#runs.set(traced.term, run);
    }
    const known = run.get(traced.index);
    if (known === undefined) {
      const entry = newEntry(traced, previousTerm, record);
      run.set(traced.index, entry);
      this.#count++;
      return { entry, conflict: undefined };
    }
    if (known.hash !== traced.hash) {
      // Not registered: the first one stays the reference, so that the node which differs is reported each time.
      return { entry: newEntry(traced, previousTerm, record), conflict: 'entry-redefined', known };
    }
    if (previousTerm !== undefined && known.previousTerm !== previousTerm) {
      if (known.previousTerm !== undefined) return { entry: known, conflict: 'log-mismatch', known };
      known.previousTerm = previousTerm;
    }
    return { entry: known, conflict: undefined };
  }

  /** Forgets all entries before `index`. */
  dropBelow(index: number): void {
    for (const [term, run] of this.#runs) {
      if (run.last < index) this.#runs.delete(term);
      else run.dropBelow(index);
    }
  }
}

function newEntry(traced: TracedEntry, previousTerm: number | undefined, record: TraceRecord): Entry {
  return {
    index: traced.index,
    term: traced.term,
    hash: traced.hash,
    previousTerm,
    appendedBy: record,
    committedBy: undefined,
    committedTerm: Infinity,
  };
}
