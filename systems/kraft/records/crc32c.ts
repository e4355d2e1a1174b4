/**
 * CRC-32C (Castagnoli), which every record batch carries: it detects accidents, not attacks.
 *
 *     crc32c(new TextEncoder().encode('123456789')) // 0xe3069283
 *
 * The library takes the bytes sixteen at a time; `npm run bench kraft-log` says how fast.
 */
import library from 'crc-32/crc32c.js';

/** Unsigned. */
export const crc32c = (bytes: Uint8Array): number => library.buf(bytes, 0) >>> 0;
