import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FaultEffect, Operation } from '../history/operation.ts';
import {
  commandIn,
  onlyRunIn,
  readJson,
  readRecords,
  runsIn,
  startCommand,
  temporaryFolder,
} from './testing/command.ts';

const LONG = [
  'run',
  'raft',
  'register',
  '--time-limit',
  '100000',
  '--nemesis',
  'partition,kill,pause',
  '--nemesis-interval',
  '1',
];
/** Well within what a person waits before pressing again. */
const PROMPT_MS = 10_000;

/** Starts a run that does not end by itself, and waits until it has recorded something. */
async function startLong(...options: readonly string[]) {
  const folder = temporaryFolder();
  const results = join(folder, 'results', 'runs');
  const { child, ended } = startCommand([...LONG, ...options], folder);
  const hasRecords = (): boolean => {
    if (!existsSync(results)) return false;
    const [run] = runsIn(results);
    const path = run === undefined ? '' : join(run, 'history.jsonl');
    return existsSync(path) && statSync(path).size > 100_000;
  };
  while (!hasRecords()) await delay(20);
  return { folder, child, ended, run: onlyRunIn(results), shaketable: commandIn(folder) };
}

/** Faults that began and did not end. */
function openFaults(run: string): readonly number[] {
  const open = new Set<number>();
  for (const { process, type, value } of readRecords<Operation>(run, 'history.jsonl')) {
    if (process !== 'nemesis' || type !== 'ok') continue;
    const { edge, faultId } = value as unknown as FaultEffect;
    if (edge === 'begin') open.add(faultId);
    if (edge === 'end') open.delete(faultId);
  }
  return [...open];
}

describe('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends the run in order, and the run can be replayed',
    async (signal) => {
      const { child, ended, run, shaketable } = await startLong('--seed', '3', '--count', '5');
      const sentMs = Date.now();
      child.kill(signal);
      const { exitCode, stdout, stderr } = await ended;
      expect(Date.now() - sentMs).toBeLessThan(PROMPT_MS);
      expect(stderr).toBe(
        'interrupted: healing the faults and judging what there is (once more to quit at once)\n',
      );
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^seed 3 {2}valid\n\n1 of 5 seeds run: 1 valid, 0 invalid, 0 unknown\n$/);

      const history = readRecords<Operation>(run, 'history.jsonl');
      const verdict = readJson<{ interruptTime: number }>(run, 'verdict.json');
      expect(verdict).toMatchObject({
        valid: true,
        interruptTime: expect.any(Number),
        operations: history.length,
      });
      expect(openFaults(run)).toEqual([]);
      // In flight then, and given a second: nothing begins any more.
      const late = history.filter(
        ({ process, type, time }) =>
          process !== 'nemesis' && type === 'invoke' && time > verdict.interruptTime,
      );
      expect(late).toEqual([]);
      expect(readFileSync(join(run, 'report.html'), 'utf8')).toContain('The run was interrupted after');

      const checked = await shaketable('check', run);
      expect(checked.exitCode).toBe(0);
      expect(checked.stdout).toMatch(/notes +The run was interrupted after \d+\.\d s/);
      for (const options of [[], ['--plan']]) {
        const replayed = await shaketable('replay', run, ...options);
        expect(replayed).toMatchObject({ exitCode: 0, stderr: '' });
        expect(replayed.stdout).toContain(`replayed    ${history.length} records, each the same as before\n`);
      }
    },
  );

  it('one that comes twice at once, as npm run has it, is one', async () => {
    const { child, ended } = await startLong('--seed', '4');
    child.kill('SIGINT');
    await delay(20);
    child.kill('SIGINT');
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The run was interrupted after');
  });

  it('a second one quits at once, and what was recorded is there', async () => {
    // Nobody ends a run of such operations within the grace: it is virtual, and thousands of events a millisecond go by.
    const { child, ended, run, shaketable } = await startLong('--seed', '4');
    child.kill('SIGSTOP');
    child.kill('SIGINT');
    child.kill('SIGCONT');
    await delay(400);
    child.kill('SIGINT');
    const { exitCode } = await ended;
    // It may have come to its end before.
    expect([0, 130]).toContain(exitCode);
    const checked = await shaketable('check', run, '--json');
    expect(JSON.parse(checked.stdout)).toMatchObject({ results: [{ operations: expect.any(Number) }] });
  });

  it('during the rest before the final reads', async () => {
    const folder = temporaryFolder();
    const args = ['run', 'raft', 'register', '--seed', '1', '--time-limit', '1', '--quiet', '100000'];
    const { child, ended } = startCommand(args, folder);
    await delay(4_000);
    child.kill('SIGINT');
    const { exitCode } = await ended;
    expect(exitCode).toBe(0);
    const run = onlyRunIn(join(folder, 'results', 'runs'));
    expect(readJson<{ finalTime: unknown }>(run, 'plan.json').finalTime).toBe(null);
    const replayed = await commandIn(folder)('replay', run);
    expect(replayed).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('kill -9', () => {
  it('loses at most the last second; what is there can be checked, reported and replayed', async () => {
    const { child, ended, run, shaketable } = await startLong('--seed', '6');
    await delay(1_500);
    // What a reader finds now may be behind the run by what it had not written yet.
    child.kill('SIGSTOP');
    await delay(50);
    const writtenAgoMs = Date.now() - statSync(join(run, 'history.jsonl')).mtimeMs;
    child.kill('SIGKILL');
    expect((await ended).exitCode).toBe(137);
    expect(writtenAgoMs).toBeLessThan(1_000);
    expect(existsSync(join(run, 'verdict.json'))).toBe(false);

    const checked = await shaketable('check', run);
    expect([0, 2]).toContain(checked.exitCode);
    expect(checked.stderr).toBe('');
    expect(checked.stdout.replace(/\s+/g, ' ')).toContain(
      'has no verdict.json: the run was cut off, and is judged as far as it got',
    );
    expect(await shaketable('report', run)).toMatchObject({ exitCode: 0, stdout: `${run}/report.html\n` });

    const replayed = await shaketable('replay', run);
    expect([0, 2]).toContain(replayed.exitCode);
    expect(replayed.stdout).toMatch(
      /replayed {4}\d+ records, each the same as before; the record ends there\n$/,
    );
    expect(await shaketable('replay', run, '--plan')).toMatchObject({ exitCode: 64 });
  });
});
