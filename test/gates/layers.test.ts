import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkLayers } from './layers.ts';

const created: string[] = [];

afterEach(() => {
  for (const folder of created.splice(0)) rmSync(folder, { recursive: true });
});

/** A checkout of modules, each with the modules that it imports: paths from the root, or names of packages. */
function checkout(modules: Readonly<Record<string, readonly string[]>>): string {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  created.push(root);
  writeFileSync(join(root, 'package.json'), '{"type": "module"}');
  for (const [path, imports] of Object.entries(modules)) {
    const folder = dirname(join(root, path));
    mkdirSync(folder, { recursive: true });
    const lines = imports.map((target, i) => {
      const inside = target.endsWith('.ts') ? relative(folder, join(root, target)) : target;
      const specifier = inside.startsWith('.') || inside === target ? inside : `./${inside}`;
      return `import type { x as x${i} } from '${specifier}';`;
    });
    writeFileSync(join(root, path), [...lines, 'export type x = 1;'].join('\n'));
  }
  return root;
}

/** Modules that nobody may blame: what the others import. */
const INNOCENT = {
  'harness/errors.ts': [],
  'harness/history/history.ts': ['harness/errors.ts'],
  'harness/interpreter/client.ts': ['harness/history/history.ts'],
  'harness/cluster/cluster.ts': ['harness/interpreter/client.ts', 'systems/runtime/runtime.ts'],
  'harness/cluster/sim/sim.ts': ['harness/cluster/cluster.ts', 'systems/system.ts'],
  'harness/generator/generator.ts': ['harness/history/history.ts'],
  'harness/cli/main.ts': [
    'workloads/register.ts',
    'nemeses/kill.ts',
    'systems/raft/raft.ts',
    'harness/cluster/sim/sim.ts',
  ],
  'systems/runtime/runtime.ts': ['harness/errors.ts'],
  'systems/system.ts': ['systems/runtime/runtime.ts', 'harness/interpreter/client.ts'],
  'systems/raft/raft.ts': ['systems/system.ts', 'systems/runtime/runtime.ts', 'harness/history/history.ts'],
  'systems/etcd/etcd.ts': ['systems/system.ts'],
  'checkers/set/set.ts': ['harness/history/history.ts', 'harness/errors.ts'],
  'nemeses/kill.ts': ['harness/cluster/cluster.ts', 'harness/generator/generator.ts'],
  'workloads/register.ts': ['checkers/set/set.ts', 'harness/generator/generator.ts'],
  'api/index.ts': ['workloads/register.ts', 'nemeses/kill.ts', 'systems/system.ts'],
  'results/report/report-data.ts': [],
  'results/report/browser/view.ts': ['results/report/report-data.ts'],
};

/** One import too many in each. */
const GUILTY: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['leaves-import-nothing', 'harness/units.ts', 'harness/history/history.ts'],
  ['history-imports-nothing-above', 'harness/history/bad.ts', 'harness/generator/generator.ts'],
  ['runtime-contract-imports-nothing-above', 'systems/runtime/bad.ts', 'harness/cluster/cluster.ts'],
  ['checkers-know-histories-only', 'checkers/set/bad.ts', 'workloads/register.ts'],
  ['systems-know-contracts-only', 'systems/raft/bad.ts', 'checkers/set/set.ts'],
  ['systems-are-strangers', 'systems/raft/worse.ts', 'systems/etcd/etcd.ts'],
  ['nemeses-act-through-the-cluster', 'nemeses/bad.ts', 'harness/cluster/sim/sim.ts'],
  ['workloads-know-no-system', 'workloads/bad.ts', 'systems/raft/raft.ts'],
  [
    'generators-and-interpreter-know-no-cluster-kind',
    'harness/interpreter/bad.ts',
    'harness/cluster/sim/sim.ts',
  ],
  ['measures-are-of-runs', 'harness/compare/bad.ts', 'harness/cluster/sim/sim.ts'],
  ['clusters-know-contracts-only', 'harness/cluster/sim/bad.ts', 'systems/raft/raft.ts'],
  ['clusters-are-strangers', 'harness/cluster/process/bad.ts', 'harness/cluster/sim/sim.ts'],
  ['nothing-imports-the-command', 'results/bad.ts', 'harness/cli/main.ts'],
  ['the-api-runs-nothing', 'api/bad.ts', 'harness/cluster/sim/sim.ts'],
  ['only-the-command-imports-the-api', 'nemeses/worse.ts', 'api/index.ts'],
  ['browser-knows-the-data-contract-only', 'results/report/browser/bad.ts', 'harness/errors.ts'],
  ['browser-of-the-server-knows-its-contract-only', 'results/serve/browser/bad.ts', 'harness/errors.ts'],
  ['results-run-nothing', 'results/report/bad.ts', 'workloads/register.ts'],
  ['nothing-imports-tests', 'checkers/set/worse.ts', 'checkers/set/set.test.ts'],
  ['dependencies-are-declared', 'checkers/set/packaged.ts', 'vitest'],
  ['resolvable', 'checkers/set/lost.ts', 'checkers/set/nowhere.ts'],
  ['no-cycles', 'workloads/one.ts', 'workloads/two.ts'],
];

describe('the gate on layers', () => {
  test('finds one planted violation of every rule, and no other', async () => {
    const root = checkout({
      ...INNOCENT,
      ...Object.fromEntries(GUILTY.map(([, from, to]) => [from, [to]])),
      'checkers/set/set.test.ts': ['workloads/register.ts'],
      'workloads/two.ts': ['workloads/one.ts'],
    });
    const { problems } = await checkLayers(root);
    for (const [rule, from] of GUILTY) {
      if (rule === 'no-cycles') expect(problems.join('\n')).toMatch(/no-cycles: workloads\/(one|two)\.ts/);
      else if (rule === 'dependencies-are-declared' || rule === 'resolvable') {
        expect(problems.join('\n')).toContain(`: ${from} → `);
      } else expect(problems.join('\n')).toContain(`${rule}: ${from} → `);
    }
    const blamed = problems.filter((problem) =>
      Object.keys(INNOCENT).some((path) => problem.includes(`: ${path} →`)),
    );
    expect(blamed).toEqual([]);
  });

  test('fails when it sees nothing', async () => {
    const { problems } = await checkLayers(checkout({ 'harness/errors.ts': [] }));
    expect(problems).toEqual([expect.stringMatching(/only 0 imports in 1 modules were seen/)]);
  });
});
