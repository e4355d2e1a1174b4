/**
 * Judges a queue by its accounts: what goes in comes out, and nothing else, in whatever order, key by key.
 *
 *     enqueue 1 ok · enqueue 2 info · enqueue 3 ok · dequeue → 2 · drain → [3]: 1 is lost, 2 was recovered
 *
 * An element that was acknowledged and never came out is *lost* only if the queue was found empty after that (by
 * a drain, or by a dequeue that got nothing); otherwise it may still be in it. It may also have been taken by a dequeue
 * of unknown outcome: as long as there are as many of those as elements are missing, the verdict is unknown. Elements may be
 * enqueued several times; then they are counted. Queues may deliver twice: that is told, and judged on demand.
 *
 * Anomalies: `lost-element`, `unexpected-element` (never enqueued), `revived-element` (its enqueue failed),
 * `malformed-drain`; `duplicate-element` (came out more often than it can have gone in), which is allowed by default.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { intervalText } from '../findings/figures.ts';
import type { Findings } from '../findings/findings.ts';
import { indexesOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import { ValueTable } from '../findings/value-table.ts';
import { type QueueIdentity, visitQueues } from './collect-queues.ts';

const NAME = 'total-queue';
const NEVER = -1;

export interface TotalQueueOptions {
  /** Whether an element may come out more often than it went in (at-least-once delivery). By default it may. */
  readonly duplicates?: 'allowed' | 'judged';
}

/** One queue; the arrays are by the element's number. */
class Accounts {
  readonly elements = new ValueTable();
  readonly acknowledged: number[] = [];
  /** Enqueues that may have happened, and those that failed. */
  readonly possible: number[] = [];
  readonly failed: number[] = [];
  readonly dequeued: number[] = [];
  /** Index of the first enqueue's invocation, of the last acknowledgement, of the last dequeue; -1 for none. */
  readonly invokedAt: number[] = [];
  readonly acknowledgedAt: number[] = [];
  readonly dequeuedAt: number[] = [];
  /** The last invoked of those that found nothing left. */
  empty: { readonly invocation: Operation; readonly completion: Operation } | undefined;
  /** Dequeues of unknown outcome; a drain may have taken everything. */
  inDoubt = 0;

  idOf(value: Json): number {
    const id = this.elements.idOf(value);
    if (id === this.acknowledged.length) {
      for (const counts of [this.acknowledged, this.possible, this.failed, this.dequeued]) counts.push(0);
      for (const places of [this.invokedAt, this.acknowledgedAt, this.dequeuedAt]) places.push(NEVER);
    }
    return id;
  }
}

interface Sums {
  attempts: number;
  acknowledged: number;
  ok: number;
  inDoubt: number;
  /** Acknowledged, and never came out of a queue that nobody found empty after that. */
  remaining: number;
  readonly lost: Json[];
  readonly unexpected: Json[];
  readonly duplicated: Json[];
  readonly recovered: Json[];
}

export function totalQueue(options: TotalQueueOptions = {}): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const queues = collectAccounts(history, findings, pace);
    const sums: Sums = {
      ...{ attempts: 0, acknowledged: 0, ok: 0, inDoubt: 0, remaining: 0 },
      ...{ lost: [], unexpected: [], duplicated: [], recovered: [] },
    };
    let undecided: string | undefined;
    for (const [{ name }, accounts] of queues) {
      // What comes out in a part that was not looked at is not lost.
      if (pace.isOverdue) break;
      undecided = judgeQueue(history, name, accounts, sums, findings, options) ?? undecided;
    }
    const { lost, unexpected, duplicated, recovered, ...counts } = sums;
    const describe = (values: readonly Json[]) => ({
      count: values.length,
      elements: intervalText(values),
    });
    return {
      statistics: {
        queues: queues.size,
        ...counts,
        lost: describe(lost),
        unexpected: describe(unexpected),
        duplicated: describe(duplicated),
        recovered: describe(recovered),
      },
      unknownBecause: undecided ?? vacuity(sums),
    };
  });
}

function vacuity({ acknowledged, ok, remaining }: Sums): string | undefined {
  if (acknowledged === 0 && ok === 0) {
    return 'nothing was enqueued and acknowledged, so nothing was judged: run longer, or with fewer faults';
  }
  if (remaining === 0) return undefined;
  return (
    `${remaining} acknowledged elements never came out, and nobody found the queue empty after that: ` +
    `end the run with a drain`
  );
}

