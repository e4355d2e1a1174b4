/** Modules of the user's own: every mistake is one line that names the file, and an exit code of 64. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandIn, type Ended, onlyRunIn, readJson, temporaryFolder } from '../testing/command.ts';

/** A system in the simulator: a node that holds one value, and its client. */
const CELL = `import { defineSystem, onJson, sendJson, type Json } from 'shaketable';

export const cell = defineSystem({
  name: 'cell',
  functions: ['read', 'write'],
  defaultNodes: 1,
  clientPort: 7000,
  program: (runtime) => {
    const values = new Map<string, Json>();
    runtime.listen(7000, (connection) =>
      onJson(connection, (request) => {
        const { key, value } = request as { key: string; value: Json };
        if (value !== null) values.set(key, value);
        sendJson(connection, values.get(key) ?? null);
      }),
    );
    return { status: () => ({ role: 'cell', term: 0, leader: null }) };
  },
  openClient: async (endpoint, { address }) => {
    const connection = endpoint.connect(address);
    let settle = (_: Json) => {};
    onJson(connection, (value) => settle(value));
    return {
      invoke: async ({ key = '', value }) => {
        const answer = new Promise<Json>((resolve) => (settle = resolve));
        sendJson(connection, { key, value });
        return { type: 'ok', value: await answer };
      },
      close: () => connection.close(),
    };
  },
});
`;

const WORKLOAD = `import { defineWorkload, linearizability, mix, register, stagger } from 'shaketable';

export default defineWorkload({
  name: 'mine',
  functions: ['read', 'write'],
  prepare: ({ rate }) => ({
    generator: stagger(1 / rate, mix(() => ({ f: 'read', key: 'x' }), (_, count) => ({ f: 'write', key: 'x', value: count }))),
    checkers: [linearizability({ model: register })],
  }),
});
`;

const NEMESIS = `import { defineFault, defineNemesis } from 'shaketable';

export default defineNemesis({
  name: 'stop-one',
  needs: ['pause'],
  faults: [
    defineFault({
      begin: 'stop', end: 'go', effects: ['eventsDeferred'],
      choose: ({ nodes, random }) => ({ node: random.pick(nodes) }),
      inject: async ({ node }, { cluster, hold }) => {
        await hold(\`pause of \${node}\`, [node], () => cluster.pause(node), () => cluster.resume(node));
        return \`stopped \${node}\`;
      },
    }),
  ],
});
`;

const CHECKER = `import { defineChecker } from 'shaketable';

export default defineChecker({
  name: 'no-big-reads',
  check: ({ history }) => ({
    anomalies: history.operations
      .filter(({ type, f, value }) => type === 'ok' && f === 'read' && Number(value) > 50)
      .slice(0, 1)
      .map(({ index, value }) => ({ name: 'big-read', explanation: \`A read returned \${value}.\`, operations: [index] })),
  }),
});
`;

const MODULES = {
  'shake/cell.ts': CELL,
  'shake/mine.ts': WORKLOAD,
  'shake/stop-one.ts': NEMESIS,
  'shake/no-big-reads.ts': CHECKER,
};

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function expectOneLine({ exitCode, stdout, stderr }: Ended, sentence: string | RegExp): void {
  if (typeof sentence === 'string') expect(stderr).toBe(`shaketable: ${sentence}\n`);
  else expect(stderr).toMatch(sentence);
  expect(stderr).toMatch(/^shaketable: [^\n]+\n$/);
  expect(stdout).toBe('');
  expect(exitCode).toBe(64);
}

const SHORT = ['--time-limit', '2', '--quiet', '1', '--seed', '1'];

