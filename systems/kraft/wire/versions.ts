/**
 * Ranges of versions as Kafka's own message definitions write them.
 *
 *     const range = parseVersions('2-7');
 *     includesVersion(range, 7); // true
 *     parseVersions('4+').max; // Infinity
 */

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** `'2-7'`, `'4+'`, `'0'`, or `'none'`. */
export type VersionText = `${number}-${number}` | `${number}+` | `${number}` | 'none';

export const NO_VERSION: VersionRange = { min: 1, max: 0 };

export function parseVersions(text: VersionText): VersionRange {
  if (text === 'none') return NO_VERSION;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (match === null) throw new Error(`“${text}” is no range of versions`);
  const min = Number(match[1]);
  if (match[2] !== undefined) return { min, max: Infinity };
  return { min, max: match[3] === undefined ? min : Number(match[3]) };
}

export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max;
}
