/**
 * Answers that wait until what they rest on is committed, or until their asker waits no longer.
 *
 *     answers.add({ answerOffset: 17, deadlineMs: null, deliver, refuse });
 *     answers.committed(17);            // deliver()
 *     answers.refuseAll('NOT_CONTROLLER', 'another controller took over');
 *
 * An answer may bring about the next request, and that one another answer, before the call returns.
 */
import type { ErrorName } from '../../wire/error-codes.ts';

export interface WaitingAnswer {
  readonly answerOffset: number;
  /** Monotonic milliseconds; null: it waits as long as this node is the controller. */
  readonly deadlineMs: number | null;
  deliver(): void;
  refuse(error: ErrorName, message: string): void;
}

/** Connections have one request each that waits; a node has not more of them. */
const WAITING_MAX = 100_000;

export class Answers {
  /** In the order of their offsets, since each decision rests on all before it. */
  private waiting: WaitingAnswer[] = [];
  private earliestMs = Infinity;

  get size(): number {
    return this.waiting.length;
  }

  get isFull(): boolean {
    return this.waiting.length >= WAITING_MAX;
  }

  /** When {@link expire} is due, in monotonic milliseconds; an early call does nothing. */
  get deadlineMs(): number {
    return this.earliestMs;
  }

  add(answer: WaitingAnswer): void {
    this.waiting.push(answer);
    this.earliestMs = Math.min(this.earliestMs, answer.deadlineMs ?? Infinity);
  }

  committed(offset: number): void {
    const { waiting } = this;
    let count = 0;
    while (count < waiting.length && (waiting[count] as WaitingAnswer).answerOffset <= offset) count++;
    if (count === 0) return;
    const ready = waiting.splice(0, count);
    if (waiting.length === 0) this.earliestMs = Infinity;
    for (const answer of ready) answer.deliver();
  }

  /** Refuses those whose time is up: what they asked for may still happen. */
  expire(nowMs: number): void {
    if (nowMs < this.earliestMs) return;
    const isLate = ({ deadlineMs }: WaitingAnswer): boolean => deadlineMs !== null && deadlineMs <= nowMs;
    const late = this.waiting.filter(isLate);
    this.waiting = this.waiting.filter((answer) => !isLate(answer));
    this.earliestMs = Infinity;
    for (const { deadlineMs } of this.waiting) {
      this.earliestMs = Math.min(this.earliestMs, deadlineMs ?? Infinity);
    }
    for (const { refuse } of late)
      refuse('REQUEST_TIMED_OUT', 'it was not committed in time, and may still be');
  }

  refuseAll(error: ErrorName, message: string): void {
    const all = this.waiting;
    this.waiting = [];
    this.earliestMs = Infinity;
    for (const { refuse } of all) refuse(error, message);
  }
}
