/**
 * Which partition a record goes to, as Kafka's own clients choose: by the hash of its key, so that a key stays in its partition; without a
 * key the same one for a whole batch, and then the next.
 *
 *     const partitioner = new Partitioner(3);
 *     partitioner.of(key);          // murmur2(key) mod 3
 *     partitioner.of(null);         // 0 for this batch
 *     partitioner.nextBatch();      // 1 for the next
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** MurmurHash2 of 32 bits, as in Kafka's clients. Signed. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const whole = length - (length % 4);
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(view.getInt32(at, true), M);
    word = Math.imul(word ^ (word >>> R), M);
    hash = Math.imul(hash, M) ^ word;
  }
  if (length > whole) {
    for (let at = whole; at < length; at++) hash ^= view.getUint8(at) << (8 * (at - whole));
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

export class Partitioner {
  private readonly count: number;
  private sticky: number;

  /** @param first - where records without a key begin */
  constructor(count: number, first = 0) {
    this.count = count;
    this.sticky = first % count;
  }

  of(key: Uint8Array | null): number {
    return key === null ? this.sticky : (murmur2(key) & 0x7fff_ffff) % this.count;
  }

  nextBatch(): void {
    this.sticky = (this.sticky + 1) % this.count;
  }
}
