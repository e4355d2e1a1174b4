/**
 * The invariants of partitions replicated by ISR that a trace is held against: one row each, with the anomaly's name and the rule in a sentence.
 */
import { row, tableOf } from './rule.ts';

const ROWS = {
  'two-leaders-in-an-epoch': row(
    'At most one broker leads a partition in a leader epoch.',
    'KIP-101, KIP-320',
  ),
  'leader-epoch-went-back': row("A running replica's leader epoch never goes back.", 'KIP-320'),
  'partition-epoch-went-back': row("A running replica's partition epoch never goes back.", 'KIP-497'),
  'isr-redefined': row('An ISR changes only with a higher partition epoch.', 'KIP-497'),
  'joined-isr-early': row(
    'A replica joins the ISR only when it has what is below the high watermark, and all that its leader began with.',
    'KAFKA-7128, KIP-497',
    'cluster',
  ),
  'log-gap': row('A batch is appended right behind the last one.', 'design of the log'),
  'log-epoch-went-back': row('Leader epochs never decrease along a log.', 'KIP-101'),
  'batch-redefined': row('A leader epoch has one batch at an offset.', 'KIP-101'),
  'log-mismatch': row(
    'Logs that hold the same batch of the same leader epoch are the same up to there.',
    'KIP-101, KIP-279',
  ),
  'leader-truncated-own-log': row('A leader only appends to its log.', 'KIP-101'),
  'high-watermark-beyond-log': row(
    'A high watermark does not exceed the end of its log.',
    'design of replication',
  ),
  'high-watermark-went-back': row(
    "A leader's high watermark never goes back while it leads.",
    'design of replication',
  ),
  'high-watermark-beyond-isr': row(
    "A leader's high watermark does not exceed what every member of the maximal ISR has: of the ISR, and of what is proposed.",
    'KIP-497',
    'cluster',
  ),
  'acknowledged-before-exposed': row(
    'A produce with acks=-1 is acknowledged when the high watermark has passed it.',
    'design of replication',
  ),
  'exposed-record-truncated': row(
    'No replica removes what was below the high watermark of a leader.',
    'KIP-101, KIP-279',
  ),
  'exposed-records-differ': row('All leaders expose the same batch at an offset.', 'design of replication'),
  'leader-incomplete': row(
    'A leader has everything that was below the high watermark of a leader before it.',
    'design of replication, KIP-966',
  ),
} as const;

export type IsrInvariantName = keyof typeof ROWS;

export const ISR_INVARIANTS = tableOf(ROWS);
