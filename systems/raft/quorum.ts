/**
 * Who counts, and what a majority of them has.
 *
 *     majorityValue({voters: ['a', 'b', 'c'], outgoing: [], learners: []}, (node) => matchIndexOf(node))
 *     // the largest number that a majority of a, b and c reach
 *
 * A configuration with `outgoing` voters is joint (dissertation, section 4.3): both majorities must agree. Changing the
 * configuration while running is not built yet; every decision already goes through here.
 */
import { assert } from '../../harness/errors.ts';

export interface Configuration {
  readonly voters: readonly string[];
  /** The old voters while a joint configuration lasts, else empty. */
  readonly outgoing: readonly string[];
  /** Receive the log and do not count. */
  readonly learners: readonly string[];
}

export const isVoter = (configuration: Configuration, node: string): boolean =>
  configuration.voters.includes(node) || configuration.outgoing.includes(node);

export const majorityOf = (count: number): number => Math.floor(count / 2) + 1;

/** Reused between calls: the core runs one step at a time. */
const scratch: number[] = [];

function majorityOfHalf(voters: readonly string[], valueOf: (node: string) => number): number {
  assert(voters.length > 0, 'a configuration without voters');
  scratch.length = 0;
  for (const voter of voters) {
    const value = valueOf(voter);
    let at = scratch.length;
    scratch.push(value);
    // Insertion sort, descending: there are a handful of voters.
    while (at > 0 && (scratch[at - 1] as number) < value) {
      scratch[at] = scratch[at - 1] as number;
      at--;
    }
    scratch[at] = value;
  }
  return scratch[majorityOf(voters.length) - 1] as number;
}

/** The largest value that a majority of each half reaches. */
export function majorityValue(configuration: Configuration, valueOf: (node: string) => number): number {
  const incoming = majorityOfHalf(configuration.voters, valueOf);
  if (configuration.outgoing.length === 0) return incoming;
  return Math.min(incoming, majorityOfHalf(configuration.outgoing, valueOf));
}

/** Whether a majority of each half satisfies the predicate. */
export const hasMajority = (configuration: Configuration, holds: (node: string) => boolean): boolean =>
  majorityValue(configuration, (node) => (holds(node) ? 1 : 0)) === 1;
