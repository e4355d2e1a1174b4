/**
 * The bugs that a whole node can run with, and how each is found.
 *
 *     shaketable run kraft log --nemesis kill-power-loss --bug ack-before-replication
 *
 * They are the bugs of the node's parts. Each of those is found by the random schedules of its own core; here are the ones that
 * `shaketable run` finds in whole clusters, which `npm run bugs` proves.
 */
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

/** Of several parts that have a bug of one name, the first says what it is. */
const distinct = ALL.filter(({ name }, at) => ALL.findIndex((bug) => bug.name === name) === at);

export const BUG_LIST: readonly Bug[] = distinct.map(({ name, summary, source }) => ({
  name,
  summary,
  source,
  foundBy: {
    checkers: ['log', 'invariants'],
    command: `shaketable run kraft log --bug ${name}`,
  },
}));
