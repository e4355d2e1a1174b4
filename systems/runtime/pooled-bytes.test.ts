import { describe, expect, test } from 'vitest';
import { pooledBytes, pooledCopy } from './pooled-bytes.ts';

describe('pooled bytes', () => {
  test('are zeros of the length that was asked for, and nobody else’s', () => {
    const pieces = Array.from({ length: 1000 }, (_, i) => {
      const piece = pooledBytes(i % 300);
      expect(piece).toEqual(new Uint8Array(i % 300));
      return piece.fill(i & 0xff);
    });
    pieces.forEach((piece, i) => {
      expect(piece).toEqual(new Uint8Array(i % 300).fill(i & 0xff));
    });
  });

  test('share an ArrayBuffer where they are small, and only there', () => {
    const buffers = new Set(Array.from({ length: 100 }, () => pooledBytes(100).buffer));
    expect(buffers.size).toBeLessThan(3);
    expect(pooledBytes(100_000).buffer.byteLength).toBe(100_000);
  });

  test('a copy does not change with what it is of', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const copy = pooledCopy(bytes);
    bytes[0] = 9;
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
  });
});
