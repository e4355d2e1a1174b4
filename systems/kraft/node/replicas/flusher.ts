/**
 * When a partition's log is flushed: after so many records or so long (`flush.messages`, `flush.ms`). Kafka's default is never:
 * replication makes records safe, not the disk.
 *
 *     flusher.appended(records, nowMs); // one flush at a time; what is appended meanwhile goes with the next
 */
import type { ReplicaLog } from '../../log/replica-log.ts';

export class Flusher {
  private readonly log: ReplicaLog;
  /** Runs a flush in the background, and tells whoever waits for it. */
  private readonly run: (flush: () => Promise<void>) => void;
  private messages = Infinity;
  private everyMs = Infinity;
  private records = 0;
  private dirtySinceMs: number | null = null;
  private isRunning = false;

  constructor(log: ReplicaLog, run: (flush: () => Promise<void>) => void) {
    this.log = log;
    this.run = run;
  }

  /** A log that was just opened may have more than is durable. */
  configure({ flushMessages, flushMs }: { readonly flushMessages: number; readonly flushMs: number }): void {
    this.messages = flushMessages;
    this.everyMs = flushMs;
    this.records = this.log.logEndOffset - this.log.durableEndOffset;
    if (this.records >= this.messages) this.start();
  }

  appended(records: number, nowMs: number): void {
    this.records += records;
    this.dirtySinceMs ??= nowMs;
    if (this.records >= this.messages) this.start();
  }

  /** Infinite where only appends matter. */
  get deadlineMs(): number {
    if (this.dirtySinceMs === null || this.isRunning || this.everyMs === Number.MAX_SAFE_INTEGER)
      return Infinity;
    return this.dirtySinceMs + this.everyMs;
  }

  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.run(async () => {
      this.records = 0;
      this.dirtySinceMs = null;
      await this.log.flush();
      this.isRunning = false;
      if (this.records >= this.messages) this.start();
    });
  }
}
