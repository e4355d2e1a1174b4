/** Every mistake is one line that says what to do, and an exit code; nothing that was recorded is lost by it. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { mountSmallDisk, smallDisks } from '../../test/small-disk.ts';
import { commandIn, copyOf, type Ended, onlyRunIn, readRecords, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);

/** One line of `shaketable: …`, no stack trace, nothing on standard output. */
function expectOneLine({ exitCode, stdout, stderr }: Ended, code: number, sentence: string | RegExp): void {
  expect(stderr).toMatch(/^shaketable: [^\n]+\n$/);
  if (typeof sentence === 'string') expect(stderr).toBe(`shaketable: ${sentence}\n`);
  else expect(stderr).toMatch(sentence);
  expect(stdout).toBe('');
  expect(exitCode).toBe(code);
}

const RUN = 'run raft register';

describe('the command line', () => {
  it.each<[string, string | RegExp]>([
    ['rnu', 'unknown command "rnu": did you mean "run"?'],
    ['run rfat register', 'unknown system "rfat": did you mean "raft"?'],
    ['run raft registre', 'unknown workload "registre": did you mean "register"?'],
    [`${RUN} --nemesis kill,partitoin`, 'unknown nemesis "partitoin": did you mean "partition"?'],
    [`${RUN} --nemesis xyzzyplugh`, /unknown nemesis "xyzzyplugh": known are none, partition, /],
    [`${RUN} --bug stale-raed`, 'unknown bug of raft "stale-raed": did you mean "stale-read"?'],
    [`${RUN} --nemesis kill,`, '--nemesis "kill,": a name is empty'],
    [`${RUN} --bug=`, '--bug "": a name is empty'],
    [`${RUN} --option keyz=1`, 'unknown option "keyz": did you mean "keys"?'],
    [`${RUN} --option constructor=1`, /unknown option "constructor": known are keys, /],
    [`${RUN} --sede 1`, "unknown option '--sede' (did you mean --seed?); see shaketable run --help"],
    ['list bgus', 'unknown list "bgus": did you mean "bugs"?'],
    ['check --model cas-regster x', 'unknown model "cas-regster": did you mean "cas-register"?'],
    [`${RUN} --cluster smi`, 'unknown cluster "smi": did you mean "sim"?'],
    [
      `${RUN} --cluster docker --verify-determinism`,
      '--verify-determinism: only simulated runs can be the same twice',
    ],
    [
      `${RUN} --ready-timeout 0 --cluster process`,
      '--ready-timeout 0: wants a number of more than 0 and at most 1000000',
    ],
    ['run raft', "missing required argument 'workload'; see shaketable run --help"],
    [`${RUN} --seed`, "option '--seed <number>' argument missing; see shaketable run --help"],
    [`${RUN} more`, /^shaketable: too many arguments for 'run'.*; see shaketable run --help$/m],
  ])('%s', async (line, sentence) => {
    expectOneLine(await shaketable(...line.split(' ')), 64, sentence);
  });

  it.each<[string, string | RegExp]>([
    ['--seed abc', '--seed abc: wants a whole number of at least 0'],
    ['--seed -1', '--seed -1: wants a whole number of at least 0'],
    ['--seed 1.5', '--seed 1.5: wants a whole number of at least 0'],
    ['--seed 9007199254740993', /wants a whole number of at least 0 and at most 9007199254740991$/m],
    [
      '--seed 9007199254740991 --count 2',
      '--seed 9007199254740991 --count 2: the last seed would be too large',
    ],
    ['--rate 0', '--rate 0: wants a number of more than 0 and at most 1000000'],
    ['--nodes 0', '--nodes 0: wants a whole number of at least 1 and at most 101'],
    ['--time-limit -3', '--time-limit -3: wants a number of more than 0 and at most 1000000'],
    ['--option keys=0', '--option keys=0: wants a whole number of at least 1'],
    ['--option keys=many', '--option keys=many: wants a number'],
    ['--option keys', '--option keys: wants NAME=VALUE'],
    ['--option values=huge', '--option values=huge: wants unique or small'],
    ['--option preVote=maybe', '--option preVote=maybe: wants true or false'],
    ['--option electionTimeoutMs=10', 'electionTimeoutMs (10) must be more than heartbeatMs (50)'],
  ])('run %s', async (line, sentence) => {
    expectOneLine(await shaketable(...RUN.split(' '), ...line.split(' ')), 64, sentence);
  });

  it('nothing was started or written by any of these', () => {
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a results folder that cannot be written', () => {
  const short = [...RUN.split(' '), '--time-limit', '1', '--results'];

  it('a file is in its place', async () => {
    writeFileSync(join(folder, 'file'), 'mine');
    const refused =
      /^shaketable: cannot write results to file: \S*file is no folder; choose another with --results DIR$/m;
    expectOneLine(await shaketable(...short, 'file'), 70, refused);
    expectOneLine(await shaketable(...short, 'file/deeper'), 70, /cannot write results to file\/deeper: /);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine');
  });

  it('a place where nothing can be made', async () => {
    expectOneLine(await shaketable(...short, '/proc/x'), 70, /cannot write results to \/proc\/x: ENOENT/);
  });

  it('a report that cannot be written', async () => {
    await shaketable(...short, 'for-report');
    const run = onlyRunIn(join(folder, 'for-report'));
    expectOneLine(
      await shaketable('report', run, '--output', 'no/such/folder.html'),
      70,
      /cannot write no\/such\/folder\.html: ENOENT/,
    );
  });
});

describe('a disk that fills up', () => {
  it.skipIf(smallDisks.skip).each([
    ['while the run goes on', '300k', /cannot write \S+\/(trace|history)\.jsonl: ENOSPC/],
    ['after it', '1200k', /cannot write \S+\/plan\.json: ENOSPC/],
  ])(`%s: what was recorded is kept${smallDisks.note}`, async (_, size, sentence) => {
    const tiny = join(folder, `tiny-${size}`);
    const disk = mountSmallDisk(tiny, size);
    try {
      const ended = await shaketable(
        ...RUN.split(' '),
        '--seed',
        '1',
        '--time-limit',
        '5',
        '--results',
        tiny,
      );
      const run = onlyRunIn(tiny);
      expectOneLine(ended, 70, sentence);
      expect(ended.stderr).toContain(`(seed 1; what was recorded is in ${run})`);
      const checked = await shaketable('check', run, '--json');
      expect(checked.exitCode).toBe(0);
      const [result] = (JSON.parse(checked.stdout) as { results: { operations: number }[] }).results;
      expect(result?.operations).toBeGreaterThan(100);
      expect(readdirSync(run).filter((name) => name.endsWith('.partial'))).toEqual([]);
    } finally {
      disk.unmount();
    }
  });
});

describe('a history that cannot be judged', () => {
  const HEADER = '{"format":"shaketable-history","version":1}\n';
  const op = (index: number, process: number, type: string, f = 'read'): string =>
    `${JSON.stringify({ index, time: index, process, type, f, value: null })}\n`;

  it.each<[string, string | Uint8Array, RegExp]>([
    ['empty', '', /bad: this is no history that Shaketable knows .*: the file is empty$/m],
    [
      'PNG',
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13),
      /bad: this is no history that Shaketable knows .*: it begins with /,
    ],
    [
      'JSON of others',
      '{"hello": "world"}\n',
      /bad: line 1: it has no type \(must be invoke, ok, fail or info\)/,
    ],
    ['a JSON array', '[1, 2, 3]\n', /^shaketable: bad: /],
    [
      'CSV',
      'time,process,f\n1,2,read\n',
      /bad: this is no history that Shaketable knows .*: it begins with "time,process/,
    ],
    [
      'a newer version',
      HEADER.replace('1', '2'),
      /version 2 is unknown to this Shaketable, which reads version 1$/m,
    ],
    [
      'two invokes of one process',
      HEADER + op(0, 1, 'invoke') + op(1, 1, 'invoke'),
      /bad: line 3: process 1 invokes read \(operation 1\) while its read \(operation 0\) has not completed$/m,
    ],
    [
      'a completion without an invoke',
      HEADER + op(0, 1, 'ok'),
      /bad: line 2: process 1 completes read with ok \(operation 0\) but has invoked nothing$/m,
    ],
    [
      'a line that is broken in the middle',
      `${HEADER}{"index":0,\n${op(1, 1, 'invoke')}`,
      /bad: line 2: not JSON/,
    ],
    [
      'functions that no model knows',
      HEADER + op(0, 1, 'invoke', 'fly'),
      /bad: nobody recognises a history of fly: name who judges it, with --workload or --model/,
    ],
  ])('%s', async (_, content, sentence) => {
    writeFileSync(join(folder, 'bad'), content);
    expectOneLine(await shaketable('check', 'bad'), 64, sentence);
  });

  it('functions that the model does not know', async () => {
    writeFileSync(join(folder, 'bad'), HEADER + op(0, 1, 'invoke', 'fly') + op(1, 1, 'ok', 'fly'));
    expectOneLine(await shaketable('check', '--model', 'register', 'bad'), 64, /fly/);
  });

  it('nothing there', async () => {
    expectOneLine(await shaketable('check', 'nowhere'), 64, 'nowhere does not exist');
    mkdirSync(join(folder, 'a-folder'));
    expectOneLine(
      await shaketable('check', 'a-folder'),
      64,
      /^shaketable: a-folder is a folder without a history: no history\.jsonl, /,
    );
    expectOneLine(await shaketable('report', 'nowhere'), 64, 'nowhere does not exist');
  });
});

describe('a run directory that is damaged', () => {
  let run = '';
  let names = 0;
  beforeAll(async () => {
    await shaketable(
      ...RUN.split(' '),
      '--seed',
      '1',
      '--time-limit',
      '1',
      '--quiet',
      '1',
      '--results',
      'whole',
    );
    run = onlyRunIn(join(folder, 'whole'));
  });
  const damage = (name: string, content: string | null): string => {
    const copy = copyOf(run, join(folder, `damaged-${++names}`));
    if (content === null) rmSync(join(copy, name));
    else writeFileSync(join(copy, name), content);
    return copy;
  };
  const text = (name: string): string => readFileSync(join(run, name), 'utf8');

  it.each<[string, string, () => string | null, RegExp]>([
    [
      'test.json is cut off',
      'test.json',
      () => text('test.json').slice(0, 100),
      /test\.json is not JSON: is it cut off, or no run directory\?$/m,
    ],
    [
      'test.json is of others',
      'test.json',
      () => '{}',
      /test\.json is not the test\.json of a shaketable run$/m,
    ],
    [
      'test.json is of a newer version',
      'test.json',
      () => text('test.json').replace('"version": 1', '"version": 9'),
      /test\.json has format version 9; this shaketable reads version 1: use the release that wrote it$/m,
    ],
    [
      'test.json lacks a field',
      'test.json',
      () => text('test.json').replace('"seed"', '"sede"'),
      /test\.json: seed: /,
    ],
    [
      'test.json names a workload of a newer release',
      'test.json',
      () => text('test.json').replace('"register"', '"queue"'),
      /test\.json: unknown workload "queue"/,
    ],
    ['there is no history', 'history.jsonl', () => null, /history\.jsonl does not exist$/m],
    ['the history is empty', 'history.jsonl', () => '', /history\.jsonl: line 1: the file is empty/],
    [
      'the trace is of others',
      'trace.jsonl',
      () => '{"format":"other","version":1}\n',
      /trace\.jsonl: line 1: this is a "other" file/,
    ],
  ])('%s', async (_, name, content, sentence) => {
    expectOneLine(await shaketable('check', damage(name, content())), 64, sentence);
  });

  it.each<[string, string, () => string | null, RegExp]>([
    [
      'the history is cut off',
      'history.jsonl',
      () => text('history.jsonl').slice(0, -30),
      /history\.jsonl ends in the middle of line \d+: it was cut off there, and is judged up to it/,
    ],
    [
      'the history lacks its end',
      'history.jsonl',
      () => `${text('history.jsonl').split('\n').slice(0, 101).join('\n')}\n`,
      /history\.jsonl holds 100 of the \d+ records that its verdict was made from/,
    ],
    [
      'the trace is cut off',
      'trace.jsonl',
      () => text('trace.jsonl').slice(0, -5),
      /trace\.jsonl ends in the middle of line \d+/,
    ],
    [
      'there is no verdict',
      'verdict.json',
      () => null,
      /has no verdict\.json: the run was cut off, and is judged as far as it got/,
    ],
    [
      'the verdict is cut off',
      'verdict.json',
      () => '{"form',
      /verdict\.json is not JSON: is it cut off\? \(it is left aside\)/,
    ],
    ['the plan is cut off', 'plan.json', () => '{"form', /^/],
  ])('%s: it is judged as far as it goes, with a note', async (_, name, content, note) => {
    const ended = await shaketable('check', '--json', damage(name, content()));
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    const [result] = (JSON.parse(ended.stdout) as { results: { notes: string[]; valid: unknown }[] }).results;
    expect(result?.valid).toBe(true);
    expect(result?.notes.join('\n')).toMatch(note);
  });

  it('one without a trace is not judged by those who need it', async () => {
    const ended = await shaketable('check', damage('trace.jsonl', null));
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout.replace(/\s+/g, ' ')).toContain(
      'has no trace.jsonl: what the nodes said of themselves is not judged',
    );
  });

  it('does not keep others from being judged; false wins, then the mistake', async () => {
    const bad = damage('test.json', '{}');
    const ended = await shaketable('check', run, bad, run);
    expect(ended.exitCode).toBe(64);
    expect(ended.stdout.match(/^VALID/gm)).toHaveLength(2);
    expect(ended.stderr).toMatch(/^shaketable: \S+test\.json is not the test\.json of a shaketable run\n$/);

    writeFileSync(
      join(folder, 'false.log'),
      'INFO  jepsen.util - 0\t:invoke\t:write\t1\nINFO  jepsen.util - 0\t:ok\t:write\t1\n' +
        'INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t2\n',
    );
    const json = await shaketable('check', '--json', bad, 'false.log');
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      results: [
        { path: bad, error: expect.stringContaining('is not the test.json') as string },
        { path: 'false.log', valid: false },
      ],
    });
  });

  it('nobody changed what was recorded', () => {
    expect(readRecords(run, 'history.jsonl').length).toBeGreaterThan(100);
    expect(readdirSync(run)).toContain('report.html');
  });
});
