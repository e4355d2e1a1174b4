/** `check` of what others left behind: folders of a store, a report of a history, notes. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readReport } from '../../results/report/testing/read-report.ts';
import { commandIn, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);

const VALID = `{:process 0, :type :invoke, :f :write, :value 1, :time 5}
{:process 0, :type :ok, :f :write, :value 1, :time 9}
{:process 1, :type :invoke, :f :read, :value nil, :time 10}
{:process 1, :type :ok, :f :read, :value 1, :time 20}\n`;
const STALE = VALID.replace(':read, :value 1', ':read, :value 2');

const [EARLY, LATE] = ['20260101T000000.000+0000', '20260102T000000.000+0000'];

beforeAll(() => {
  for (const time of [EARLY, LATE]) mkdirSync(join(folder, 'store', 'etcd', time), { recursive: true });
  const file = (time: string, name: string): string => join(folder, 'store', 'etcd', time, name);
  writeFileSync(file(EARLY, 'history.edn'), STALE);
  writeFileSync(file(EARLY, 'results.edn'), '{:valid? true, :linear {:valid? true}}');
  writeFileSync(
    file(LATE, 'history.txt'),
    '0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n0\t:invoke\t:read\tnil\n0\t:ok\t:read\t1\n',
  );
  symlinkSync(join(folder, 'store', 'etcd', LATE), join(folder, 'store', 'etcd', 'latest'));
  mkdirSync(join(folder, 'binary'));
  writeFileSync(join(folder, 'binary', 'test.fressian'), 'x');
  writeFileSync(join(folder, 'stale.edn'), STALE);
});

describe('a folder of a store', () => {
  it('is judged by its history, beside what those who recorded it found', async () => {
    const path = `store/etcd/${EARLY}`;
    const ended = await shaketable('check', path);
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/^INVALID {2}store\/etcd\/20260101\S+ {2}\(4 records, register, /);
    expect(ended.stderr).toContain(`${path}/results.edn says valid (linear valid)\n`);
    expect(ended.stderr).toContain(
      `${path}: judged as --model register, because of write, read; say otherwise`,
    );
  });

  it('may lie above: the latest run is taken, with a note', async () => {
    for (const path of ['store', 'store/etcd/', 'store/etcd/latest']) {
      const ended = await shaketable('check', '--model', 'register', path);
      expect(ended.exitCode).toBe(0);
      if (path !== 'store/etcd/latest') {
        expect(ended.stderr).toMatch(
          /: store\/etcd\/20260102\S+\/history\.txt was taken, the latest of them\n/,
        );
      }
    }
  });

  it('without a history is said to be so', async () => {
    const ended = await shaketable('check', 'binary');
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(/^shaketable: binary is a folder without a history: .*\.fressian/);
  });
});

describe('report of a history', () => {
  it('is the page of check --report', async () => {
    const ended = await shaketable('report', 'stale.edn', '--model', 'cas-register', '--output', 'own.html');
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'own.html\n' });
    const html = readFileSync(join(folder, 'own.html'), 'utf8');
    expect(html).toContain('<title>INVALID: stale.edn</title>');
    expect(html).toContain('"value":"cas-register"');
    expect((await shaketable('report', 'nowhere.edn')).stderr).toBe(
      'shaketable: nowhere.edn does not exist\n',
    );
  });
});

describe('check --report', () => {
  it('writes a page without anything that only a run of ours has', async () => {
    const ended = await shaketable('check', 'stale.edn', '--report', 'stale.html');
    expect(ended.exitCode).toBe(1);
    const html = readFileSync(join(folder, 'stale.html'), 'utf8');
    expect(html).toContain('<title>INVALID: stale.edn</title>');
    expect(readReport(html)).toMatchObject({
      headline: 'Consistency violated: nonlinearizable',
      replayCommand: null,
      commandLine: 'shaketable check stale.edn --report stale.html',
      facts: [
        { name: 'History', value: 'stale.edn' },
        { name: 'Format', value: 'jepsen-edn' },
        { name: 'Judged as', value: 'register' },
        { name: 'Records', value: '4' },
        { name: 'Length', value: '20 ns' },
      ],
      options: [],
      nodes: [],
      threads: 2,
    });
  });

  it('is of one path', async () => {
    expect(await shaketable('check', 'stale.edn', 'stale.edn', '--report', 'x.html')).toMatchObject({
      exitCode: 64,
      stderr: 'shaketable: --report is of one path: check the others without it\n',
    });
    const ended = await shaketable('check', 'stale.edn', '--report', 'no/such/x.html');
    expect(ended.exitCode).toBe(70);
    expect(ended.stderr).toMatch(/cannot write no\/such\/x\.html: ENOENT/);
  });
});
