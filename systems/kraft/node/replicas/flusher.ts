/**
 * When a partition's log is flushed: after so many records or so long (`flush.messages`, `flush.ms`). Kafka's default is never:
 * replication makes records safe, not the disk. Whether it is time is looked at when it is; with `log.flush.scheduler.interval.ms` only
 * so often, as in Kafka, which without that key never looks.
 *
 *     flusher.appended(records, nowMs); // one flush at a time; what is appended meanwhile goes with the next
 */
import type { ReplicaLog } from '../../log/replica-log.ts';

const NEVER = Number.MAX_SAFE_INTEGER;

export class Flusher {
  private readonly log: ReplicaLog;
  /** Runs a flush in the background, and tells whoever waits for it. */
  private readonly run: (flush: () => Promise<void>) => void;
  /** How often it looks whether it is time; `NEVER`: when it is. */
  private readonly lookMs: number;
  private messages = Infinity;
  private everyMs = Infinity;
  private records = 0;
  private dirtySinceMs: number | null = null;
  private isRunning = false;

  constructor(log: ReplicaLog, lookMs: number, run: (flush: () => Promise<void>) => void) {
    this.log = log;
    this.lookMs = lookMs;
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
    if (this.dirtySinceMs === null || this.isRunning || this.everyMs === NEVER) return Infinity;
    const dueMs = this.dirtySinceMs + this.everyMs;
    return this.lookMs === NEVER ? dueMs : Math.ceil(dueMs / this.lookMs) * this.lookMs;
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
