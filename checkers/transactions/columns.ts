/**
 * Columns of numbers, in memory that the garbage collector does not count.
 *
 * V8 collects after every 64 MB or so of array buffers, and walks all that is alive, which here is a history of a
 * million operations: each such walk takes longer than a step of the check. Shared buffers are not counted.
 */

/** Below this an ordinary array costs less. */
const FEW = 1 << 14;

export function int32Column(length: number): Int32Array {
  if (length < FEW) return new Int32Array(length);
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}

export function uint8Column(length: number): Uint8Array {
  return length < FEW ? new Uint8Array(length) : new Uint8Array(new SharedArrayBuffer(length));
}
