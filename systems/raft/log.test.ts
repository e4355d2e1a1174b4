import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newEntry, RaftLog } from './log.ts';
import { Progress } from './progress.ts';
import { hasMajority, majorityValue } from './quorum.ts';

const entry = (term: number, byte = 0) => newEntry(term, Uint8Array.of(byte));

describe('the log', () => {
  test('does what a plain list does', () => {
    const commands = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('append'), at: fc.nat(3) }),
        fc.record({ kind: fc.constant('truncate'), at: fc.nat(20) }),
        fc.record({ kind: fc.constant('compact'), at: fc.nat(20) }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(commands, (list) => {
        const log = new RaftLog();
        const model: number[] = [0]; // terms by index; index 0 is before the log
        let base = 0;
        for (const { kind, at } of list) {
          if (kind === 'append') {
            log.append(entry(at));
            model.push(at);
          } else if (kind === 'truncate' && at > base) {
            log.truncateFrom(at);
            model.length = Math.min(model.length, at);
          } else if (kind === 'compact' && at < model.length) {
            log.compactTo(at);
            base = Math.max(base, at);
          }
          expect(log.lastIndex).toBe(model.length - 1);
          expect(log.lastTerm).toBe(model[model.length - 1]);
          expect(log.baseIndex).toBe(base);
          for (let index = 0; index < model.length + 2; index++) {
            expect(log.termAt(index)).toBe(index < base ? undefined : model[index]);
          }
        }
      }),
    );
  });

  test('prefix hashes are equal exactly where the logs are', () => {
    const terms = fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { maxLength: 8 });
    fc.assert(
      fc.property(terms, terms, (left, right) => {
        const a = new RaftLog();
        const b = new RaftLog();
        for (const [term, byte] of left) a.append(entry(term, byte));
        for (const [term, byte] of right) b.append(entry(term, byte));
        let equal = true;
        for (let i = 1; i <= Math.min(left.length, right.length); i++) {
          equal &&= left[i - 1]?.[0] === right[i - 1]?.[0] && left[i - 1]?.[1] === right[i - 1]?.[1];
          expect(a.prefixHashAt(i) === b.prefixHashAt(i)).toBe(equal);
        }
      }),
    );
  });

  test('compaction and reset keep the prefix hash', () => {
    const log = new RaftLog();
    for (let i = 0; i < 5; i++) log.append(entry(1, i));
    const hash = log.prefixHashAt(3);
    const last = log.prefixHashAt(5);
    log.compactTo(3);
    expect(log.prefixHashAt(3)).toBe(hash);
    const fresh = new RaftLog(3, 1, hash);
    fresh.append(entry(1, 3));
    fresh.append(entry(1, 4));
    expect(fresh.prefixHashAt(5)).toBe(last);
    log.reset(9, 2, 77);
    expect([log.lastIndex, log.lastTerm, log.prefixHashAt(9)]).toEqual([9, 2, 77]);
  });

  test('a slice has one entry at least, and then what fits', () => {
    const log = new RaftLog();
    for (const size of [10, 10, 50]) log.append(newEntry(1, new Uint8Array(size)));
    expect(log.slice(1, 20)).toHaveLength(2);
    expect(log.slice(1, 1000)).toHaveLength(3);
    expect(log.slice(3, 1)).toHaveLength(1);
    expect(log.slice(4, 1)).toHaveLength(0);
  });
});

describe('quorums', () => {
  const configuration = { voters: ['a', 'b', 'c', 'd', 'e'], outgoing: [], learners: ['z'] };
  const values: Record<string, number> = { a: 9, b: 7, c: 5, d: 3, e: 1, z: 100 };
  const valueOf = (node: string): number => values[node] ?? 0;

  test('the value that a majority reaches', () => {
    expect(majorityValue(configuration, valueOf)).toBe(5);
    expect(majorityValue({ ...configuration, voters: ['a', 'b', 'c', 'd'] }, valueOf)).toBe(5);
    expect(majorityValue({ ...configuration, voters: ['a'] }, valueOf)).toBe(9);
  });

  test('a joint configuration needs both majorities', () => {
    expect(majorityValue({ ...configuration, outgoing: ['c', 'd', 'e'] }, valueOf)).toBe(3);
  });

  test('as brute force counts it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 7 }), (list) => {
        const voters = list.map((_, i) => String(i));
        const value = majorityValue(
          { voters, outgoing: [], learners: [] },
          (node) => list[Number(node)] ?? 0,
        );
        const reached = (bound: number): boolean => list.filter((v) => v >= bound).length * 2 > list.length;
        expect(reached(value)).toBe(true);
        expect(reached(value + 1)).toBe(false);
      }),
    );
  });

  test('a majority of a predicate', () => {
    expect(hasMajority(configuration, (node) => node < 'd')).toBe(true);
    expect(hasMajority(configuration, (node) => node < 'c')).toBe(false);
  });
});

describe('progress', () => {
  test('what is in flight is bounded, in messages and in bytes', () => {
    const p = new Progress('a', 1, 2);
    p.becomeReplicate(1);
    p.sent(3, 100);
    expect(p.next).toBe(4);
    expect(p.mayPipeline(101)).toBe(true);
    expect(p.mayPipeline(100)).toBe(false);
    p.sent(4, 10);
    expect(p.mayPipeline(1000)).toBe(false);
    p.acknowledged(3);
    expect([p.inflightMessages, p.inflightBytes]).toEqual([1, 10]);
    p.sent(5, 1);
    p.acknowledged(5);
    expect([p.inflightMessages, p.inflightBytes]).toEqual([0, 0]);
  });

  test('probing never goes back behind what matched', () => {
    const p = new Progress('a', 10, 2);
    p.match = 7;
    p.becomeProbe(3);
    expect(p.next).toBe(8);
  });
});
