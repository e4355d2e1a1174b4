import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NONE } from '../records/batch.ts';
import { encodeControlBatch } from '../records/control.ts';
import { correctProducerRules, newEntry, REMEMBERED_BATCHES, type ProducerRules } from './producer-rules.ts';
import { ProducerState } from './producer-state.ts';
import { batchOf, idempotent, marker, viewOf } from './testing/batches.ts';

/** A log of one partition, as a leader keeps it. */
class Leader {
  readonly producers: ProducerState;
  next = 0;

  constructor(rules?: ProducerRules) {
    this.producers = new ProducerState(rules);
  }

  /** What the leader decides; it appends what is ok. */
  offer(bytes: Uint8Array): string {
    const batch = viewOf(bytes);
    batch.baseOffset = this.next;
    const decision = this.producers.checkAppend(batch);
    if (decision.kind === 'duplicate') return `duplicate of ${decision.original.baseOffset}`;
    if (decision.kind === 'out-of-order') return `out of order, ${decision.expectedSequence} expected`;
    if (decision.kind !== 'ok') return `${decision.kind} by ${decision.currentEpoch}`;
    this.producers.append(batch);
    this.next = batch.lastOffset + 1;
    return 'ok';
  }

  send(producerId: number, epoch: number, sequence: number, count = 1, isTransactional = false): string {
    const values = Array.from({ length: count }, (_, i) => `${i}`);
    return this.offer(batchOf(values, { ...idempotent(producerId, epoch, sequence), isTransactional }));
  }
}

describe('idempotence', () => {
  test('batches follow each other; the last five are recognised', () => {
    const leader = new Leader();
    for (let i = 0; i < 7; i++) expect(leader.send(1, 0, 2 * i, 2)).toBe('ok');
    expect(leader.send(1, 0, 12, 2)).toBe('duplicate of 12');
    expect(leader.send(1, 0, 4, 2)).toBe('duplicate of 4');
    // Older than five: known no more.
    expect(leader.send(1, 0, 2, 2)).toBe('out of order, 14 expected');
    // The same first sequence and another length is no duplicate.
    expect(leader.send(1, 0, 12, 1)).toBe('out of order, 14 expected');
    expect(leader.send(1, 0, 15)).toBe('out of order, 14 expected');
    expect(leader.send(1, 0, 14)).toBe('ok');
    expect(leader.producers.entry(1)?.batches).toHaveLength(REMEMBERED_BATCHES);
  });

  test('a new epoch begins at 0 and fences the old one', () => {
    const leader = new Leader();
    expect(leader.send(1, 3, 0)).toBe('ok');
    expect(leader.send(1, 4, 1)).toBe('out of order, 0 expected');
    expect(leader.send(1, 4, 0)).toBe('ok');
    expect(leader.send(1, 3, 1)).toBe('fenced by 4');
    expect(leader.send(1, 3, 0)).toBe('fenced by 4');
    expect(leader.send(1, 4, 1)).toBe('ok');
  });

  test('an unknown producer may begin anywhere, and sequences go round', () => {
    const leader = new Leader();
    expect(leader.send(1, 0, 0x7fff_ffff)).toBe('ok');
    expect(leader.send(1, 0, 0)).toBe('ok');
    expect(leader.send(2, 0, 0x7fff_fffe, 3)).toBe('ok');
    expect(leader.send(2, 0, 1)).toBe('ok');
  });

  test('producers without idempotence are nobody', () => {
    const leader = new Leader();
    expect(leader.offer(batchOf(['a']))).toBe('ok');
    expect([leader.producers.size, leader.producers.isEmpty]).toEqual([0, true]);
  });

  test('producers expire when they are silent and have no transaction open', () => {
    const leader = new Leader();
    leader.send(1, 0, 0);
    leader.send(2, 0, 0, 1, true);
    expect(leader.producers.removeExpired(1500, 1000)).toBe(0);
    expect(leader.producers.removeExpired(2500, 1000)).toBe(1);
    expect(leader.producers.list().map((entry) => entry.producerId)).toEqual([2]);
    // It is unknown again, and may go on.
    expect(leader.send(1, 0, 1)).toBe('ok');
  });

  test('any mixture of retries: each batch is in the log once, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 1 }), { maxLength: 60 }), (steps) => {
        const leader = new Leader();
        const appended: number[] = [];
        // The producer sends its next batch, or one of the last five again, or skips one.
        for (const step of steps) {
          const sequence = appended.length + step;
          if (sequence < 0) continue;
          const result = leader.send(1, 0, sequence);
          if (step === 0) expect(result).toBe('ok');
          else if (step < 0) expect(result).toBe(`duplicate of ${sequence}`);
          // The first batch of all may have any sequence: only there a gap goes unseen.
          else if (appended.length > 0) expect(result).toMatch(/out of order/);
          else return;
          if (result === 'ok') appended.push(sequence);
        }
        expect(appended).toEqual(appended.map((_, i) => i));
      }),
    );
  });

  test('a rule can be replaced: a leader that does not check sequences', () => {
    const careless = new Leader({ ...correctProducerRules, decideAppend: () => ({ kind: 'ok' }) });
    careless.send(1, 0, 0);
    expect([careless.send(1, 0, 0), careless.send(1, 0, 5), careless.next]).toEqual(['ok', 'ok', 3]);
  });
});

