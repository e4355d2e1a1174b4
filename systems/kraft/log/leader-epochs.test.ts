import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeaderEpochs } from './leader-epochs.ts';
import { SegmentIndex } from './segment-index.ts';

function epochsOf(...entries: [epoch: number, startOffset: number][]): LeaderEpochs {
  return new LeaderEpochs(entries.map(([epoch, startOffset]) => ({ epoch, startOffset })));
}

/** The epoch of each offset of a log. */
const arbitraryLog = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })), { maxLength: 6 })
  .map((steps) => {
    let epoch = 0;
    return steps.flatMap(([jump, length]) => Array<number>(length).fill((epoch += jump)));
  });

function fill(log: readonly number[]): LeaderEpochs {
  const epochs = new LeaderEpochs();
  log.forEach((epoch, offset) => epochs.assign(epoch, offset));
  return epochs;
}

describe('leader epochs', () => {
  test('end where the next begins; the latest at the log end', () => {
    const epochs = epochsOf([1, 0], [4, 100], [5, 120]);
    expect(epochs.endOffsetFor(5, 150)).toEqual({ epoch: 5, endOffset: 150 });
    expect(epochs.endOffsetFor(4, 150)).toEqual({ epoch: 4, endOffset: 120 });
    expect(epochs.endOffsetFor(2, 150)).toEqual({ epoch: 1, endOffset: 100 });
    expect(epochs.endOffsetFor(0, 150)).toEqual({ epoch: 0, endOffset: 0 });
    expect(epochs.endOffsetFor(6, 150)).toBe(null);
    expect(new LeaderEpochs().endOffsetFor(0, 0)).toBe(null);
  });

  test('any log: as counting over all offsets says', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.integer({ min: 0, max: 20 }), (log, epoch) => {
        const epochs = fill(log);
        const answer = epochs.endOffsetFor(epoch, log.length);
        const latest = log.at(-1);
        if (latest === undefined || epoch > latest) expect(answer).toBe(null);
        else expect(answer?.endOffset).toBe(log.filter((at) => at <= epoch).length);
        log.forEach((at, offset) => expect(epochs.epochAt(offset)).toBe(at));
      }),
    );
  });

  test('cut at either end they are those of the shorter log', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(20), fc.nat(20), (log, a, b) => {
        const [start, end] = [Math.min(a, b, log.length), Math.min(Math.max(a, b), log.length)];
        const epochs = fill(log);
        const before = epochs.encode();
        const isChanged = epochs.truncateFromEnd(end);
        expect(isChanged).toBe(epochs.encode() !== before);
        expect(epochs.list()).toEqual(fill(log.slice(0, end)).list());
        epochs.truncateFromStart(start);
        for (let offset = start; offset < end; offset++) expect(epochs.epochAt(offset)).toBe(log[offset]);
        if (start > 0) expect(epochs.epochAt(start - 1)).toBe(null);
      }),
    );
  });

  test('what contradicts a new entry goes', () => {
    const epochs = epochsOf([1, 0], [3, 10], [5, 20]);
    expect(epochs.assign(5, 25)).toBe(false);
    expect(epochs.assign(4, 15)).toBe(true);
    expect(epochs.list()).toEqual(epochsOf([1, 0], [3, 10], [4, 15]).list());
    epochs.assign(7, 10);
    expect(epochs.list()).toEqual(epochsOf([1, 0], [7, 10]).list());
    expect(epochs.latest).toEqual({ epoch: 7, startOffset: 10 });
    epochs.clear();
    expect([epochs.latest, epochs.truncateFromStart(3)]).toEqual([null, false]);
  });

  test('come back from their text, and from no other', () => {
    const epochs = epochsOf([1, 0], [3, 10]);
    expect(epochs.encode()).toBe('0\n2\n1 0\n3 10\n');
    expect(LeaderEpochs.decode(epochs.encode())?.list()).toEqual(epochs.list());
    for (const text of [
      '',
      '1\n0\n',
      '0\n1\n',
      '0\n2\n3 10\n1 0\n',
      '0\n1\nx y\n',
      '0\n1\n1 0',
      '0\n2\n1 5\n2 5\n',
    ]) {
      expect(LeaderEpochs.decode(text)).toBe(null);
    }
  });
});

describe('segment indexes', () => {
  const arbitraryEntries = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 99 }), fc.nat(5)), {
      maxLength: 20,
    })
    .map((steps) => {
      let [offset, position, time] = [100, 0, 1000];
      return steps.map(([a, b, c]) => {
        [offset, position, time] = [offset + a, position + b, time + c];
        return { offset, position, maxTimestampMs: time, maxTimestampOffset: offset };
      });
    });

  test('find what a search of all entries finds', () => {
    fc.assert(
      fc.property(
        arbitraryEntries,
        fc.integer({ min: 90, max: 300 }),
        fc.integer({ min: 990, max: 1110 }),
        (entries, offset, time) => {
          const index = new SegmentIndex(100);
          for (const entry of entries) index.add(entry);
          expect(index.positionOf(offset)).toBe(
            entries.findLast((entry) => entry.offset <= offset)?.position ?? 0,
          );
          expect(index.positionOfTime(time)).toBe(
            entries.findLast((entry) => entry.maxTimestampMs < time)?.position ?? 0,
          );
        },
      ),
    );
  });

  test('come back from their files; what does not fit the segment is refused', () => {
    fc.assert(
      fc.property(arbitraryEntries, fc.nat(), fc.integer({ min: 0, max: 255 }), (entries, at, value) => {
        const index = new SegmentIndex(100);
        for (const entry of entries) index.add(entry);
        const [offsets, times] = [index.encodeOffsets(), index.encodeTimes()];
        const size = (index.last?.position ?? 0) + 1;
        expect(SegmentIndex.decode(100, offsets, times, size)?.length).toBe(entries.length);
        if (entries.length === 0) return;
        expect(SegmentIndex.decode(100, offsets, times, size - 1)).toBe(null);
        expect(SegmentIndex.decode(100, offsets.subarray(8), times, size)).toBe(null);
        expect(SegmentIndex.decode(100, offsets.subarray(3), times, size)).toBe(null);
        // Any other bytes give an index whose entries ascend, or none.
        offsets[at % offsets.length] = value;
        const changed = SegmentIndex.decode(100, offsets, times, size);
        if (changed !== null) expect(changed.last?.position).toBeLessThan(size);
      }),
    );
  });
});
