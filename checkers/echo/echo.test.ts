import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, OperationType } from '../../harness/history/operation.ts';
import { echo } from './index.ts';

const verdict = (asked: Json, answer: Json, type: OperationType = 'ok') =>
  echo().check({
    history: new History([
      { index: 0, time: 0, process: 0, type: 'invoke', f: 'echo', value: asked },
      { index: 1, time: 1, process: 0, type, f: 'echo', value: answer },
    ]),
  });

describe('echo', () => {
  it.each<[Json, Json]>([
    ['hello', 'hello'],
    ['hello', { type: 'echo_ok', echo: 'hello', in_reply_to: 3 }],
    [{ echo: 1 }, { echo: 1 }],
    [{ echo: 1 }, { type: 'echo_ok', echo: { echo: 1 } }],
    [null, null],
  ])('of %j may be %j', (asked, answer) => {
    expect(verdict(asked, answer)).toMatchObject({ valid: true, statistics: { answers: 1 } });
  });

  it.each<[Json, Json]>([
    ['hello', 'hullo'],
    ['hello', { type: 'echo_ok', echo: 'hullo' }],
    ['hello', { type: 'echo_ok' }],
    ['hello', null],
  ])('of %j may not be %j', (asked, answer) => {
    const { valid, anomalies } = verdict(asked, answer);
    expect(valid).toBe(false);
    expect(anomalies).toMatchObject([{ name: 'wrong-echo', operations: [0, 1] }]);
  });

  it('without an answer proves nothing', () => {
    expect(verdict('hello', null, 'info')).toMatchObject({ valid: 'unknown', anomalies: [] });
  });
});
