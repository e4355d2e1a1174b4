/** What the define functions refuse, in one line that names the field; what they fill in; and what the API may reach. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import {
  type Client,
  defineChecker,
  defineConfig,
  defineFault,
  defineModel,
  defineNemesis,
  defineSystem,
  defineWorkload,
  errorCompletion,
  HarnessError,
  History,
  linearizability,
  modelNamed,
  registerWorkload,
  setFull,
  type SetFullOptions,
  type SystemDefinition,
  type WorkloadDefinition,
} from './index.ts';

const openClient = (): Promise<Client> => Promise.reject(new Error('nobody is there'));

const variant = { name: 'fast', description: 'no flush', options: { flush: false } };

const SYSTEM: SystemDefinition = {
  name: 'kv',
  functions: ['read'],
  clientPort: 8080,
  server: { image: 'kv:1' },
  openClient,
};

/** With what no type would allow. */
const wrong = <T>(right: T, fields: object): T => ({ ...right, ...fields });

describe('defineSystem', () => {
  it('fills in what may be left out, and freezes', () => {
    const system = defineSystem(SYSTEM);
    expect(system).toEqual({ ...SYSTEM, summary: '', defaultNodes: 5, options: [], errors: [], bugs: [] });
    expect(Object.isFrozen(system)).toBe(true);
    expect(defineSystem(system as SystemDefinition)).toEqual(system);
  });

  const option = { name: 'a', default: 1, meaning: '' };
  it.each<[object, string]>([
    [{ name: 'two words' }, 'system "two words": name must be a name of letters, digits, "-", "_" and "."'],
    [{ name: undefined }, 'system: name must be a name of letters, digits, "-", "_" and "."'],
    [{ functions: [] }, 'system "kv": functions must be a non-empty list of names'],
    [{ functions: undefined }, 'system "kv": functions must be a non-empty list of names'],
    [{ functions: [''] }, 'system "kv": functions[0] must be a non-empty list of names'],
    [{ clientPort: 0 }, 'system "kv": clientPort must be a port: a whole number from 1 to 65535'],
    [{ clientPort: undefined }, 'system "kv": clientPort must be a port: a whole number from 1 to 65535'],
    [
      { otherPorts: [1, 70_000] },
      'system "kv": otherPorts[1] must be a port: a whole number from 1 to 65535',
    ],
    [{ openClient: undefined }, 'system "kv": openClient must be a function'],
    [{ opneClient: openClient }, 'system "kv": it has no field "opneClient": did you mean "openClient"?'],
    [{ defaultNodes: 0 }, 'system "kv": defaultNodes must be at least 1'],
    [
      { errors: [{ code: 1, name: 'x', meaning: '' }] },
      'system "kv": errors[0].definite must be true (it certainly did not happen) or false',
    ],
    [
      { options: [{ name: 'x', default: null, meaning: '' }] },
      'system "kv": options[0].default must be a number, a boolean or a text',
    ],
    [{ options: [option, option] }, 'system "kv": options has "a" twice'],
    [{ variants: [{ name: 'a', options: {} }] }, 'system "kv": variants[0].description must be a text'],
    [{ variants: [variant, variant] }, 'system "kv": variants has "fast" twice'],
    [{ invariants: 'paxos' }, 'system "kv": invariants must be "raft", or be left out'],
    [
      { server: undefined },
      'system "kv": it needs a program (a node on our Runtime) or a server (what to start)',
    ],
    [{ program: openClient }, 'system "kv": it has both a program and a server: which one are its nodes?'],
    [
      { server: 'kv' },
      'system "kv": server must be an object that says what to run: entry, executable or image',
    ],
    [{ server: {} }, 'system "kv": server must say what to run: entry, executable or image'],
    [
      { server: { entry: '/a.mjs', executable: 'a' } },
      'system "kv": server has both an entry and an executable: Node.js runs an entry',
    ],
    [
      { server: { entry: './a.mjs' } },
      'system "kv": server.entry must be an absolute path: join(import.meta.dirname, \'server.mjs\')',
    ],
    [{ server: { image: 'a', isReady: true } }, 'system "kv": server.isReady must be a function'],
    [{ server: { image: 'a', args: [] } }, 'system "kv": server has no field "args"'],
  ])('%j', (fields, sentence) => {
    expect(() => defineSystem(wrong(SYSTEM, fields))).toThrow(new HarnessError('usage', sentence));
  });

  it('something else', () => {
    expect(() => defineSystem(7 as never)).toThrow('a system must be an object, and this is 7');
    expect(() => defineSystem([] as never)).toThrow('a system must be an object, and this is a list');
  });
});

