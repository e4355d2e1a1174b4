/** The library types only its main module; this is its CRC-32C (Castagnoli) build. */
declare module 'crc-32/crc32c.js' {
  interface Crc32c {
    /** Signed 32-bit checksum of the bytes, continuing from `seed`. */
    buf(bytes: Uint8Array, seed?: number): number;
  }
  const crc32c: Crc32c;
  export default crc32c;
}
