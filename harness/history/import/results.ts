/** `results.edn` of a Jepsen or Maelstrom store: what those who recorded a history found in it. */
import type { Json } from '../operation.ts';
import { EdnReader } from './edn.ts';

const WORDS = new Map<Json, string>([
  [true, 'valid'],
  [false, 'invalid'],
  ['unknown', 'unknown'],
]);

/**
 * `invalid (workload invalid, stats valid)`; null when the text says nothing of the kind.
 *
 *     readResults(new TextEncoder().encode('{:valid? true, :stats {:valid? true}}')) // 'valid (stats valid)'
 */
export function readResults(bytes: Uint8Array): string | null {
  try {
    const results = new EdnReader(new TextDecoder().decode(bytes)).read();
    const whole = wordOf(results);
    if (whole === undefined) return null;
    const parts = Object.entries(results as Readonly<Record<string, Json>>).flatMap(([name, part]) => {
      const word = wordOf(part);
      return word === undefined ? [] : [`${name} ${word}`];
    });
    return parts.length === 0 ? whole : `${whole} (${parts.join(', ')})`;
  } catch {
    // Written by whatever checkers there are, of whatever they found: nothing that a verdict of ours rests on.
    return null;
  }
}

function wordOf(results: Json): string | undefined {
  if (typeof results !== 'object' || results === null || Array.isArray(results)) return undefined;
  return WORDS.get((results as Readonly<Record<string, Json>>)['valid?'] ?? null);
}