describe('paths in place of names', () => {
  const folder = folderWith(MODULES);
  const shaketable = commandIn(folder);
  const run = [
    ...['run', './shake/cell.ts', 'shake/mine.ts', '--nemesis', './shake/stop-one.ts,none'],
    ...['--nemesis-interval', '0.3', ...SHORT],
  ];

  it('run, and are found again by check, replay and report', async () => {
    const ended = await shaketable(...run);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    const directory = onlyRunIn(join(folder, 'results', 'runs'));
    expect(readJson(directory, 'test.json')).toMatchObject({
      system: 'cell',
      workload: 'mine',
      nemeses: ['stop-one'],
      systemModule: 'shake/cell.ts',
      workloadModule: 'shake/mine.ts',
      nemesisModules: ['shake/stop-one.ts'],
    });
    // From elsewhere, too: the modules are where the run was.
    const elsewhere = commandIn(temporaryFolder());
    expect(await elsewhere('check', directory)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await shaketable('report', directory)).toMatchObject({ exitCode: 0, stderr: '' });
    const replayed = await elsewhere('replay', '--plan', directory);
    expect(replayed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(replayed.stdout).toContain('each the same as before');

    rmSync(join(folder, 'shake/cell.ts'));
    const checked = await shaketable('check', directory);
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(checked.stdout).toContain('shake/cell.ts is gone: what was defined there does not judge');
    expectOneLine(
      await shaketable('replay', directory),
      /was run with shake\/cell\.ts, which is gone: replay it where they are$/m,
    );
    rmSync(join(folder, 'shake/mine.ts'));
    expectOneLine(
      await shaketable('check', directory),
      /test\.json: its workload mine is defined in shake\/cell\.ts or shake\/mine\.ts, which is gone: run this where the file is$/m,
    );
  });
});

describe('TypeScript as projects have it', () => {
  it('with enumerations, parameter properties, endings of JavaScript or none, in a package of "commonjs"', async () => {
    const folder = folderWith({
      'package.json': '{"type": "commonjs"}',
      'src/cell.ts': `import { Place } from './place.js';\nimport { Role } from './roles';\nexport const place = new Place(Role.leader);\n${CELL}`,
      'src/place.ts':
        "import type { Role } from './roles';\nexport class Place { constructor(public readonly role: Role) {} }\n",
      'src/roles/index.ts': "export enum Role { leader = 'leader' }\n",
      'throws.ts': 'export enum A { b }\n\n\nthrow new Error("late");\n',
    });
    const shaketable = commandIn(folder);
    const refused = 'workload register needs cas, which cell does not serve';
    expectOneLine(await shaketable('run', './src/cell.ts', 'register'), refused);
    writeFileSync(join(folder, 'src', 'index.ts'), "export { cell as default } from './cell';\n");
    expectOneLine(await shaketable('run', './src/index.ts', 'register'), refused);
    expectOneLine(
      await shaketable('run', './throws.ts', 'register'),
      'cannot load throws.ts: it throws "late" (throws.ts:4)',
    );
  });
});

describe('mistakes in modules', () => {
  const folder = folderWith({
    ...MODULES,
    'syntax.ts': 'export const a = 1;\nexport default (;\n',
    'syntax.mjs': 'export const a = 1;\n\nexport default (;\n',
    'enum.ts': 'export enum A { b }\nexport default (;\n',
    'imports-syntax.mjs': "import './syntax.mjs';\n",
    'throws.ts': 'export const a = 1;\nthrow new Error("not today");\n',
    'throws-text.mjs': 'throw "text";\n',
    'lost.ts': "import './nowhere.ts';\n",
    'package.ts': "import 'no-such-package';\n",
    'empty.ts': '',
    'function.ts': 'export default () => 7;\n',
    'two.ts': 'export const a = 1;\nexport const b = { prepare() {} };\n',
    'half.ts':
      "export default { name: 'half', functions: [], clientPort: 1, server: { image: 'x' }, openClient() {} };\n",
    'typo.ts': `import { defineSystem } from 'shaketable';
export default defineSystem({ name: 'typo', fucntions: ['read'], functions: ['read'], clientPort: 80, server: { image: 'x' }, openClient() {} });
`,
    'raft.ts': CELL.replace("'cell'", "'raft'"),
    'plain-nemesis.ts': 'export default { name: "x", bind() {}, generator() {} };\n',
    'bad-prepare.ts': WORKLOAD.replace(/checkers: .*/, 'checkers: [],'),
  });
  const shaketable = commandIn(folder);

  it.each<[string, string | RegExp]>([
    ['./nowhere.ts register', 'nowhere.ts does not exist'],
    ['./shake register', 'shake is no module: it must be a file'],
    ['syntax.ts register', 'cannot load syntax.ts: Expression expected (syntax.ts:2)'],
    ['syntax.mjs register', "cannot load syntax.mjs: Unexpected token ';' (syntax.mjs:3)"],
    ['imports-syntax.mjs register', "cannot load imports-syntax.mjs: Unexpected token ';' (syntax.mjs:3)"],
    ['enum.ts register', 'cannot load enum.ts: Expression expected (enum.ts:2)'],
    ['throws.ts register', 'cannot load throws.ts: it throws "not today" (throws.ts:2)'],
    ['throws-text.mjs register', 'cannot load throws-text.mjs: it throws "text"'],
    ['lost.ts register', 'cannot load lost.ts: lost.ts imports nowhere.ts, which does not exist'],
    [
      'package.ts register',
      'cannot load package.ts: package.ts imports the package no-such-package, which is not installed',
    ],
    ['empty.ts register', 'empty.ts exports nothing: make the system its default export'],
    ['function.ts register', 'function.ts exports a function, and a system is wanted here'],
    ['two.ts register', 'two.ts exports a (1), b (a workload): make the system its default export'],
    ['shake/mine.ts register', 'shake/mine.ts exports a workload, and a system is wanted here'],
    ['raft shake/cell.ts', 'shake/cell.ts exports a system, and a workload is wanted here'],
    ['half.ts register', 'half.ts: system "half": functions must be a non-empty list of names'],
    [
      'typo.ts register',
      'cannot load typo.ts: system "typo": it has no field "fucntions": did you mean "functions"?',
    ],
    ['raft.ts register', /raft\.ts has the name of a built-in system: call one of them otherwise$/m],
    ['raft register --nemesis shake/cell.ts', 'shake/cell.ts exports a system, and a nemesis is wanted here'],
    [
      'raft register --nemesis plain-nemesis.ts',
      'plain-nemesis.ts: a nemesis is what defineNemesis({ … }) returns',
    ],
    ['raft bad-prepare.ts', /workload "mine": prepare must return checkers: a non-empty list/],
    ['shake/cell.ts register', 'workload register needs cas, which cell does not serve'],
  ])('run %s', async (line, sentence) => {
    expectOneLine(await shaketable('run', ...line.split(' ')), sentence);
  });
});

describe('shaketable.config.ts', () => {
  const config = (fields: string, imports = ''): string =>
    `import { defineConfig } from 'shaketable';\n${imports}\nexport default defineConfig({ ${fields} });\n`;
  const ALL = config(
    "systems: [cell], workloads: ['./shake/mine.ts'], nemeses: ['shake/stop-one.ts'], checkers: ['./shake/no-big-reads.ts']",
    "import { cell } from './shake/cell.ts';",
  );

  it('makes names known everywhere below its folder, and its checkers judge every run', async () => {
    const folder = folderWith({ ...MODULES, 'shaketable.config.ts': ALL, 'deep/er/file': '' });
    const shaketable = commandIn(join(folder, 'deep', 'er'));
    const systems = await shaketable('list', 'systems');
    expect(systems).toMatchObject({ exitCode: 0, stderr: '' });
    expect(systems.stdout).toMatch(/^cell .*module \.\.\/\.\.\/shake\/cell\.ts\)$/m);
    expect((await shaketable('list', 'workloads')).stdout).toMatch(/^mine .*shake\/mine\.ts/m);
    expect((await shaketable('list', 'nemeses')).stdout).toMatch(/^stop-one$/m);
    expect((await shaketable('list', 'checkers')).stdout).toMatch(/^no-big-reads /m);
    expectOneLine(await shaketable('run', 'cel', 'mine'), 'unknown system "cel": did you mean "cell"?');

    const ended = await shaketable('run', 'cell', 'mine', '--nemesis', 'stop-one', ...SHORT);
    expect(ended).toMatchObject({ exitCode: 1, stderr: '' });
    expect(ended.stdout).toMatch(/big-read \(no-big-reads\): A read returned/);
    const directory = onlyRunIn(join(folder, 'deep', 'er', 'results', 'runs'));
    expect(readJson(directory, 'test.json')).toMatchObject({ configFile: '../../shaketable.config.ts' });
    // From a folder without a configuration: the run's own is found.
    expect(await commandIn(temporaryFolder())('check', directory)).toMatchObject({ exitCode: 1, stderr: '' });
  });

  it('is looked for no further than the top of the project', async () => {
    const folder = folderWith({ 'shaketable.config.ts': 'throw 1', 'project/package.json': '{}' });
    expect(await commandIn(join(folder, 'project'))('list', 'systems')).toMatchObject({ exitCode: 0 });
  });

  it.each<[string, string, string | RegExp]>([
    [
      'something else',
      'export default 7;',
      /^shaketable: shaketable\.config\.ts must have a configuration as its default export/,
    ],
    [
      'a system',
      `${CELL}\nexport default cell;`,
      /^shaketable: shaketable\.config\.ts must have a configuration/,
    ],
    [
      'an unknown field',
      config('system: []'),
      'cannot load shaketable.config.ts: config: it has no field "system": did you mean "systems"?',
    ],
    [
      'no list',
      config('systems: 3'),
      'cannot load shaketable.config.ts: config: systems must be a list of definitions or paths of modules',
    ],
    [
      'a path to nowhere',
      config("systems: ['./nowhere.ts']"),
      'shaketable.config.ts: nowhere.ts does not exist',
    ],
    [
      'another kind',
      config("systems: ['./shake/mine.ts']"),
      'shaketable.config.ts: shake/mine.ts exports a workload, and a system is wanted here',
    ],
    [
      'a name of ours',
      config('workloads: [{ ...registerWorkload }]', "import { registerWorkload } from 'shaketable';"),
      /^shaketable: shaketable\.config\.ts: workload "register" of \S*shaketable\.config\.ts has the name of a built-in workload/,
    ],
    [
      'a name twice',
      config("systems: ['./shake/cell.ts', './cell-too.ts']"),
      /system "cell" of cell-too\.ts has the name of the system of shake\/cell\.ts: call one of them otherwise$/m,
    ],
    [
      'a mistake',
      'const a = ;',
      /cannot load shaketable\.config\.ts: Expression expected \(shaketable\.config\.ts:1\)/,
    ],
  ])('%s', async (_, text, sentence) => {
    const folder = folderWith({ ...MODULES, 'cell-too.ts': CELL, 'shaketable.config.ts': text });
    expectOneLine(await commandIn(folder)('list', 'systems'), sentence);
  });

  it('does not keep help and init from working', async () => {
    const folder = folderWith({ 'shaketable.config.ts': 'throw 1' });
    const shaketable = commandIn(folder);
    expect(await shaketable('--help')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await shaketable('run', '--help')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await shaketable('init', 'new')).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
