/**
 * Many deadlines, one timer: each item says when it is due next, and is asked again whenever that may have changed.
 *
 *     deadlines.watch(partition); // after each of its inputs
 *     // … at partition.deadlineMs: partition.due(nowMs)
 *
 * A deadline mostly moves later, and an item in the heap is moved only when it finds itself early: it is then put where it is due.
 */
import { msToNs, nsToMs } from '../../../../harness/units.ts';
import type { Endpoint, Timer } from '../../../runtime/runtime.ts';

export interface DeadlineItem {
  /** Monotonic milliseconds; infinite where only inputs matter. */
  readonly deadlineMs: number;
  /** Called at the deadline, or a little later. */
  due(nowMs: number): void;
}

interface Entry {
  readonly item: DeadlineItem;
  readonly atMs: number;
  /** Of equals, the first comes first. */
  readonly order: number;
}

/** What is due again at once waits so long: the clock must move. */
const STEP_MIN_MS = 1;
const DELAY_MIN_NS = 1000;

export class Deadlines {
  private readonly endpoint: Endpoint;
  private readonly heap: Entry[] = [];
  /** For when an item is in the heap; entries of another time are leftovers. */
  private readonly planned = new Map<DeadlineItem, number>();
  private timer: Timer | null = null;
  private timerAtMs = Infinity;
  private entries = 0;
  private isClosed = false;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  /** Its deadline may be another now. */
  watch(item: DeadlineItem): void {
    const { deadlineMs } = item;
    const plannedMs = this.planned.get(item) ?? Infinity;
    if (this.isClosed || deadlineMs >= plannedMs) return;
    this.push(item, deadlineMs);
    this.setTimer();
  }

  forget(item: DeadlineItem): void {
    this.planned.delete(item);
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.timer = null;
  }

  private get nowMs(): number {
    return nsToMs(this.endpoint.monotonicNs());
  }

  private onTimer(): void {
    this.timer = null;
    this.timerAtMs = Infinity;
    const { nowMs } = this;
    for (let entry = this.heap[0]; entry !== undefined && entry.atMs <= nowMs; entry = this.heap[0]) {
      this.pop();
      const { item, atMs } = entry;
      if (this.planned.get(item) !== atMs) continue;
      this.planned.delete(item);
      if (item.deadlineMs <= nowMs) item.due(nowMs);
      if (this.planned.has(item)) continue;
      const { deadlineMs } = item;
      if (deadlineMs !== Infinity) this.push(item, Math.max(deadlineMs, nowMs + STEP_MIN_MS));
    }
    this.setTimer();
  }

  private setTimer(): void {
    const [first] = this.heap;
    if (first === undefined || this.isClosed || first.atMs >= this.timerAtMs) return;
    this.timer?.cancel();
    this.timerAtMs = first.atMs;
    const leftMs = first.atMs - this.nowMs;
    // A timer must not come too early by the rounding of a nanosecond, again and again at one moment.
    const delayNs = leftMs > 0 ? Math.max(DELAY_MIN_NS, msToNs(leftMs)) : 0;
    this.timer = this.endpoint.setTimer(delayNs, () => this.onTimer());
  }

  private push(item: DeadlineItem, atMs: number): void {
    const { heap } = this;
    this.planned.set(item, atMs);
    heap.push({ item, atMs, order: this.entries++ });
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ;) {
      let first = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2; child++) {
        if (child < heap.length && this.isBefore(child, first)) first = child;
      }
      if (first === at) return;
      this.swap(at, first);
      at = first;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const left = this.heap[a] as Entry;
    const right = this.heap[b] as Entry;
    return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
  }

  private swap(a: number, b: number): void {
    const { heap } = this;
    const entry = heap[a] as Entry;
    heap[a] = heap[b] as Entry;
    heap[b] = entry;
  }
}
