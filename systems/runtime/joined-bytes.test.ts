import { expect, test } from 'vitest';
import { joinedBytes } from './joined-bytes.ts';

test('pieces are joined in order, a single one as it is', () => {
  const one = Uint8Array.of(1, 2);
  expect(joinedBytes([one, Uint8Array.of(), Uint8Array.of(3)])).toEqual(Uint8Array.of(1, 2, 3));
  expect(joinedBytes([one])).toBe(one);
  expect(joinedBytes([])).toEqual(Uint8Array.of());
});
