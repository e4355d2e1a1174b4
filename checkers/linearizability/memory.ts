/**
 * A budget of bytes that several searches share. Each has an account and asks before it grows.
 *
 * When the budget is used up, the largest search gives way, so that one hard key cannot starve the easy ones: if
 * the one that asks is the largest, its request throws MemoryExhausted; else the largest other is evicted.
 * What is counted are the searches' tables, not the history, and not the garbage of the collector.
 */

/** The search that asked cannot go on. */
export class MemoryExhausted extends Error {
  override readonly name = 'MemoryExhausted';
}

export class MemoryBudget {
  readonly limitBytes: number;
  #usedBytes = 0;
  #peakBytes = 0;
  readonly #accounts = new Set<MemoryAccount>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** @param evict - must drop all that was requested; the account is closed after it */
  open(evict: () => void): MemoryAccount {
    const account = new MemoryAccount(this, evict);
    this.#accounts.add(account);
    return account;
  }

  take(account: MemoryAccount, bytes: number): void {
    while (this.#usedBytes + bytes > this.limitBytes) {
      let largest = account;
      for (const other of this.#accounts) {
        // The one that asks counts with what it asks for: it must not evict one smaller than it would be.
        const size = largest === account ? account.bytes + bytes : largest.bytes;
        if (other.bytes > size) largest = other;
      }
      if (largest === account) throw new MemoryExhausted(`no ${bytes} bytes left of ${this.limitBytes}`);
      largest.evict();
      this.close(largest);
    }
    this.#usedBytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  close(account: MemoryAccount): void {
    if (this.#accounts.delete(account)) this.#usedBytes -= account.bytes;
  }
}

export class MemoryAccount {
  readonly evict: () => void;
  readonly #budget: MemoryBudget;
  #bytes = 0;

  constructor(budget: MemoryBudget, evict: () => void) {
    this.#budget = budget;
    this.evict = evict;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws MemoryExhausted */
  request(bytes: number): void {
    this.#budget.take(this, bytes);
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#budget.give(bytes);
    this.#bytes -= bytes;
  }

  close(): void {
    this.#budget.close(this);
  }
}
