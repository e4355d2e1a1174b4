import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandIn, onlyRunIn, readJson, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);

interface CheckJson {
  readonly valid: unknown;
  readonly results: readonly {
    path: string;
    valid: unknown;
    verdicts: unknown;
    notes: string[];
    operations: number;
  }[];
}

async function makeRun(name: string, ...options: readonly string[]): Promise<string> {
  await shaketable(
    'run',
    'raft',
    'register',
    '--time-limit',
    '2',
    '--quiet',
    '1',
    '--results',
    name,
    ...options,
  );
  return onlyRunIn(join(folder, name));
}

/** A log as Porcupine's test data has them: `0 invoke write 1`. */
function logFile(name: string, ...lines: readonly string[]): string {
  const text = lines.map((line) => {
    const [process, type, f, value] = line.split(' ');
    return `INFO  jepsen.util - ${process}\t:${type}\t:${f}\t${value ?? 'nil'}\n`;
  });
  writeFileSync(join(folder, name), text.join(''));
  return name;
}

describe('check of a run', () => {
  it.each([
    ['valid', 0, ['--seed', '1', '--nemesis', 'partition,kill,pause', '--nemesis-interval', '0.5']],
    ['invalid', 1, ['--seed', '1', '--bug', 'ack-before-commit']],
    ['vacuous', 2, ['--seed', '1', '--operation-timeout', '0.1']],
  ])('%s: decides what the run decided, in every word', async (name, exitCode, options) => {
    const run = await makeRun(name, ...options);
    const ended = await shaketable('check', run, '--json');
    expect(ended).toMatchObject({ exitCode, stderr: '' });
    const { results } = JSON.parse(ended.stdout) as CheckJson;
    const recorded = readJson<{ valid: unknown; verdicts: unknown }>(run, 'verdict.json');
    expect(results[0]).toMatchObject({ path: run, valid: recorded.valid, notes: [] });
    expect(results[0]?.verdicts).toEqual(recorded.verdicts);

    const said = await shaketable('check', run);
    expect(said).toMatchObject({ exitCode, stderr: '' });
    expect(said.stdout).toContain(`replay      npx shaketable replay ${run}`);
  });

  it('with a model: the history alone', async () => {
    const run = await makeRun('model', '--seed', '2');
    const ended = await shaketable('check', '--model', 'kv', run);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect((await shaketable('check', '--model', 'cas-register', run)).stdout).toMatch(
      /^VALID {2}\S+ {2}\(\d+ records, cas-register, \d+ ms\)\n$/,
    );
  });
});

describe('report', () => {
  it('is the one that the run wrote, byte for byte', async () => {
    const run = await makeRun('report', '--seed', '3', '--nemesis', 'kill', '--nemesis-interval', '0.5');
    const written = readFileSync(join(run, 'report.html'), 'utf8');
    const ended = await shaketable('report', run, '--output', 'elsewhere.html');
    expect(ended).toEqual({ exitCode: 0, stdout: 'elsewhere.html\n', stderr: '' });
    // But for the path in the command that replays it: the run was named from its own folder.
    const anew = readFileSync(join(folder, 'elsewhere.html'), 'utf8');
    expect(anew.replaceAll(`${folder}/`, '')).toBe(written);
    writeFileSync(join(run, 'report.html'), 'lost');
    expect((await shaketable('report', run)).stdout).toBe(`${run}/report.html\n`);
    expect(readFileSync(join(run, 'report.html'), 'utf8').length).toBe(anew.length);
  });
});

describe('check of a file', () => {
  it('judges it, and says where the order breaks', async () => {
    const file = logFile('wrong.log', '0 invoke write 1', '0 ok write 1', '1 invoke read', '1 ok read 2');
    const ended = await shaketable('check', '--model', 'cas-register', file);
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(
      /^INVALID {2}wrong\.log {2}\(4 records, cas-register, \d+ ms\)\n {2}nonlinearizable: /,
    );
    expect(ended.stderr).not.toContain('judged as');
  });

  it('guesses a model and says so; several files have one exit code', async () => {
    const right = logFile('right.log', '0 invoke write 1', '0 ok write 1', '1 invoke read', '1 ok read 1');
    const wrong = logFile('wrong.log', '0 invoke write 1', '0 ok write 1', '1 invoke read', '1 ok read 2');
    const ended = await shaketable('check', right, wrong);
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/^VALID {2}right\.log .*\nINVALID {2}wrong\.log /);
    expect(ended.stderr).toMatch(
      /right\.log: judged as --model register, because of write, read; say otherwise with --model or --workload\n/,
    );
  });

  it('proves nothing when nothing was acknowledged', async () => {
    const file = logFile('idle.log', '0 invoke write 1', '0 info write 1', '1 invoke read', '1 fail read');
    const ended = await shaketable('check', '--model', 'cas-register', file);
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toMatch(/^UNKNOWN/);
    expect(ended.stdout).toContain('The history proves nothing: no operation of a client was ok');
    const json = await shaketable('check', '--model', 'cas-register', '--json', file);
    expect(json).toMatchObject({ exitCode: 2, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: 'unknown' });
  });

  it('proves nothing when nothing that was acknowledged could be wrong, or when nobody did anything', async () => {
    const file = logFile('blind.log', '0 invoke write 1', '0 ok write 1', '0 invoke write 2', '0 ok write 2');
    const ended = await shaketable('check', '--json', file);
    expect(ended.exitCode).toBe(2);
    // One verdict says that it is vacuous, or is not.
    expect(ended.stdout.match(/"checker": "vacuous"/g)).toHaveLength(1);
    expect(ended.stdout).toContain(
      'The history proves nothing: of write, which is all that was acknowledged, none can be wrong in any state of register.',
    );
    writeFileSync(join(folder, 'empty.edn'), '[]');
    const empty = await shaketable('check', 'empty.edn');
    expect(empty).toMatchObject({ exitCode: 2, stderr: '' });
    expect(empty.stdout).toMatch(
      /^UNKNOWN {2}empty\.edn .*\n {2}vacuous: The history proves nothing: no client did anything/,
    );
  });

  it('is judged up to where it was cut off', async () => {
    writeFileSync(
      join(folder, 'torn.jsonl'),
      '{"format":"shaketable-history","version":1}\n' +
        '{"index":0,"time":0,"process":0,"type":"invoke","f":"write","key":"x","value":1}\n' +
        '{"index":1,"time":5,"process":0,"type":"ok","f":"write","key":"x","value":1}\n' +
        '{"index":2,"time":6,"process":0,"type":"invoke","f":"read","key":"x","value":null}\n' +
        '{"index":3,"time":7,"process":0,"type":"ok","f":"read","key":"x","value":1}\n{"index":4,"ti',
    );
    const ended = await shaketable('check', 'torn.jsonl');
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toMatch(/^VALID {2}torn\.jsonl {2}\(4 records/);
    expect(ended.stderr).toContain(
      'torn.jsonl ends in the middle of line 6: it was cut off there, and is judged up to it\n',
    );
  });

  it('is unknown when the time is up, with the reason', async () => {
    const run = await makeRun('hard', '--seed', '1');
    const ended = await shaketable('check', '--model', 'cas-register', '--time-budget', '0.000001', run);
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toMatch(/^UNKNOWN .*\n {2}linearizability: the time budget was used up/);
    const whole = await shaketable('check', '--time-budget', '0.000001', run, '--json');
    expect(whole.exitCode).toBe(2);
    expect(whole.stdout).toMatch(/the time budget was used up|time budget ended/);
  });
});
