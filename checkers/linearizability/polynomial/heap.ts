/** A binary heap of numbers. */

/** The least element first. */
export class Heap {
  readonly #entries: number[] = [];
  readonly #compare: (a: number, b: number) => number;

  constructor(compare: (a: number, b: number) => number) {
    this.#compare = compare;
  }

  push(entry: number): void {
    const entries = this.#entries;
    let at = entries.length;
    entries.push(entry);
    for (
      let up = (at - 1) >> 1;
      at > 0 && this.#compare(entry, entries[up] as number) < 0;
      up = (at - 1) >> 1
    ) {
      entries[at] = entries[up] as number;
      at = up;
    }
    entries[at] = entry;
  }

  pop(): number | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (top === undefined || last === undefined || entries.length === 0) return top;
    let at = 0;
    for (let down = 1; down < entries.length; down = 2 * at + 1) {
      if (
        down + 1 < entries.length &&
        this.#compare(entries[down + 1] as number, entries[down] as number) < 0
      )
        down++;
      if (this.#compare(entries[down] as number, last) >= 0) break;
      entries[at] = entries[down] as number;
      at = down;
    }
    entries[at] = last;
    return top;
  }
}
