import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLedger, type SeedRecord, type SweepHeader } from '../sweep/ledger.ts';
import { cell, header, record } from '../sweep/testing/samples.ts';
import { commandIn, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);
const CELLS = [cell('raft register', { seeds: { first: 1, last: 4 } })];
/** Seeds of cell 0 are spread by their remainder. */
const [OF_FIRST, OF_SECOND] = [
  [2, 4],
  [1, 3],
] as const;
const DIRECTORY = 'runs/raft-register/20261128T030000Z-1';

/** What two machines leave behind, in folders `<name>-1` and `<name>-2`. */
function shards(
  name: string,
  records: readonly (readonly SeedRecord[])[],
  given: Partial<SweepHeader> = {},
): readonly string[] {
  return records.map((each, i) => {
    const path = `${name}-${i + 1}`;
    mkdirSync(join(folder, path));
    const head = header(CELLS, { shard: { index: i + 1, count: 2 }, ...(i === 1 ? given : {}) });
    const lines = [head, ...each].map((line) => `${JSON.stringify(line)}\n`);
    writeFileSync(join(folder, path, 'sweep.jsonl'), lines.join(''));
    return path;
  });
}
const valid = (seeds: readonly number[]) => seeds.map((seed) => record('raft register', seed));

describe('shards that are merged', () => {
  it('pass where each is finished, and not where one is not', async () => {
    const whole = shards('whole', [valid(OF_FIRST), valid(OF_SECOND)]);
    expect(await shaketable('merge', ...whole, '--output', 'all')).toMatchObject({ exitCode: 0 });
    const cut = shards('cut', [valid(OF_FIRST), valid([1])]);
    const ended = await shaketable('merge', ...cut, '--output', 'cut');
    expect(ended).toMatchObject({ exitCode: 2 });
    expect(ended.stderr).toContain('unfinished: 2/2: go on by npx shaketable sweep --resume cut-2\n');
    expect(ended.stderr).not.toContain('1/2');
  });

  it('are merged anew after a merge that was killed, and over nothing else', async () => {
    const paths = shards('killed', [valid(OF_FIRST), valid(OF_SECOND)]);
    const merge = () => shaketable('merge', ...paths, '--output', 'twice');
    // As it is left: a ledger that is cut off, runs, and no summary.
    const [run, ledger] = [join(folder, 'twice', DIRECTORY), join(folder, 'twice', 'sweep.jsonl')];
    mkdirSync(run, { recursive: true });
    const taken = { exitCode: 64, stdout: '' };
    const mend = 'remove it, or choose another with --output';
    expect(await merge()).toEqual({ ...taken, stderr: `shaketable: twice has runs already: ${mend}\n` });
    expect(readdirSync(join(folder, 'twice'))).toEqual(['runs']);
    writeFileSync(join(folder, 'twice', 'merge.partial'), '');
    writeFileSync(ledger, `${JSON.stringify(header(CELLS))}\n`);
    expect(await shaketable('sweep', '--resume', 'twice')).toEqual({ ...taken, stderr: 'shaketable: twice was not merged to the end: merge its shards again\n' }); // prettier-ignore
    expect(await merge()).toMatchObject({ exitCode: 0 });
    expect(parseLedger(readFileSync(ledger, 'utf8'), ledger).records).toHaveLength(4);
    expect(readdirSync(join(folder, 'twice')).sort()).toEqual(['index.html', 'junit.xml', 'summary.json', 'summary.md', 'sweep.jsonl', 'sweep.lock']); // prettier-ignore
    expect(await merge()).toEqual({ ...taken, stderr: `shaketable: twice has a sweep already: ${mend}\n` });
  });

  it('pass where one has no seed; of a checkout with changes it is said that they may be of different code', async () => {
    const few = [cell('raft register', { seeds: { first: 1, last: 1 } })];
    const paths = ['few-1', 'few-2'].map((path, i) => {
      mkdirSync(join(folder, path));
      const head = header(few, { shard: { index: i + 1, count: 2 }, gitRevision: 'abc+' });
      const lines = [head, ...(i === 1 ? valid([1]) : [])].map((line) => `${JSON.stringify(line)}\n`);
      writeFileSync(join(folder, path, 'sweep.jsonl'), lines.join(''));
      return path;
    });
    const { exitCode, stderr } = await shaketable('merge', ...paths, '--output', 'few');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('abc+ has changes that no revision tells: its parts may be of different code\n');
  });

  it('keep the runs of both where two machines gave them one name', async () => {
    const found = (seed: number, path: string): SeedRecord =>
      record('raft register', seed, {
        outcome: 'invalid',
        directory: DIRECTORY,
        again: `npx shaketable replay ${path}/${DIRECTORY}`,
      });
    const paths = shards('named', [
      [found(2, 'named-1'), ...valid([4])],
      [found(1, 'named-2'), ...valid([3])],
    ]);
    for (const path of paths) {
      mkdirSync(join(folder, path, DIRECTORY), { recursive: true });
      writeFileSync(join(folder, path, DIRECTORY, 'test.json'), path);
    }
    expect(await shaketable('merge', ...paths, '--output', 'both')).toMatchObject({ exitCode: 1 });
    const { records } = parseLedger(readFileSync(join(folder, 'both', 'sweep.jsonl'), 'utf8'), 'both');
    const kept = records.filter(({ directory }) => directory !== null);
    const evidence = kept.map(({ seed, directory, again }) => ({
      seed,
      of: readFileSync(join(folder, 'both', directory ?? '', 'test.json'), 'utf8'),
      isAgain: again === `npx shaketable replay both/${directory ?? ''}`,
    }));
    expect(evidence).toEqual([
      { seed: 2, of: 'named-1', isAgain: true },
      { seed: 1, of: 'named-2', isAgain: true },
    ]);
    expect(readdirSync(join(folder, 'both', 'runs', 'raft-register'))).toHaveLength(2);
  });

  it.each([
    ['name', 'weekly'],
    ['shaketableVersion', '0.0.9'],
    ['gitRevision', 'abc'],
  ] as const)('are refused where their %s differs', async (key, value) => {
    const paths = shards(`other-${key}`, [valid(OF_FIRST), valid(OF_SECOND)], { [key]: value });
    const { exitCode, stderr } = await shaketable('merge', ...paths, '--output', `merged-${key}`);
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(
      new RegExp(`^shaketable: \\S+-2 and \\S+-1 are of different sweeps: ${key} ${value} and \\S+\\n$`),
    );
  });
});
