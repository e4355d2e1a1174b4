import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { topics, type TopicsOptions } from './index.ts';

interface Step {
  readonly f: string;
  readonly type?: 'ok' | 'fail' | 'info';
  readonly value: Json;
  readonly error?: string;
  readonly node?: string;
  readonly process?: number | 'nemesis';
  /** Seconds before it is asked. */
  readonly after?: number;
}

const topic = 't';
const create = (partitions: number, more: Partial<Step> = {}): Step => ({
  f: 'create-topic',
  value: { topic, partitions },
  ...more,
});
const remove = (more: Partial<Step> = {}): Step => ({ f: 'delete-topic', value: { topic }, ...more });
const shows = (partitions: number | null, more: Partial<Step> = {}): Step => ({
  f: 'describe-topic',
  value: {
    topic,
    partitions:
      partitions === null
        ? null
        : Object.fromEntries(Array.from({ length: partitions }, (_, i) => [String(i), { leader: 1 }])),
  },
  ...more,
});

function historyOf(steps: readonly Step[]): History {
  const operations: Operation[] = [];
  let time = 0;
  // A process that was in doubt is not used again.
  let next = 100;
  for (const { f, type = 'ok', value, error, node = 'n1', process = 0, after = 0 } of steps) {
    time += after * 1e9;
    const who = type === 'info' ? next++ : process;
    const base = { process: who, f, key: topic };
    operations.push({ ...base, index: operations.length, time: (time += 1e6), type: 'invoke', value });
    const answered = { ...base, index: operations.length, time: (time += 1e6), type, value, node };
    operations.push(error === undefined ? answered : { ...answered, error: { code: error } });
  }
  return new History(operations);
}

function judge(steps: readonly Step[], options: TopicsOptions = {}) {
  const { valid, anomalies, reason } = topics(options).check({ history: historyOf(steps) });
  return { valid, names: anomalies.map(({ name }) => name), anomalies, reason };
}

describe('changes', () => {
  it('are linearizable', () => {
    expect(judge([create(2), remove(), create(3), shows(3)]).valid).toBe(true);
    expect(judge([create(2), create(3), shows(3)]).names).toEqual(['nonlinearizable']);
    expect(judge([create(2), remove({ type: 'info' }), create(3), shows(3)]).valid).toBe(true);
    expect(judge([create(2), remove(), remove(), shows(null)]).names).toEqual(['nonlinearizable']);
  });

  it('refusals are those of a controller that may be cut off, unless they are to be strict', () => {
    const steps = [
      create(2),
      remove(),
      create(3, { type: 'fail', error: 'TOPIC_ALREADY_EXISTS' }),
      shows(null),
    ];
    expect(judge(steps).valid).toBe(true);
    expect(judge(steps, { strictRefusals: true }).names).toEqual(['nonlinearizable']);
    const right = [create(2), create(3, { type: 'fail', error: 'TOPIC_ALREADY_EXISTS' }), shows(2)];
    expect(judge(right, { strictRefusals: true }).valid).toBe(true);
    // Says nothing of the topic.
    const other = [create(2), remove(), create(3, { type: 'fail', error: 'NOT_CONTROLLER' }), shows(null)];
    expect(judge(other, { strictRefusals: true }).valid).toBe(true);
  });
});

describe('descriptions', () => {
  it('are late', () => {
    expect(judge([create(2), shows(null), shows(2)]).valid).toBe(true);
    expect(judge([create(2), remove(), create(3), shows(2), shows(null), shows(3)]).valid).toBe(true);
  });

  it('of what nobody created', () => {
    expect(judge([create(2), shows(3)]).names).toEqual(['phantom-topic']);
    expect(judge([create(3, { type: 'fail', error: 'NOT_CONTROLLER' }), shows(3)]).names).toEqual([
      'phantom-topic',
    ]);
    expect(judge([create(3, { type: 'info' }), shows(3)]).valid).toBe(true);
  });

  it('that go back through one node', () => {
    const past = [create(2), remove(), create(3), shows(3), shows(2)];
    const { names, anomalies } = judge(past);
    expect(names).toEqual(['metadata-went-back']);
    expect(anomalies[0]?.operations).toEqual([4, 6, 7, 8, 9]);
    expect(judge([...past.slice(0, 4), shows(2, { node: 'n2' })]).valid).toBe(true);
  });

  it('that lose a topic which nobody deleted since', () => {
    expect(judge([create(2), shows(2), shows(null)]).names).toEqual(['topic-vanished']);
    expect(judge([create(2), shows(2), remove({ type: 'info' }), shows(null)]).valid).toBe(true);
    expect(judge([create(2), remove(), create(3), shows(3), shows(null)]).names).toEqual(['topic-vanished']);
  });
});

describe('the end', () => {
  it('shows what was acknowledged', () => {
    expect(judge([create(2), shows(2, { after: 2 })]).valid).toBe(true);
    expect(judge([create(2), shows(null, { after: 2 })]).names).toEqual(['lost-topic']);
    expect(judge([create(2), remove(), shows(2, { after: 2 })]).names).toEqual(['resurrected-topic']);
  });

  it('not at once, and not where a change is in doubt', () => {
    expect(judge([create(2), shows(null, { after: 0.5 })]).valid).toBe(true);
    expect(judge([create(2), remove({ type: 'info' }), shows(null, { after: 2 })]).valid).toBe(true);
    expect(judge([create(2), remove({ type: 'info' }), shows(2, { after: 2 })]).valid).toBe(true);
  });

  it('not while faults go on: a node that is cut off shows what it knows', () => {
    const heal = (after: number): Step => ({ f: 'heal', process: 'nemesis', value: null, after });
    expect(judge([create(2), shows(null, { after: 2 }), heal(0)]).valid).toBe(true);
    expect(judge([create(2), heal(2), shows(null, { after: 0.5 })]).valid).toBe(true);
    expect(judge([create(2), heal(2), shows(null, { after: 1.5 })]).names).toEqual(['lost-topic']);
  });

  it('the last description of a process counts', () => {
    expect(judge([create(2), shows(null, { after: 2 }), shows(2)]).valid).toBe(true);
  });
});

it('is unknown where nothing was shown', () => {
  expect(judge([create(2)])).toMatchObject({ valid: 'unknown' });
});
