import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../compare/comparison.ts';
import { commandIn, readJson, runsIn, startCommand, temporaryFolder } from './testing/command.ts';

/** The quickest: a broker of two is killed, and stays away. */
const QUICK = ['compare', 'isr', 'isr-acks-1', '--only', 'survive-1-of-2-min-2', '--count', '1'];

describe('a comparison', () => {
  it('prints the same table for the same seeds, and stores it with its page', async () => {
    const folder = temporaryFolder();
    const shaketable = commandIn(folder);
    const first = await shaketable(...QUICK);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(/partitions that take writes +isr +isr-acks-1\n.* none of 3 +all 3\n/);
    expect(first.stderr).toBe(
      "2 runs: 1 scenarios, 2 variants, 1 seeds; 20 s on the cluster's clock\n2 of 2 runs  survive-1-of-2-min-2\n",
    );
    const again = await shaketable(...QUICK, '--json');
    const told = JSON.parse(again.stdout) as Comparison;
    const [stored] = runsIn(join(folder, 'results', 'runs')).map((run) =>
      readJson<Comparison>(run, 'comparison.json'),
    );
    expect(told.chapters).toEqual(stored?.chapters);
    expect(told.samples).toEqual(stored?.samples);
    expect(told.samples.map(({ measured }) => measured.survival?.writing)).toEqual([0, 3]);
    const report = /report +(.*report\.html)/.exec(first.stdout)?.[1] ?? '';
    expect(readFileSync(join(folder, report), 'utf8')).toContain('isr and isr-acks-1 compared');
  });

  it('keeps runs that can be replayed, and what was done by Ctrl-C', async () => {
    const folder = temporaryFolder();
    const more = ['--only', 'survive-1-of-2-min-1,survive-1-of-2-min-2', '--keep-runs'];
    const { child, ended } = startCommand(
      ['compare', 'isr', 'fast=acks=1,idempotence=false', ...more],
      folder,
    );
    const runs = (): readonly string[] => (existsSync(results) ? runsIn(results) : []);
    const results = join(folder, 'results', 'runs');
    const isDone = (): boolean =>
      runs().some((run) => existsSync(join(run, 'runs/survive-1-of-2-min-1/fast')));
    while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(2);
    expect(stdout).toContain('Interrupted: 1 of 12 runs were done, and only those are in it.');
    const [comparison = ''] = runs();
    const { samples, interrupted } = readJson<Comparison>(comparison, 'comparison.json');
    expect(interrupted).toBe(true);
    expect(samples.map(({ variant, seed }) => [variant, seed])).toEqual([['isr', 1]]);
    const kept = join(comparison, samples[0]?.directory ?? '');
    const replayed = await commandIn(folder)('replay', kept, '--json');
    expect(JSON.parse(replayed.stdout)).toMatchObject({ identical: true, difference: null });
  });
});

describe('what cannot be compared', () => {
  it.each([
    [['isr'], 'isr alone: name at least two variants to compare'],
    [['isr', 'isr'], 'isr is named twice: compare it with another'],
    [['isr', 'isr-flsh'], 'unknown variant of kraft "isr-flsh": did you mean "isr-flush"?'],
    [['isr', 'mine=acks'], 'variant mine=acks: wants NAME=OPTION=VALUE, or NAME=OPTION=VALUE,OPTION=VALUE'],
    [['isr', 'mine=ack=1'], 'unknown option "ack": did you mean "acks"?'],
    [['isr', 'mine=acks=7'], '--option acks=7: wants -1, 1 or 0'],
    [['isr', 'isr-flush', '--only', 'los'], 'unknown measure or scenario "los": did you mean "loss"?'],
    [
      ['isr', 'isr-flush', '--workload', 'bank'],
      'workload bank sends no records, and those are what is measured: use log or group',
    ],
    [['isr', 'isr-flush', '--cluster', 'dockr'], 'unknown cluster "dockr": did you mean "docker"?'],
    [
      ['a=x=1', 'b=x=2', '--system', 'raft'],
      'workload log needs send, poll, txn, assign, subscribe, commit, committed, list-offsets, trim, crash, which raft does not serve',
    ],
  ])('%s', async (args, message) => {
    const folder = temporaryFolder();
    const ended = await commandIn(folder)('compare', ...args);
    expect(ended).toEqual({ exitCode: 64, stdout: '', stderr: `shaketable: ${message}\n` });
    expect(existsSync(join(folder, 'results'))).toBe(false);
  });
});
