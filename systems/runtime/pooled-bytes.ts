/**
 * Room for small messages, cut from one large ArrayBuffer, as in Node.js's Buffer: one for each costs more than its bytes.
 *
 *     const frame = pooledBytes(120); // zeros, and nobody else's
 *     const copy = pooledCopy(frame);
 *
 * What is handed out is never taken back: the large one is freed with the last of its pieces.
 */
const POOL_BYTES = 1 << 16;
/** Above this the bytes cost more than their ArrayBuffer. */
const POOLED_BYTES_MAX = 1 << 12;

let pool = new ArrayBuffer(0);
let usedBytes = 0;

export function pooledBytes(length: number): Uint8Array {
  if (length > POOLED_BYTES_MAX) return new Uint8Array(length);
  if (usedBytes + length > pool.byteLength) {
    pool = new ArrayBuffer(POOL_BYTES);
    usedBytes = 0;
  }
  const start = usedBytes;
  usedBytes += length;
  return new Uint8Array(pool, start, length);
}

export function pooledCopy(bytes: Uint8Array): Uint8Array {
  const copy = pooledBytes(bytes.length);
  copy.set(bytes);
  return copy;
}