describe('defineWorkload', () => {
  const checkers = [linearizability({ model: modelNamed('register') ?? expect.fail() })];
  const WORKLOAD: WorkloadDefinition = {
    name: 'mine',
    functions: ['read', 'write'],
    prepare: () => ({ generator: { f: 'read' }, checkers }),
  };
  const context = { nodes: ['n1'], concurrency: 1, rate: 1, options: {} };

  it('fills in what may be left out', () => {
    const workload = defineWorkload(WORKLOAD);
    expect(workload).toMatchObject({ summary: '', options: [] });
    expect(workload.prepare(context)).toMatchObject({
      finalGenerator: null,
      mustSucceed: ['read', 'write'],
      checkers,
    });
  });

  it('takes ours as they are', () => {
    const mine = defineWorkload({ ...registerWorkload, name: 'mine' });
    const options = Object.fromEntries(mine.options.map((option) => [option.name, option.default]));
    expect(mine.prepare({ ...context, options }).mustSucceed).toEqual(['read', 'write']);
  });

  it.each<[object, string]>([
    [{ functions: 'read' }, 'workload "mine": functions must be a non-empty list of names'],
    [{ prepare: {} }, 'workload "mine": prepare must be a function'],
    [{ generator: {} }, 'workload "mine": it has no field "generator": did you mean "functions"?'],
  ])('%j', (fields, sentence) => {
    expect(() => defineWorkload(wrong(WORKLOAD, fields))).toThrow(sentence.split(': did')[0]);
  });

  it.each<[unknown, string]>([
    [undefined, 'workload "mine": prepare must return an object of generator and checkers'],
    [{ checkers }, 'workload "mine": prepare must return a generator'],
    [{ generator: [] }, 'workload "mine": prepare must return checkers: a non-empty list'],
    [
      { generator: [], checkers, finalGenerater: [] },
      'workload "mine": prepare must return generator, finalGenerator, checkers and mustSucceed, and no "finalGenerater"',
    ],
    [
      { generator: [], checkers, mustSucceed: ['fly'] },
      'workload "mine": prepare must return mustSucceed of its functions, and "fly" is none',
    ],
  ])('prepare returns %j', (preparation, sentence) => {
    const workload = defineWorkload({ ...WORKLOAD, prepare: () => preparation as never });
    expect(() => workload.prepare(context)).toThrow(sentence);
  });
});

describe('defineNemesis', () => {
  const fault = defineFault({ begin: 'a', end: 'b', effects: ['c'], inject: async () => 'done' });
  const NEMESIS = { name: 'mine', needs: ['kill'], faults: [fault] } as const;

  it('fills in what may be left out', () => {
    expect(defineNemesis(NEMESIS)).toMatchObject({ name: 'mine', layer: 'process', functions: ['a', 'b'] });
    expect(fault.targets).toContain('leader');
  });

  it.each<[object, string]>([
    [{ needs: [] }, 'nemesis "mine": needs must name what the cluster has to be able to do: kill, cut, …'],
    [{ needs: ['kil'] }, 'nemesis "mine": needs[0] must be of cut, slow, '],
    [{ faults: [] }, 'nemesis "mine": faults must hold at least one fault'],
    [{ faults: [{}] }, 'nemesis "mine": faults[0] must be of defineFault'],
    [{ layer: 'weather' }, 'nemesis "mine": layer must be one of '],
  ])('%j', (fields, sentence) => {
    expect(() => defineNemesis(wrong(NEMESIS, fields))).toThrow(sentence);
  });

  it('a fault that is none', () => {
    expect(() => defineFault({ begin: 'a', end: 'b', effects: [], inject: async () => '' })).toThrow(
      'fault: effects must name at least one counter',
    );
    const inject = async () => '';
    const misspelt = { begin: 'a', end: 'b', effects: ['c'], targets: ['leadr'], inject };
    expect(() => defineFault(misspelt)).toThrow(
      'fault: targets must be lists of nodes, or of leader, followers, random, ',
    );
    expect(() => defineFault({ ...misspelt, choose: () => ({}) })).not.toThrow();
  });
});

