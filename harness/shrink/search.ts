/**
 * The search for the smallest: takes candidates, remembers those that showed nothing, and leaves out of lists as much as can be.
 *
 *     const search = new Search(options);
 *     await search.reduce(({ plan }) => faultsOf(plan), without);
 *     search.smallest;
 *
 * What is tried, and in which order, is decided in shrink.ts.
 */
import { createHash } from 'node:crypto';
import type { Candidate } from './candidate.ts';
import type { Finding } from './finding.ts';

export interface Shrunk {
  readonly candidate: Candidate;
  readonly finding: Finding;
}

/** Of these, in their order, the first that still shows the anomaly. */
export type FirstOf = (
  candidates: Iterable<Candidate>,
) => Promise<(Shrunk & { readonly place: number }) | null>;

export interface ShrinkOptions extends Shrunk {
  readonly firstOf: FirstOf;
  /** Candidates that are tried in all. */
  readonly attemptsMax: number;
  /** Asked now and then; true ends it with the smallest so far. */
  readonly isStopped: () => boolean;
  /** After every step. @param attempts - candidates that were tried so far */
  readonly onProgress: (smallest: Candidate, attempts: number) => void;
}

export interface ShrinkResult {
  readonly smallest: Candidate;
  readonly attempts: number;
  /** `done`: nothing that is tried makes it smaller. */
  readonly end: 'done' | 'attempts' | 'stopped';
}

/** The smallest so far, and what was tried. */
export class Search {
  smallest: Candidate;
  finding: Finding;
  attempts = 0;
  readonly #options: ShrinkOptions;
  /** Digests of what did not show it: passes come back to it. */
  readonly #failed = new Set<string>();

  constructor(options: ShrinkOptions) {
    this.#options = options;
    this.smallest = options.candidate;
    this.finding = options.finding;
  }

  get isOver(): boolean {
    return this.end !== 'done';
  }

  get end(): ShrinkResult['end'] {
    if (this.#options.isStopped()) return 'stopped';
    return this.attempts >= this.#options.attemptsMax ? 'attempts' : 'done';
  }

  /** Takes the first that shows it; its place among the candidates, or null. */
  async take(candidates: Iterable<Candidate>): Promise<number | null> {
    if (this.isOver) return null;
    /** Of those that are run: the place among all, and the digest. */
    const tried: { readonly place: number; readonly digest: string }[] = [];
    const found = await this.#options.firstOf(this.#untried(candidates, tried));
    // Others may have begun beside the one that was taken: they do not count, so that the number of cores changes nothing.
    const failed = found === null ? tried : tried.slice(0, found.place);
    for (const { digest } of failed) this.#failed.add(digest);
    this.attempts += failed.length + (found === null ? 0 : 1);
    if (found !== null) {
      this.smallest = found.candidate;
      this.finding = found.finding;
    }
    this.#options.onProgress(this.smallest, this.attempts);
    return found === null ? null : (tried[found.place]?.place ?? null);
  }

  *#untried(
    candidates: Iterable<Candidate>,
    tried: { readonly place: number; readonly digest: string }[],
  ): Generator<Candidate> {
    const own = digestOf(this.smallest);
    let place = 0;
    for (const candidate of candidates) {
      const digest = digestOf(candidate);
      if (digest !== own && !this.#failed.has(digest)) {
        if (this.attempts + tried.length >= this.#options.attemptsMax) return;
        tried.push({ place, digest });
        yield candidate;
      }
      place++;
    }
  }

  /**
   * Leaves out as much of a list as can be: halves, quarters, … down to one.
   *
   * @param itemsOf - of the smallest at the time
   * @param without - these, which are some of the items
   */
  async reduce<T>(
    itemsOf: (candidate: Candidate) => readonly T[],
    without: (candidate: Candidate, items: readonly T[]) => Candidate,
  ): Promise<void> {
    for (let size = Math.ceil(itemsOf(this.smallest).length / 2); size >= 1 && !this.isOver;) {
      let from = 0;
      for (;;) {
        const items = itemsOf(this.smallest);
        const place = await this.take(withoutChunks(this.smallest, items.slice(from), size, without));
        if (place === null) break;
        from += place * size;
      }
      size = size === 1 ? 0 : Math.ceil(size / 2);
    }
  }
}

const digestOf = ({ test, plan }: Candidate): string =>
  createHash('sha1')
    .update(JSON.stringify([test.nodes, test.concurrency, plan]))
    .digest('base64');

/** One by one as they are asked for: of thousands of items each is as large as the whole. */
function* withoutChunks<T>(
  candidate: Candidate,
  items: readonly T[],
  size: number,
  without: (candidate: Candidate, items: readonly T[]) => Candidate,
): Generator<Candidate> {
  for (let i = 0; i < items.length; i += size) yield without(candidate, items.slice(i, i + size));
}
