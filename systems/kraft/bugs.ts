/**
 * The bugs that a whole node can run with, and how each is found.
 *
 *     shaketable run kraft log --nemesis partition,kill,pause --bug ack-before-replication
 *
 * They are the bugs of the node's parts. Each of those is found by the random schedules of its own core; here are the ones that
 * `shaketable run` finds in whole clusters, which `npm run bugs` proves.
 */
import { assert } from '../../harness/errors.ts';
import type { Bug } from '../system.ts';
import { GROUP_BUGS } from './broker/groups/bugs.ts';
import { PARTITION_BUGS } from './broker/partition/bugs.ts';
import { TRANSACTION_BUGS } from './broker/transactions/bugs.ts';
import { CONTROLLER_BUGS } from './controller/bugs.ts';
import { QUORUM_BUGS } from './quorum/bugs.ts';

type Described = Pick<Bug, 'name' | 'summary' | 'source'>;

const ALL: readonly Described[] = [
  ...QUORUM_BUGS,
  ...CONTROLLER_BUGS,
  ...PARTITION_BUGS,
  ...GROUP_BUGS,
  ...TRANSACTION_BUGS,
];

/** A workload and faults that provoke bugs, and those that its checkers then find. */
interface Hunt {
  readonly command: string;
  readonly checkers: readonly string[];
  readonly bugs: readonly string[];
}

const HUNTS: readonly Hunt[] = [
  {
    command: 'topics --nemesis power-loss,partition --option log.flush.interval.messages=1',
    checkers: ['invariants'],
    bugs: [
      'ack-before-flush',
      'leader-counts-unflushed',
      'vote-not-persisted',
      'vote-before-persist',
      're-elected-in-same-epoch',
      'high-watermark-before-own-epoch',
      'truncates-below-high-watermark',
    ],
  },
  {
    command: 'topics --nemesis kill,partition --rate 50',
    checkers: ['topics', 'invariants', 'isr'],
    bugs: ['answer-before-commit'],
  },
  {
    command: 'log --nemesis partition,kill,pause',
    checkers: ['isr', 'offset-loss', 'log'],
    bugs: [
      'ack-before-replication',
      'truncate-to-high-watermark',
      'no-truncation',
      'shrink-before-confirmed',
      'isr-by-fetch-size',
      'joins-isr-too-early',
      'reads-above-high-watermark',
      'unclean-election',
    ],
  },
  {
    command: 'log --nemesis partition,kill --option retries=3',
    checkers: ['log'],
    bugs: ['no-sequence-check'],
  },
  {
    command: 'log --nemesis kill --option transactions=true',
    checkers: ['log'],
    bugs: ['last-stable-offset-ignored'],
  },
  {
    // Transactions that time out while their producers go on: each of those is a zombie.
    command:
      'log --nemesis kill,pause --option transactions=true --option retries=3 --option transactionTimeoutMs=100 ' +
      '--option transaction.abort.timed.out.transaction.cleanup.interval.ms=50',
    checkers: ['log'],
    bugs: ['old-epoch-accepted'],
  },
  {
    command: 'log --option replication.protocol=raft --nemesis partition,kill,pause',
    checkers: ['invariants', 'isr'],
    bugs: ['two-votes-in-an-epoch', 'last-fetched-epoch-lost', 'divergence-by-offset'],
  },
  {
    command: 'log --nemesis power-loss-minority,partition',
    checkers: ['isr', 'offset-loss', 'log'],
    bugs: ['high-watermark-from-current-isr', 'last-replica-standing'],
  },
  {
    command: 'log --nemesis clock,pause,partition-random',
    checkers: ['isr'],
    bugs: ['joins-isr-before-epoch-start'],
  },
  {
    command: 'group --nemesis partition-one',
    checkers: ['groups'],
    bugs: ['generation-not-raised'],
  },
  {
    command: 'group --nemesis kill',
    checkers: ['log'],
    bugs: ['loaded-offset-advanced'],
  },
  {
    command: 'bank --nemesis kill',
    checkers: ['bank'],
    bugs: ['epoch-not-raised', 'prepared-forgotten'],
  },
  {
    command: 'bank --nemesis kill,partition',
    checkers: ['invariants'],
    bugs: ['markers-before-prepare-durable'],
  },
];

function find(name: string): Described {
  // Of several parts that have a bug of one name, the first says what it is.
  const found = ALL.find((bug) => bug.name === name);
  assert(found !== undefined, `no part of the node has a bug ${name}`);
  return found;
}

export const BUG_LIST: readonly Bug[] = HUNTS.flatMap(({ command, checkers, bugs }) =>
  bugs.map((name) => {
    const { summary, source } = find(name);
    return {
      name,
      summary,
      source,
      foundBy: { checkers, command: `shaketable run kraft ${command} --time-limit 15 --bug ${name}` },
    };
  }),
);
