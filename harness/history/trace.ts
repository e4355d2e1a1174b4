/**
 * What nodes say of themselves (`trace.jsonl`): the words that the invariant checkers understand. A system
 * emits those that apply to it. `node` and `time` are added by the runtime.
 *
 * Hashes are unsigned 32-bit. `prefixHash` at an index folds every (index, term, entry hash) up to it, so that two nodes
 * with equal prefix hashes at an index hold the same log up to there.
 */

/** One log entry as it was appended. */
export interface TracedEntry {
  readonly index: number;
  readonly term: number;
  /** Of the entry's bytes, without its index and term. */
  readonly hash: number;
}

export type TraceEvent =
  /** The node is up, with what it recovered from its disk. */
  | {
      readonly kind: 'start';
      readonly term: number;
      readonly votedFor: string | null;
      readonly firstIndex: number;
      readonly lastIndex: number;
      readonly lastTerm: number;
      readonly snapshotIndex: number;
      readonly voters: readonly string[];
      /** The log as recovered, entries from firstIndex to lastIndex. */
      readonly entries: readonly TracedEntry[];
    }
  /** It changed role or term. */
  | {
      readonly kind: 'role';
      readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader';
      readonly term: number;
      readonly leader: string | null;
    }
  /** Its vote in a term left it (for itself, too). */
  | { readonly kind: 'vote'; readonly term: number; readonly candidate: string }
  /** Term and vote became durable. */
  | { readonly kind: 'persist'; readonly term: number; readonly votedFor: string | null }
  /** Entries were added at the end of its log, contiguous. */
  | { readonly kind: 'append'; readonly term: number; readonly entries: readonly TracedEntry[] }
  /** Entries from `fromIndex` on were removed. */
  | { readonly kind: 'truncate'; readonly fromIndex: number }
  /** Its log is durable up to here. */
  | { readonly kind: 'durable'; readonly index: number }
  /** Its commit index rose to `index`; `prefixHash` is that of its log there. */
  | { readonly kind: 'commit'; readonly index: number; readonly term: number; readonly prefixHash: number }
  /** Its state machine applied up to `index`; `stateHash` only where the state was hashed. */
  | { readonly kind: 'apply'; readonly index: number; readonly stateHash?: number }
  /** It took, or installed, a snapshot that covers up to `index`, the log before which is gone. */
  | {
      readonly kind: 'snapshot';
      readonly source: 'taken' | 'installed';
      readonly index: number;
      readonly term: number;
      readonly prefixHash: number;
      readonly stateHash: number;
    }
  /** A membership took effect at this index (a later issue changes it while running). */
  | {
      readonly kind: 'configuration';
      readonly index: number;
      readonly voters: readonly string[];
      readonly learners: readonly string[];
    }
  /** It told a client that the command at (term, index) took effect. */
  | { readonly kind: 'acknowledge'; readonly term: number; readonly index: number }
  /** It stops: by its own decision (`crash`), or killed by the harness, which then writes this for it. */
  | { readonly kind: 'stop'; readonly reason: string };

/** A line of `trace.jsonl`. */
export interface TraceRecord {
  readonly node: string;
  /** Nanoseconds since the run began; simulated, or the node's own monotonic clock, which is not comparable between nodes. */
  readonly time: number;
  readonly event: TraceEvent;
}
