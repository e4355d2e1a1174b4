/**
 * One thing after the other: while a core has an input, nobody outside hears of it; what is to be told is told afterwards.
 *
 *     turn.run(() => {
 *       core.produce(nowMs, token, request);
 *       for (const effect of core.takeEffects()) perform(effect); // turn.after(() => exchange.respond(…))
 *     });
 *
 * Whoever is told may begin a turn of his own, and so a core is never entered while it is at work: an answer to one request may
 * bring the next of its connection at once.
 */
export class Turn {
  private depth = 0;
  private isTelling = false;
  private later: (() => void)[] = [];

  /** Runs an input now; when the outermost is over, what was put off is done. */
  run(input: () => void): void {
    this.depth++;
    try {
      input();
    } finally {
      this.depth--;
    }
    if (this.depth === 0 && !this.isTelling) this.tell();
  }

  /** Done when the turn is over, in order; outside of a turn at once. */
  after(callback: () => void): void {
    this.later.push(callback);
    if (this.depth === 0 && !this.isTelling) this.tell();
  }

  private tell(): void {
    this.isTelling = true;
    try {
      while (this.later.length > 0) {
        const callbacks = this.later;
        this.later = [];
        for (const callback of callbacks) callback();
      }
    } finally {
      this.isTelling = false;
    }
  }
}
