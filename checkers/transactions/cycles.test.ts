import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cyclicComponents, stronglyConnectedComponents } from './components.ts';
import { impliedAnomalies } from './consistency-models.ts';
import { findCycles } from './cycles.ts';
import type { CycleStep } from './cycles.ts';
import { GraphBuilder, PROCESS, REALTIME, RW, VIA, WR, WW } from './graph.ts';
import type { DependencyGraph } from './graph.ts';

interface Drawn {
  readonly nodes: number;
  readonly edges: readonly (readonly [from: number, to: number, kind: number])[];
}

/** Real time and processes go forward, as they do; data go anywhere. */
const drawnGraph: fc.Arbitrary<Drawn> = fc.integer({ min: 2, max: 6 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    edges: fc.array(
      fc
        .tuple(
          fc.integer({ min: 0, max: nodes - 1 }),
          fc.integer({ min: 0, max: nodes - 1 }),
          fc.constantFrom(WW, WR, RW, RW, PROCESS, REALTIME),
        )
        .filter(([from, to, kind]) => (kind >= PROCESS ? from < to : from !== to)),
      { maxLength: 10 },
    ),
  }),
);

/** Perhaps with every edge through a hub of its own, which must change nothing. */
function build({ nodes, edges }: Drawn, hubs: boolean): DependencyGraph {
  const builder = new GraphBuilder(nodes);
  for (const [from, to, kind] of edges) {
    if (!hubs) {
      builder.add(from, to, kind);
      continue;
    }
    const hub = builder.addHub();
    builder.add(from, hub, kind);
    builder.add(hub, to, VIA);
  }
  return builder.build();
}

function nameOf(kinds: readonly number[]): string {
  const rw = kinds.filter((kind) => kind === RW).length;
  const isAdjacent = kinds.some((kind, i) => kind === RW && kinds.at(i - 1) === RW);
  const data =
    rw === 1
      ? 'G-single'
      : rw > 1
        ? isAdjacent
          ? 'G2-item'
          : 'G-nonadjacent'
        : kinds.includes(WR)
          ? 'G1c'
          : 'G0';
  return `${data}${kinds.includes(REALTIME) ? '-realtime' : kinds.includes(PROCESS) ? '-process' : ''}`;
}

/** The names of all simple cycles, and all names that they imply. */
function namesByBruteForce({ edges }: Drawn): { readonly names: Set<string>; readonly implied: Set<string> } {
  const names = new Set<string>();
  const extend = (path: readonly number[], kinds: readonly number[]): void => {
    for (const [from, to, kind] of edges) {
      if (from !== path.at(-1)) continue;
      // Real time takes the place of the order of a process, so cycles of both are those of real time.
      if (to === path[0]) names.add(nameOf([...kinds, kind]));
      else if (to > (path[0] as number) && !path.includes(to)) extend([...path, to], [...kinds, kind]);
    }
  };
  const nodes = new Set(edges.map(([from]) => from));
  for (const node of nodes) extend([node], []);
  return { names, implied: new Set([...names].flatMap((name) => [...impliedAnomalies(name)])) };
}

function expectCycle(steps: readonly CycleStep[], name: string, { edges }: Drawn): void {
  expect(new Set(steps.map(({ from }) => from)).size).toBe(steps.length);
  steps.forEach(({ from, to, kind }, i) => {
    expect(to).toBe(steps[(i + 1) % steps.length]?.from);
    const isEdge = edges.some(([a, b, c]) => a === from && b === to && c === kind);
    expect(isEdge || kind === PROCESS).toBe(true);
  });
  expect(nameOf(steps.map(({ kind }) => kind))).toBe(name);
}

