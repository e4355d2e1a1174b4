/**
 * Queues as a history tells of them: `enqueue` of an element, `dequeue` of one (null: the queue was empty), and `drain`,
 * which takes out all that is left and answers with the list, key by key. What the checkers of this folder share.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { type Findings, indexesOf, isArray, type Key, nameOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';

/** A dequeue that fails with one of these found the queue empty, as Jepsen's clients say it. */
const EMPTY_CODES: ReadonlySet<string> = new Set(['empty', 'exhausted', 'queue-empty']);

/** One queue: the same object for the same key. */
export interface QueueIdentity {
  readonly name: string;
}

/** Whoever wants to know what goes in and out, in the order of the history. */
export interface QueueVisitor {
  enqueueInvoked(queue: QueueIdentity, invocation: Operation, completion: Operation | undefined): void;
  enqueueAcknowledged(queue: QueueIdentity, invocation: Operation, completion: Operation): void;
  dequeued(queue: QueueIdentity, value: Json, invocation: Operation, completion: Operation): void;
  /** Nothing was left: a drain is over, or a dequeue found the queue empty. */
  foundEmpty(queue: QueueIdentity, invocation: Operation, completion: Operation): void;
  /** A dequeue or a drain that may have taken something: nobody knows what. */
  inDoubt(queue: QueueIdentity, invocation: Operation): void;
}

/** @throws HarnessError `bad-history` at a function that no queue has */
export function visitQueues(history: History, findings: Findings, pace: Pace, visitor: QueueVisitor): void {
  const queues = new Map<Key, QueueIdentity>();
  for (const operation of history.operations) {
    if (pace.spend(1)) break;
    if (operation.process === 'nemesis' || operation.type !== 'invoke') {
      const invocation = history.invocationOf(operation.index);
      if (operation.process === 'nemesis' || invocation === undefined) continue;
      const queue = queues.get(invocation.key) as QueueIdentity;
      if (invocation.f === 'enqueue') {
        if (operation.type === 'ok') visitor.enqueueAcknowledged(queue, invocation, operation);
      } else {
        visitTaken(findings, visitor, queue, invocation, operation);
      }
      continue;
    }
    const { index, f, key } = operation;
    if (f !== 'enqueue' && f !== 'dequeue' && f !== 'drain') {
      throw new HarnessError(
        'bad-history',
        `operation ${index}: a queue has enqueue, dequeue and drain, no ${f}`,
      );
    }
    let queue = queues.get(key);
    if (queue === undefined) queues.set(key, (queue = { name: nameOf(key, 'the queue') }));
    const completion = history.completionOf(index);
    if (f === 'enqueue') visitor.enqueueInvoked(queue, operation, completion);
    else if (completion === undefined) visitor.inDoubt(queue, operation);
  }
}

function visitTaken(
  findings: Findings,
  visitor: QueueVisitor,
  queue: QueueIdentity,
  invocation: Operation,
  completion: Operation,
): void {
  const { f, type, value, error } = completion;
  if (type === 'info') {
    visitor.inDoubt(queue, invocation);
  } else if (type === 'fail') {
    if (f === 'dequeue' && error !== undefined && EMPTY_CODES.has(error.code)) {
      visitor.foundEmpty(queue, invocation, completion);
    }
  } else if (f === 'dequeue') {
    if (value === null) visitor.foundEmpty(queue, invocation, completion);
    else visitor.dequeued(queue, value, invocation, completion);
  } else if (value === null || isArray(value)) {
    for (const element of value ?? []) visitor.dequeued(queue, element, invocation, completion);
    visitor.foundEmpty(queue, invocation, completion);
  } else {
    findings.add('malformed-drain', () => ({
      explanation: `The drain of ${queue.name} in operation ${completion.index} returned ${show(value)}, which is no list.`,
      operations: indexesOf(invocation, completion),
    }));
  }
}