describe('transactions', () => {
  test('the last stable offset stays below what is open, and below ends that are not replicated', () => {
    const leader = new Leader();
    const stable = (): number => leader.producers.lastStableOffset(leader.next);
    leader.send(1, 0, 0);
    expect(stable()).toBe(1);
    leader.send(2, 0, 0, 1, true); // 1
    leader.send(3, 0, 0, 1, true); // 2
    leader.send(2, 0, 1, 1, true); // 3
    expect([stable(), leader.producers.firstUnstableOffset]).toEqual([1, 1]);
    leader.offer(marker('commit', 2, 0)); // 4
    leader.producers.advanceHighWatermark(4);
    expect(leader.producers.lastStableOffset(4)).toBe(1);
    leader.producers.advanceHighWatermark(5);
    expect(leader.producers.lastStableOffset(5)).toBe(2);
    leader.offer(marker('abort', 3, 0)); // 5
    leader.producers.advanceHighWatermark(6);
    expect([stable(), leader.producers.firstUnstableOffset]).toEqual([6, null]);
    expect(leader.producers.abortedTransactions(0, 6)).toEqual([
      { producerId: 3, firstOffset: 2, lastOffset: 5 },
    ]);
  });

  test('the aborted ones of an interval are those that have records in it', () => {
    const leader = new Leader();
    for (let i = 0; i < 4; i++) {
      leader.send(1, 0, 2 * i, 2, true);
      leader.offer(marker('abort', 1, 0));
    }
    const firsts = (from: number, upTo: number): number[] =>
      leader.producers.abortedTransactions(from, upTo).map((transaction) => transaction.firstOffset);
    expect(firsts(0, 12)).toEqual([0, 3, 6, 9]);
    expect(firsts(3, 6)).toEqual([3]);
    expect(firsts(2, 4)).toEqual([0, 3]);
    expect(firsts(5, 7)).toEqual([3, 6]);
    leader.producers.truncateFromStart(7);
    expect(firsts(0, 12)).toEqual([6, 9]);
  });

  test('markers of an old epoch or an old coordinator are refused', () => {
    const leader = new Leader();
    leader.send(1, 5, 0, 1, true);
    expect(leader.offer(marker('commit', 1, 4))).toBe('fenced by 5');
    expect(leader.offer(marker('commit', 1, 5, 8))).toBe('ok');
    leader.send(1, 5, 1, 1, true);
    expect(leader.offer(marker('abort', 1, 5, 7))).toBe('coordinator-fenced by 8');
    // The coordinator fences a producer with a marker of the next epoch.
    expect(leader.offer(marker('abort', 1, 6, 8))).toBe('ok');
    expect(leader.send(1, 5, 2, 1, true)).toBe('fenced by 6');
    expect(leader.send(1, 6, 0, 1, true)).toBe('ok');
  });

  test('an end without a beginning ends nothing; other control batches are not of producers', () => {
    const leader = new Leader();
    expect(leader.offer(marker('abort', 1, 0))).toBe('ok');
    expect(leader.producers.abortedTransactions(0, 10)).toEqual([]);
    const change = { type: 'leader-change', leaderId: 1, voters: [], grantingVoters: [] } as const;
    expect(
      leader.offer(encodeControlBatch([change], { timestampMs: 0, producerId: 5, producerEpoch: 0 })),
    ).toBe('ok');
    expect(leader.producers.entry(5)).toEqual(newEntry(5));
    expect(newEntry(5).epoch).toBe(NONE);
  });
});

describe('a snapshot', () => {
  test('goes on where the state was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('send', 'commit', 'abort')), {
          maxLength: 40,
        }),
        fc.nat(40),
        (steps, cut) => {
          const leader = new Leader();
          const sequences = new Map<number, number>();
          let restored: Leader | null = null;
          const results: [string, string][] = [];
          steps.forEach(([producer, what], i) => {
            if (i === cut) {
              restored = new Leader();
              restored.next = leader.next;
              expect(restored.producers.restore(leader.producers.encode())).toBe(true);
            }
            for (const each of restored === null ? [leader] : [leader, restored]) {
              const sequence = sequences.get(producer) ?? 0;
              const result =
                what === 'send'
                  ? each.send(producer, 0, sequence, 1, true)
                  : each.offer(marker(what, producer, 0));
              results.push([each === leader ? 'first' : 'second', result]);
            }
            if (what === 'send') sequences.set(producer, (sequences.get(producer) ?? 0) + 1);
          });
          expect(results.every(([, result]) => result === 'ok')).toBe(true);
          const second = restored as Leader | null;
          if (second !== null) expect(second.producers.encode()).toBe(leader.producers.encode());
        },
      ),
    );
  });

  test('of another version is not taken', () => {
    expect(new ProducerState().restore('{"version":99}')).toBe(false);
  });
});
