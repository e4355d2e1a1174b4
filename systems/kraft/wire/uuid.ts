/**
 * UUIDs as Kafka prints them: 22 characters of base64url without padding, as in `meta.properties`.
 *
 *     uuidFromBytes(uuidToBytes('SQAs5vVvSZmIs3mTVZqLqw')) // the same
 */

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE64URL_VALUE = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) BASE64URL_VALUE[BASE64URL.charCodeAt(i)] = i;

export const UUID_BYTES = 16;
const UUID_CHARACTERS = 22;

/** All zeros: no topic, no directory. */
export const ZERO_UUID = 'A'.repeat(UUID_CHARACTERS);

/** @returns the 22 characters for 16 bytes, or null where there are not 16 */
export function uuidFromBytes(bytes: Uint8Array): string | null {
  return bytes.length === UUID_BYTES ? uuidAt(bytes, 0) : null;
}

/** Those that were read last: topic ids come again and again. A power of two. */
const KNOWN_UUIDS = 256;
const knownUuids = new Array<{ readonly bytes: Uint8Array; readonly text: string } | undefined>(KNOWN_UUIDS);

/** The 22 characters for the 16 bytes at a place, which are all there. */
export function uuidAt(source: Uint8Array, at: number): string {
  // They are random, mostly: any of their bytes tells them apart.
  const place = ((source[at + 7] as number) ^ (source[at + 15] as number)) & (KNOWN_UUIDS - 1);
  const known = knownUuids[place];
  if (known !== undefined && isAt(known.bytes, source, at)) return known.text;
  const bytes = new Uint8Array(source.subarray(at, at + UUID_BYTES));
  const text = encode(bytes);
  knownUuids[place] = { bytes, text };
  return text;
}

function isAt(bytes: Uint8Array, source: Uint8Array, at: number): boolean {
  for (let i = 0; i < UUID_BYTES; i++) if (bytes[i] !== source[at + i]) return false;
  return true;
}

function encode(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 6) {
      bitCount -= 6;
      text += BASE64URL[(bits >>> bitCount) & 63];
    }
    bits &= (1 << bitCount) - 1;
  }
  return text + BASE64URL[(bits << (6 - bitCount)) & 63];
}

/** @returns the 16 bytes, or null where the text is not what {@link uuidFromBytes} makes of any */
export function uuidToBytes(text: string): Uint8Array | null {
  if (text.length !== UUID_CHARACTERS) return null;
  const bytes = new Uint8Array(UUID_BYTES);
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let i = 0; i < UUID_CHARACTERS; i++) {
    const value = BASE64URL_VALUE[text.charCodeAt(i)] ?? -1;
    if (value < 0) return null;
    bits = (bits << 6) | value;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[at++] = bits >>> bitCount;
      bits &= (1 << bitCount) - 1;
    }
  }
  // 22 characters are 132 bits: the last four say nothing, and two texts must not mean the same.
  return bits === 0 ? bytes : null;
}
