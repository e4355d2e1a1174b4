import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { register } from '../../workloads/register.ts';
import { onlyRunIn, ROOT, temporaryFolder } from './testing/command.ts';
import { expectConsistent, type ToldOperation } from './vitest.ts';

/** A read that begins after the write has ended, and does not see it. */
const STALE: readonly ToldOperation[] = [
  { process: 0, type: 'invoke', f: 'write', key: 'x', value: 1 },
  { process: 0, type: 'ok', f: 'write', key: 'x', value: 1 },
  { process: 1, type: 'invoke', f: 'read', key: 'x', value: null },
  { process: 1, type: 'ok', f: 'read', key: 'x', value: null },
];

describe('expectConsistent of a history', () => {
  it('passes, and gives the verdicts', async () => {
    const { valid, verdicts, history } = await expectConsistent({
      model: 'register',
      history: STALE.map((operation) =>
        operation.value === null && operation.type === 'ok' ? { ...operation, value: 1 } : operation,
      ),
    });
    expect(valid).toBe(true);
    expect(verdicts.map(({ checker }) => checker)).toContain('linearizability');
    expect(history.operations.map(({ index, time }) => [index, time])).toEqual([
      [0, 0],
      [1, 1_000_000],
      [2, 2_000_000],
      [3, 3_000_000],
    ]);
  });

  it('throws the verdict as text', async () => {
    await expect(expectConsistent({ model: 'register', history: STALE })).rejects.toThrow(
      /^the history is inconsistent\nINVALID {2}Consistency violated: nonlinearizable on key x[^]*returned null/,
    );
  });

  it('reads files, and recognises what they hold', async () => {
    const history = join(ROOT, 'test', 'regressions', 'stale-read', 'history.jsonl');
    await expect(expectConsistent({ history, model: 'cas-register' })).rejects.toThrow('nonlinearizable');
    await expect(expectConsistent({ history: '/nowhere.jsonl' })).rejects.toThrow('does not exist');
  });

  it('does not pass what proves nothing, unless it is allowed to', async () => {
    const nothing = STALE.slice(0, 1);
    await expect(expectConsistent({ model: 'register', history: nothing })).rejects.toThrow(
      'the history is not proved consistent\nUNKNOWN',
    );
    const { valid } = await expectConsistent({ model: 'register', history: nothing, allowUnknown: true });
    expect(valid).toBe('unknown');
  });

  it('says what is wrong with it', async () => {
    await expect(expectConsistent({ model: 'registre', history: STALE })).rejects.toThrow(
      'unknown model "registre": did you mean "register"?',
    );
    await expect(expectConsistent({ model: 'register', history: STALE.slice(1) })).rejects.toThrow(
      /operation 0/,
    );
  });
});

describe('expectConsistent of a run', () => {
  const run = { system: 'raft', workload: 'register', timeLimitS: 2, quietS: 1 } as const;

  it('passes, one seed after the other', async () => {
    const { valid, verdicts } = await expectConsistent({ ...run, seeds: 2 });
    expect(valid).toBe(true);
    expect(verdicts.filter(({ checker }) => checker === 'linearizability')).toHaveLength(2);
  });

  it('throws with the seed, the replay and the report, and leaves the run directory', async () => {
    const results = temporaryFolder();
    const thrown: unknown = await expectConsistent({ ...run, bugs: ['ack-before-commit'], results }).then(
      () => expect.fail('it passed'),
      (error: unknown) => error,
    );
    const { message } = thrown as Error;
    expect(message).toMatch(/^raft register is inconsistent with seed 1\nINVALID/);
    const directory = onlyRunIn(results);
    expect(message).toContain(`npx shaketable replay ${directory}`);
    expect(message).toContain(join(directory, 'report.html'));
  });

  it('does nothing for no seed, and says so', async () => {
    for (const seeds of [0, -1, 1.5, Number.NaN])
      await expect(expectConsistent({ ...run, seeds })).rejects.toThrow(
        'seeds must be a whole number from 1 on',
      );
  });

  it('keeps workloads of one name apart that are asked for at once', async () => {
    const prepared: string[] = [];
    const called = (id: string) => ({
      ...register,
      name: 'w',
      prepare: (context: Parameters<typeof register.prepare>[0]) => {
        prepared.push(id);
        return register.prepare(context);
      },
    });
    await Promise.all(['a', 'b'].map((id) => expectConsistent({ ...run, workload: called(id) })));
    const firstOfB = prepared.indexOf('b');
    expect(firstOfB).toBeGreaterThan(0);
    expect(prepared.slice(firstOfB)).not.toContain('a');
  });

  it('says what is wrong with it', async () => {
    await expect(expectConsistent({ ...run, bugs: ['no-such'] })).rejects.toThrow('unknown bug of raft');
    await expect(expectConsistent({ ...run, options: { kys: 3 } })).rejects.toThrow(
      'unknown option "kys": did you mean "keys"?',
    );
    await expect(expectConsistent({ ...run, nodes: 0 })).rejects.toThrow('--nodes 0: wants a whole number');
  });
});