describe('cycles', () => {
  it('are as many kinds as brute force finds, but for those that others imply', () => {
    let cyclic = 0;
    fc.assert(
      fc.property(drawnGraph, fc.boolean(), (drawn, hubs) => {
        // A process is a part of real time.
        const edges = drawn.edges.flatMap(([from, to, kind]) =>
          kind === PROCESS
            ? [[from, to, kind] as const, [from, to, REALTIME] as const]
            : [[from, to, kind] as const],
        );
        const full = { ...drawn, edges };
        const search = findCycles(build(full, hubs));
        const found = new Set(search.cycles.map(({ name }) => name));
        const { names, implied } = namesByBruteForce(full);
        if (names.size > 0) cyclic++;
        expect(search.cut).toEqual([]);
        for (const { name, steps } of search.cycles) expectCycle(steps, name, full);
        // Of each component only what is not implied is told; together they refute the same.
        const foundImplied = new Set([...found].flatMap((name) => [...impliedAnomalies(name)]));
        expect([...foundImplied].sort()).toEqual([...implied].sort());
      }),
      { numRuns: 3_000 },
    );
    expect(cyclic).toBeGreaterThan(600);
  });

  it('are told of whichever walk holds one, where the shortest walk without adjacent rw holds none', () => {
    // 3 -> 2 -> 0 -> 3 -> 1 -> 3 passes 3 twice: a G2-item and a G0. 3 -> 2 -> 0 -> 4 -> 1 -> 3 is as long.
    const edges = [
      [4, 1, WW],
      [1, 3, WW],
      [3, 2, RW],
      [3, 1, WW],
      [2, 0, WW],
      [0, 3, RW],
      [0, 4, RW],
    ] as const;
    const names = findCycles(build({ nodes: 5, edges }, false)).cycles.map(({ name }) => name);
    expect(names.sort()).toEqual(['G-nonadjacent', 'G0']);
  });

  it('are shortest', () => {
    const builder = new GraphBuilder(6);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 0],
      [2, 0],
      [4, 5],
      [5, 4],
    ] as const)
      builder.add(from, to, WW);
    const { cycles, counts, components, largestComponent } = findCycles(builder.build());
    expect(cycles.map(({ steps }) => steps.length).sort()).toEqual([2, 3]);
    expect([...counts]).toEqual([['G0', 2]]);
    expect({ components, largestComponent }).toEqual({ components: 2, largestComponent: 4 });
  });

  it('of more than one rw are told though the search for a single one was cut, and that it was', () => {
    // A long fork, in which each rw could be the only one for all that one step shows.
    const length = 10;
    const builder = new GraphBuilder(length);
    for (let n = 0; n < length; n++) builder.add(n, (n + 1) % length, n % 2 === 0 ? WR : RW);
    const graph = builder.build();
    expect(findCycles(graph)).toMatchObject({ cycles: [{ name: 'G-nonadjacent' }], cut: [] });
    const { cycles, cut } = findCycles(graph, { maxSteps: 0 });
    expect(cut).toEqual(['G-single', 'G-single-process', 'G-single-realtime']);
    expect(cycles.map(({ name }) => name)).toEqual(['G-nonadjacent']);
  });
});

describe('components', () => {
  it('are those of mutual reach, and numbered against the edges', () => {
    fc.assert(
      fc.property(drawnGraph, fc.constantFrom(0xff, WW, WW | RW), (drawn, mask) => {
        const graph = build(drawn, false);
        const components = stronglyConnectedComponents(graph, mask);
        const edges = drawn.edges.filter(([, , kind]) => (kind & mask) !== 0);
        const reaches = (from: number, to: number): boolean => {
          const reached = new Set([from]);
          for (const node of reached) for (const [a, b] of edges) if (a === node) reached.add(b);
          return reached.has(to);
        };
        for (let u = 0; u < drawn.nodes; u++) {
          for (let v = 0; v < drawn.nodes; v++) {
            const same = components.of[u] === components.of[v];
            expect(same).toBe(reaches(u, v) && reaches(v, u));
          }
        }
        for (const [u, v] of edges)
          expect(components.of[u]).toBeGreaterThanOrEqual(components.of[v] as number);
        const members = cyclicComponents(components);
        expect(members.every((nodes) => nodes.length > 1)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of a long path cost no stack', () => {
    const length = 300_000;
    const builder = new GraphBuilder(length);
    for (let n = 0; n < length; n++) builder.add(n, (n + 1) % length, WW);
    const [members, ...others] = cyclicComponents(stronglyConnectedComponents(builder.build(), 0xff));
    expect(others).toEqual([]);
    expect(members?.length).toBe(length);
  });
});
