import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import { cell } from '../../harness/sweep/testing/samples.ts';
import { INDEX_FILE } from './database.ts';
import type { Order, RunFilter } from './queries.ts';
import { RunIndex } from './run-index.ts';
import { type MadeRun, makeRun, makeRuns } from './testing/made-runs.ts';

const root = mkdtempSync(join(tmpdir(), 'shaketable-index-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function fresh(runs: readonly MadeRun[] = []): string {
  const folder = join(root, String(++count));
  mkdirSync(folder);
  for (const run of runs) makeRun(folder, run);
  return folder;
}

async function indexOf(folder: string, options?: { isFresh?: boolean }): Promise<RunIndex> {
  const index = RunIndex.open(folder, options);
  await index.refresh();
  return index;
}

const pathsOf = (index: RunIndex, filter: RunFilter = {}, order?: Order): readonly string[] =>
  index.runs(filter, { limit: 100, ...(order === undefined ? {} : { order }) }).runs.map(({ path }) => path);

describe('what is read', () => {
  test('a run with what its test and its verdict say, without its history', async () => {
    const folder = fresh([{ path: 'raft-register/a', valid: false, p99Ms: 20, answeredShare: 0.5 }]);
    const index = await indexOf(folder);
    expect(index.run('raft-register/a')).toMatchObject({
      outcome: 'invalid',
      system: 'raft',
      nemeses: ['partition'],
      seed: 1,
      revision: 'abcdef012345',
      operations: 1000,
      ok: 400,
      answeredShare: 0.5,
      p99Ms: 20,
      gapMs: 200,
      durationS: 15,
      sentence: 'stale-read: process 3 read 7, which was overwritten.',
      failures: [{ signature: 'raft-register/linearizability/stale-read/3f9a1c' }],
    });
    expect(index.run('raft-register/b')).toBeNull();
    index.close();
  });

  test('only what changed is read again; what is gone is forgotten', async () => {
    const folder = fresh([
      { path: 'x/a', valid: true },
      { path: 'x/b', valid: true },
      { path: 'sweeps/s/runs/x/c', valid: true },
    ]);
    const index = RunIndex.open(folder);
    expect(await index.refresh()).toEqual({ runs: 3, sweeps: 0, read: 3, removed: 0 });
    expect(await index.refresh()).toEqual({ runs: 3, sweeps: 0, read: 0, removed: 0 });
    makeRun(folder, { path: 'x/b', valid: false });
    rmSync(join(folder, 'x/a'), { recursive: true });
    expect(await index.refresh()).toEqual({ runs: 2, sweeps: 0, read: 1, removed: 1 });
    expect(pathsOf(index, { verdict: 'invalid' })).toEqual(['x/b']);
    index.close();
    // Another process finds it as it was left.
    const again = RunIndex.open(folder);
    expect(again.note).toBeNull();
    expect(await again.refresh()).toMatchObject({ runs: 2, read: 0 });
    expect(pathsOf(again)).toEqual(['sweeps/s/runs/x/c', 'x/b']);
    again.close();
  });

  test('a run without a verdict runs while its history grows, and was cut off when it has not for a minute', async () => {
    const folder = fresh([{ path: 'x/a', valid: null }]);
    const index = await indexOf(folder);
    expect(index.run('x/a')?.outcome).toBe('running');
    const before = new Date(Date.now() - 120_000);
    utimesSync(join(folder, 'x/a/history.jsonl'), before, before);
    await index.refresh();
    expect(index.run('x/a')?.outcome).toBe('cut off');
    makeRun(folder, { path: 'x/a', valid: true });
    await index.refresh();
    expect(index.run('x/a')?.outcome).toBe('valid');
    index.close();
  });

  test('what is torn or of somebody else is told, and keeps nothing else from being read', async () => {
    const folder = fresh([
      { path: 'x/good', valid: true },
      { path: 'x/torn', valid: true },
    ]);
    mkdirSync(join(folder, 'x/foreign'));
    writeFileSync(join(folder, 'x/foreign/test.json'), '{"format":"karma"}');
    writeFileSync(join(folder, 'x/torn/verdict.json'), '{"format":"shake');
    const index = await indexOf(folder);
    expect(index.outcomes()).toEqual({ unreadable: 2, valid: 1 });
    expect(index.run('x/foreign')?.sentence).toMatch(/is not the test.json of a shaketable run/);
    index.close();
  });

  test('what may not be looked at is passed over', async () => {
    const folder = fresh([
      { path: 'x/good', valid: true },
      { path: 'x/unlooked', valid: null },
    ]);
    for (const path of ['x/loop/test.json', 'x/unlooked/history.jsonl', 'sweeps/s/summary.json']) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      rmSync(join(folder, path), { force: true });
      // As a folder that may not be entered, of which root knows none.
      symlinkSync(basename(path), join(folder, path));
    }
    writeFileSync(join(folder, 'sweeps/s/sweep.jsonl'), 'nothing\n');
    const index = await indexOf(folder);
    expect(index.outcomes()).toEqual({ 'cut off': 1, valid: 1 });
    expect(index.sweeps()).toMatchObject([{ path: 'sweeps/s', state: 'unreadable' }]);
    index.close();
  });

  test.each([1.5, -1, 1e300, Number.MAX_SAFE_INTEGER, '7'])(
    'a count of %j is none, and keeps nothing else from being read',
    async (ok) => {
      const folder = fresh([
        { path: 'x/good', valid: true },
        { path: 'x/odd', valid: true },
      ]);
      const file = join(folder, 'x/odd/verdict.json');
      const verdict = JSON.parse(readFileSync(file, 'utf8')) as {
        verdicts: { statistics?: { total: object } }[];
      };
      for (const { statistics } of verdict.verdicts) {
        if (statistics !== undefined) Object.assign(statistics.total, { ok, fail: 1 });
      }
      writeFileSync(file, JSON.stringify(verdict));
      const index = await indexOf(folder);
      expect(index.outcomes()).toEqual({ valid: 2 });
      expect(index.run('x/odd')).toMatchObject({ operations: null, ok: null, fail: null, info: null });
      index.close();
    },
  );

  test('a run that cannot be kept is told, and keeps nothing else from being read', async () => {
    const folder = fresh();
    (await indexOf(folder)).close();
    const database = new DatabaseSync(join(folder, INDEX_FILE));
    database.exec(`CREATE TRIGGER odd BEFORE INSERT ON runs WHEN NEW.path = 'x/odd' AND NEW.outcome = 'valid'
      BEGIN SELECT RAISE(ABORT, 'too odd to be kept'); END`);
    database.close();
    for (const path of ['x/good', 'x/odd']) makeRun(folder, { path, valid: true });
    const index = await indexOf(folder);
    expect(index.outcomes()).toEqual({ unreadable: 1, valid: 1 });
    expect(index.run('x/odd')).toMatchObject({ sentence: 'too odd to be kept', operations: null });
    expect(await index.refresh()).toMatchObject({ runs: 2, read: 0 });
    index.close();
  });

  test('links are not followed, nor folders with a dot', async () => {
    const folder = fresh([
      { path: 'x/a', valid: true },
      { path: '.trash/b', valid: true },
    ]);
    symlinkSync(join(folder, 'x'), join(folder, 'again'));
    const index = await indexOf(folder);
    expect(pathsOf(index)).toEqual(['x/a']);
    index.close();
  });

  test('a sweep is its ledger added up; one that cannot be read is told', async () => {
    const folder = fresh();
    const header = {
      ...{ format: 'shaketable-sweep', version: 1, name: 'nightly', shaketableVersion: '0.1.0' },
      ...{
        gitRevision: null,
        startedAt: '2026-11-28T03:15:00.000Z',
        keep: 'failures',
        shard: { index: 1, count: 2 },
        cells: [cell('raft register')],
      },
    };
    mkdirSync(join(folder, 'sweeps/one'), { recursive: true });
    // Of one that was interrupted, too.
    writeFileSync(join(folder, 'sweeps/one/summary.json'), '');
    mkdirSync(join(folder, 'sweeps/two'));
    writeFileSync(join(folder, 'sweeps/one/sweep.jsonl'), `${JSON.stringify(header)}\n`);
    writeFileSync(join(folder, 'sweeps/two/sweep.jsonl'), 'nothing\n');
    const index = await indexOf(folder);
    expect(index.sweeps()).toMatchObject([
      { path: 'sweeps/one', name: 'nightly', state: 'unfinished', totals: '1 cell: 1 unfinished · 0 seeds' },
      { path: 'sweeps/two', state: 'unreadable' },
    ]);
    index.close();
  });
});

