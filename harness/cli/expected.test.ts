import { describe, expect, it } from 'vitest';
import { requireExpected } from './expected.ts';
import { expectConsistent } from './vitest.ts';

const run = { system: 'raft', workload: 'register' };
const operation = { process: 0, type: 'invoke', f: 'write', value: 1 };
const nemesisMistake =
  'nemesis must be a name, the path of a module, or what defineNemesis made, or a list of them';

describe('what expectConsistent takes', () => {
  it.each<[object]>([
    [{ ...run, nemesis: ['partition', { name: 'mine' }], bugs: ['a'], cluster: 'sim', options: { keys: 3 } }],
    [{ ...run, nemesis: undefined, seeds: undefined }],
    [{ history: 'a.jsonl', model: 'register' }],
    [{ history: [operation, { ...operation, type: 'info', error: { code: 'timeout' }, time: 7 }] }],
  ])('is %j', (given) => {
    expect(() => requireExpected(given)).not.toThrow();
  });

  it.each<[unknown, string]>([
    [undefined, 'a run of expectConsistent must be an object, and this is undefined'],
    [null, 'and this is null'],
    ['raft', 'and this is "raft"'],
    [{}, 'run of expectConsistent: system must be a name, the path of a module, or what defineSystem made'],
    [{ ...run, workload: 3 }, 'workload must be a name'],
    [{ ...run, nemeses: 'partition' }, 'it has no field "nemeses": did you mean "nemesis"?'],
    [{ ...run, bug: 'stale-read' }, 'it has no field "bug": did you mean "bugs"?'],
    [{ ...run, timeLimit: 5 }, 'it has no field "timeLimit": did you mean "timeLimitS"?'],
    [{ ...run, nemesis: [] }, nemesisMistake],
    [{ ...run, nemesis: '' }, nemesisMistake],
    [{ ...run, nemesis: null }, nemesisMistake],
    [{ ...run, nemesis: ['kill', 3] }, nemesisMistake],
    [{ ...run, bugs: 'stale-read' }, 'bugs must be a list of names'],
    [{ ...run, bugs: [''] }, 'bugs[0] must not be empty'],
    [{ ...run, seed: '3' }, 'seed must be a number'],
    [{ ...run, timeLimitS: NaN }, 'timeLimitS must be a number'],
    [{ ...run, checkBudgetS: 0 }, 'checkBudgetS must be more than 0'],
    [{ ...run, allowUnknown: 'no' }, 'allowUnknown must be true or false'],
    [{ ...run, cluster: 'smi' }, 'cluster must be one of sim, process, docker'],
    [{ ...run, options: { keys: [3] } }, 'options.keys must be a number, a boolean or a text'],
    [{ history: undefined }, 'history of expectConsistent: history must be a path, or a list of operations'],
    [{ history: [], nemesis: 'kill' }, 'history of expectConsistent: it has no field "nemesis"'],
    [{ history: 'a.jsonl', mode: 'register' }, 'it has no field "mode": did you mean "model"?'],
    [{ history: [operation, null] }, 'history[1] must be an operation: {process, type, f, key, value}'],
    [{ history: [{ ...operation, value: undefined }] }, 'history[0].value must be JSON: null where there is'],
    [{ history: [{ ...operation, value: 1n }] }, 'history[0].value must be JSON'],
    [{ history: [{ ...operation, kee: 'x' }] }, 'history[0] has no field "kee"'],
    [{ history: [{ ...operation, type: 'OK' }] }, 'history[0].type must be invoke, ok, fail or info'],
    [{ history: [{ ...operation, error: 'timeout' }] }, 'history[0].error must be {code, message}'],
  ])('is not %o', async (given, says) => {
    const refused = expectConsistent(given as Parameters<typeof expectConsistent>[0]);
    await expect(refused).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(says) as string,
    });
  });
});
