import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogIndex } from './log-index.ts';

/** The same in the plainest way: the epoch of every record that there ever was. */
class PlainLog {
  epochs: number[] = [];
  startOffset = 0;

  endOffsetForEpoch(epoch: number): { endOffset: number; epoch: number } {
    for (let offset = this.epochs.length - 1; offset >= this.startOffset; offset--) {
      const own = this.epochs[offset] as number;
      if (own <= epoch) return { endOffset: offset + 1, epoch: own };
    }
    return { endOffset: this.startOffset, epoch: this.epochs[this.startOffset - 1] ?? 0 };
  }
}

type Step =
  | { readonly kind: 'append'; readonly count: number; readonly raise: number }
  | { readonly kind: 'truncate' | 'delete'; readonly at: number };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    count: fc.integer({ min: 1, max: 3 }),
    raise: fc.nat(2),
  }),
  fc.record({ kind: fc.constantFrom('truncate' as const, 'delete' as const), at: fc.nat(100) }),
);

function apply(log: LogIndex, plain: PlainLog, step: Step): void {
  const length = plain.epochs.length;
  if (step.kind === 'append') {
    const epoch = Math.max(1, log.lastEpoch + step.raise);
    log.append(length, step.count, epoch);
    for (let i = 0; i < step.count; i++) plain.epochs.push(epoch);
    return;
  }
  const offset = plain.startOffset + (step.at % (length - plain.startOffset + 1));
  if (step.kind === 'truncate') {
    log.truncateTo(offset);
    plain.epochs.length = offset;
  } else {
    log.deletePrefix(offset);
    plain.startOffset = offset;
  }
}

describe('the index of a log', () => {
  test('agrees with a list of every record’s epoch', () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 20 }), (steps) => {
        const log = new LogIndex();
        const plain = new PlainLog();
        for (const step of steps) {
          apply(log, plain, step);
          const { epochs, startOffset } = plain;
          expect([log.startOffset, log.endOffset]).toEqual([startOffset, epochs.length]);
          expect(log.lastEpoch).toBe(epochs[epochs.length - 1] ?? 0);
          for (let offset = startOffset; offset < epochs.length; offset++) {
            expect(log.epochAt(offset)).toBe(epochs[offset]);
            expect(log.epochStartAt(offset)).toBe(
              Math.max(startOffset, epochs.indexOf(epochs[offset] as number)),
            );
          }
          for (let epoch = 0; epoch <= log.lastEpoch + 1; epoch++) {
            expect(log.endOffsetForEpoch(epoch)).toEqual(plain.endOffsetForEpoch(epoch));
          }
        }
      }),
    );
  });

  test('contains what ends at its records, and the end that a snapshot left', () => {
    const log = new LogIndex();
    log.append(0, 2, 1);
    expect(log.contains({ endOffset: 0, epoch: 0 })).toBe(true);
    expect(log.contains({ endOffset: 2, epoch: 1 })).toBe(true);
    expect(log.contains({ endOffset: 2, epoch: 2 })).toBe(false);
    log.reset({ endOffset: 9, epoch: 4 });
    expect(log.contains({ endOffset: 9, epoch: 4 })).toBe(true);
    expect([log.lastEpoch, log.startOffset, log.endOffset]).toEqual([4, 9, 9]);
  });

  test('refuses gaps and epochs that go back', () => {
    const log = new LogIndex();
    log.append(0, 2, 3);
    expect(() => log.append(3, 1, 3)).toThrow('append at 3 to a log that ends at 2');
    expect(() => log.append(2, 1, 2)).toThrow('append of epoch 2 behind epoch 3');
    expect(() => log.deletePrefix(5)).toThrow('beyond the end');
  });
});
