import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../harness/random.ts';
import {
  bridge,
  completeGrudge,
  cutLinks,
  type Grudge,
  halves,
  isolate,
  largestMinority,
  majoritiesRing,
  majoritySize,
  oneWay,
  randomGrudge,
  split,
} from './grudges.ts';

const nodesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i + 1}`);
const FIVE = nodesOf(5);

/** Nodes that can talk both ways, the node itself included, sorted. */
function sees(grudge: Grudge, nodes: readonly string[], node: string): string[] {
  return nodes.filter((other) => !grudge[node]?.includes(other) && !grudge[other]?.includes(node)).sort();
}

function isSymmetric(grudge: Grudge): boolean {
  return cutLinks(grudge).every(({ from, to }) => grudge[from]?.includes(to) === true);
}

describe('grudges of five nodes', () => {
  it('keep components apart', () => {
    expect(completeGrudge([['n1', 'n2'], ['n3']])).toEqual({ n1: ['n3'], n2: ['n3'], n3: ['n1', 'n2'] });
  });

  it('isolate one node', () => {
    expect(isolate(['n1', 'n2', 'n3'], ['n2'])).toEqual({ n2: ['n1', 'n3'], n1: ['n2'], n3: ['n2'] });
  });

  it('give the smaller half first', () => {
    expect(sees(halves(FIVE), FIVE, 'n1')).toEqual(['n1', 'n2']);
    expect(sees(halves(FIVE), FIVE, 'n3')).toEqual(['n3', 'n4', 'n5']);
  });

  it('leave one node that both sides of a bridge see', () => {
    const grudge = bridge(FIVE);
    expect(sees(grudge, FIVE, 'n3')).toEqual(FIVE);
    expect(sees(grudge, FIVE, 'n1')).toEqual(['n1', 'n2', 'n3']);
    expect(sees(grudge, FIVE, 'n5')).toEqual(['n3', 'n4', 'n5']);
  });

  it('cut one way only', () => {
    expect(oneWay(['n1'], ['n2', 'n3'])).toEqual({ n2: ['n1'], n3: ['n1'] });
    expect(cutLinks(oneWay(['n1'], ['n2']))).toEqual([{ from: 'n1', to: 'n2' }]);
  });

  it('form a ring in which everyone sees the neighbours', () => {
    const grudge = majoritiesRing(FIVE);
    expect(FIVE.map((node) => sees(grudge, FIVE, node).join(' '))).toEqual([
      'n1 n2 n5',
      'n1 n2 n3',
      'n2 n3 n4',
      'n3 n4 n5',
      'n1 n4 n5',
    ]);
  });

  it('cut nothing where there are too few nodes', () => {
    expect(isolate(['n1'], ['n1'])).toEqual({});
    expect(majoritiesRing(['n1', 'n2'])).toEqual({});
    expect(bridge(['n1', 'n2'])).toEqual({});
    expect(randomGrudge(['n1'], randomStream(1), 1)).toEqual({});
  });

  it('know majorities and minorities', () => {
    expect([1, 2, 3, 4, 5].map(majoritySize)).toEqual([1, 2, 2, 3, 3]);
    expect([1, 2, 3, 4, 5].map(largestMinority)).toEqual([0, 0, 1, 1, 2]);
  });
});

describe('properties', () => {
  const shuffled = fc
    .integer({ min: 1, max: 13 })
    .chain((count) => fc.shuffledSubarray(nodesOf(count), { minLength: count }));

  const anyGrudge = fc.tuple(shuffled, fc.nat(), fc.nat()).map(([nodes, seed, size]) => {
    const [a, b] = split(nodes, size % (nodes.length + 1));
    const grudges: Record<string, Grudge> = {
      complete: completeGrudge([a, b]),
      isolate: isolate(nodes, a),
      halves: halves(nodes),
      ring: majoritiesRing(nodes),
      bridge: bridge(nodes),
      oneWay: oneWay(a, b),
      random: randomGrudge(nodes, randomStream(seed), 0.3),
    };
    return { nodes, grudges, a, b };
  });

  it('no node refuses itself, or one that is not there, or one twice', () => {
    fc.assert(
      fc.property(anyGrudge, ({ nodes, grudges }) => {
        for (const grudge of Object.values(grudges)) {
          for (const [node, refused] of Object.entries(grudge)) {
            expect(nodes).toContain(node);
            expect(refused).not.toContain(node);
            expect(refused.length).toBeGreaterThan(0);
            expect(new Set(refused).size).toBe(refused.length);
            expect(refused.every((other) => nodes.includes(other))).toBe(true);
          }
        }
      }),
    );
  });

  it('all but one-way and random are symmetric; one-way never is', () => {
    fc.assert(
      fc.property(anyGrudge, ({ grudges, a, b }) => {
        const {
          complete = {},
          isolate: isolated = {},
          halves: halved = {},
          ring = {},
          bridge: bridged = {},
        } = grudges;
        for (const grudge of [complete, isolated, halved, ring, bridged])
          expect(isSymmetric(grudge)).toBe(true);
        const single = grudges['oneWay'] ?? {};
        expect(cutLinks(single).length).toBe(a.length * b.length);
        expect(cutLinks(single).some(({ from, to }) => single[from]?.includes(to))).toBe(false);
      }),
    );
  });

  it('a ring shows every node a majority, and no two the same; an exact one where the numbers allow', () => {
    fc.assert(
      fc.property(
        shuffled.filter((nodes) => nodes.length > 2),
        (nodes) => {
          const grudge = majoritiesRing(nodes);
          const views = nodes.map((node) => sees(grudge, nodes, node));
          const majority = majoritySize(nodes.length);
          expect(Math.min(...views.map((view) => view.length))).toBe(majority);
          expect(new Set(views.map((view) => view.join())).size).toBe(nodes.length);
          expect(views.filter((view) => view.length > majority).length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('a bridge is seen by all, and either side sees nobody beyond it', () => {
    fc.assert(
      fc.property(
        shuffled.filter((nodes) => nodes.length > 2),
        (nodes) => {
          const grudge = bridge(nodes);
          const views = nodes.map((node) => sees(grudge, nodes, node).length);
          expect(views.filter((size) => size === nodes.length).length).toBe(1);
          const sides = views.filter((size) => size < nodes.length);
          expect(Math.max(...sides) - Math.min(...sides)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('a random grudge cuts something, given two nodes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.nat(), (count, seed) => {
        expect(cutLinks(randomGrudge(nodesOf(count), randomStream(seed), 0.01)).length).toBeGreaterThan(0);
      }),
    );
  });
});
