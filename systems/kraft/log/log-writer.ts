/**
 * One writer of a log at a time: appends go out in groups, flushes share an fsync, and whatever else changes files waits
 * its turn.
 *
 *     writer.enqueue({ segment, bytes, endOffset });
 *     await writer.flush();                     // all that was enqueued before is durable; the durable end offset
 *     await writer.exclusively(() => …);        // when all that was enqueued before is written, and nothing else runs
 *
 * The first failure is the last thing that it does: after a failed write or fsync nobody knows what the disk holds, so that
 * all later calls fail with it, and the node must crash.
 */
import type { Segment } from './segment.ts';

export interface WriterItem {
  readonly segment: Segment;
  readonly bytes: Uint8Array;
  /** After its last batch. */
  readonly endOffset: number;
}

export interface WriterTarget {
  /** Hands items to the operating system, in order. */
  write(items: readonly WriterItem[]): Promise<void>;
  /** Makes all that was written durable. Resolves with the durable end offset. */
  sync(): Promise<number>;
  onFailure(error: unknown): void;
}

interface Waiter {
  resolve(durableEndOffset: number): void;
  reject(error: unknown): void;
}

export class LogWriter {
  private readonly target: WriterTarget;
  private items: WriterItem[] = [];
  private waiters: Waiter[] = [];
  private jobs: (() => Promise<void>)[] = [];
  private isRunning = false;
  private failure: { readonly error: Error } | null = null;
  private queuedBytes = 0;

  constructor(target: WriterTarget) {
    this.target = target;
  }

  /** Bytes that the operating system does not have yet: the caller's back-pressure. */
  get pendingBytes(): number {
    return this.queuedBytes;
  }

  /** @throws what failed first */
  assertUsable(): void {
    if (this.failure !== null) throw this.failure.error;
  }

  enqueue(item: WriterItem): void {
    this.items.push(item);
    this.queuedBytes += item.bytes.length;
    this.run();
  }

  async flush(): Promise<number> {
    this.assertUsable();
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      this.run();
    });
  }

  async exclusively<T>(job: () => Promise<T>): Promise<T> {
    this.assertUsable();
    return new Promise<T>((resolve, reject) => {
      this.jobs.push(async () => {
        if (this.failure !== null) {
          reject(this.failure.error);
          return;
        }
        try {
          resolve(await job());
        } catch (thrown) {
          reject(asError(thrown));
          throw thrown;
        }
      });
      this.run();
    });
  }

  private run(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void this.loop();
  }

  private async loop(): Promise<void> {
    // What the caller appends in the same turn goes out together.
    await Promise.resolve();
    while (this.items.length > 0 || this.waiters.length > 0 || this.jobs.length > 0) {
      const { items, waiters } = this;
      this.items = [];
      this.waiters = [];
      const job = this.jobs.shift();
      try {
        await this.step(items, waiters);
        await job?.();
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error);
        this.fail(error);
        await job?.(); // rejects, if it did not run
      }
    }
    this.isRunning = false;
  }

  private async step(items: readonly WriterItem[], waiters: readonly Waiter[]): Promise<void> {
    this.assertUsable();
    if (items.length > 0) {
      await this.target.write(items);
      for (const { bytes } of items) this.queuedBytes -= bytes.length;
    }
    if (waiters.length > 0) {
      const endOffset = await this.target.sync();
      for (const waiter of waiters) waiter.resolve(endOffset);
    }
  }

  private fail(thrown: unknown): void {
    const error = asError(thrown);
    const isFirst = this.failure === null;
    this.failure ??= { error };
    const { waiters, jobs } = this;
    this.waiters = [];
    this.jobs = [];
    this.items = [];
    for (const waiter of waiters) waiter.reject(error);
    for (const job of jobs) void job();
    if (isFirst) this.target.onFailure(error);
  }
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
