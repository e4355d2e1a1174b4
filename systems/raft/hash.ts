/**
 * 32-bit hashes: CRC-32C for bytes, a mixing fold for chains of numbers.
 *
 *     prefixHash = foldEntry(prefixHash, index, term, checksum(payload))
 *
 * They detect accidents and differences, not attacks.
 */
import crc32c from 'crc-32/crc32c.js';

/** CRC-32C of the bytes, unsigned. */
export const checksum = (bytes: Uint8Array): number => crc32c.buf(bytes, 0) >>> 0;

/** Mixes one number (below 2⁵³) into a hash, with murmur3's round and finalizer. */
export function mix(hash: number, value: number): number {
  let mixed = Math.imul((value ^ Math.floor(value / 0x1_0000_0000)) | 0, 0xcc9e2d51);
  mixed = (mixed << 15) | (mixed >>> 17);
  let result = hash ^ Math.imul(mixed, 0x1b873593);
  result = (Math.imul((result << 13) | (result >>> 19), 5) + 0xe6546b64) | 0;
  result ^= result >>> 16;
  result = Math.imul(result, 0x85ebca6b);
  return (result ^ (result >>> 13)) >>> 0;
}

/** The prefix hash after one more entry. */
export function foldEntry(prefixHash: number, index: number, term: number, hash: number): number {
  return mix(mix(mix(prefixHash, index), term), hash);
}
