/**
 * What the gates of a node have done since somebody last asked, by fault.
 *
 *     counters.add('cut n1 n2', 'messagesDropped');
 *     counters.take();    // { 'cut n1 n2': { messagesDropped: 1 } }
 *     counters.take();    // null
 *
 * Increments, not sums: what was told before a node was killed is not lost with it.
 */

export type CountersByFault = Readonly<Record<string, Readonly<Record<string, number>>>>;

export class FaultCounters {
  #counts: Record<string, Record<string, number>> = {};
  #isEmpty = true;

  add(fault: string, name: string, amount = 1): void {
    if (amount === 0) return;
    const counts = (this.#counts[fault] ??= {});
    counts[name] = (counts[name] ?? 0) + amount;
    this.#isEmpty = false;
  }

  take(): CountersByFault | null {
    if (this.#isEmpty) return null;
    const taken = this.#counts;
    this.#counts = {};
    this.#isEmpty = true;
    return taken;
  }
}
