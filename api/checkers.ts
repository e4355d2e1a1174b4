/**
 * Our checkers that take options, as workloads of one's own make them: an option that nobody knows is refused. Node.js does not look
 * at types, and a checker whose option is misspelt would quietly ask for less.
 *
 *     setFull({ linearizabel: true })
 *     // throws  set of options of setFull: it has no field "linearizabel": did you mean "linearizable"?
 */
import { z } from 'zod';
import { bank as ourBank } from '../checkers/bank/index.ts';
import type { Checker } from '../checkers/checker.ts';
import { counterBounds as ourCounterBounds } from '../checkers/counter/index.ts';
import { linearizability as ourLinearizability } from '../checkers/linearizability/index.ts';
import { log } from '../checkers/log/index.ts';
import { longFork as ourLongFork } from '../checkers/long-fork/index.ts';
import { monotonic as ourMonotonic } from '../checkers/monotonic/index.ts';
import { totalQueue as ourTotalQueue } from '../checkers/queue/index.ts';
import { sessions as ourSessions } from '../checkers/sessions/index.ts';
import { setFull as ourSetFull } from '../checkers/set/index.ts';
import { listAppend as ourListAppend } from '../checkers/transactions/index.ts';
import { requireValid } from './definition-error.ts';

/** @param names - every option of it, and nothing else: the type says so */
function knowing<Given extends [options?: object]>(
  name: string,
  make: (...given: Given) => Checker,
  names: Readonly<Record<keyof NonNullable<Given[0]>, true>>,
): (...given: Given) => Checker {
  const fields = Object.keys(names).map((field) => [field, z.unknown().optional()] as const);
  const schema = z.strictObject(Object.fromEntries(fields));
  return (...given) => {
    if (given[0] !== undefined) requireValid(`set of options of ${name}`, schema, given[0]);
    return make(...given);
  };
}

export const bank = knowing('bank', ourBank, { total: true, accounts: true, negativeBalances: true });

export const counterBounds = knowing('counterBounds', ourCounterBounds, { decreases: true });

/** The checker of one model. Its `check` throws HarnessError `bad-history` when the history holds what the model does not know. */
export const linearizability = knowing('linearizability', ourLinearizability, {
  model: true,
  memoryBytes: true,
  keepGoing: true,
  explain: true,
});

/** Its `check` throws HarnessError `bad-history` for operations of other shapes. */
export const logChecker = knowing('logChecker', log, {
  acks: true,
  idempotence: true,
  transactions: true,
  isolation: true,
  subscribe: true,
  rebalancesRecorded: true,
  offsetReset: true,
  compaction: true,
  finalPolls: true,
  snapshotReads: true,
  staleViews: true,
  allow: true,
  forbid: true,
});

export const longFork = knowing('longFork', ourLongFork, { groupSize: true });

export const monotonic = knowing('monotonic', ourMonotonic, { scope: true });

export const totalQueue = knowing('totalQueue', ourTotalQueue, { duplicates: true });

export const sessions = knowing('sessions', ourSessions, {
  guarantees: true,
  sessions: true,
  threads: true,
  initial: true,
  versionOrder: true,
});

export const setFull = knowing('setFull', ourSetFull, { linearizable: true });

/** Throws HarnessError `unknown-name` for a consistency model that is none. */
export const listAppend = knowing('listAppend', ourListAppend, { consistencyModel: true });
