import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HarnessError } from '../harness/errors.ts';
import { readInput, RunDirectory } from './run-directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'shaketable-runs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(folder, `results-${++count}`);
const RUN = {
  system: 'raft',
  workload: 'register',
  seed: 7,
  startedAt: new Date('2026-11-21T20:51:03.123Z'),
};

function refusal(action: () => unknown): HarnessError {
  try {
    action();
  } catch (error) {
    if (error instanceof HarnessError) return error;
  }
  throw new Error('was accepted');
}

describe('RunDirectory', () => {
  it('is named by system, workload, time and seed; a second one of that name gets a suffix', () => {
    const root = fresh();
    expect(RunDirectory.create(root, RUN).path).toBe(join(root, 'raft-register', '20261121T205103Z-7'));
    expect(RunDirectory.create(root, RUN).path).toBe(join(root, 'raft-register', '20261121T205103Z-7-2'));
    expect(RunDirectory.create(root, RUN).path).toBe(join(root, 'raft-register', '20261121T205103Z-7-3'));
  });

  it('writes files whole or not at all', () => {
    const directory = RunDirectory.create(fresh(), RUN);
    directory.write(join('nodes', 'n1', 'a.txt'), 'one');
    directory.write(join('nodes', 'n1', 'a.txt'), 'two');
    expect(directory.read(join('nodes', 'n1', 'a.txt')).toString()).toBe('two');
    expect(readdirSync(directory.file('nodes/n1'))).toEqual(['a.txt']);
    directory.writeJson('test.json', { a: [1] });
    expect(readFileSync(directory.file('test.json'), 'utf8')).toBe('{\n  "a": [\n    1\n  ]\n}\n');
    expect(RunDirectory.isRun(directory.path)).toBe(true);
    expect(RunDirectory.open(directory.path).has('verdict.json')).toBe(false);

    // A folder in its place: what is half written goes away again.
    mkdirSync(directory.file('taken'));
    expect(refusal(() => directory.write('taken', 'text'))).toMatchObject({ code: 'io', exitCode: 70 });
    expect(existsSync(directory.file('taken.partial'))).toBe(false);
  });

  it('has files of lines in folders of their own', () => {
    const directory = RunDirectory.create(fresh(), RUN);
    const lines = directory.lines(join('nodes', 'n1', 'node.log'), { head: 'head\n' });
    lines.append('one\n');
    lines.close();
    expect(directory.read('nodes/n1/node.log').toString()).toBe('head\none\n');
  });

  it.each([
    ['a file', (path: string) => writeFileSync(path, 'mine'), (path: string) => path],
    ['a file above', (path: string) => writeFileSync(path, 'mine'), (path: string) => join(path, 'a', 'b')],
    ['a place where nothing can be made', () => undefined, () => '/proc/shaketable/runs'],
  ])('cannot be made where there is %s', (_, prepare, rootOf) => {
    const path = fresh();
    prepare(path);
    const refused = refusal(() => RunDirectory.create(rootOf(path), RUN));
    expect(refused).toMatchObject({ code: 'io', exitCode: 70 });
    expect(refused.message).toMatch(/^cannot write results to .*; choose another with --results DIR$/);
  });

  it('is none without a test.json', () => {
    const path = fresh();
    mkdirSync(path);
    expect(RunDirectory.isRun(path)).toBe(false);
    expect(refusal(() => RunDirectory.open(path)).message).toBe(
      `${path} is no run directory: it has no test.json`,
    );
  });
});

describe('readInput', () => {
  it('says in one line why a file cannot be read', () => {
    const path = fresh();
    expect(refusal(() => readInput(path))).toMatchObject({ message: `${path} does not exist`, exitCode: 64 });
    writeFileSync(path, 'text');
    expect(readInput(path).toString()).toBe('text');
    expect(refusal(() => readInput(join(path, 'below'))).message).toBe(
      `${join(path, 'below')} does not exist`,
    );
    expect(refusal(() => readInput(folder)).message).toMatch(/is a folder, and no run directory/);
  });
});
