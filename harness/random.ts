/**
 * Keyed random streams: every consumer of randomness has a stream of its own, derived from the run's
 * seed and a key that names the consumer (`['link', 'n1', 'n2']`). Two consumers never share a stream,
 * so removing one operation or one fault does not shift what the others draw.
 *
 *     const random = randomStream(42, 'disk', 'n3');
 *     random.integer(1, 6);  // the same number in every run with seed 42
 */
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

export interface Random {
  /** Uniform in 0 … 2³²−1. */
  uint32(): number;
  /** Uniform in [0, 1), 32 bits of it. */
  float(): number;
  /** Uniform integer, both ends included. `max − min` is below 2³². */
  integer(min: number, max: number): number;
  /** True with the given probability; draws nothing for 0 and 1. */
  chance(probability: number): boolean;
  /** One element of a non-empty array. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
  /** Exponentially distributed with the given mean. */
  exponential(mean: number): number;
}

/** 32 bits of hash of a text, starting from `basis` (FNV-1a with the murmur3 finalizer). */
function hashText(text: string, basis: number): number {
  let hash = basis | 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/**
 * The stream of one consumer.
 *
 * @param seed - the run's seed: a safe integer ≥ 0
 * @param key - who draws; joined with `/`, so parts should not contain one
 */
export function randomStream(seed: number, ...key: readonly (string | number)[]): Random {
  const text = `${seed}/${key.join('/')}`;
  // Four independently salted hashes; the constants only have to differ.
  const generator = xoroshiro128plusFromState([
    hashText(text, 0x811c9dc5),
    hashText(text, 0x2545f491),
    hashText(text, 0x6c078965),
    hashText(text, 0x1b873593) | 1, // the all-zero state is a fixed point
  ]);
  const uint32 = (): number => generator.next() >>> 0;
  const float = (): number => uint32() / 0x1_0000_0000;
  const integer = (min: number, max: number): number => min + Math.floor(float() * (max - min + 1));
  return {
    uint32,
    float,
    integer,
    chance: (probability) => (probability <= 0 ? false : probability >= 1 ? true : float() < probability),
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError('pick from an empty array');
      return items[integer(0, items.length - 1)] as T;
    },
    shuffle: <T>(items: readonly T[]): T[] => {
      const result = items.slice();
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(0, i);
        const held = result[i] as T;
        result[i] = result[j] as T;
        result[j] = held;
      }
      return result;
    },
    exponential: (mean) => -Math.log(1 - float()) * mean,
  };
}
