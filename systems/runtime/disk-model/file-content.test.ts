import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { FileContent, type Losses } from './file-content.ts';

const noLosses = (): Losses => ({ unsyncedBytesLost: 0, unsyncedWritesLost: 0, tornWrites: 0 });
const all = (content: FileContent): number[] => [...content.read(0, content.length)];

/** Every outcome of a power loss that turns up in so many seeds, as text. */
function outcomes(prepare: (content: FileContent) => void, seeds = 400): Set<string> {
  const seen = new Set<string>();
  for (let seed = 0; seed < seeds; seed++) {
    const content = new FileContent();
    prepare(content);
    content.losePower(randomStream(seed, 'test'), noLosses());
    seen.add(all(content).join(' '));
  }
  return seen;
}

describe('FileContent', () => {
  it('reads its own unsynced writes', () => {
    const content = new FileContent();
    content.write(0, Uint8Array.of(1, 2, 3));
    content.write(1, Uint8Array.of(9));
    content.write(5, Uint8Array.of(6));
    expect(all(content)).toEqual([1, 9, 3, 0, 0, 6]);
    content.truncate(2);
    content.truncate(4);
    expect(all(content)).toEqual([1, 9, 0, 0]);
    expect([...content.read(3, 10)]).toEqual([0]);
  });

  it('loses, tears, keeps and reorders unsynced writes', () => {
    const seen = outcomes((content) => {
      content.write(0, Uint8Array.of(1));
      content.sync();
      content.write(1, Uint8Array.of(2, 3));
      content.write(3, Uint8Array.of(4));
    });
    // Nothing, the first torn, the first, both; and the second without the first: zeros in its place.
    expect(seen).toEqual(new Set(['1', '1 2', '1 2 3', '1 2 3 4', '1 0 0 4']));
  });

  it('may lose any sectors of a large write and keep its length', () => {
    const shapes = outcomes((content) => {
      content.write(0, new Uint8Array(100).fill(1));
      content.sync();
      content.write(100, new Uint8Array(1500).fill(2));
    });
    const middles = [...shapes].filter((text) => {
      const data = text.split(' ').map(Number);
      expect(data.slice(0, 100)).toEqual(new Array(100).fill(1));
      const isWhole = data.length === 1600;
      // The sectors end at 512, 1024 and 1536: each is there or zeros.
      const sectors = [data.slice(100, 512), data.slice(512, 1024), data.slice(1024, 1536), data.slice(1536)];
      const kept = sectors.map((sector) => sector[0] === 2);
      if (isWhole) {
        sectors.forEach((sector, i) => expect(new Set(sector)).toEqual(new Set([kept[i] === true ? 2 : 0])));
      }
      return isWhole && kept.includes(false) && kept.includes(true);
    });
    expect(middles.length).toBeGreaterThan(5);
  });

  it('may undo a truncation that was not synced', () => {
    const seen = outcomes((content) => {
      content.write(0, Uint8Array.of(1, 2, 3));
      content.sync();
      content.truncate(1);
      content.write(1, Uint8Array.of(7));
    });
    expect(seen).toContain('1 2 3');
    expect(seen).toContain('1');
    expect(seen).toContain('1 7');
    expect(seen).toContain('1 7 3');
  });

  it('never changes what was synced, and never shows what was not written', () => {
    const write = fc.record({
      position: fc.integer({ min: 0, max: 12 }),
      bytes: fc.uint8Array({ min: 1, max: 255, minLength: 0, maxLength: 8 }),
    });
    const step = fc.oneof(
      { weight: 6, arbitrary: write },
      { weight: 1, arbitrary: fc.record({ truncate: fc.integer({ min: 0, max: 16 }) }) },
      { weight: 2, arbitrary: fc.constant('sync' as const) },
      { weight: 1, arbitrary: fc.constant('power loss' as const) },
    );
    let lost = 0;
    let survived = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, seed) => {
        const random = randomStream(seed, 'test');
        const content = new FileContent();
        let durable: number[] = [];
        /** Since the last sync, by position: the bytes that were ever written there. */
        let written = new Map<number, Set<number>>();
        let shortest = Infinity;
        let longest = 0;
        const settle = (): void => {
          durable = all(content);
          written = new Map();
          shortest = Infinity;
          longest = durable.length;
        };
        const check = (): void => {
          const losses = noLosses();
          const unsynced = content.unsyncedWrites;
          content.losePower(random, losses);
          const found = all(content);
          expect(found.length).toBeLessThanOrEqual(longest);
          expect(found.length).toBeGreaterThanOrEqual(Math.min(durable.length, shortest));
          expect(losses.unsyncedWritesLost).toBeLessThanOrEqual(unsynced);
          found.forEach((byte, position) => {
            const candidates = written.get(position);
            const isSafe = candidates === undefined && position < shortest && position < durable.length;
            if (isSafe) expect(byte).toBe(durable[position]);
            else expect([0, durable[position], ...(candidates ?? [])]).toContain(byte);
          });
          if (losses.unsyncedWritesLost > 0) lost++;
          else if (unsynced > 0) survived++;
          settle();
        };
        for (const what of [...steps, 'power loss' as const]) {
          if (what === 'sync') {
            content.sync();
            settle();
          } else if (what === 'power loss') {
            check();
          } else if ('truncate' in what) {
            content.truncate(what.truncate);
            shortest = Math.min(shortest, what.truncate);
            longest = Math.max(longest, what.truncate);
          } else {
            content.write(what.position, what.bytes);
            longest = Math.max(longest, content.length);
            what.bytes.forEach((byte, i) => {
              const candidates = written.get(what.position + i) ?? new Set();
              written.set(what.position + i, candidates.add(byte));
            });
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(lost).toBeGreaterThan(100);
    expect(survived).toBeGreaterThan(50);
  });

  it('counts what it loses', () => {
    const totals = noLosses();
    for (let seed = 0; seed < 100; seed++) {
      const content = new FileContent();
      for (let i = 0; i < 4; i++) content.write(8 * i, new Uint8Array(8).fill(1));
      const losses = noLosses();
      content.losePower(randomStream(seed, 'test'), losses);
      const missing = 32 - all(content).reduce((sum, byte) => sum + byte, 0);
      expect(losses.unsyncedBytesLost).toBe(missing);
      totals.unsyncedWritesLost += losses.unsyncedWritesLost;
      totals.tornWrites += losses.tornWrites;
    }
    expect(totals.unsyncedWritesLost).toBeGreaterThan(100);
    expect(totals.tornWrites).toBeGreaterThan(10);
  });

  it('bounds what it remembers of a file that is never synced', () => {
    const content = new FileContent();
    for (let i = 0; i < 20_000; i++) content.write(0, Uint8Array.of(i));
    expect(content.unsyncedWrites).toBeLessThanOrEqual(4096);
  });
});