describe('what is asked', () => {
  const hostile = `'; DROP TABLE runs; --`;
  const runs: readonly MadeRun[] = [
    {
      path: 'a/1',
      valid: true,
      test: { seed: 5, startedAt: '2026-11-01T10:00:00.000Z', nemeses: [] },
      p99Ms: 3,
    },
    {
      ...{ path: 'a/2', valid: false, anomaly: 'lost-write', p99Ms: 1 },
      test: {
        system: 'kraft',
        workload: 'log',
        seed: 4,
        startedAt: '2026-11-02T23:30:00.000Z',
        bugs: ['b,c'],
      },
    },
    {
      ...{ path: 'a/3', valid: 'unknown', p99Ms: 2 },
      test: {
        seed: 6,
        startedAt: '2026-11-03T10:00:00.000Z',
        nemeses: ['kill', hostile],
        gitRevision: 'ffff00',
      },
    },
  ];

  test.each<[RunFilter, readonly string[]]>([
    [{}, ['a/3', 'a/2', 'a/1']],
    [{ system: 'kraft' }, ['a/2']],
    [{ workload: 'register' }, ['a/3', 'a/1']],
    [{ nemesis: 'kill' }, ['a/3']],
    [{ nemesis: hostile }, ['a/3']],
    [{ nemesis: 'none' }, ['a/1']],
    [{ bug: 'b,c' }, ['a/2']],
    [{ bug: 'b' }, []],
    [{ verdict: 'unknown' }, ['a/3']],
    [{ signature: 'kraft-log/linearizability/lost-write/3f9a1c' }, ['a/2']],
    [{ from: '2026-11-02' }, ['a/3', 'a/2']],
    [{ to: '2026-11-02' }, ['a/2', 'a/1']],
    [{ from: '2026-11-02', to: '2026-11-02' }, ['a/2']],
    [{ revision: 'ffff' }, ['a/3']],
    [{ text: 'LOST overwritten' }, ['a/2']],
    [{ text: 'lost-write/3f9a' }, ['a/2']],
    [{ text: 'a/1' }, ['a/1']],
    [{ text: '%' }, []],
    [{ system: hostile }, []],
  ])('%j', async (filter, expected) => {
    const folder = fresh(runs);
    const index = await indexOf(folder);
    expect(pathsOf(index, filter)).toEqual(expected);
    expect(pathsOf(index)).toHaveLength(3);
    index.close();
  });

  test('sorted, in pages, with the values that there are', async () => {
    const index = await indexOf(fresh(runs));
    expect(pathsOf(index, {}, { by: 'latency', isDescending: true })).toEqual(['a/1', 'a/3', 'a/2']);
    expect(pathsOf(index, {}, { by: 'seed', isDescending: false })).toEqual(['a/2', 'a/1', 'a/3']);
    const { total, runs: second } = index.runs({}, { limit: 2, offset: 2 });
    expect(total).toBe(3);
    expect(second.map(({ path }) => path)).toEqual(['a/1']);
    expect(index.facets()).toEqual({
      systems: ['kraft', 'raft'],
      workloads: ['log', 'register'],
      clusters: ['sim'],
      nemeses: [hostile, 'kill', 'partition'],
      bugs: ['b,c'],
    });
    index.close();
  });

  test('signatures with when they were seen and the shortest example; the run before of the same test', async () => {
    const at = (day: number): { startedAt: string } => ({ startedAt: `2026-11-0${day}T00:00:00.000Z` });
    const index = await indexOf(
      fresh([
        { path: 'x/1', valid: false, test: at(1) },
        { path: 'x/2', valid: true, test: at(2) },
        { path: 'x/3', valid: false, test: at(3) },
        { path: 'x/4', valid: true, test: { ...at(4), nemeses: [] } },
      ]),
    );
    expect(index.signatures({}, 10)).toMatchObject([
      {
        ...{ runs: 2, firstSeen: '2026-11-01T00:00:00.000Z', lastSeen: '2026-11-03T00:00:00.000Z' },
        ...{ signature: 'raft-register/linearizability/stale-read/3f9a1c', shortest: 'x/1' },
      },
    ]);
    const run = (path: string) => index.run(path) as NonNullable<ReturnType<RunIndex['run']>>;
    expect(index.previous(run('x/3'))?.path).toBe('x/2');
    expect(index.previous(run('x/4'))).toBeNull();
    index.close();
  });

  test('of hundreds, every run is counted once', async () => {
    const folder = fresh();
    makeRuns(folder, 300);
    const index = await indexOf(folder);
    expect(index.outcomes()).toEqual({ invalid: 10, unknown: 7, valid: 283 });
    expect(index.points({ system: 'raft' })).toHaveLength(200);
    index.close();
  });
});

