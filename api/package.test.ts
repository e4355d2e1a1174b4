/**
 * The package as it would be published: packed from a copy of the checkout, unpacked into a project, compiled against there, and run.
 * Its dependencies are ours.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules', '.bin');
const SOURCES = [
  'api',
  'bin',
  'checkers',
  'examples',
  'harness',
  'nemeses',
  'results',
  'systems',
  'workloads',
];
const FILES = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE'];
/** The whole of it is compiled, on a machine that has other things to do. */
const BUILD_TIMEOUT_MS = 240_000;

const folder = mkdtempSync(join(tmpdir(), 'shaketable-package-'));
const project = join(folder, 'project');
const env = { ...process.env, NO_COLOR: '1', PATH: `${BIN}${delimiter}${process.env['PATH'] ?? ''}` };

beforeAll(() => {
  const copy = join(folder, 'checkout');
  for (const name of [...SOURCES, ...FILES]) {
    const isNoRun = (path: string): boolean => !path.includes(join('results', 'runs'));
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, filter: isNoRun });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  execFileSync('npm', ['pack', '--silent'], { cwd: copy, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = readdirSync(copy).find((name) => name.endsWith('.tgz')) ?? expect.fail('no archive');

  const modules = join(project, 'node_modules');
  mkdirSync(modules, { recursive: true });
  execFileSync('tar', ['-xzf', join(copy, archive), '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'shaketable'));
  symlinkSync(join(ROOT, 'node_modules'), join(modules, 'shaketable', 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules', '@types'), join(modules, '@types'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runIn = (cwd: string, command: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  return { status, stdout, stderr };
};
const bin = join(project, 'node_modules', 'shaketable', 'bin', 'shaketable.js');
const shaketable = (...args: readonly string[]) => runIn(project, 'node', bin, ...args);

/** A system, a workload, a nemesis, a checker and a model, in the strictest TypeScript; and what must not compile. */
const TYPES = `import { defineChecker, defineFault, defineModel, defineNemesis, defineSystem, defineWorkload, linearizability,
  type Client, type Completion, type System, type Workload } from 'shaketable';

const model = defineModel({
  name: 'max', init: 0, functions: { raise: {}, read: { reads: true } },
  step: (state, { f, argument, result }) =>
    f === 'raise' ? Math.max(state, Number(argument)) : result === state ? state : undefined,
});
export const workload: Workload = defineWorkload({
  name: 'max', functions: ['raise', 'read'],
  prepare: ({ rate, nodes }) => ({ generator: [{ f: 'raise', value: rate + nodes.length }], checkers: [linearizability({ model })] }),
});
class Max implements Client {
  async invoke({ f }: { f: string }): Promise<Completion> {
    return f === 'read' ? { type: 'ok', value: 1 } : { type: 'info', error: { code: 'unknown' } };
  }
  close() {}
}
export const system: System = defineSystem({
  name: 'max', functions: ['raise', 'read'], clientPort: 80,
  server: { executable: 'max', arguments: ({ number, address }) => [String(number), address(80).host] },
  openClient: async (_endpoint, { locate, node }) => (locate(node), new Max()),
});
export const nemesis = defineNemesis({
  name: 'one', needs: ['kill'],
  faults: [
    defineFault({ begin: 'kill', end: 'restart', effects: ['processesKilled'], choose: ({ nodes, random }) => ({ node: random.pick(nodes) }),
      inject: async ({ node }, { cluster, hold }) => {
        const name: string = node;
        await hold(name, [node], () => cluster.kill(node), () => cluster.restart(node));
        return name;
      } }),
    defineFault({ begin: 'pause', end: 'resume', effects: ['x'], targets: ['leader'],
      inject: async ({ nodes }, { cluster }) => { for (const node of nodes) await cluster.pause(node); return 'paused'; } }),
  ],
});
export const checker = defineChecker({ name: 'none', check: ({ history }) => ({ anomalies: [], statistics: { operations: history.length } }) });

// @ts-expect-error: neither a program nor a server
defineSystem({ name: 'max', functions: [], clientPort: 80, openClient: async () => new Max() });
// @ts-expect-error: no such capability
defineNemesis({ name: 'one', needs: ['kil'], faults: [] });
// @ts-expect-error: no checkers
defineWorkload({ name: 'max', functions: [], prepare: () => ({ generator: null }) });
`;

describe('the package', () => {
  it('has types', () => {
    expect(shaketable('init')).toMatchObject({ status: 0, stderr: '' });
    expect(shaketable('init', '--program', 'program')).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(join(project, 'types.ts'), TYPES);
    const compilerOptions = {
      ...{
        target: 'es2024',
        module: 'nodenext',
        types: ['node'],
        noEmit: true,
        allowImportingTsExtensions: true,
      },
      ...{
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
      },
      ...{ verbatimModuleSyntax: true, erasableSyntaxOnly: true },
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    expect(runIn(project, 'tsc', '-p', '.')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('runs what init writes: in the simulator, and as child processes', () => {
    const inSim = runIn(join(project, 'program'), 'node', bin, 'run', 'kv', 'register', '--seed', '1');
    expect(inSim).toMatchObject({ status: 1, stderr: '' });
    for (const system of ['kv', 'raft']) {
      const run = ['run', system, 'register', '--cluster', 'process', '--time-limit', '3', '--quiet', '1'];
      expect(shaketable(...run), system).toMatchObject({ status: system === 'raft' ? 0 : 1, stderr: '' });
    }
  });

  it('helps in tests of one’s own, with a system as an object or by its path', () => {
    const text = `import { expectConsistent, type ExpectedRun } from 'shaketable/vitest';
import kv from './shake/kv-system.ts';
await expectConsistent({ system: 'raft', workload: 'register', timeLimitS: 2 });
const run: Omit<ExpectedRun, 'system'> = { workload: 'register', nemesis: 'partition', timeLimitS: 5 };
for (const system of ['./shake/kv-system.ts', kv])
  await expectConsistent({ ...run, system }).then(
    () => process.exit(3),
    (error: Error) => console.log(error.message.split('\\n').slice(0, 2).join(' · ')),
  );
`;
    // Where that program is the one of the config file: two systems cannot have one name.
    writeFileSync(join(project, 'program', 'helper.ts'), text);
    const { status, stdout, stderr } = runIn(join(project, 'program'), 'node', 'helper.ts');
    expect(status, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(
        /kv-system\.ts register is inconsistent with seed 1 · INVALID {2}Consistency violated/,
      ),
      expect.stringMatching(/^kv register is inconsistent with seed 1 · INVALID {2}Consistency violated/),
    ]);
    expect(runIn(project, 'tsc', '-p', '.')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('is one: a module’s shaketable is the running one', () => {
    const text =
      "import { HarnessError } from 'shaketable';\nthrow new HarnessError('usage', 'the very same class');\n";
    writeFileSync(join(project, 'same.ts'), text);
    expect(shaketable('run', './same.ts', 'register')).toEqual({
      status: 64,
      stdout: '',
      stderr: 'shaketable: cannot load same.ts: the very same class\n',
    });
  });
});
