import { describe, expect, it } from 'vitest';
import { cellsOf } from './cells.ts';
import { readPlan, secondsOf } from './plan.ts';
import { planJsonSchema } from './plan-schema.ts';

interface JsonSchema {
  readonly properties: Readonly<Record<string, { readonly description?: string; readonly items?: unknown }>>;
}

const read = (yaml: string) => readPlan(yaml, 'n.yaml');

describe('the JSON Schema of plans', () => {
  it('is the one in the package: `shaketable sweep --schema > schemas/sweep-plan.schema.json` writes it', async () => {
    await expect(planJsonSchema()).toMatchFileSnapshot('../../schemas/sweep-plan.schema.json');
  });

  it('says of every key what it means', () => {
    const { properties } = JSON.parse(planJsonSchema()) as JsonSchema;
    const told = { ...properties, ...(properties['matrix']?.items as JsonSchema).properties };
    expect(Object.keys(told)).toContain('nemesis-interval');
    for (const [key, { description }] of Object.entries(told)) expect([key, description]).toEqual([key, expect.any(String)]); // prettier-ignore
  });
});

describe('a plan', () => {
  it('multiplies what is listed, over its defaults', () => {
    const cells = cellsOf(
      read(`
name: nightly
defaults: { seeds: 3, nemesis: kill, option: { acks: 1 } }
matrix:
  - system: raft
    workload: [register, append]
    nemesis: [none, 'partition,kill']
  - system: kraft
    workload: log
    option: { acks: [0, -1], transactions: true }
    seeds: 5-7
    cluster: docker
`),
    );
    expect(cells.map(({ key }) => key)).toEqual([
      'raft register --nemesis none --option acks=1',
      'raft register --nemesis partition,kill --option acks=1',
      'raft append --nemesis none --option acks=1',
      'raft append --nemesis partition,kill --option acks=1',
      'kraft log --cluster docker --nemesis kill --option acks=0 --option transactions=true',
      'kraft log --cluster docker --nemesis kill --option acks=-1 --option transactions=true',
    ]);
    expect(cells[0]).toMatchObject({ seeds: { first: 1, last: 3 }, expect: 'valid', isRealTime: false });
    expect(cells[4]).toMatchObject({ seeds: { first: 5, last: 7 }, isRealTime: true });
  });

  it('has seeds without an end where a budget ends them', () => {
    const [cell] = cellsOf(read('matrix: [{ system: raft, workload: register, budget: 2m }]'));
    expect(cell).toMatchObject({ seeds: { first: 1, last: null }, budgetS: 120 });
    expect([90, '90s', '1.5m', '2h'].map(secondsOf)).toEqual([90, 90, 90, 7200]);
  });

  it.each([
    ['no matrix', 'name: x', /^n\.yaml.*matrix/],
    ['YAML that is broken', 'matrix:\n  - {system: raft', /^n\.yaml line 2: /],
    [
      'a key of nobody',
      'matrix:\n  - system: raft\n    workload: register\n    nemesiss: kill',
      /^n\.yaml line 4: matrix\[0\]\.nemesiss: unknown key/,
    ],
    [
      'a cluster of nobody',
      'matrix:\n  - system: raft\n    workload: register\n    cluster: [sim, doker]',
      /^n\.yaml line 4: matrix\[0\]\.cluster\[1\]: .*"docker"/,
    ],
    ['no workload', 'matrix:\n  - system: raft', /^n\.yaml line 2: matrix\[0\]\.workload: /],
    [
      'seeds that are none',
      'matrix:\n  - system: raft\n    workload: register\n    seeds: many',
      /^n\.yaml line 4: matrix\[0\]\.seeds: must be a number, or FROM-TO/,
    ],
    [
      'more seeds than a cell may have',
      'matrix:\n  - system: raft\n    workload: register\n    seeds: 1-99999999999',
      /^n\.yaml line 4: matrix\[0\]\.seeds: at most 1000000 seeds, and none above 9007199254740991$/,
    ],
    [
      'a count of them',
      'matrix:\n  - system: raft\n    workload: register\n    seeds: 1000001',
      /^n\.yaml line 4: matrix\[0\]\.seeds: at most 1000000 seeds/,
    ],
    [
      'seeds that are no safe integers',
      'matrix:\n  - system: raft\n    workload: register\n    seeds: 9007199254740992-9007199254740993',
      /^n\.yaml line 4: matrix\[0\]\.seeds: at most 1000000 seeds/,
    ],
    [
      'no time',
      'matrix:\n  - system: raft\n    workload: register\n    budget: 0',
      /^n\.yaml line 4: matrix\[0\]\.budget: must be more than 0: seconds, or like 90s, 10m, 2h$/,
    ],
    [
      'no minutes',
      'matrix:\n  - system: raft\n    workload: register\n    budget: 0.0m',
      /^n\.yaml line 4: matrix\[0\]\.budget: must be more than 0/,
    ],
    ['an alias of nothing', 'matrix:\n  - system: *x\n    workload: register', /^n\.yaml: .*\bx$/],
    [
      'a name that is no file name',
      'name: ../up\nmatrix: [{ system: a, workload: b }]',
      /^n\.yaml line 1: name: must be lower-case/,
    ],
  ])('is refused with its line: %s', (_, yaml, message) => {
    expect(() => read(yaml)).toThrow(message);
  });

  it('is refused with a cell that is there twice, and seeds backwards', () => {
    const twice = 'matrix: [{ system: raft, workload: [register, register] }]';
    expect(() => cellsOf(read(twice))).toThrow('the plan has a cell twice: raft register');
    const backwards = 'matrix: [{ system: raft, workload: register, seeds: 9-3 }]';
    expect(() => cellsOf(read(backwards))).toThrow('seeds 9-3: the last is below the first');
  });
});
