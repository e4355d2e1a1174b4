/**
 * The invariants of Raft that a trace is held against: one row each, with the anomaly's name and the rule in a
 * sentence. Sections are of Ongaro's dissertation, "Consensus: Bridging Theory and Practice".
 */
import { row, tableOf } from './rule.ts';

const ROWS = {
  'two-leaders-in-a-term': row(
    'At most one node is elected leader in a term.',
    'figure 3.2, Election Safety',
  ),
  'elected-without-majority': row(
    'A leader has the votes of a majority of the voters in its term.',
    '3.4',
    'cluster',
  ),
  'leader-again-in-a-term': row(
    'A node that lost its leadership, or restarted, leads again only in a later term.',
    '3.4',
  ),
  'double-vote': row('A node votes for at most one candidate in a term, across restarts.', '3.4'),
  'vote-before-persist': row('A vote leaves a node only after the node has persisted it.', '3.8'),
  'vote-forgotten': row('A node restarts with the term and the vote that it last persisted.', '3.8'),
  'term-went-back': row("A node's current term and its persisted term never go back.", '3.3'),
  'log-gap': row('A log has no gap: an entry is appended right behind the last one.', '3.5'),
  'log-term-went-back': row('Terms never decrease along a log.', '3.5'),
  'entry-redefined': row('A term has at most one entry at an index.', 'figure 3.2, Log Matching'),
  'log-mismatch': row(
    'Logs that hold the same (term, index) are the same up to there.',
    'figure 3.2, Log Matching',
  ),
  'leader-truncated-own-log': row('A leader only appends to its log.', 'figure 3.2, Leader Append-Only'),
  'committed-entry-truncated': row('No node removes a committed entry from its log.', '3.6.3'),
  'durable-entry-lost': row(
    'A node restarts with every entry, and the snapshot, that it had made durable.',
    '3.8',
  ),
  'durable-beyond-log': row("A node's log is durable at most up to its end.", '3.8'),
  'commit-beyond-log': row("A node's commit index does not exceed the end of its log.", '3.5'),
  'commit-went-back': row("A running node's commit index never goes back.", '3.5'),
  'older-term-committed': row(
    'A leader raises its commit index only to an entry of its own term.',
    '3.6.2; figure 8 of the paper',
  ),
  'committed-without-majority': row(
    'When an entry commits, it is durable on a majority of the voters.',
    '3.5',
    'cluster',
  ),
  'committed-entries-differ': row(
    'All nodes commit the same entry at an index.',
    'figure 3.2, State Machine Safety',
  ),
  'leader-incomplete': row(
    'The leader of a term holds every entry that was committed in an earlier term.',
    'figure 3.2, Leader Completeness',
  ),
  'applied-before-commit': row('A node applies only what it knows to be committed.', '3.5'),
  'applied-went-back': row("A running node's applied index never goes back.", '3.5'),
  'snapshot-beyond-applied': row('A snapshot covers only what its node has applied.', '5.1'),
  'state-diverged': row(
    'Nodes that applied the same index have the same state.',
    'figure 3.2, State Machine Safety',
  ),
  'impossible-state': row("A node's own check of its state holds after every step.", 'rules of the node'),
  'node-crashed': row('No node ends by its own code, unless its disk fails.', 'rules of the node'),
  'acknowledged-before-commit': row(
    'A node acknowledges a command only when it knows that its entry is committed.',
    '3.5',
  ),
} as const;

export type InvariantName = keyof typeof ROWS;

export const INVARIANTS = tableOf(ROWS);
