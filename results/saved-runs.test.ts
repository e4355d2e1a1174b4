import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { statistics } from '../checkers/statistics/index.ts';
import { HistoryWriter } from '../harness/history/json-lines.ts';
import { sampleRun } from './report/sample.ts';
import { RunDirectory } from './run-directory.ts';
import { runDirectories, savedRuns, summarizeRun } from './saved-runs.ts';
import { signaturesOf } from './signatures.ts';
import { verdictFile } from './verdict-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'shaketable-saved-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(folder, `results-${++count}`);

const sample = sampleRun({ verdict: 'invalid', operations: 400 });
const { history, test } = sample;
const verdicts = [
  ...sample.verdicts.filter(({ checker }) => checker !== 'statistics'),
  statistics().check(sample),
];
const signatures = signaturesOf(test, verdicts, history);

/** A run as the command leaves it behind. */
function save(root: string): string {
  const directory = RunDirectory.create(root, { ...test, startedAt: new Date(test.startedAt) });
  directory.writeJson('test.json', test);
  const writer = new HistoryWriter();
  const lines = history.operations.map((operation) => writer.line(operation));
  directory.write('history.jsonl', [writer.header(), ...lines].join(''));
  const decided = { interruptTime: null, operations: history.length, eventHash: 'aa', eventCount: 1 };
  directory.writeJson('verdict.json', verdictFile({ ...decided, valid: false, verdicts, signatures }));
  return directory.path;
}

describe('a saved run in short', () => {
  it('says what it was, and what came of it', () => {
    const path = save(fresh());
    const { ok, fail, info } = { ok: 0, fail: 0, info: 0, ...summarizeRun(path).counts };
    expect(summarizeRun(path)).toMatchObject({
      path,
      test: { system: test.system, seed: test.seed, commandLine: test.commandLine },
      valid: false,
      signatures,
      operations: history.length,
      sentence: signatures[0]?.explanation,
    });
    expect(ok + fail + info).toBe(
      history.pairs().filter(({ invocation }) => invocation.process !== 'nemesis').length,
    );
    expect(ok).toBeGreaterThan(100);
  });

  it('has the signatures of its history where its verdict has none, and those of classes without a history', () => {
    const path = save(fresh());
    const file = join(path, 'verdict.json');
    const { signatures: _gone, ...older } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(older));
    expect(summarizeRun(path).signatures).toEqual(signatures);
    rmSync(join(path, 'history.jsonl'));
    const [first, ...others] = summarizeRun(path).signatures;
    expect(first).toMatchObject({ checker: signatures[0]?.checker, shape: 'the history is lost' });
    expect(others.map(({ shape }) => shape)).not.toContain(signatures[0]?.shape);
  });

  it('of one that has no verdict yet nothing is said', () => {
    const path = save(fresh());
    rmSync(join(path, 'verdict.json'));
    expect(summarizeRun(path)).toMatchObject({
      valid: null,
      signatures: [],
      operations: null,
      counts: null,
      sentence: null,
    });
  });

  it('is refused where there is none', () => {
    expect(() => summarizeRun(folder)).toThrow(`${folder} is no run directory: it has no test.json`);
  });
});

describe('the runs in a folder', () => {
  it('are found in its folders, too, by their paths, and whatever is broken is told', () => {
    const root = fresh();
    const [plain, swept] = [save(join(root, 'runs')), save(join(root, 'sweeps', 'nightly-1', 'runs'))];
    const broken = save(join(root, 'runs'));
    writeFileSync(join(broken, 'verdict.json'), '{"format":"shaketable-verd');
    const foreign = join(root, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'test.json'), '{}');
    for (const unseen of ['.git', 'node_modules']) save(join(root, unseen));
    symlinkSync(plain, join(root, 'latest'));
    const found = [...savedRuns(root)].map((each) => (each.kind === 'run' ? each.run.path : each));
    expect(found).toEqual([
      { kind: 'problem', path: foreign, reason: expect.stringContaining('is not the test.json') as string },
      plain,
      {
        kind: 'problem',
        path: broken,
        reason: expect.stringMatching(/verdict\.json is not JSON: is it cut off/) as string,
      },
      swept,
    ]);
    expect([...runDirectories(plain)]).toEqual([plain]);
    expect([...savedRuns(join(root, 'nowhere'))]).toEqual([]);
  });
});
