import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeStatus } from '../systems/runtime/node-program.ts';
import { randomStream } from '../harness/random.ts';
import { chooseTarget, findLeader, nameNodes, sceneOf, TARGET_ROLES } from './targets.ts';

const FIVE = ['n1', 'n2', 'n3', 'n4', 'n5'];

function clusterOf(nodes: readonly string[], statuses: Record<string, [role: string, term: number]>) {
  return {
    nodes,
    status: (node: string): NodeStatus | undefined => {
      const status = statuses[node];
      return status === undefined ? undefined : { role: status[0], term: status[1], leader: null };
    },
  };
}

const led = sceneOf(clusterOf(FIVE, { n2: ['follower', 4], n3: ['leader', 4] }));
const leaderless = sceneOf(clusterOf(FIVE, { n2: ['candidate', 4] }));

describe('the leader', () => {
  it('is the one in the highest term', () => {
    const cluster = clusterOf(FIVE, { n1: ['leader', 3], n4: ['leader', 5], n5: ['candidate', 6] });
    expect(findLeader(cluster)).toEqual({ node: 'n4', term: 5 });
  });

  it('is nobody when all who led are down', () => {
    expect(findLeader(clusterOf(FIVE, {}))).toBeNull();
  });
});

describe('targets', () => {
  const random = () => randomStream(1, 'targets');

  it('by role', () => {
    expect(chooseTarget('leader', led, random())).toEqual({ nodes: ['n3'] });
    expect(chooseTarget('followers', led, random())).toEqual({ nodes: ['n1', 'n2', 'n4', 'n5'] });
    expect(chooseTarget('all', led, random())).toEqual({ nodes: FIVE });
  });

  it('a random node stands in for a leader that there is not, and the note says so', () => {
    for (const role of ['leader', 'followers', 'minority-with-leader'] as const) {
      const { note } = chooseTarget(role, leaderless, random());
      expect(note).toMatch(/^nobody led, so n\d was taken at random$/);
    }
    expect(chooseTarget('minority', leaderless, random()).note).toBeUndefined();
  });

  it('by name, in the order of the cluster', () => {
    expect(chooseTarget(['n4', 'n1'], led, random())).toEqual({ nodes: ['n1', 'n4'] });
    expect(() => chooseTarget(['n9'], led, random())).toThrow('the cluster has no node n9');
  });

  it('have the size that they promise, in the order of the cluster, whoever leads', () => {
    const sizes: Record<string, (count: number) => number> = {
      leader: () => 1,
      random: () => 1,
      followers: (count) => count - 1,
      minority: (count) => Math.max(1, Math.floor((count - 1) / 2)),
      'minority-with-leader': (count) => Math.max(1, Math.floor((count - 1) / 2)),
      majority: (count) => Math.floor(count / 2) + 1,
      all: (count) => count,
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        fc.constantFrom(...TARGET_ROLES),
        fc.option(fc.nat({ max: 8 })),
        (count, seed, role, leads) => {
          const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
          const scene = sceneOf(clusterOf(nodes, leads === null ? {} : { [`n${leads + 1}`]: ['leader', 1] }));
          const chosen = chooseTarget(role, scene, randomStream(seed)).nodes;
          expect(chosen.length).toBe(sizes[role]?.(count));
          expect(chosen).toEqual(nodes.filter((node) => chosen.includes(node)));
          if (scene.leader !== null && role.endsWith('leader')) expect(chosen).toContain(scene.leader.node);
          if (scene.leader !== null && role === 'followers') expect(chosen).not.toContain(scene.leader.node);
        },
      ),
    );
  });

  it('are named for people', () => {
    expect(nameNodes(['n1', 'n3'], led)).toBe('n1, n3 (leader, term 4)');
    expect(nameNodes([], led)).toBe('nobody');
  });
});