describe('defineChecker', () => {
  const input = { history: new History([]) };
  const anomaly = { name: 'odd', explanation: 'It is odd.', operations: [0] };

  it.each<[object, unknown]>([
    [{ anomalies: [] }, true],
    [{ anomalies: [anomaly] }, false],
    [{ anomalies: [], reason: 'Nobody knows.' }, 'unknown'],
    [{ anomalies: [], valid: 'unknown' }, 'unknown'],
  ])('%j', (findings, valid) => {
    const checker = defineChecker({ name: 'mine', check: () => findings as never });
    expect(checker.check(input)).toMatchObject({ checker: 'mine', valid });
  });

  it.each<[unknown, string]>([
    [null, 'checker "mine": check must return an object of anomalies'],
    [{}, 'what check returned of checker "mine": anomalies must be a list'],
    [
      { anomalies: [{ ...anomaly, operations: 0 }] },
      'anomalies[0].operations must be a list of indexes of operations',
    ],
  ])('returns %j', (findings, sentence) => {
    const checker = defineChecker({ name: 'mine', check: () => findings as never });
    expect(() => checker.check(input)).toThrow(sentence);
  });
});

describe('our checkers', () => {
  it('take no option that they do not know: they would ask for less', () => {
    const options = { linearizabel: true } as SetFullOptions;
    expect(() => setFull(options)).toThrow(
      'set of options of setFull: it has no field "linearizabel": did you mean "linearizable"?',
    );
    expect(() => setFull('linearizable' as SetFullOptions)).toThrow('and this is "linearizable"');
    for (const checker of [setFull(), setFull({}), setFull({ linearizable: true })])
      expect(checker.name).toBe('set-full');
  });
});

describe('the rest', () => {
  it('defineModel: what it makes is a model for linearizability', () => {
    const model = defineModel({
      name: 'max',
      init: 0,
      functions: { raise: {}, read: { reads: true } },
      step: (state, { f, argument, result }) =>
        f === 'raise' ? Math.max(state, Number(argument)) : result === state ? state : undefined,
    });
    const history = new History([
      { index: 0, time: 0, process: 0, type: 'invoke', f: 'raise', value: 5 },
      { index: 1, time: 1, process: 0, type: 'ok', f: 'raise', value: 5 },
      { index: 2, time: 2, process: 0, type: 'invoke', f: 'read', value: null },
      { index: 3, time: 3, process: 0, type: 'ok', f: 'read', value: 4 },
    ]);
    expect(linearizability({ model }).check({ history }).valid).toBe(false);
    expect(() => defineModel({ name: 'max', init: 0, functions: {}, step: () => 0 })).toThrow(
      'model "max" is no model: `functions` must say',
    );
  });

  it('defineConfig', () => {
    expect(() => defineConfig({ sytems: [] } as never)).toThrow(
      'config: it has no field "sytems": did you mean "systems"?',
    );
    expect(() => defineConfig({ systems: [7] } as never)).toThrow(
      'config: systems[0] must be a definition, or the path',
    );
  });

  it('errorCompletion: only what is known to be definite is a failure', () => {
    const errors = [{ code: 1, name: 'refused', definite: true, meaning: '' }];
    expect(errorCompletion(errors, 1)).toEqual({ type: 'fail', error: { code: 'refused' } });
    expect(errorCompletion(errors, 'refused', 'no')).toEqual({
      type: 'fail',
      error: { code: 'refused', message: 'no' },
    });
    expect(errorCompletion(errors, 2)).toEqual({ type: 'info', error: { code: '2' } });
  });
});

it('the API reaches nothing of Node.js, since programs of nodes are bundled with it', async () => {
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, 'index.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    metafile: true,
    external: ['node:*'],
    logLevel: 'silent',
  });
  const reached = Object.entries(metafile.inputs).flatMap(([path, { imports }]) =>
    imports.filter(({ external }) => external === true).map((target) => `${path} → ${target.path}`),
  );
  expect(reached).toEqual([]);
  const ours = Object.keys(metafile.inputs).filter((path) => !path.includes('node_modules'));
  expect(
    ours.filter((path) => /harness\/(cli|cluster\/.*\/|run)|results\/|systems\/(?!runtime)/.test(path)),
  ).toEqual([]);
});