describe('the file', () => {
  const file = (folder: string): string => join(folder, INDEX_FILE);

  test.each<[string, (path: string) => void, RegExp]>([
    [
      'no database',
      (path) => writeFileSync(path, 'hello, hello, hello'),
      /is made anew: file is not a database/,
    ],
    [
      'a database of somebody else',
      (path) => {
        const other = new DatabaseSync(path);
        other.exec('CREATE TABLE poems (text)');
        other.close();
      },
      /is made anew: it is no index of Shaketable/,
    ],
    [
      'of another version',
      (path) => {
        const other = new DatabaseSync(path);
        other.exec('PRAGMA user_version = 99');
        other.close();
      },
      /is made anew: it has version 99/,
    ],
    [
      'damaged',
      (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0xff, 4096);
        writeFileSync(path, bytes);
      },
      /is made anew/,
    ],
  ])('%s: made anew', async (_, damage, note) => {
    const folder = fresh([{ path: 'x/a', valid: true }]);
    (await indexOf(folder)).close();
    if (note.source.includes('no index')) rmSync(file(folder));
    damage(file(folder));
    const index = await indexOf(folder);
    expect(index.note).toMatch(note);
    expect(pathsOf(index)).toEqual(['x/a']);
    index.close();
  });

  test('where it cannot be written it lives in memory', async () => {
    const folder = fresh([{ path: 'x/a', valid: true }]);
    mkdirSync(join(file(folder), 'in the way'), { recursive: true });
    const index = await indexOf(folder);
    expect(index.file).toBeNull();
    expect(index.note).toMatch(/^the index is kept in memory/);
    expect(pathsOf(index)).toEqual(['x/a']);
    index.close();
  });

  test('several may have it open, and see what the others read', async () => {
    const folder = fresh([{ path: 'x/a', valid: true }]);
    const [one, two] = [RunIndex.open(folder), RunIndex.open(folder)];
    await Promise.all([one.refresh(), two.refresh()]);
    makeRun(folder, { path: 'x/b', valid: true });
    await one.refresh();
    expect(pathsOf(two)).toHaveLength(2);
    one.close();
    two.close();
  });

  test('anew: what it knew is forgotten', async () => {
    const folder = fresh([{ path: 'x/a', valid: true }]);
    (await indexOf(folder)).close();
    const index = RunIndex.open(folder, { isFresh: true });
    expect(pathsOf(index)).toEqual([]);
    expect(await index.refresh()).toMatchObject({ runs: 1, read: 1 });
    index.close();
  });
});
