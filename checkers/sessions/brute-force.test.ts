/** Session guarantees on tiny histories, by their definitions: every order of versions is tried. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { historyOf, interleave, type Row } from '../findings/testing/history-of.ts';
import { type Guarantee, sessions } from './index.ts';

const GUARANTEES: readonly Guarantee[] = [
  'read-your-writes',
  'monotonic-reads',
  'monotonic-writes',
  'writes-follow-reads',
];
const ANOMALIES: ReadonlySet<string> = new Set(GUARANTEES);

/** Values are numbers from 1; 0 is the initial one, which is read as null. */
interface Event {
  readonly session: number;
  readonly wrote: number | null;
  readonly read: number | null;
  readonly isAcknowledged: boolean;
}

function eventsOf(history: History): readonly Event[] {
  return history.pairs().flatMap(({ invocation, completion }): Event[] => {
    const session = Number(invocation.process);
    const isAcknowledged = completion?.type === 'ok';
    if (completion?.type === 'fail') return [];
    if (invocation.f === 'write')
      return [{ session, wrote: Number(invocation.value), read: null, isAcknowledged }];
    return isAcknowledged
      ? [{ session, wrote: null, read: Number(completion.value ?? 0), isAcknowledged }]
      : [];
  });
}

/** `rank` of a version is its place in the order that is tried. */
const KEEPS: Readonly<Record<Guarantee, (earlier: Event, later: Event, rank: readonly number[]) => boolean>> =
  {
    'read-your-writes': (earlier, later, rank) =>
      earlier.wrote === null ||
      !earlier.isAcknowledged ||
      later.read === null ||
      at(rank, earlier.wrote) <= at(rank, later.read),
    'monotonic-reads': (earlier, later, rank) =>
      earlier.read === null || later.read === null || at(rank, earlier.read) <= at(rank, later.read),
    'monotonic-writes': (earlier, later, rank) =>
      earlier.wrote === null ||
      !earlier.isAcknowledged ||
      later.wrote === null ||
      at(rank, earlier.wrote) < at(rank, later.wrote),
    'writes-follow-reads': (earlier, later, rank) =>
      earlier.read === null || later.wrote === null || at(rank, earlier.read) < at(rank, later.wrote),
  };

const at = (rank: readonly number[], version: number): number => rank[version] as number;

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]),
  );
}

/** Which sets of guarantees can hold together, in some order that fits the positions. */
function canKeep(history: History, events: readonly Event[], guarantees: readonly Guarantee[]): boolean {
  const versions = events.flatMap(({ wrote }) => (wrote === null ? [] : [wrote]));
  const positions = new Map(
    history.operations.flatMap(({ type, f, value, position }: Operation) =>
      type === 'ok' && f === 'write' && position !== undefined ? [[Number(value), position.index]] : [],
    ),
  );
  return permutations(versions).some((order) => {
    const rank = [-1];
    order.forEach((version, place) => (rank[version] = place));
    const placed = order.filter((version) => positions.has(version));
    const fits = placed.every(
      (version, i) =>
        i === 0 || Number(positions.get(placed[i - 1] as number)) < Number(positions.get(version)),
    );
    return (
      fits &&
      events.every((later, j) =>
        events
          .slice(0, j)
          .every(
            (earlier) =>
              earlier.session !== later.session ||
              guarantees.every((one) => KEEPS[one](earlier, later, rank)),
          ),
      )
    );
  });
}

/** A register whose reads show some version that was written before, most often not an old one. */
function registerRows(random: Random): Row[] {
  const order = random.shuffle([1, 2, 3, 4, 5, 6, 7, 8]);
  const positionShare = random.pick([0, 0.6, 1]);
  const written: number[] = [0];
  let next = 1;
  const stale = random.pick([0, 0.2, 0.5]);
  const rows = interleave(
    random,
    { threads: 3, calls: 9, unknownShare: 0.1 },
    () => (random.chance(0.5) && next < 5 ? { f: 'write', value: next++ } : { f: 'read', value: null }),
    ({ f, value }) => {
      if (f === 'write') {
        written.push(value as number);
        return value;
      }
      const seen = random.chance(stale) ? random.pick(written) : (written.at(-1) ?? 0);
      return seen === 0 ? null : seen;
    },
  );
  // Positions mostly as the writes came.
  const isShuffled = random.chance(0.3);
  return rows.map(([process, type, f, value]): Row => {
    if (type !== 'ok' || f !== 'write' || !random.chance(positionShare)) return [process, type, f, value];
    const place = isShuffled ? (order[Number(value)] as number) : written.indexOf(Number(value));
    return [process, type, f, value, { position: place }];
  });
}

