/**
 * Values of operations as bytes of records: JSON.
 *
 *     decodeValue(encodeValue({ a: 1 })); // { a: 1 }
 *
 * Bytes that are no JSON become a text that no workload sends, so that a checker takes them for what nobody sent.
 */
import type { Json } from '../../../harness/history/operation.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const encodeValue = (value: Json): Uint8Array => encoder.encode(JSON.stringify(value));

/** @param bytes - null: a tombstone */
export function decodeValue(bytes: Uint8Array | null): Json {
  if (bytes === null) return null;
  try {
    return JSON.parse(decoder.decode(bytes)) as Json;
  } catch {
    const hex = [...bytes.subarray(0, 64)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return `undecodable bytes ${hex}`;
  }
}
