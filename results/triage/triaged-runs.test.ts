import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sampleRun } from '../report/sample.ts';
import { readRuns } from './triaged-runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'shaketable-triaged-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(folder, `results-${++count}`);

const { test } = sampleRun({ verdict: 'valid', operations: 10 });

/** A run without a verdict: its test alone. */
function save(path: string, given: object = {}): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'test.json'), JSON.stringify({ ...test, ...given }));
}

const KEY = './mine.ts register --nemesis kill --bug stale-read';

function saveSweep(path: string, records: readonly object[], given: object = {}, of: object = {}): void {
  const cell = {
    ...{ key: KEY, system: './mine.ts', workload: 'register', expect: 'valid', isRealTime: false },
    options: [
      ['nemesis', 'kill'],
      ['bug', 'stale-read'],
    ],
    ...{ seeds: { first: 1, last: 9 }, budgetS: null, maxUnknown: 0, checkBudgetS: null },
    ...of,
  };
  const header = {
    ...{ format: 'shaketable-sweep', version: 1, name: 'n', shaketableVersion: '0', gitRevision: 'abc' },
    ...{ startedAt: '2026-11-28T03:00:00.000Z', keep: 'failures', shard: null, cells: [cell] },
    ...given,
  };
  const lines = records.map((record) => ({
    ...{ cell: KEY, outcome: 'valid', why: null, anomaly: null, directory: null, again: null },
    ...{ operations: 5, tookMs: 7 },
    ...record,
  }));
  mkdirSync(path, { recursive: true });
  writeFileSync(
    join(path, 'sweep.jsonl'),
    [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
}

describe('the runs that triage counts', () => {
  it('are those of ledgers, too, with the signatures that stand there', () => {
    const root = fresh();
    const signature = 'mine-register/log/lost-write/376b98';
    saveSweep(join(root, 'night'), [
      { seed: 1 },
      {
        seed: 2,
        outcome: 'invalid',
        why: 'lost-write: gone',
        signatures: [signature],
        directory: 'runs/gone',
      },
      { seed: 3, outcome: 'error' },
    ]);
    expect(readRuns([root])).toMatchObject({
      problems: [],
      runs: [
        { seed: 1, valid: true, system: './mine.ts', nemesis: 'kill', isPlanted: true, revision: 'abc' },
        {
          ...{ seed: 2, valid: false, path: null, commandLine: `shaketable run ${KEY} --seed 2` },
          signatures: [{ signature, checker: 'log', anomaly: 'lost-write', explanation: 'lost-write: gone' }],
        },
        { seed: 3, valid: null },
      ],
    });
  });

  it('have the names that modules of the user have, where the ledger says them', () => {
    const root = fresh();
    const names = { system: 'mine', workload: 'register', nemeses: ['kill', 'pull-the-plug'] };
    saveSweep(join(root, 'monday'), [{ seed: 1 }], {}, { names });
    expect(readRuns([root]).runs).toMatchObject([{ system: 'mine', nemesis: 'kill,pull-the-plug' }]);
  });

  it('are planted where their cell is expected to fail, kept or not, and copied', () => {
    const root = fresh();
    const cell = { expect: 'invalid', options: [] };
    save(join(root, 'night', 'runs', 'kept'));
    saveSweep(
      join(root, 'night'),
      [{ seed: 1, outcome: 'invalid', directory: 'runs/kept' }, { seed: 2 }],
      {},
      cell,
    );
    save(join(root, 'copied'));
    save(join(root, 'other'), { startedAt: '2026-11-29T03:00:00.000Z' });
    expect(readRuns([root]).runs.map(({ isPlanted, path }) => [isPlanted, path !== null])).toEqual(
      expect.arrayContaining([
        [true, true],
        [true, false],
        [false, true],
      ]),
    );
    expect(readRuns([root]).runs).toHaveLength(3);
  });

  it('are filed under the failure from which they were shrunk', () => {
    const root = fresh();
    const failure = { signature: 'kv-register/linearizability/nonlinearizable/40cd42', shape: 'update' };
    const of = { from: 'x', operations: 1, faults: 1, nodes: 3, anomaly: 'linearizability/nonlinearizable' };
    save(join(root, 'shrunk'), { planned: true, shrunk: { ...of, failure } });
    const own = (checker: string, anomaly: string): object => ({
      ...{ signature: `kv-register/${checker}/${anomaly}/123456`, checker, anomaly },
      ...{ shape: 'read', explanation: 'it is!', count: 1 },
    });
    const signatures = [own('linearizability', 'nonlinearizable'), own('log', 'lost-write')];
    const verdict = { format: 'shaketable-verdict', version: 1, valid: false, verdicts: [] };
    writeFileSync(
      join(root, 'shrunk', 'verdict.json'),
      JSON.stringify({ ...verdict, interruptTime: null, operations: 2, eventHash: '0', signatures }),
    );
    expect(readRuns([root])).toMatchObject({
      problems: [],
      runs: [{ isPlanned: true, signatures: [{ ...failure, explanation: 'it is!' }, signatures[1]] }],
    });
  });

  it('count once, also where shards and the whole lie beside each other, or a folder is named twice', () => {
    const root = fresh();
    const startedAt = '2026-11-28T03:00:09.000Z';
    saveSweep(join(root, '1'), [{ seed: 1 }], { shard: { index: 1, count: 2 } });
    saveSweep(join(root, '2'), [{ seed: 2, tookMs: 8 }], { shard: { index: 2, count: 2 }, startedAt });
    saveSweep(join(root, 'whole'), [{ seed: 1 }, { seed: 2, tookMs: 8 }]);
    for (const name of ['a', 'b']) save(join(root, name));
    expect(readRuns([root, root]).runs).toHaveLength(3);
  });

  it('are not those whose time nobody can read, and what is torn is told', () => {
    const root = fresh();
    save(join(root, 'timeless'), { startedAt: 'noon' });
    mkdirSync(join(root, 'torn'));
    writeFileSync(join(root, 'torn', 'sweep.jsonl'), '{"format"\n');
    const { runs, problems } = readRuns([root]);
    expect(runs).toEqual([]);
    expect(problems.map(({ reason }) => reason)).toEqual([
      `${join(root, 'torn', 'sweep.jsonl')} line 1 is not JSON`,
      `${join(root, 'timeless')}: startedAt is no time`,
    ]);
  });
});