describe('registers', () => {
  it('are condemned exactly when no order of versions fits', () => {
    const seen = { fits: 0, not: 0 };
    const lost = new Map<string, number>();
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(registerRows(randomStream(seed, 'sessions')));
        const events = eventsOf(history);
        const expected = canKeep(history, events, GUARANTEES);
        seen[expected ? 'fits' : 'not']++;
        const verdict = sessions().check({ history });
        expect(verdict.valid !== false).toBe(expected);
        const found = new Set(
          verdict.anomalies.map(({ name }) => name).filter((name) => ANOMALIES.has(name)),
        );
        const alone = GUARANTEES.filter((one) => !canKeep(history, events, [one]));
        expect([...found].sort()).toEqual([...alone].sort());
        for (const name of alone) lost.set(name, (lost.get(name) ?? 0) + 1);
        if (!expected && alone.length === 0) lost.set('incoherent', (lost.get('incoherent') ?? 0) + 1);
      }),
      { numRuns: 4_000 },
    );
    expect(Math.min(seen.fits, seen.not)).toBeGreaterThan(500);
    for (const name of [...GUARANTEES, 'incoherent']) expect(lost.get(name)).toBeGreaterThan(30);
  });
});

/** Lists whose reads come from one of two copies, which may have another order. */
function listRows(random: Random): Row[] {
  const copies: number[][] = [[], []];
  const lagShare = random.pick([0, 0.2, 0.5]);
  const isReordering = random.chance(0.3);
  let next = 1;
  return interleave(
    random,
    { threads: 3, calls: 9, unknownShare: 0.1 },
    () => (random.chance(0.55) ? { f: 'append', value: next++ } : { f: 'read', value: null }),
    ({ f, value }) => {
      if (f === 'read') return [...random.pick(copies)];
      for (const copy of copies) {
        if (random.chance(lagShare)) continue;
        const place = isReordering && random.chance(0.4) ? random.integer(0, copy.length) : copy.length;
        copy.splice(place, 0, value as number);
      }
      return value;
    },
  );
}

/** Each guarantee by what must be in a read, and in which order. */
function listViolations(history: History): readonly Guarantee[] {
  const pairs = history.pairs().filter(({ completion }) => completion?.type !== 'fail');
  const reads = pairs.filter(
    ({ invocation, completion }) => invocation.f === 'read' && completion?.type === 'ok',
  );
  const isBefore = (list: readonly number[], a: number, b: number): boolean =>
    !list.includes(b) || (list.includes(a) && list.indexOf(a) < list.indexOf(b));
  const lists = reads.map(({ completion }) => completion?.value as number[]);
  const lost = new Set<Guarantee>();
  pairs.forEach((later, j) => {
    for (const earlier of pairs.slice(0, j)) {
      if (earlier.invocation.process !== later.invocation.process || earlier.completion?.type !== 'ok')
        continue;
      const known =
        earlier.invocation.f === 'read'
          ? (earlier.completion.value as number[])
          : [Number(earlier.invocation.value)];
      const wasRead = earlier.invocation.f === 'read';
      if (later.invocation.f === 'read') {
        if (later.completion?.type !== 'ok') continue;
        const list = later.completion.value as number[];
        if (known.some((value) => !list.includes(value)))
          lost.add(wasRead ? 'monotonic-reads' : 'read-your-writes');
      } else if (
        lists.some((list) => known.some((value) => !isBefore(list, value, Number(later.invocation.value))))
      ) {
        lost.add(wasRead ? 'writes-follow-reads' : 'monotonic-writes');
      }
    }
  });
  return [...lost];
}

describe('lists', () => {
  it('lose exactly the guarantees that their reads show lost', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const history = historyOf(listRows(randomStream(seed, 'session-lists')));
        const expected = listViolations(history);
        const { anomalies } = sessions().check({ history });
        expect([...new Set(anomalies.map(({ name }) => name))].sort()).toEqual([...expected].sort());
        for (const name of expected.length === 0 ? ['none'] : expected)
          seen.set(name, (seen.get(name) ?? 0) + 1);
      }),
      { numRuns: 4_000 },
    );
    for (const name of [...GUARANTEES, 'none']) expect(seen.get(name)).toBeGreaterThan(100);
  });
});
