/**
 * Pieces of bytes as one.
 *
 *     joinedBytes([Uint8Array.of(1, 2), Uint8Array.of(3)]) // 1, 2, 3
 *     joinedBytes([bytes]) === bytes                       // a single piece is not copied
 */
export function joinedBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
