/**
 * Cuts a stream of bytes into lines of text.
 *
 *     const lines = new LineDecoder((line) => …);
 *     lines.push(bytes);      // any chunks
 *     lines.end();            // what came without a line end is a line, too
 */

/** A line beyond this is cut: somebody prints something else than lines. */
const LINE_CHARACTERS_MAX = 16 * 1024 * 1024;

export class LineDecoder {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
    if (this.#rest.length > LINE_CHARACTERS_MAX) this.end();
  }

  end(): void {
    const rest = this.#rest;
    this.#rest = '';
    if (rest !== '') this.#onLine(rest);
  }
}
