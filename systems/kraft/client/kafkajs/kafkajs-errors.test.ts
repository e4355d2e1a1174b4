import { describe, expect, it } from 'vitest';
import { clientErrorOf } from './kafkajs-errors.ts';

/** As kafkajs makes them of a broker's answer. */
const answer = (code: number, type: string): Error =>
  Object.assign(new Error(type), { name: 'KafkaJSProtocolError', code, type });

const retried = (cause: Error): Error =>
  Object.assign(new Error('retries exceeded'), { name: 'KafkaJSNumberOfRetriesExceeded', cause });

describe('what an error of kafkajs means', () => {
  it.each([
    [0, 'nothing was sent', answer(19, 'NOT_ENOUGH_REPLICAS'), 'NOT_ENOUGH_REPLICAS', true],
    [0, 'nothing was sent, nobody answered', new Error('closed'), 'not-sent', true],
    [1, 'the one answer', retried(answer(19, 'NOT_ENOUGH_REPLICAS')), 'NOT_ENOUGH_REPLICAS', true],
    [1, 'no answer', retried(new Error('closed')), 'no-answer', false],
    [2, 'the answer to the second', answer(19, 'NOT_ENOUGH_REPLICAS'), 'NOT_ENOUGH_REPLICAS', false],
    [
      1,
      'the answer to who leads now',
      retried(answer(5, 'LEADER_NOT_AVAILABLE')),
      'LEADER_NOT_AVAILABLE',
      false,
    ],
    [0, 'who leads, and nothing was sent', answer(5, 'LEADER_NOT_AVAILABLE'), 'LEADER_NOT_AVAILABLE', true],
  ])('%i sent, %s', (count, _, error, code, isDefinite) => {
    expect(clientErrorOf(error, 'a send', { count })).toMatchObject({ code, isDefinite });
  });
});
