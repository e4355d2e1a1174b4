import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../harness/errors.ts';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { modelNamed } from '../linearizability/index.ts';
import { vacuity } from './vacuity.ts';

type Call = readonly [f: string, argument: Json, answer?: Json, type?: 'ok' | 'refused' | 'fail' | 'info'];

/** Why a history proves nothing; undefined when it proves something. */
function why(name: string, ...calls: readonly Call[]): string | undefined {
  const model = modelNamed(name);
  if (model === undefined) throw new HarnessError('usage', name);
  const operations = calls.flatMap(([f, argument, answer = argument, type = 'ok'], i): Operation[] => [
    { index: 2 * i, time: 2 * i, process: i, type: 'invoke', f, value: argument },
    {
      index: 2 * i + 1,
      time: 2 * i + 1,
      process: i,
      type: type === 'refused' ? 'fail' : type,
      f,
      value: type === 'ok' ? answer : argument,
      ...(type === 'refused' ? { error: { code: 'precondition-failed' } } : {}),
    },
  ]);
  return vacuity({ model }).check({ history: new History(operations) }).reason;
}

describe('what says something of the state', () => {
  it.each<[string, ...Call[]]>([
    ['register', ['write', 1], ['read', null, 1]],
    ['register', ['write', 1], ['read', null, null]],
    ['cas-register', ['cas', [1, 2]]],
    ['cas-register', ['write', 1], ['cas', [1, 2], null, 'refused']],
    ['fifo-queue', ['enqueue', 1], ['dequeue', null, 1]],
    ['mutex', ['acquire', null]],
    ['semaphore=3', ['acquire', null], ['acquire', null], ['acquire', null], ['acquire', null]],
    ['unique-ids', ['generate', null, 4]],
    ['counter', ['add', 1], ['read', null, 1]],
  ])('%s', (name, ...calls) => {
    expect(why(name, ...calls)).toBeUndefined();
  });

  it.each<[string, ...Call[]]>([
    ['register', ['write', 1], ['write', 2]],
    ['register', ['write', 1], ['read', null, null, 'fail'], ['read', null, null, 'info']],
    ['cas-register', ['write', 1], ['cas', [1, 2], null, 'info']],
    ['cas-register', ['write', 1], ['cas', [1, 2], null, 'fail']],
    ['fifo-queue', ['enqueue', 1]],
    ['set', ['add', 1]],
    ['counter', ['add', 1]],
  ])('nothing does: %s', (name, ...calls) => {
    expect(why(name, ...calls)).toMatch(
      /which is all that was acknowledged, none can be wrong in any state of /,
    );
  });

  it('where nothing was acknowledged, that is the reason', () => {
    expect(why('register', ['write', 1, null, 'info'])).toBe(
      'The history proves nothing: no operation of a client was ok.',
    );
  });
});
