/**
 * What nodes say of themselves (`trace.jsonl`): the words that the invariant checkers understand. A system
 * emits those that apply to it. `node` and `time` are added by the runtime.
 *
 * Hashes are unsigned 32-bit. `prefixHash` at an index folds every (index, term, entry hash) up to it, so that two nodes
 * with equal prefix hashes at an index hold the same log up to there. `stateHash` is one function of the state machine
 * (client sessions included) wherever it appears, so that two nodes that applied the same log report the same.
 *
 * An event is written when it has happened and before its consequences leave the node: `durable` before the
 * acknowledgement that it allows, `persist` before `vote`, `role` before what the node does in that role, `commit` before
 * `apply`, and that before `acknowledge`. A checker reads each node's records in the order in which they were written.
 *
 * Brokers also speak of the replicas of their partitions: `replica-trace.ts`.
 */

import type { ReplicaEvent } from './replica-trace.ts';

/** One log entry as it was appended. */
export interface TracedEntry {
  readonly index: number;
  readonly term: number;
  /** Of the entry's bytes, without its index and term. */
  readonly hash: number;
}

export type TraceEvent =
  | ReplicaEvent
  /**
   * The node is up, with what it recovered from its disk; all of it is durable (the node synced what it found).
   * Commit and applied index begin again at `snapshotIndex`, the role as follower.
   */
  | {
      readonly kind: 'start';
      readonly term: number;
      readonly votedFor: string | null;
      readonly firstIndex: number;
      readonly lastIndex: number;
      readonly lastTerm: number;
      readonly snapshotIndex: number;
      readonly voters: readonly string[];
      /** The log as recovered, entries from firstIndex (snapshotIndex + 1 or before) to lastIndex. */
      readonly entries: readonly TracedEntry[];
    }
  /** It changed role or term. `term` is its current term: a pre-candidate has not raised it. */
  | {
      readonly kind: 'role';
      readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader';
      readonly term: number;
      readonly leader: string | null;
    }
  /** Its vote in a term left it (for itself, too): a real vote, no pre-vote. Again for a repeated answer, or once. */
  | { readonly kind: 'vote'; readonly term: number; readonly candidate: string }
  /** Term and vote became durable; `votedFor` is null where it has not voted in this term. */
  | { readonly kind: 'persist'; readonly term: number; readonly votedFor: string | null }
  /** Entries were added at the end of its log, contiguous, in memory at least; `term` is the node's current term. */
  | { readonly kind: 'append'; readonly term: number; readonly entries: readonly TracedEntry[] }
  /** Entries from `fromIndex` on were removed, because they conflict with the leader's. */
  | { readonly kind: 'truncate'; readonly fromIndex: number }
  /** Its log, as it stands, is durable up to here; a truncation takes back what it removes. */
  | { readonly kind: 'durable'; readonly index: number }
  /** Its commit index rose to `index`; `term` is that of the entry there, `prefixHash` that of its log there. */
  | { readonly kind: 'commit'; readonly index: number; readonly term: number; readonly prefixHash: number }
  /** Its state machine applied up to `index`; `stateHash` only where the state was hashed. */
  | { readonly kind: 'apply'; readonly index: number; readonly stateHash?: number }
  /**
   * It took, or installed, a durable snapshot that covers up to and including `index`; its log up to there may be gone.
   * `term` is that of the entry at `index`. After `installed`, commit and applied index are at least `index`, and the
   * log behind the snapshot stays only where the entry at `index` was already in it with this term.
   */
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
  /** It told a client that the command at (term, index) took effect; `term` is that of the entry. */
  | { readonly kind: 'acknowledge'; readonly term: number; readonly index: number }
  /** The controllers gave this broker so many producer ids, from `firstId` on; written before it gives one of them away. */
  | { readonly kind: 'producer-ids'; readonly firstId: number; readonly count: number }
  /** Its own check of its state failed: what the message says cannot be. Written once a boot. */
  | { readonly kind: 'impossible'; readonly message: string }
  /**
   * It stops: by its own code (`crash`, an exception), or killed by the harness, which then writes this for it, at the
   * harness's time. A stop that is no earlier than the last operation of the history is the end of the run, and no fault.
   */
  | { readonly kind: 'stop'; readonly by: 'node' | 'harness'; readonly reason: string };

/** A line of `trace.jsonl`. */
export interface TraceRecord {
  readonly node: string;
  /** Nanoseconds since the run began; simulated, or the node's own monotonic clock, which is not comparable between nodes. */
  readonly time: number;
  readonly event: TraceEvent;
}
