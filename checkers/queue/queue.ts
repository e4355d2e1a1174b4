/**
 * Judges a queue without regard to order: every element that comes out must have gone in before, and must not have
 * come out already, key by key.
 *
 *     enqueue 1 (in flight) · dequeue → 1: fine
 *     dequeue → 2 · enqueue 2: 2 came out before anybody put it in
 *
 * Every enqueue that did not fail counts from its invocation on; every dequeue when it completes, unless it is an anomaly
 * itself. It takes one pass. It does not ask whether everything comes out ({@link totalQueue}), nor for first in, first out (the linearizability checker).
 *
 * Anomalies: `unexpected-dequeue` (nobody has enqueued it by then), `duplicate-dequeue` (all that were enqueued by then had
 * come out), `malformed-drain`.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { indexesOf, show } from '../findings/findings.ts';
import { ValueTable } from '../findings/value-table.ts';
import { type QueueIdentity, visitQueues } from './collect-queues.ts';

const NAME = 'queue';

class Contents {
  readonly elements = new ValueTable();
  readonly enqueued: number[] = [];
  readonly dequeued: number[] = [];
  /** The last dequeue of it. */
  readonly taker: (Operation | undefined)[] = [];
}

export function queue(): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const queues = new Map<QueueIdentity, Contents>();
    const counts = { enqueues: 0, dequeues: 0, empty: 0, inDoubt: 0 };
    const contentsOf = (of: QueueIdentity): Contents => {
      let contents = queues.get(of);
      if (contents === undefined) queues.set(of, (contents = new Contents()));
      return contents;
    };
    visitQueues(history, findings, pace, {
      enqueueInvoked(of, invocation, completion) {
        if (completion?.type === 'fail') return;
        counts.enqueues++;
        const { elements, enqueued } = contentsOf(of);
        const id = elements.idOf(invocation.value);
        enqueued[id] = (enqueued[id] ?? 0) + 1;
      },
      enqueueAcknowledged() {
        // It counts from its invocation on.
      },
      dequeued(of, value, invocation, completion) {
        counts.dequeues++;
        const { elements, enqueued, dequeued, taker } = contentsOf(of);
        const id = elements.idOf(value);
        const wentIn = enqueued[id] ?? 0;
        const cameOut = dequeued[id] ?? 0;
        const earlier = taker[id];
        if (cameOut < wentIn) {
          dequeued[id] = cameOut + 1;
          taker[id] = completion;
          return;
        }
        const where = `Operation ${completion.index} took ${show(value)} out of ${of.name}`;
        if (wentIn === 0) {
          findings.add('unexpected-dequeue', () => ({
            explanation: `${where}, but no enqueue of it had been invoked that did not fail.`,
            operations: indexesOf(invocation, completion),
          }));
          return;
        }
        findings.add('duplicate-dequeue', () => ({
          explanation: `${where}, but it can have gone in ${timesText(wentIn)} by then, and had come out as often; operation ${earlier?.index ?? ''} took it before.`,
          operations: indexesOf(earlier, invocation, completion),
        }));
      },
      foundEmpty() {
        counts.empty++;
      },
      inDoubt() {
        counts.inDoubt++;
      },
    });
    const isVacuous = counts.dequeues === 0;
    return {
      statistics: { queues: queues.size, ...counts },
      unknownBecause: isVacuous ? 'nothing ever came out, so nothing was judged: run longer' : undefined,
    };
  });
}

const timesText = (times: number): string => (times === 1 ? 'once only' : `${times} times only`);