function collectAccounts(
  history: History,
  findings: Findings,
  pace: Pace,
): ReadonlyMap<QueueIdentity, Accounts> {
  const queues = new Map<QueueIdentity, Accounts>();
  const accountsOf = (queue: QueueIdentity): Accounts => {
    let accounts = queues.get(queue);
    if (accounts === undefined) queues.set(queue, (accounts = new Accounts()));
    return accounts;
  };
  const count = (counts: number[], id: number): void => {
    counts[id] = (counts[id] as number) + 1;
  };
  visitQueues(history, findings, pace, {
    enqueueInvoked(queue, invocation, completion) {
      const accounts = accountsOf(queue);
      const id = accounts.idOf(invocation.value);
      count(completion?.type === 'fail' ? accounts.failed : accounts.possible, id);
      if (accounts.invokedAt[id] === NEVER) accounts.invokedAt[id] = invocation.index;
    },
    enqueueAcknowledged(queue, invocation, completion) {
      const accounts = accountsOf(queue);
      const id = accounts.idOf(invocation.value);
      count(accounts.acknowledged, id);
      accounts.acknowledgedAt[id] = completion.index;
    },
    dequeued(queue, value, _, completion) {
      const accounts = accountsOf(queue);
      const id = accounts.idOf(value);
      count(accounts.dequeued, id);
      accounts.dequeuedAt[id] = completion.index;
    },
    foundEmpty(queue, invocation, completion) {
      const accounts = accountsOf(queue);
      const isLater = invocation.index > (accounts.empty?.invocation.index ?? NEVER);
      if (isLater) accounts.empty = { invocation, completion };
    },
    inDoubt(queue, invocation) {
      accountsOf(queue).inDoubt += invocation.f === 'drain' ? Infinity : 1;
    },
  });
  return queues;
}

/** @returns why it could not be decided what became of missing elements */
function judgeQueue(
  history: History,
  name: string,
  accounts: Accounts,
  sums: Sums,
  findings: Findings,
  options: TotalQueueOptions,
): string | undefined {
  const { elements } = accounts;
  const missing: number[] = [];
  let missingCount = 0;
  if (accounts.inDoubt !== Infinity) sums.inDoubt += accounts.inDoubt;
  for (let id = 0; id < elements.size; id++) {
    const value = elements.valueOf(id);
    const acknowledged = accounts.acknowledged[id] as number;
    const possible = accounts.possible[id] as number;
    const failed = accounts.failed[id] as number;
    const dequeued = accounts.dequeued[id] as number;
    sums.attempts += possible + failed;
    sums.acknowledged += acknowledged;
    sums.ok += Math.min(dequeued, possible);
    if (Math.min(dequeued, possible) > acknowledged) sums.recovered.push(value);
    if (acknowledged > dequeued) {
      const lastEmpty = accounts.empty?.invocation.index ?? NEVER;
      if (lastEmpty > (accounts.acknowledgedAt[id] as number)) {
        missing.push(id);
        missingCount += acknowledged - dequeued;
      } else {
        sums.remaining += acknowledged - dequeued;
      }
    }
    if (dequeued > possible) judgeExcess(history, name, accounts, id, sums, findings, options);
  }
  // A dequeue of unknown outcome can have taken any of them.
  if (missingCount <= accounts.inDoubt) {
    if (missingCount === 0) return undefined;
    return (
      `${missingCount} acknowledged elements never came out of ${name}, but dequeues of unknown outcome may have taken ` +
      `them: run with fewer faults while clients dequeue, or dequeue with acknowledgements`
    );
  }
  for (const id of missing) {
    sums.lost.push(elements.valueOf(id));
    findings.add('lost-element', () => describeLost(history, name, accounts, id, missingCount));
  }
  return undefined;
}

function describeLost(history: History, name: string, accounts: Accounts, id: number, missing: number) {
  const acknowledgement = history.operations[accounts.acknowledgedAt[id] as number] as Operation;
  const { empty, inDoubt } = accounts;
  const doubt =
    inDoubt === 0
      ? ''
      : ` (${inDoubt} dequeues of unknown outcome can have taken no more than so many of the ${missing} that are missing)`;
  return {
    explanation:
      `The enqueue of ${show(accounts.elements.valueOf(id))} to ${name} was acknowledged in operation ` +
      `${acknowledgement.index}, but it never came out, and operation ${empty?.completion.index ?? ''}, invoked later, left ` +
      `nothing in the queue${doubt}.`,
    operations: indexesOf(
      history.invocationOf(acknowledgement.index),
      acknowledgement,
      empty?.invocation,
      empty?.completion,
    ),
  };
}

/** It came out more often than it can have gone in. */
function judgeExcess(
  history: History,
  name: string,
  accounts: Accounts,
  id: number,
  sums: Sums,
  findings: Findings,
  { duplicates = 'allowed' }: TotalQueueOptions,
): void {
  const value = accounts.elements.valueOf(id);
  const possible = accounts.possible[id] as number;
  const failed = accounts.failed[id] as number;
  const dequeued = accounts.dequeued[id] as number;
  const completion = history.operations[accounts.dequeuedAt[id] as number] as Operation;
  const enqueue = history.operations[accounts.invokedAt[id] as number];
  const operations = indexesOf(
    enqueue,
    enqueue === undefined ? undefined : history.completionOf(enqueue.index),
    history.invocationOf(completion.index),
    completion,
  );
  const where = `Operation ${completion.index} took ${show(value)} out of ${name}`;
  if (possible === 0) {
    sums.unexpected.push(value);
    const [anomaly, why] =
      failed === 0
        ? ['unexpected-element', 'which nobody ever enqueued']
        : ['revived-element', 'though every enqueue of it failed'];
    findings.add(anomaly, () => ({ explanation: `${where}, ${why}.`, operations }));
    return;
  }
  sums.duplicated.push(value);
  const describe = () => ({
    explanation: `${where}, which came out ${dequeued} times, but can have gone in ${possible === 1 ? 'once' : `${possible} times`} only.`,
    operations,
  });
  if (duplicates === 'judged') findings.add('duplicate-element', describe);
  else findings.addAllowed('duplicate-element', describe);
}
