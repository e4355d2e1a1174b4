/** `check` with every checker that it knows: what it accepts, what it refuses, who is guessed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { judges } from './judges/index.ts';
import { commandIn, temporaryFolder } from './testing/command.ts';
import { asJsonLines, SAMPLES } from './testing/sample-histories.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);

interface CheckJson {
  readonly results: readonly {
    readonly path: string;
    readonly valid: unknown;
    readonly notes: readonly string[];
    readonly verdicts: readonly { readonly anomalies: readonly unknown[] }[];
  }[];
}

const names = judges.map(({ name }) => name);
const valid = (name: string): string => `${name}-valid.json`;
const invalid = (name: string): string => `${name}-invalid.json`;

beforeAll(() => {
  for (const [name, histories] of Object.entries(SAMPLES)) {
    writeFileSync(join(folder, valid(name)), asJsonLines(histories.valid));
    writeFileSync(join(folder, invalid(name)), asJsonLines(histories.invalid));
  }
});

describe('check --workload', () => {
  it('every checker has its samples', () => {
    expect(Object.keys(SAMPLES).sort()).toEqual([...names].sort());
  });

  it.each(names)('%s: tells right from wrong', async (name) => {
    const ended = await shaketable('check', '--workload', name, '--json', valid(name), invalid(name));
    expect(ended).toMatchObject({ exitCode: 1, stderr: '' });
    const { results } = JSON.parse(ended.stdout) as CheckJson;
    expect(results.map((result) => [result.path, result.valid])).toEqual([
      [valid(name), true],
      [invalid(name), false],
    ]);
    expect(results[1]?.verdicts[0]?.anomalies.length).toBeGreaterThan(0);
    // Who was named is not guessed.
    for (const { notes } of results) expect(notes.join('\n')).not.toContain('judged as');
  });

  it('without it, whoever recognises a history judges it, and a note says who', async () => {
    const guessed = names.filter((name) => SAMPLES[name]?.guessed !== null);
    const ended = await shaketable('check', '--json', ...guessed.map(valid));
    const { results } = JSON.parse(ended.stdout) as CheckJson;
    const judged = results.map(({ path, notes }) => [
      path,
      /judged as (--\S+ \S+), because of .+; say otherwise with/.exec(notes.join('\n'))?.[1],
    ]);
    expect(judged).toEqual(
      guessed.map((name) => [valid(name), `--workload ${SAMPLES[name]?.guessed ?? name}`]),
    );
    expect(ended.exitCode).toBe(0);
  });
});

describe('names and options', () => {
  it.each<[string, string | RegExp]>([
    ['--workload lst-append', 'unknown workload to check "lst-append": did you mean "list-append"?'],
    ['--workload set --model set', /give --workload or --model, not both/],
    ['--model register --option a=1', /--consistency-model and --option go with --workload/],
    [
      '--consistency-model serialisable',
      /unknown consistency model "serialisable"; did you mean "serializable"\?/,
    ],
    [
      '--workload set --consistency-model serializable',
      /^shaketable: set takes no --consistency-model: list-append/,
    ],
    ['--option linearizable=true', /--option goes with --workload/],
    [
      '--workload set-full --option linearizabel=true',
      /unknown option "linearizabel": did you mean "linearizable"\?/,
    ],
    ['--workload set-full --option linearizable=1', /--option linearizable=1: wants true or false/],
    ['--workload total-queue --option duplicates=no', /--option duplicates=no: wants allowed or judged/],
    ['--model ./nowhere.ts', 'nowhere.ts does not exist'],
  ])('check %s', async (line, sentence) => {
    const ended = await shaketable('check', ...line.split(' '), valid('set'));
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(/^shaketable: [^\n]+\n$/);
    if (typeof sentence === 'string') expect(ended.stderr).toBe(`shaketable: ${sentence}\n`);
    else expect(ended.stderr).toMatch(sentence);
  });

  it('an alias is as good as the name', async () => {
    const ended = await shaketable('check', '--workload', 'kafka', valid('log'));
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toMatch(/^VALID {2}log-valid\.json {2}\(8 records, log, /);
  });

  it('a model of the user’s own', async () => {
    writeFileSync(
      join(folder, 'max.ts'),
      `export default { name: 'max', init: 0, functions: { raise: {}, read: { reads: true } },
        step: (state: number, call: { f: string; argument: number; result: number }) =>
          call.f === 'raise' ? Math.max(state, call.argument) : state === call.result ? state : undefined };`,
    );
    const calls = [['raise', 5], ['raise', 3], ['read', null, 5]] as const; // prettier-ignore
    writeFileSync(join(folder, 'max.json'), asJsonLines(calls));
    expect((await shaketable('check', '--model', './max.ts', 'max.json')).stdout).toMatch(/^VALID .*max, /);
  });

  it('an option decides', async () => {
    const stale = [['add', 1], ['read', null, [1]], ['read', null, []], ['read', null, [1]]] as const; // prettier-ignore
    writeFileSync(join(folder, 'stale.json'), asJsonLines(stale));
    const allowed = await shaketable('check', '--workload', 'set-full', 'stale.json');
    expect(allowed.exitCode).toBe(0);
    expect(allowed.stdout).toMatch(/\n {2}note: stale-element \(allowed by the options\): /);
    const judged = await shaketable(
      'check',
      '--workload',
      'set-full',
      '--option',
      'linearizable=true',
      'stale.json',
    );
    expect(judged.exitCode).toBe(1);
    expect(judged.stdout).toMatch(/\n {2}stale-element: /);
  });
});
