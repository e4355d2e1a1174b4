import { describe, expect, test } from 'vitest';
import { Answers } from './answers.ts';

function rig() {
  const answers = new Answers();
  const told: string[] = [];
  const add = (name: string, answerOffset: number, deadlineMs: number | null = null): void =>
    answers.add({
      answerOffset,
      deadlineMs,
      deliver: () => void told.push(name),
      refuse: (error) => void told.push(`${name} ${error}`),
    });
  return { answers, told, add };
}

describe('answers that wait', () => {
  test('leave in order, when what they rest on is committed', () => {
    const { answers, told, add } = rig();
    add('a', 3);
    add('b', 3);
    add('c', 5);
    answers.committed(2);
    expect(told).toEqual([]);
    answers.committed(4);
    expect(told).toEqual(['a', 'b']);
    answers.committed(9);
    expect(told).toEqual(['a', 'b', 'c']);
    expect(answers.size).toBe(0);
  });

  test('wait no longer than their asker', () => {
    const { answers, told, add } = rig();
    add('a', 1, 100);
    add('b', 2);
    add('c', 3, 50);
    expect(answers.deadlineMs).toBe(50);
    answers.expire(49);
    expect(told).toEqual([]);
    answers.expire(50);
    expect(told).toEqual(['c REQUEST_TIMED_OUT']);
    expect(answers.deadlineMs).toBe(100);
    answers.committed(1);
    // An early call does nothing.
    answers.expire(100);
    expect(told).toEqual(['c REQUEST_TIMED_OUT', 'a']);
    answers.committed(3);
    expect(told).toEqual(['c REQUEST_TIMED_OUT', 'a', 'b']);
    expect(answers.deadlineMs).toBe(Infinity);
  });

  test('one brings about the next, and that one a loss', () => {
    const { answers, told, add } = rig();
    answers.add({
      answerOffset: 1,
      deadlineMs: null,
      deliver: () => {
        told.push('a');
        add('next', 2);
        answers.refuseAll('NOT_CONTROLLER', 'lost');
        add('after', 3);
      },
      refuse: () => void told.push('never'),
    });
    add('b', 1);
    add('c', 7);
    answers.committed(1);
    expect(told).toEqual(['a', 'c NOT_CONTROLLER', 'next NOT_CONTROLLER', 'b']);
    expect(answers.size).toBe(1);
  });
});
