/** Partitioned logs, as Kafka's. */
import { independent } from '../../../checkers/independent/index.ts';
import { log } from '../../../checkers/log/index.ts';
import { choice, names } from './entry-options.ts';
import type { CheckerEntry } from './entry.ts';

/** Of clients of a log. What they send and poll stands in micro-operations. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['send', 'poll', 'txn', 'assign', 'subscribe', 'seek', 'rebalance', 'commit', 'committed'],
  ...['list-offsets', 'trim', 'crash', 'debug-topic-partitions'],
]);

export const logJudges: readonly CheckerEntry[] = [
  {
    name: 'log',
    aliases: ['kafka'],
    summary: 'partitioned logs: nothing lost, doubled, reordered, passed over or seen too early',
    options: [
      { name: 'acks', default: 'all', meaning: 'of the producers: all, leader or none' },
      { name: 'idempotence', default: true, meaning: 'producers number their batches' },
      { name: 'transactions', default: true, meaning: 'an operation with several micro-operations is one' },
      { name: 'isolation', default: 'read-committed', meaning: 'of the consumers, or read-uncommitted' },
      { name: 'subscribe', default: 'auto', meaning: 'a group hands out partitions: true, false, or auto' },
      { name: 'rebalancesRecorded', default: false, meaning: 'the history notes every rebalance' },
      { name: 'offsetReset', default: 'earliest', meaning: 'where consumers begin: earliest or latest' },
      { name: 'compaction', default: 'none', meaning: 'partitions that are compacted, with commas; or all' },
      { name: 'finalPolls', default: false, meaning: 'the run ended with polls until everything was there' },
      { name: 'allow', default: '', meaning: 'anomalies to allow besides, with commas' },
    ],
    recognises: ({ functions, microFunctions }) =>
      functions.every((f) => FUNCTIONS.has(f)) &&
      microFunctions.includes('send') &&
      (microFunctions.includes('poll') || functions.includes('poll')),
    create: ({ options }) => {
      const subscribe = choice(options, 'subscribe', ['auto', 'true', 'false']);
      const compacted = names(options, 'compaction');
      return independent(
        log({
          acks: choice(options, 'acks', ['all', 'leader', 'none']),
          idempotence: options['idempotence'] === true,
          transactions: options['transactions'] === true,
          isolation: choice(options, 'isolation', ['read-committed', 'read-uncommitted']),
          ...(subscribe === 'auto' ? {} : { subscribe: subscribe === 'true' }),
          rebalancesRecorded: options['rebalancesRecorded'] === true,
          offsetReset: choice(options, 'offsetReset', ['earliest', 'latest']),
          compaction: compacted.includes('all') || (compacted.includes('none') ? false : compacted),
          finalPolls: options['finalPolls'] === true,
          allow: names(options, 'allow'),
        }),
      );
    },
  },
];
