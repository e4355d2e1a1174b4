/**
 * The last lines of a node's log, so that a long run does not fill the memory; says how many are missing.
 *
 *     log.add('3.250000000 info  became leader {"term":4}');
 *     log.lines;
 */
const LINES_MAX = 20_000;

export class NodeLog {
  #lines: string[] = [];
  #dropped = 0;

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length >= 2 * LINES_MAX) {
      this.#dropped += this.#lines.length - LINES_MAX;
      this.#lines = this.#lines.slice(-LINES_MAX);
    }
  }

  get lines(): string[] {
    const dropped = this.#dropped + Math.max(0, this.#lines.length - LINES_MAX);
    const lines = this.#lines.slice(-LINES_MAX);
    return dropped === 0 ? lines : [`(${dropped} earlier lines were dropped)`, ...lines];
  }
}
